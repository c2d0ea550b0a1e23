// The tab "Score": how likely many images are.

import { ApiError, compress, getData, isServerUp, score } from "./api.js";
import { acceptFiles } from "./chooser.js";
import { byId, makeStatus } from "./controls.js";
import { bytes, count } from "./format.js";
import { download, downloadText, pictureOfData, pictureOfFile } from "./pictures.js";
import { makeScoreTable, scoresAsCSV } from "./scoretable.js";

const fromData = 16;

export function makeScore({ model }) {
  const status = makeStatus(byId("score-status"));
  const packed = makeStatus(byId("score-packed"));
  const table = makeScoreTable(model);
  let rows = [];
  let isRunning = false;

  const add = (added) => {
    rows.push(...added);
    showAll();
    run();
  };

  const showAll = () => {
    const done = rows.filter((row) => row.score || row.error).length;
    table.show(rows);
    byId("score-clear").disabled = rows.length === 0;
    byId("score-csv").disabled = done === 0;
    byId("score-pack").disabled = done !== rows.length || !rows.some((row) => row.score);
    byId("score-progress-field").hidden = done === rows.length;
    byId("score-progress").max = Math.max(1, rows.length);
    byId("score-progress").value = done;
    byId("score-progress-text").textContent = `Scored ${count(done)} of ${count(rows.length)} images`;
  };

  const run = async () => {
    if (isRunning) return;
    isRunning = true;
    status.clear();
    try {
      for (let batch; (batch = await nextBatch(rows, model.limits)).length > 0;) {
        await scoreBatch(batch);
      }
      sayRefused();
    } catch (error) {
      status.fail(error, run);
    }
    isRunning = false;
    showAll();
  };

  const sayRefused = () => {
    const refused = rows.filter((row) => row.error).length;
    if (refused === 0) return;
    const verb = refused === 1 ? "has" : "have";
    const words = `${count(refused)} of ${count(rows.length)} images ${verb} no score; the table says why.`;
    if (rows.some((row) => row.mayPass)) status.fail(new Error(words), tryAgain);
    else status.say(words);
  };

  const tryAgain = () => {
    for (const row of rows.filter((row) => row.mayPass)) {
      delete row.error;
      delete row.mayPass;
    }
    showAll();
    run();
  };

  // Only the images that are at fault fail. One that the server names is tried alone, since it may be only one too many.
  const scoreBatch = async (batch) => {
    try {
      const { scores, reference } = await score({ images: batch.map((row) => row.source) });
      batch.forEach((row, index) => (row.score = scores[index]));
      showReference(reference);
    } catch (error) {
      if (!await isAboutImages(error)) throw error;
      if (batch.length === 1) {
        const words = error.status === 0 ? "The server gave no answer about this image." : error.message;
        Object.assign(batch[0], { error: words, mayPass: error.isPassing });
      } else {
        const named = batch[error.field?.match(/^images\[(\d+)\]/)?.[1]];
        const parts = named ? [[named], batch.filter((row) => row !== named)] : halves(batch);
        for (const part of parts) await scoreBatch(part);
      }
    }
    forget(batch.filter((row) => row.score || (row.error && !row.mayPass)));
    showAll();
  };

  const addData = async () => {
    try {
      const from = rows.filter((row) => row.isData).length % model.data.count;
      const { images } = await getData({ from, count: fromData });
      add(images.map((image) => ({ ...pictureOfData(image, model.labels), isData: true })));
    } catch (error) {
      status.fail(error, addData);
    }
  };

  const pack = async () => {
    packed.busy("Packing …");
    byId("score-pack").disabled = true;
    try {
      const chosen = await packable(rows.filter((row) => row.score), model.limits);
      const answer = await compress({ images: chosen.map((row) => row.source) });
      download(`data:application/octet-stream;base64,${answer.archive}`, "images.glz");
      packed.say(wordsOnPacked(answer, rows.filter((row) => row.score).length));
    } catch (error) {
      packed.fail(error, pack);
    }
    forget(rows);
    showAll();
  };

  const clear = () => {
    for (const { url } of rows) URL.revokeObjectURL(url);
    rows = [];
    packed.clear();
    status.clear();
    showAll();
  };

  acceptFiles({
    panel: byId("panel-score"), zone: byId("score-drop"), input: byId("score-file"),
    onFiles: (files) => add(files.map((file) => ({ file, name: file.name, url: URL.createObjectURL(file) }))),
  });
  byId("score-data").hidden = !model.data;
  byId("score-data").onclick = addData;
  byId("score-clear").onclick = clear;
  byId("score-pack").onclick = pack;
  byId("score-csv").onclick = () => downloadText(scoresAsCSV(rows), "text/csv", "scores.csv");
  showReference(model.reference);
  return { show() {} };
}

const halves = (batch) => [batch.slice(0, Math.ceil(batch.length / 2)), batch.slice(Math.ceil(batch.length / 2))];

// Files are read again where they are needed again.
function forget(rows) {
  for (const row of rows) if (row.file) delete row.source;
}

// What one file is made of: of many rows the first, as many as one request may hold.
async function packable(rows, limits) {
  const chosen = [];
  let size = 0;
  for (const row of rows.slice(0, limits.images)) {
    row.source ??= (await pictureOfFile(row.file, limits)).source;
    size += row.source.data?.length ?? 0;
    if (chosen.length > 0 && size > limits.bytes - otherBytes) break;
    chosen.push(row);
  }
  return chosen;
}

function wordsOnPacked({ images, bytes: whole, rawBytes }, scored) {
  const sum = (codec) => bytes(images.reduce((total, image) => total + image[codec], 0));
  const which = images.length < scored ? `The first ${count(images.length)} of ${count(scored)} images` : nounOf(images.length);
  return `${which} in ${bytes(whole)}, of pixels of ${bytes(rawBytes)}. In files of their own they take ${sum("png")} as PNG, `
    + `${sum("webP")} as WebP and ${sum("jpegXL")} as JPEG XL. “glow decompress” gives them back as they are scored.`;
}

const nounOf = (number) => (number === 1 ? "One image" : `${count(number)} images`);

// Whether the images of a request are to blame for an error, and others may fare better: not where the server is busy,
// wants a token or is gone.
async function isAboutImages(error) {
  if (!(error instanceof ApiError) || [401, 429].includes(error.status)) return false;
  return error.status === 0 ? isServerUp() : true;
}

function showReference(reference) {
  byId("score-reference").textContent = reference
    ? `Percentile: percent of ${count(reference.count)} images of ${reference.name} that are less likely.`
    : "No reference yet: the server has not scored the images to compare with, so there are no percentiles.";
}

// What a request holds beside the images.
const otherBytes = 4096;

// The next rows to score, read from their files: as many as one request may hold, in number and in bytes.
async function nextBatch(rows, limits) {
  const batch = [];
  let bytes = 0;
  for (const row of rows) {
    if (row.score || row.error) continue;
    await readFile(row, limits);
    if (row.error) continue;
    bytes += row.source.data?.length ?? 0;
    if (batch.length > 0 && (batch.length === limits.images || bytes > limits.bytes - otherBytes)) break;
    batch.push(row);
  }
  return batch;
}

async function readFile(row, limits) {
  try {
    if (row.source) return;
    const { source, url } = await pictureOfFile(row.file, limits);
    row.source = source;
    // Not every browser shows these upright.
    if (row.file.type === "image/webp") row.thumbnail.src = url;
  } catch (error) {
    row.error = error.message;
  }
}
