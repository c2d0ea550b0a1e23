// A chart of the curves of runs, as inline SVG. The values at the crosshair stand in the legend: nothing covers what is read.

import { make } from "./controls.js";
import { fixed, significant } from "./format.js";
import { followPointer } from "./gestures.js";
import { extent, nearest, thinned, within } from "./points.js";
import { columnsFor } from "./rows.js";
import { distinctLabels, linearTicks, logarithmicTicks } from "./ticks.js";

export const height = 240;
const margin = { top: 10, right: 14, bottom: 42, left: 14 };
const leastLabel = 5; // characters
const characterWidth = 7.2;
const digits = 4;
const dotsWithRoom = 80;
const entryWidth = 170; // pixels, of a run in the legend
const valueWidth = 110;

// In the figure `host`. `listener` has `onPoint(x)` (null: nowhere), `onStep(steps)`, `onZoom(range)` (null: all) and `onScale(factor)`.
export function makeChart(host, { title, note, isLogarithmic = false }, listener) {
  const place = make("span", { className: "small-print place" });
  const legend = make("ul", { className: "legend" });
  const words = make("p", { className: "visually-hidden", id: `${host.id}-words` });
  const frame = make("div", {
    className: "plot", role: "slider", tabIndex: 0,
    aria: { label: `${title}: a place in training`, describedby: words.id, valuemin: 0, valuemax: 0, valuenow: 0 },
  });
  const caption = make("figcaption", {}, make("h4", {}, title), place);
  host.replaceChildren(caption, ...(note ? [make("p", { className: "small-print" }, note)] : []), legend, frame, words);
  let shown = null;

  // `runs` have a name, a slot (their color and dashes) and curves: a style ("line", "dots" or "both"), points and, of a smoothed
  // one, `raw`.
  const draw = ({ axis, range, runs, marks, cursor }) => {
    const usable = runs.map((run) => ({ ...run, curves: run.curves.map((curve) => canShow(curve, isLogarithmic)) }));
    const drawn = usable.filter(({ curves }) => curves.some(({ points }) => points.length > 0));
    host.hidden = drawn.length === 0;
    if (host.hidden || host.clientWidth === 0) return;
    const scales = makeScales(drawn, frame.clientWidth, isLogarithmic, axis, range);
    shown = { axis, runs: drawn, marks, scales, leftOut: leftOut(usable, isLogarithmic) };
    const summary = describe(drawn[0], axis);
    words.textContent = summary;
    const svg = node("svg", {
      viewBox: `0 0 ${frame.clientWidth} ${height}`, height, role: "img", "aria-label": `${title}. ${summary}`,
    });
    svg.append(...drawAxes(scales, axis.title), ...drawMarks(marks, scales), drawRuns(drawn, scales));
    frame.replaceChildren(svg);
    const most = Math.max(1, Math.floor(frame.clientWidth / (entryWidth + valueWidth * drawn[0].curves.length)));
    legend.style.setProperty("--columns", drawn.length === 1 ? most : columnsFor(drawn.length, most));
    point(cursor);
  };

  // Shows the values at `x`, or the last ones where it is null.
  const point = (x) => {
    if (!shown || host.hidden) return;
    const { axis, runs, marks, scales, leftOut } = shown;
    const isInside = x !== null && x >= scales.x.from && x <= scales.x.to;
    const found = runs.map(({ curves }) => curves.map(({ points }) => (isInside ? nearest(points, x) : points.at(-1))));
    const near = isInside ? marks.filter((mark) => Math.abs(scales.x.at(mark.x) - scales.x.at(x)) < 5) : [];
    const where = isInside ? axis.words(x) : "last values";
    place.textContent = [where, ...near.map(({ text }) => text), leftOut].filter(Boolean).join(" · ");
    showLegend(legend, runs, found);
    frame.querySelector(".crosshair")?.remove();
    if (isInside) frame.firstChild.append(drawCrosshair(x, runs, found, scales));
    const values = runs.map(({ name }, index) => `${name} ${found[index].map(inWords).join(", ")}`);
    frame.setAttribute("aria-valuemax", scales.x.to);
    frame.setAttribute("aria-valuenow", isInside ? x : scales.x.to);
    frame.setAttribute("aria-valuetext", `${place.textContent}: ${values.join("; ")}`);
  };

  followPointer(frame, {
    ...listener,
    scale: () => shown?.scales.x,
    select: (from, to) => {
      frame.querySelector(".selection")?.remove();
      if (from === null) return;
      const box = { class: "selection", x: Math.min(from, to), width: Math.abs(to - from) };
      frame.firstChild?.append(node("rect", { ...box, y: margin.top, height: height - margin.top - margin.bottom }));
    },
  });
  return { draw, point };
}

