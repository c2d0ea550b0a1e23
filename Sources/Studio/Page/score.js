// The tab "Score": how likely many images are.

import { compress, getData, score } from "./api.js";
import { forget, inBatches, nextBatch } from "./batches.js";
import { acceptFiles } from "./chooser.js";
import { byId, makeStatus } from "./controls.js";
import { bytes, count } from "./format.js";
import { chosenFolder, droppedFiles } from "./folders.js";
import { download, downloadText, pictureOfData } from "./pictures.js";
import { numbersOf, rangesOf, runsOf } from "./ranges.js";
import { makeScoreDetail } from "./scoredetail.js";
import { makeScorePlace } from "./scoreplace.js";
import { makeScoreTable, scoresAsCSV } from "./scoretable.js";

const fromData = 16;
const dataMark = "image-";
const sentMark = "sent-";

export function makeScore({ model, changed }) {
  const [status, added, packed] = ["status", "added", "packed"].map((name) => makeStatus(byId(`score-${name}`)));
  const detail = makeScoreDetail({ model, onChange: () => changed(), onMeasure: (row) => measure(row) });
  const table = makeScoreTable({
    model, detail: byId("score-detail"), onOpen: (row) => open(row === opened ? null : row), onSort: () => changed(),
  });
  const place = makeScorePlace({
    model, onChange: () => changed(), onReference: () => tryAgain((row) => row.score),
    onOpen: (row) => {
      open(row);
      byId("score-detail").scrollIntoView({ block: "nearest" });
    },
  });
  const known = new Map(); // every row that there was, by its key: Back brings rows back
  let rows = [];
  let opened = null;
  let visited = null;
  let absent = []; // sent pictures that the address names, and that only an earlier visit had
  let hasSizes = false;
  let isRunning = false;

  // A row that was there before stays the same.
  const keep = (row) => {
    if (!known.has(row.key)) known.set(row.key, row);
    return known.get(row.key);
  };
  const addRows = (more) => {
    absent = [];
    rows = [...rows, ...more];
    changed();
    run();
  };
  const addFiles = ({ found, others = 0 }) => {
    const first = Date.now();
    added.clear();
    if (others === 1) added.say("1 file is not PNG, JPEG or WebP and is left out.");
    if (others > 1) added.say(`${count(others)} files are not PNG, JPEG or WebP and are left out.`);
    addRows(found.map((one, index) => keep({ ...one, key: sentMark + (first + index), url: URL.createObjectURL(one.file) })));
  };

  const isOpen = (row) => !row.score && !row.error;
  const lacksSizes = (row) => row.score && (hasSizes || row.isMeasured) && !row.sizes && !row.sizesError;

  const showAll = () => {
    const all = rows.length;
    const done = rows.filter((row) => !isOpen(row)).length;
    const unmeasured = hasSizes ? rows.filter(lacksSizes).length : 0;
    table.show(rows);
    place.show(rows, opened);
    detail.refresh();
    byId("score-clear").disabled = all === 0;
    byId("score-csv").disabled = done === 0;
    byId("score-sizes").disabled = all === 0;
    byId("score-pack").disabled = done !== all || !rows.some((row) => row.score);
    byId("score-progress-field").hidden = done === all && unmeasured === 0;
    byId("score-progress").max = Math.max(1, all);
    byId("score-progress").value = done < all ? done : all - unmeasured;
    byId("score-progress-text").textContent = done < all || unmeasured === 0
      ? `Scored ${count(done)} of ${count(all)}` : `Measured ${count(all - unmeasured)} of ${count(all)}`;
    byId("score-progress-text").hidden = all === 0;
  };

  const run = async () => {
    showAll();
    if (isRunning) return;
    isRunning = true;
    status.clear();
    try {
      while (rows.some((row) => isOpen(row) || lacksSizes(row))) {
        await inBatches(model.limits, {
          pending: () => rows.filter(isOpen), ask: scoreRows, onProgress: showAll,
          refuse: (row, error, mayPass) => Object.assign(row, { error, mayPass }),
        });
        // Those that are packed together share one size, so each is packed alone.
        await inBatches({ ...model.limits, images: 1 }, {
          pending: () => rows.filter(lacksSizes), ask: measureRow, onProgress: showAll,
          refuse: (row, sizesError) => Object.assign(row, { sizesError }),
        });
      }
      sayRefused();
    } catch (error) {
      status.fail(error, run);
    }
    isRunning = false;
    showAll();
  };

  const scoreRows = async (batch) => {
    const { scores } = await score({ images: batch.map((row) => row.source) });
    batch.forEach((row, index) => (row.score = scores[index]));
  };

  const measureRow = async ([row]) => {
    [row.sizes] = (await compress({ images: [row.source] })).images;
  };

  const sayRefused = () => {
    const refused = rows.filter((row) => row.error).length;
    const unmeasured = rows.find((row) => row.sizesError);
    if (unmeasured) packed.fail(new Error(`Not all sizes could be measured. ${unmeasured.sizesError}`), measureAgain);
    if (refused === 0) return;
    const verb = refused === 1 ? "has" : "have";
    const words = `${count(refused)} of ${count(rows.length)} images ${verb} no score; the table says why.`;
    if (rows.some((row) => row.mayPass)) status.fail(new Error(words), () => tryAgain((row) => row.mayPass));
    else status.say(words);
  };

  const tryAgain = (isMeant) => {
    for (const row of rows.filter(isMeant)) for (const answer of ["score", "error", "mayPass"]) delete row[answer];
    run();
  };

  const open = (row, isFilledIn = false) => {
    opened = row;
    table.open(row);
    place.show(rows, row);
    detail.show(row);
    changed(isFilledIn);
  };

  const measure = (row) => {
    row.isMeasured = true;
    measureAgain();
  };

  const measureAgain = () => {
    packed.clear();
    for (const row of rows) delete row.sizesError;
    run();
  };

  const showSizes = (isShown) => {
    hasSizes = isShown;
    byId("score-sizes").setAttribute("aria-pressed", isShown);
    table.showSizes(isShown);
  };

  const rowOfData = (image) => keep({ ...pictureOfData(image, model.labels), key: dataMark + image.index });

  const addData = async () => {
    const shown = new Set(rows.map(({ key }) => key));
    let from = 0;
    while (shown.has(dataMark + from)) from += 1;
    try {
      const { images } = await getData({ from, count: fromData });
      addRows(images.map(rowOfData).filter(({ key }) => !shown.has(key)));
    } catch (error) {
      status.fail(error, addData);
    }
  };

  // The rows that the address names, and the open one.
  const showVisited = async () => {
    const wanted = visited;
    if (!wanted) return showAll();
    try {
      await loadData(numbersAfter(dataMark, wanted.keys.filter((key) => !known.has(key))), () => visited === wanted);
    } catch (error) {
      if (visited === wanted) status.fail(error, showVisited);
      return;
    }
    if (visited !== wanted) return;
    visited = null;
    const stay = rows.filter(({ key }) => wanted.keys.includes(key));
    const others = wanted.keys.map((key) => known.get(key)).filter((row) => row && !stay.includes(row));
    rows = [...stay, ...others];
    absent = wanted.keys.filter((key) => !known.has(key));
    if (absent.length === 0) added.clear();
    else added.say(`${count(absent.length)} of the pictures were sent on an earlier visit and are not kept: add them again to see them here.`);
    open(rows.find(({ key }) => key === wanted.open) ?? null, true);
    run();
  };

  const loadData = async (indices, isWanted) => {
    for (const [first, last] of runsOf(indices)) {
      for (let from = first; from <= last && isWanted(); from += model.limits.count) {
        const { images } = await getData({ from, count: Math.min(model.limits.count, last + 1 - from) });
        images.forEach(rowOfData);
      }
    }
  };

  const pack = async () => {
    packed.busy("Packing …");
    byId("score-pack").disabled = true;
    const scored = rows.filter((row) => row.score);
    try {
      const chosen = await nextBatch(scored, model.limits, (row, words) => { throw new Error(words); });
      const answer = await compress({ images: chosen.map((row) => row.source) });
      download(`data:application/octet-stream;base64,${answer.archive}`, "images.glz");
      packed.say(wordsOnPacked(answer, scored.length));
    } catch (error) {
      packed.fail(error, pack);
    }
    forget(rows);
    showAll();
  };

  const clear = () => {
    rows = [];
    absent = [];
    for (const words of [status, added, packed]) words.clear();
    open(null);
    showAll();
  };

  acceptFiles({
    panel: byId("panel-score"), zone: byId("score-drop"), input: byId("score-file"),
    onFiles: async (files, dropped) => {
      try {
        addFiles(dropped ? await droppedFiles(dropped) : { found: files.map((file) => ({ file, name: file.name })) });
      } catch (error) {
        added.fail(error);
      }
    },
  });
  const folder = byId("score-folder");
  folder.parentElement.hidden = !("webkitdirectory" in folder);
  folder.onchange = () => {
    addFiles(chosenFolder([...folder.files]));
    folder.value = "";
  };
  byId("score-data").hidden = !model.data;
  byId("score-data").onclick = addData;
  byId("score-clear").onclick = clear;
  byId("score-pack").onclick = pack;
  byId("score-sizes").onclick = () => {
    showSizes(!hasSizes);
    changed();
    measureAgain();
  };
  byId("score-csv").onclick = () => downloadText(scoresAsCSV(rows), "text/csv", "scores.csv");
  return {
    show: () => {
      place.look();
      showVisited();
    },
    hide: place.stop,
    ask: showVisited,
    state: () => {
      const keys = visited?.keys ?? [...absent, ...rows.map(({ key }) => key)];
      const fields = {
        images: rangesOf(numbersAfter(dataMark, keys)), sent: rangesOf(numbersAfter(sentMark, keys)),
        open: (visited ? visited.open : opened?.key) ?? "", sort: table.sorting(), sizes: hasSizes ? "1" : "",
        ...place.state(), ...detail.state(),
      };
      return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
    },
    restore: (wanted) => {
      const keys = [[dataMark, "images"], [sentMark, "sent"]]
        .flatMap(([mark, name]) => numbersOf(wanted.get(name)).map((number) => mark + number));
      visited = { keys, open: wanted.get("open") };
      place.restore(wanted);
      detail.restore(wanted);
      table.sort(wanted.get("sort") ?? "");
      showSizes(wanted.get("sizes") === "1");
    },
  };
}

// The numbers in keys that begin with `mark`.
const numbersAfter = (mark, keys) => keys.filter((key) => key.startsWith(mark)).map((key) => Number(key.slice(mark.length)));

function wordsOnPacked({ images, bytes: whole, rawBytes }, scored) {
  const sum = (codec) => bytes(images.reduce((total, image) => total + image[codec], 0));
  const which = images.length < scored ? `The first ${count(images.length)} of ${count(scored)} images` : nounOf(images.length);
  return `${which} in ${bytes(whole)}, of pixels of ${bytes(rawBytes)}. In files of their own they take ${sum("png")} as PNG, `
    + `${sum("webP")} as WebP and ${sum("jpegXL")} as JPEG XL. “glow decompress” gives them back as they are scored.`;
}

const nounOf = (number) => (number === 1 ? "One image" : `${count(number)} images`);
