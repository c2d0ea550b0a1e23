// Requests about many images: as many in one as the server takes, and only the images that are at fault fail.

import { ApiError, isServerUp } from "./api.js";
import { otherBytes, pictureOfFile } from "./pictures.js";

// Asks until `pending()`, the rows that want an answer, is empty: `ask(rows)` keeps what is answered, `refuse(row, words, mayPass)` why
// there is no answer about a row.
export async function inBatches(limits, { pending, ask, refuse, onProgress }) {
  const send = async (batch) => {
    try {
      await ask(batch);
    } catch (error) {
      if (!await isAboutImages(error)) throw error;
      if (batch.length === 1) {
        const words = error.status === 0 ? "The server gave no answer about this image." : error.message;
        refuse(batch[0], words, error.isPassing);
      } else {
        for (const part of partsOf(batch, error)) await send(part);
      }
    }
    forget(batch);
    onProgress();
  };
  for (let batch; (batch = await nextBatch(pending(), limits, refuse)).length > 0;) await send(batch);
}

// The first of the rows, read from their files: as many as one request may hold, in number and in bytes.
export async function nextBatch(rows, limits, refuse) {
  const batch = [];
  let bytes = 0;
  for (const row of rows) {
    if (batch.length === limits.images) break;
    try {
      await readRow(row, limits);
    } catch (error) {
      refuse(row, error.message, false);
      continue;
    }
    bytes += row.source.data?.length ?? 0;
    if (batch.length > 0 && bytes > limits.bytes - otherBytes) break;
    batch.push(row);
  }
  return batch;
}

export async function readRow(row, limits) {
  if (row.source) return;
  const { source, url } = await pictureOfFile(row.file, limits);
  row.source = source;
  if (row.file.type !== "image/webp") return;
  // Not every browser shows these upright.
  row.url = url;
  if (row.thumbnail) row.thumbnail.src = url;
}

// Files are read again where they are needed again.
export function forget(rows) {
  for (const row of rows) if (row.file) delete row.source;
}

// An image that the server names is tried alone, since it may be only one too many.
function partsOf(batch, error) {
  const named = batch[error.field?.match(/^images\[(\d+)\]/)?.[1]];
  if (named) return [[named], batch.filter((row) => row !== named)];
  const half = Math.ceil(batch.length / 2);
  return [batch.slice(0, half), batch.slice(half)];
}

// Whether the images of a request are to blame for an error, and others may fare better: not where the server is busy,
// wants a token or is gone.
async function isAboutImages(error) {
  if (!(error instanceof ApiError) || [401, 429].includes(error.status)) return false;
  return error.status === 0 ? isServerUp() : true;
}
