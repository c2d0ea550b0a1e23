// The metrics of runs that are laid over another one. They are read one after the other, since a browser opens few connections to
// a server; those of a run in training are read again and again.

import { getRunMetrics } from "./api.js";
import { makeLines } from "./lines.js";
import { readEvents } from "./stream.js";

// When a run in training has sent nothing for so long, it has sent all that there is.
const quiet = 1000;
const rest = 10_000;

export function makeOthers(onNews) {
  const found = new Map();
  let wanted = [];
  let visit = null;
  let isReading = false;
  let timer;

  const isDue = (id) => {
    const { goesOn, time } = found.get(id) ?? { goesOn: true, time: -Infinity };
    return goesOn && Date.now() - time >= rest;
  };

  const readAll = async () => {
    clearTimeout(timer);
    if (isReading) return;
    isReading = true;
    for (let id; visit && (id = wanted.find(isDue)) !== undefined;) await readOne(id, visit.signal);
    isReading = false;
    if (visit && wanted.some((id) => found.get(id).goesOn)) timer = setTimeout(readAll, rest);
  };

  const readOne = async (id, signal) => {
    try {
      found.set(id, { ...(await read(id, signal)), time: Date.now() });
    } catch (error) {
      if (signal.aborted) return;
      found.set(id, { lines: linesOf(id), problem: error.message, goesOn: error.status !== 404, time: Date.now() });
    }
    onNews();
  };

  const linesOf = (id) => found.get(id)?.lines ?? [];

  return {
    linesOf,
    problemOf: (id) => found.get(id)?.problem,
    read: (ids, inTraining) => {
      wanted = ids;
      for (const id of inTraining) if (found.has(id)) found.get(id).goesOn = true;
      visit ??= new AbortController();
      readAll();
    },
    stop: () => {
      visit?.abort();
      visit = null;
    },
  };
}

async function read(id, signal) {
  const enough = new AbortController();
  const lines = makeLines();
  let timer;
  const waitForMore = () => {
    clearTimeout(timer);
    timer = setTimeout(() => enough.abort(), quiet);
  };
  try {
    const response = await getRunMetrics(id, AbortSignal.any([signal, enough.signal]));
    for await (const { event, data } of readEvents(response)) {
      if (event === "end") return { lines: lines.all, goesOn: false };
      if (event === "metrics" && data) lines.take(data);
      waitForMore();
    }
  } catch (error) {
    if (signal.aborted || !enough.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  return { lines: lines.all, goesOn: true };
}
