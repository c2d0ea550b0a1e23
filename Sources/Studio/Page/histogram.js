// A histogram of the reference images' scores, with a mark for each image that is scored.

import { drawAxes, height, makeScale, node } from "./chart.js";
import { count, significant } from "./format.js";
import { linearTicks } from "./ticks.js";

const axis = height - 42;
const lane = 20; // pixels between the bars and the axis, for the marks
const top = 10;
const characterWidth = 7.2;
const reach = 16; // pixels around a mark

// `onPoint(row)` is called with the row whose mark is pointed at or has the focus, or null; `onOpen(row)` when it is chosen.
export function makeHistogram(host, { onPoint, onOpen }) {
  let drawn = null;
  let pointed = null;

  const point = (row) => {
    pointed = row;
    drawn.follow(row);
    onPoint(row);
  };
  const nearest = ({ clientX }) => {
    const place = clientX - host.getBoundingClientRect().left;
    const distance = (mark) => Math.abs(mark.x - place);
    const mark = drawn.marks.reduce((best, one) => (!best || distance(one) < distance(best) ? one : best), null);
    return mark && distance(mark) <= reach ? mark.row : null;
  };
  host.addEventListener("pointermove", (event) => drawn && point(nearest(event)));
  host.addEventListener("pointerleave", () => drawn && point(null));
  host.addEventListener("focusin", () => point(pointed ?? drawn.opened ?? drawn.marks[0].row));
  host.addEventListener("focusout", () => point(null));
  host.addEventListener("click", (event) => {
    const row = drawn && nearest(event);
    if (row) onOpen(row);
  });
  host.addEventListener("keydown", (event) => {
    const { marks } = drawn;
    const from = marks.findIndex(({ row }) => row === pointed);
    const to = { ArrowLeft: from - 1, ArrowDown: from - 1, ArrowRight: from + 1, ArrowUp: from + 1, Home: 0, End: marks.length - 1 }[event.key];
    if (["Enter", " "].includes(event.key) && pointed) onOpen(pointed);
    else if (marks[to]) point(marks[to].row);
    else return;
    event.preventDefault();
  });

  return (content) => {
    if (host.clientWidth === 0) return;
    const hadFocus = host.contains(document.activeElement);
    drawn = draw(host, content);
    if (hadFocus) host.querySelector("[role=slider]")?.focus();
    else drawn.follow(pointed);
  };
}

// `value(row)` is a score, or undefined, and `named(row)` says it; `title` is what is counted, `summary` the bars in words.
function draw(host, { edges, counts, title, summary, rows, opened, value, named }) {
  const width = host.clientWidth;
  const ends = [edges[0], edges.at(-1)];
  const ticks = linearTicks(0, Math.max(...counts, 1)).filter(Number.isInteger);
  const y = makeScale(ticks, count, [0, ticks.at(-1)], [axis - lane, top]);
  const left = 16 + characterWidth * Math.max(...y.labels.map((label) => label.length));
  const x = makeScale(linearTicks(...ends), significant, ends, [left, width - 14]);

  const bars = counts.map((number, index) =>
    `M${x.at(edges[index]) + 0.5} ${y.at(0)}V${y.at(number)}H${x.at(edges[index + 1]) - 0.5}V${y.at(0)}Z`);
  const picture = node("g", { role: "img", "aria-label": `${title}. ${summary}` });
  picture.append(...drawAxes({ x, y: { ...y, start: axis } }, title), node("path", { class: "bars", d: bars.join("") }));

  const marks = rows.filter((row) => value(row) !== undefined).sort((a, b) => value(a) - value(b)).map((row) => {
    const beyond = value(row) < ends[0] ? -1 : value(row) > ends[1] ? 1 : 0;
    return { row, beyond, x: beyond ? x.at(ends[beyond < 0 ? 0 : 1]) : x.at(value(row)) };
  });
  const slider = node("g", {
    role: "slider", tabindex: 0, "aria-label": "Marks of the images", "aria-valuemin": 1, "aria-valuemax": marks.length || 1,
  });
  const all = node("path", { class: "marks", d: marks.map(shapeOf).join("") });
  const [open, follower] = ["is-open", "is-pointed"].map((name) => node("path", { class: `mark ${name}`, d: "" }));
  const show = (path, row) => {
    const mark = marks.find((one) => one.row === row);
    path.setAttribute("d", mark ? `${shapeOf(mark)}${mark.beyond ? "" : `M${mark.x} ${axis - 3}V${top}`}` : "");
  };
  slider.append(node("rect", { x: left, y: axis - lane, width: x.end - left, height: lane, class: "lane" }), all, open, follower);
  show(open, opened);

  const svg = node("svg", { viewBox: `0 0 ${width} ${height}`, height });
  svg.append(picture, ...(marks.length > 0 ? [slider] : []));
  host.replaceChildren(svg);
  const follow = (row) => {
    show(follower, row);
    const told = marks.findIndex((one) => one.row === (row ?? opened));
    slider.setAttribute("aria-valuenow", Math.max(0, told) + 1);
    slider.setAttribute("aria-valuetext", told < 0 ? `${count(marks.length)} images` : named(marks[told].row));
  };
  follow(null);
  return { marks, opened: marks.some(({ row }) => row === opened) ? opened : null, follow };
}

// A line where the score is, an arrow at the edge where it is beyond.
function shapeOf({ x, beyond }) {
  const middle = axis - lane / 2;
  return beyond ? `M${x} ${middle - 5}L${x + 8 * beyond} ${middle}L${x} ${middle + 5}Z` : `M${x} ${axis - 3}V${axis - lane + 4}`;
}

// Of what is counted, the two numbers between which about the middle half lies.
export function middleHalf({ edges, counts }) {
  const total = counts.reduce((sum, number) => sum + number, 0);
  return [0.25, 0.75].map((part) => {
    let below = 0;
    const index = counts.findIndex((number) => (below += number) >= part * total);
    const inside = 1 - (below - part * total) / counts[index];
    return edges[index] + inside * (edges[index + 1] - edges[index]);
  });
}
