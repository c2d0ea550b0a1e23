// One run: its facts, curves, newest samples and events.

import { getRunSamples, getRuns, pause } from "./api.js";
import { drawChart, redrawOnResize } from "./chart.js";
import { byId, coalesce, make } from "./controls.js";
import { finite, percent } from "./format.js";
import { factsOf, stateOf } from "./runfacts.js";

const mostEvents = 200;

// The picture is drawn after the line of metrics that tells of the validation.
const samplesDelay = 1500;

export function makeRunView() {
  let run = null;
  let lines = [];
  let isDrawing = false;

  const open = (opened) => {
    if (run?.id !== opened.id) {
      lines = [];
      showSamplesPicture(null);
      showEvents([]);
    }
    run = opened;
    draw();
    if (run.hasSamples) loadSamples(run.id);
  };

  // A stream begins with all that the run has written so far.
  const restart = () => {
    lines = [];
    showEvents([]);
  };

  const take = ({ event, data }) => {
    if (!data) return;
    if (event === "summary") run = { ...run, ...data };
    if (event === "metrics") takeMetrics(data);
    if (event === "log") addEvent(data);
    drawSoon();
  };

  const takeMetrics = (line) => {
    while (lines.length > 0 && lines.at(-1).images >= line.images) lines.pop();
    lines.push(line);
    run = updated(run, line);
    const isNew = line.validationBitsPerDimension !== undefined && run.state === "training";
    if (isNew) loadNewSamples(run.id);
  };

  const drawSoon = () => {
    if (isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(() => {
      isDrawing = false;
      draw();
    });
  };

  const draw = () => {
    showFacts(run);
    byId("training-curves-empty").hidden = lines.length > 0;
    drawCurves(lines);
  };

  const loadNewSamples = coalesce(async (id) => {
    await pause(samplesDelay);
    if (run.id !== id) return;
    if (!run.hasSamples) run.hasSamples = await hasSamplesNow(id);
    if (run.hasSamples) await loadSamples(id);
  });

  const loadSamples = async (id) => {
    try {
      const picture = await getRunSamples(id);
      if (run.id === id) showSamplesPicture(picture);
    } catch {
      // the next validation brings others
    }
  };

  redrawOnResize([byId("training-bits"), byId("training-gradient")], () => run && drawCurves(lines));
  return { open, restart, take };
}

async function hasSamplesNow(id) {
  const runs = await getRuns().catch(() => []);
  return runs.find((run) => run.id === id)?.hasSamples ?? false;
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

function drawCurves(lines) {
  const points = (key) => lines.map((line) => [line.images, finite(line[key])]);
  const curve = (name, key, style) => ({ name, style, points: points(key) });
  drawChart(byId("training-bits"), {
    title: "Bits/dim", xTitle: "Images trained on",
    series: [
      curve("Train", "trainBitsPerDimension", "line"),
      curve("Validation", "validationBitsPerDimension", "dots"),
    ],
  });
  drawChart(byId("training-gradient"), {
    title: "Gradient norm", xTitle: "Images trained on", isLogarithmic: true,
    series: [curve("Gradient norm", "gradientNorm", "line")],
  });
}

function showSamplesPicture(blob) {
  const picture = byId("training-samples");
  const earlier = picture.src;
  byId("training-samples-empty").hidden = blob !== null;
  picture.hidden = blob === null;
  if (blob) picture.src = URL.createObjectURL(blob);
  else picture.removeAttribute("src");
  if (earlier) URL.revokeObjectURL(earlier);
}

// Events, the newest first

function showEvents(events) {
  byId("training-log").replaceChildren(...events);
  byId("training-log").hidden = events.length === 0;
  byId("training-log-empty").hidden = events.length > 0;
}

function addEvent({ time, level, message, ...others }) {
  const log = byId("training-log");
  const details = Object.entries(others).map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`).join(", ");
  const date = new Date(time);
  const clock = Number.isNaN(date.valueOf()) ? "" : date.toLocaleString("sv");
  log.prepend(make("li", { data: { level: level ?? "info" } },
    make("time", { dateTime: time ?? "" }, clock), " ",
    make("span", { className: "level" }, level ?? ""), " ",
    message ?? "", " ", make("span", { className: "small-print" }, details)));
  if (log.children.length > mostEvents) log.lastChild.remove();
  log.hidden = false;
  byId("training-log-empty").hidden = true;
}
