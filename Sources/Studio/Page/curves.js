// The curves of a run and of those that are laid over it: what is drawn, over what, how smooth, and which part.

import { makeChart, redrawOnResize } from "./chart.js";
import { byId, make, makeSlider } from "./controls.js";
import { count, duration, finite, fixed, shortCount } from "./format.js";
import { smoothed } from "./points.js";

const charts = [
  {
    id: "bits", title: "Bits/dim",
    curves: [["trainBitsPerDimension", "line", "train"], ["validationBitsPerDimension", "dots", "validation"]],
  },
  { id: "gradient", title: "Gradient norm", isLogarithmic: true, curves: [["gradientNorm", "line"]] },
  {
    id: "invertibility", title: "Invertibility: round-trip error", isLogarithmic: true, curves: [["roundTripError", "both"]],
    note: "The largest error of a value, of a range of 1, on the way to the latents and back: about 1e-6 is rounding, "
      + "and more than half a pixel level means that the model cannot be inverted.",
  },
  { id: "condition", title: "Worst condition number", isLogarithmic: true, curves: [["worstConditionNumber", "both"]] },
  { id: "rate", title: "Learning rate", curves: [["learningRate", "line"]] },
  { id: "speed", title: "Images/s", curves: [["imagesPerSecond", "line"]] },
  { id: "memory", title: "Memory (MB)", curves: [["residentBytes", "line"]], divisor: 1e6 },
];
const first = 3; // those outside the fold

const axes = {
  images: { title: () => "Images trained on", words: (x) => `${count(Math.round(x))} images` },
  step: { title: () => "Steps", words: (x) => `${count(Math.round(x))} steps` },
  seconds: { title: (name) => `Time trained (${name})`, words: duration },
};
const units = [["days", 86400], ["h", 3600], ["min", 60], ["s", 1]];
const leastUnits = 3;