// The color and the dashes of a run: slot 0 has its own.
export const lookOf = (slot) => (slot === 0 ? "color-0 dash-0" : `color-${1 + ((slot - 1) % 6)} dash-${1 + ((slot - 1) % 5)}`);

// Calls `redraw` when the width of the element changes.
export function redrawOnResize(element, redraw) {
  let width;
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width !== width) requestAnimationFrame(redraw);
    width = contentRect.width;
  }).observe(element);
}

function canShow(curve, isLogarithmic) {
  const usable = ([, y]) => y !== undefined && (!isLogarithmic || y > 0);
  return { ...curve, points: curve.points.filter(usable), raw: curve.raw?.filter(usable), all: curve.points.length };
}

function leftOut(runs, isLogarithmic) {
  const number = runs.flatMap(({ curves }) => curves).reduce((sum, { all, points }) => sum + all - points.length, 0);
  if (number === 0) return "";
  const why = isLogarithmic ? "not finite or not above 0" : "not finite";
  return number === 1 ? `1 value is left out: ${why}` : `${number} values are left out: ${why}`;
}

// Of so many digits, also where the last ones are zeros: they change under the crosshair.
function inWords(point) {
  if (!point) return "–";
  const size = Math.abs(point[1]);
  if (size < 1e-3 || size >= 1e4) return significant(point[1], digits);
  return fixed(point[1], Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
}

function describe({ name, curves }, axis) {
  return curves.filter(({ points }) => points.length > 0).map(({ what, points }) => {
    const [lastX, last] = points.at(-1);
    const label = what ? `${name}, ${what}` : name;
    if (points.length === 1) return `${label}: ${significant(last, digits)} after ${axis.words(lastX)}.`;
    const [lowestX, lowest] = points.reduce((best, point) => (point[1] < best[1] ? point : best));
    const [from, to, least] = distinctLabels([points[0][1], last, lowest], significant, digits);
    return `${label}: from ${from} to ${to} after ${axis.words(lastX)}, lowest ${least} after ${axis.words(lowestX)}.`;
  }).join(" ");
}

// Scales

function makeScales(runs, width, isLogarithmic, axis, range) {
  const points = runs.flatMap(({ curves }) => curves.flatMap(({ points, raw = [] }) => [...points, ...raw]));
  const [from, to] = range ?? [0, Math.max(extent(points.map(([x]) => x))[1], 1)];
  const inside = points.filter(([x]) => x >= from && x <= to);
  const [low, high] = extent((inside.length > 0 ? inside : points).map(([, y]) => y));
  const ticks = (isLogarithmic ? logarithmicTicks : linearTicks)(low, high);
  const y = makeScale(ticks, significant, [ticks[0], ticks.at(-1)], [height - margin.bottom, margin.top], isLogarithmic);
  const left = margin.left + characterWidth * Math.max(leastLabel, ...y.labels.map((label) => label.length));
  const steps = linearTicks(from / axis.unit, to / axis.unit).map((tick) => tick * axis.unit);
  const label = (tick, digits) => axis.short(tick / axis.unit, digits);
  return { x: makeScale(steps, label, [from, to], [left, width - margin.right]), y };
}

export function makeScale(allTicks, inWords, [from, to], [start, end], isLogarithmic = false) {
  const raw = isLogarithmic ? Math.log10 : (value) => value;
  const at = (value) => start + ((raw(value) - raw(from)) / (raw(to) - raw(from) || 1)) * (end - start);
  const ticks = allTicks.filter((tick) => tick >= from && tick <= to);
  return { at, from, to, start, end, ticks, labels: distinctLabels(ticks, inWords) };
}

// Drawing

export function node(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

export function drawAxes({ x, y }, xTitle) {
  const middle = (x.start + x.end) / 2;
  return [
    ...y.ticks.flatMap((tick, index) => [
      node("line", { class: "grid", x1: x.start, x2: x.end, y1: y.at(tick), y2: y.at(tick) }),
      node("text", { class: "tick", x: x.start - 8, y: y.at(tick) + 4, "text-anchor": "end" }, y.labels[index]),
    ]),
    ...x.ticks.flatMap((tick, index) => [
      node("line", { class: "axis", x1: x.at(tick), x2: x.at(tick), y1: y.start, y2: y.start + 5 }),
      node("text", { class: "tick", x: x.at(tick), y: y.start + 18, "text-anchor": "middle" }, x.labels[index]),
    ]),
    node("line", { class: "axis", x1: x.start, x2: x.end, y1: y.start, y2: y.start }),
    node("text", { class: "tick", x: middle, y: height - 6, "text-anchor": "middle" }, xTitle),
  ];
}

// Warnings and the like, below the axis.
function drawMarks(marks, { x, y }) {
  return marks.filter((mark) => mark.x >= x.from && mark.x <= x.to).map((mark) => {
    const [cx, top] = [x.at(mark.x), y.start];
    const sign = node("path", { class: "mark", d: `M${cx} ${top}l5 8h-10z` });
    sign.append(node("title", {}, mark.text));
    return sign;
  });
}

// In a window of their own, which cuts off what is beyond a zoomed range. The first run lies above the others.
function drawRuns(runs, { x, y }) {
  const room = 5;
  const [left, top] = [x.start - room, y.end - room];
  const size = { width: x.end - x.start + 2 * room, height: y.start - y.end + 2 * room };
  const view = node("svg", { x: left, y: top, ...size, viewBox: `${left} ${top} ${size.width} ${size.height}` });
  view.append(...runs.toReversed().flatMap((run) => run.curves.flatMap((curve) => drawCurve(curve, run.slot, { x, y }))));
  return view;
}

function drawCurve({ points, raw, style }, slot, scales) {
  const { x } = scales;
  const places = (all) => thinned(within(all, [x.from, x.to])).map((point) => placeOf(point, scales));
  const line = (all, kind) => node("polyline", { class: `${kind} ${lookOf(slot)}`, points: all.join(" ") });
  const own = places(points);
  const parts = raw ? [line(places(raw), "raw")] : [];
  if (style !== "dots") parts.push(line(own, "curve"));
  // A line through one point cannot be seen.
  if (style !== "line" || own.length === 1) {
    const r = own.length > dotsWithRoom ? 2 : 3.5;
    parts.push(...own.map(([cx, cy]) => node("circle", { class: `dot ${lookOf(slot)}`, cx, cy, r })));
  }
  return parts;
}

const placeOf = ([x, y], scales) => [scales.x.at(x).toFixed(1), scales.y.at(y).toFixed(1)];

function drawCrosshair(cursor, runs, found, scales) {
  const { x, y } = scales;
  const group = node("g", { class: "crosshair" });
  group.append(node("line", { x1: x.at(cursor), x2: x.at(cursor), y1: y.start, y2: y.end }));
  runs.forEach(({ slot }, index) => {
    const read = found[index].filter((point) => point && point[0] >= x.from && point[0] <= x.to);
    group.append(...read.map((point) => {
      const [cx, cy] = placeOf(point, scales);
      return node("circle", { class: `ring ${lookOf(slot)}`, cx, cy, r: 5 });
    }));
  });
  return group;
}

// Legend

function showLegend(legend, runs, found) {
  legend.replaceChildren(...runs.map(({ name, slot, curves }, index) => make(
    "li", { title: name }, sign(slot, "line"), make("span", { className: "name" }, name),
    ...curves.flatMap(({ style, what }, number) => (curves[number].points.length === 0 ? [] : [
      make(
        "span", { className: "value" }, ...(style === "dots" ? [sign(slot, "dots")] : []),
        ...(what ? [make("span", { className: "what" }, what)] : []),
        make("span", { className: "read" }, inWords(found[index][number]))),
    ])))));
}

function sign(slot, style) {
  const width = style === "dots" ? 8 : 24;
  const svg = node("svg", { viewBox: `0 0 ${width} 8`, width, height: 8, "aria-hidden": "true" });
  if (style === "dots") svg.append(node("circle", { class: `dot ${lookOf(slot)}`, cx: 4, cy: 4, r: 3.5 }));
  else svg.append(node("polyline", { class: `curve ${lookOf(slot)}`, points: "0,4 24,4" }));
  return svg;
}
