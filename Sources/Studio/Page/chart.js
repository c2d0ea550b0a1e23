// Line charts as inline SVG: axes with ticks, a legend, and a summary in words.

import { make } from "./controls.js";
import { count, shortCount, significant } from "./format.js";
import { distinctLabels, linearTicks, logarithmicTicks } from "./ticks.js";

export const height = 240;
const margin = { top: 10, right: 14, bottom: 42, left: 14 };
const leastLabel = 5; // characters
const characterWidth = 7.2;
const mostPoints = 600;
const mostDots = 80;

// Draws into the figure `host`. A series has a name, a style ("line" or "dots") and points; y may be undefined.
export function drawChart(host, { title, xTitle, series, isLogarithmic = false }) {
  const shown = ({ points }) => thinned(points.filter(([, y]) => canShow(y, isLogarithmic)));
  const drawn = series.map((one) => ({ ...one, points: shown(one) }));
  const points = drawn.flatMap((one) => one.points);
  host.hidden = points.length === 0;
  if (host.hidden || host.clientWidth === 0) return;
  const summary = drawn.filter((one) => one.points.length > 0).map(describe).join(" ");
  const scales = makeScales(points, host.clientWidth, isLogarithmic);
  const viewBox = `0 0 ${host.clientWidth} ${height}`;
  const svg = node("svg", { viewBox, height, role: "img", "aria-label": `${title}. ${summary}` });
  svg.append(...drawAxes(scales, xTitle), ...drawn.flatMap((one, index) => drawSeries(one, index, scales)));
  host.replaceChildren(
    make("figcaption", {}, make("h4", {}, title), ...(drawn.length > 1 ? [makeLegend(drawn)] : [])),
    svg, make("p", { className: "small-print" }, summary));
}

// Calls `redraw` when the width of one of the hosts' frames changes.
export function redrawOnResize(hosts, redraw) {
  const widths = new Map();
  const observer = new ResizeObserver((entries) => {
    const hasChanged = entries.some(({ target, contentRect }) => {
      const isOther = widths.get(target) !== contentRect.width;
      widths.set(target, contentRect.width);
      return isOther;
    });
    if (hasChanged) requestAnimationFrame(redraw);
  });
  for (const host of hosts) observer.observe(host.parentElement);
}

const canShow = (y, isLogarithmic) => y !== undefined && (!isLogarithmic || y > 0);

// At most `mostPoints` points: means of neighbors.
function thinned(points) {
  const size = Math.ceil(points.length / mostPoints);
  if (size <= 1) return points;
  const groups = [];
  for (let start = 0; start < points.length; start += size) groups.push(points.slice(start, start + size));
  return groups.map((group) => [group.at(-1)[0], group.reduce((sum, [, y]) => sum + y, 0) / group.length]);
}

function describe({ name, points }) {
  const [lastImages, last] = points.at(-1);
  if (points.length === 1) return `${name}: ${significant(last, 4)} after ${count(lastImages)} images.`;
  const [lowestImages, lowest] = points.reduce((best, point) => (point[1] < best[1] ? point : best));
  const [from, to, least] = distinctLabels([points[0][1], last, lowest], significant, 4);
  return `${name}: from ${from} to ${to} after ${count(lastImages)} images, lowest ${least} after ${count(lowestImages)}.`;
}

// Scales

function makeScales(points, width, isLogarithmic) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const ticks = (isLogarithmic ? logarithmicTicks : linearTicks)(Math.min(...ys), Math.max(...ys));
  const y = makeScale(ticks, significant, [ticks[0], ticks.at(-1)], [height - margin.bottom, margin.top], isLogarithmic);
  const left = margin.left + characterWidth * Math.max(leastLabel, ...y.labels.map((label) => label.length));
  const most = Math.max(...xs, 1);
  const x = makeScale(linearTicks(0, most), shortCount, [0, most], [left, width - margin.right]);
  return { x, y };
}

export function makeScale(allTicks, inWords, [from, to], [start, end], isLogarithmic = false) {
  const raw = isLogarithmic ? Math.log10 : (value) => value;
  const at = (value) => start + ((raw(value) - raw(from)) / (raw(to) - raw(from) || 1)) * (end - start);
  const ticks = allTicks.filter((tick) => tick >= from && tick <= to);
  return { at, start, end, ticks, labels: distinctLabels(ticks, inWords) };
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

function drawSeries({ points, style }, index, { x, y }) {
  const places = points.map(([images, value]) => [x.at(images).toFixed(1), y.at(value).toFixed(1)]);
  const line = node("polyline", { class: `curve curve-${index}`, points: places.join(" ") });
  // A line through one point cannot be seen.
  if ((style !== "dots" && points.length > 1) || points.length > mostDots) return [line];
  return [line, ...places.map(([cx, cy]) => node("circle", { class: `dot dot-${index}`, cx, cy, r: 3 }))];
}

function makeLegend(series) {
  return make("ul", { className: "legend" }, ...series.map(({ name, style }, index) => {
    const sign = node("svg", { viewBox: "0 0 24 8", width: 24, height: 8, "aria-hidden": "true" });
    sign.append(node("polyline", { class: `curve curve-${index}`, points: "0,4 24,4" }));
    if (style === "dots") sign.append(node("circle", { class: `dot dot-${index}`, cx: 12, cy: 4, r: 3 }));
    return make("li", {}, sign, name);
  }));
}