export function makeCurves({ changed }) {
  const select = byId("training-x");
  const fold = byId("training-more-curves");
  const smoothing = makeSlider({
    id: "training-smoothing", label: "Smoothing", min: 0, max: 0.99, step: 0.01, value: 0, format: (weight) => fixed(weight, 2),
  });
  let runs = [];
  let marks = [];
  let range = null;
  let cursor = null;
  let isDrawing = false;

  byId("training-smoothing-field").append(smoothing.row);
  const listener = {
    onPoint: (x) => point(x),
    onStep: (steps) => step(steps),
    onZoom: (chosen) => zoom(chosen),
    onScale: (factor) => scale(factor),
  };
  const drawn = charts.map((chart, index) => {
    const host = make("figure", { className: "chart", id: `training-${chart.id}` });
    (index < first ? byId("training-charts") : fold).append(host);
    return { ...chart, chart: makeChart(host, chart, listener) };
  });

  const draw = () => {
    isDrawing = false;
    if (runs.length === 0) return;
    const axis = axisOf(select.value, runs);
    const weight = smoothing.input.valueAsNumber;
    const marked = marks.map((mark) => ({ ...mark, x: placeOf(mark.images, axis.key, runs[0]?.lines ?? []) }));
    for (const { chart, curves, divisor = 1 } of drawn) {
      const series = runs.map(({ name, slot, lines }) => ({
        name, slot, curves: curves.map((curve) => curveOf(curve, lines, axis.key, weight, divisor)),
      }));
      chart.draw({ axis, range, runs: series, marks: marked.filter(({ x }) => x !== undefined), cursor });
    }
    showZoom();
  };
  const drawSoon = () => {
    if (!isDrawing) requestAnimationFrame(draw);
    isDrawing = true;
  };

  // Where the arrow keys stop: at the points of the first run, and those of the others beyond its end.
  const stops = () => {
    const [low, high] = range ?? [-Infinity, Infinity];
    const all = [];
    for (const { lines } of runs) {
      const end = all.at(-1) ?? -Infinity;
      all.push(...lines.map((line) => finite(line[select.value])).filter((x) => x > end));
    }
    return all.filter((x) => x >= low && x <= high);
  };
  const point = (x) => {
    const all = x === null ? [] : stops();
    cursor = all.length > 0 ? all.reduce((best, stop) => (Math.abs(stop - x) < Math.abs(best - x) ? stop : best)) : x;
    for (const { chart } of drawn) chart.point(cursor);
  };
  const step = (steps) => {
    const all = stops();
    if (all.length === 0) return;
    const at = cursor === null ? all.length : all.findLastIndex((stop) => stop <= cursor);
    point(all[Math.min(Math.max(at + steps, 0), all.length - 1)]);
  };

  const whole = () => [0, Math.max(...runs.flatMap(({ lines }) => lines.map((line) => finite(line[select.value]) ?? 0)), 1)];
  const zoom = (chosen) => {
    if (chosen === range) return;
    range = chosen;
    draw();
    changed();
  };
  const scale = (factor) => {
    const [low, high] = whole();
    const [from, to] = range ?? [low, high];
    const middle = cursor ?? (from + to) / 2;
    const size = factor * (to - from);
    if (size >= high - low) return zoom(null);
    const start = Math.min(Math.max(middle - size / 2, low), high - size);
    zoom([start, start + size]);
  };
  const showZoom = () => {
    byId("training-zoom-out").disabled = byId("training-zoom-all").disabled = range === null;
  };

  select.addEventListener("change", () => {
    range = null;
    cursor = null;
    draw();
    changed();
  });
  smoothing.input.addEventListener("input", () => {
    drawSoon();
    changed();
  });
  fold.addEventListener("toggle", () => {
    draw();
    changed(true);
  });
  byId("training-zoom-in").onclick = () => scale(0.5);
  byId("training-zoom-out").onclick = () => scale(2);
  byId("training-zoom-all").onclick = () => zoom(null);
  redrawOnResize(byId("training-charts"), draw);

  return {
    // `shown` have a name, a slot and lines of metrics; the first one's events are marked.
    show: (shown, events) => {
      runs = shown;
      marks = events;
      drawSoon();
    },
    state: () => ({
      ...(select.value === "images" ? {} : { x: select.value }),
      ...(smoothing.input.valueAsNumber > 0 ? { smoothing: smoothing.input.value } : {}),
      ...(range ? { zoom: range.map((end) => Number(end.toPrecision(6))).join("-") } : {}),
      ...(fold.open ? { more: "yes" } : {}),
    }),
    restore: (fields) => {
      const x = fields.get("x");
      select.value = x in axes ? x : "images";
      smoothing.input.value = fields.get("smoothing") ?? 0;
      smoothing.show();
      const ends = (fields.get("zoom") ?? "").split("-").map(Number);
      range = ends.length === 2 && ends[0] >= 0 && ends[1] > ends[0] ? ends : null;
      fold.open = fields.get("more") === "yes";
      drawSoon();
    },
  };
}

function axisOf(key, runs) {
  const most = Math.max(0, ...runs.map(({ lines }) => finite(lines.at(-1)?.[key]) ?? 0));
  const [name, unit] = key === "seconds" ? units.find(([, size]) => most >= leastUnits * size) ?? units.at(-1) : ["", 1];
  return { key, unit, title: axes[key].title(name), words: axes[key].words, short: shortCount };
}

// Values that were not measured have no point; those that are not finite have one without a y.
function curveOf([name, style, what], lines, key, weight, divisor) {
  const points = lines.filter((line) => line[name] !== undefined && finite(line[key]) !== undefined)
    .map((line) => [line[key], finite(line[name] / divisor)]);
  if (style !== "line" || weight === 0) return { style, what, points };
  return { style, what, points: smoothed(points, weight), raw: points };
}

// Where so many images are on an axis.
function placeOf(images, key, lines) {
  if (key === "images") return images;
  const after = lines.find((line) => line.images >= images) ?? lines.at(-1);
  return finite(after?.[key]);
}
