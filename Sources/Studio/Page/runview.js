// One run: its facts, metrics, samples and events.

import { byId, make } from "./controls.js";
import { finite, percent } from "./format.js";
import { makeEvents } from "./runevents.js";
import { factsOf, stateOf } from "./runfacts.js";
import { makeLines } from "./lines.js";

// `onNews()` is called when there is more to draw, at most once a frame.
export function makeRunView(film, onNews) {
  const events = makeEvents();
  const lines = makeLines();
  let run = null;
  let hasGoneBack = false;
  let isDrawing = false;

  const open = (opened) => {
    if (run?.id !== opened.id) restart();
    run = opened;
    showFacts(run);
    film.open(run);
  };

  // A stream begins with all that the run has written so far.
  const restart = () => {
    lines.clear();
    events.clear();
    hasGoneBack = false;
  };

  const take = ({ event, data }) => {
    if (!data) return;
    if (event === "summary") run = { ...run, ...data };
    if (event === "metrics") takeMetrics(data);
    if (event === "log") events.add(data);
    drawSoon();
  };

  const takeMetrics = (line) => {
    hasGoneBack = lines.take(line) || hasGoneBack;
    run = updated(run, line);
    const isNew = line.validationBitsPerDimension !== undefined && run.state === "training";
    if (isNew) film.loadNew(line.images);
  };

  const drawSoon = () => {
    if (isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(() => {
      isDrawing = false;
      showFacts(run);
      film.describe(lines.all);
      byId("training-curves-empty").hidden = lines.all.length > 0;
      byId("training-went-back").textContent = events.remark(hasGoneBack);
      onNews();
    });
  };

  return { open, restart, take, end: drawSoon, lines: () => lines.all, marks: events.marks };
}

// `run` as its summary would be after another line of metrics.
function updated(run, line) {
  const next = { ...run, ...line, steps: line.step ?? run.steps };
  const bitsPerDimension = finite(line.validationBitsPerDimension);
  const isBest = bitsPerDimension < (next.best?.bitsPerDimension ?? Infinity);
  if (isBest) next.best = { images: line.images, bitsPerDimension };
  if (next.totalImages > 0 && next.imagesPerSecond > 0) {
    next.secondsLeft = Math.max(0, next.totalImages - next.images) / next.imagesPerSecond;
  }
  return next;
}

function showFacts(run) {
  const { images = 0, totalImages } = run;
  byId("training-state").textContent = stateOf(run);
  byId("training-progress-field").hidden = !totalImages;
  byId("training-progress").value = totalImages ? images / totalImages : 0;
  byId("training-progress").textContent = totalImages ? percent(images / totalImages) : "";
  const facts = factsOf(run).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
  byId("training-facts").replaceChildren(...facts);
}
