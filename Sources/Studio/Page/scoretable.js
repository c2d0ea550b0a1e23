// The table of scores, and the same as CSV. Rows are drawn as far as somebody scrolls.

import { byId, make } from "./controls.js";
import { count, fixed, signed, size } from "./format.js";
import { fittedNote } from "./pictures.js";

const columns = [
  { key: "name", name: "Image", value: (row) => row.name.toLowerCase() },
  { key: "bits", name: "Bits/dim", value: (row) => row.score?.bitsPerDimension, text: (number) => fixed(number, 3) },
  { key: "percentile", name: "Percentile", term: "percentile", value: (row) => row.score?.percentile, text: (number) => fixed(number, 1) },
  { key: "corrected", name: "Corrected", value: (row) => row.score?.corrected, text: (number) => signed(number, 3) },
  { key: "correctedPercentile", name: "Corrected percentile", value: (row) => row.score?.correctedPercentile, text: (number) => fixed(number, 1) },
];

// What a picture takes in a file, by what the server calls it.
export const formats = { archived: "Glow", png: "PNG", webP: "WebP", jpegXL: "JPEG XL" };
const sizeColumns = Object.entries(formats).map(([key, name]) =>
  ({ key, name: `${name} kB`, value: (row) => row.sizes?.[key], text: (number) => fixed(number / 1000, 2) }));

// The columns of `glow score`, and more, by what the server calls them.
const csvColumns = {
  width: "width", height: "height", isFitted: "is_fitted", bitsPerDimension: "bits_per_dim", deviations: "deviations",
  percentile: "percentile", pngBitsPerDimension: "png_bits_per_dim", corrected: "corrected",
  correctedPercentile: "corrected_percentile",
};
const csvSizes = { archived: "archived_bytes", png: "png_bytes", webP: "webp_bytes", jpegXL: "jpeg_xl_bytes" };

const drawnAtOnce = 60;
const nearby = "600px"; // below the window, where rows are drawn already

// `detail` is shown below the row that is open where there is no room beside the table. `onOpen(row)` is called when a row is chosen.
export function makeScoreTable({ model, detail, onOpen, onSort }) {
  const [body, rest, aside] = [byId("score-rows"), byId("score-rest"), detail.parentElement];
  const detailCell = make("td", { role: "cell", className: "detail-cell" });
  const detailRow = make("tr", { role: "row" }, detailCell);
  const isNarrow = matchMedia("(max-width: 67.99rem)");
  let rows = [];
  let opened = null;
  let sorting = null;
  let hasSizes = false;
  let drawn = drawnAtOnce;

  const redraw = () => {
    const focused = document.activeElement;
    const ordered = sorted(rows, sorting);
    if (isNarrow.matches) drawn = Math.max(drawn, ordered.indexOf(opened) + 1);
    const shown = ordered.slice(0, drawn);
    const stop = shown.includes(opened) ? opened : shown.find((row) => !row.error);
    const elements = shown.flatMap((row) => {
      drawRow(row);
      row.button.tabIndex = row === stop ? 0 : -1;
      return row === opened && isNarrow.matches ? [row.element, detailRow] : [row.element];
    });
    detailCell.colSpan = columns.length + (hasSizes ? sizeColumns.length : 0);
    const place = opened && isNarrow.matches ? detailCell : aside;
    if (detail.parentElement !== place) place.append(detail);
    setChildren(body, elements);
    if (body.contains(focused) && focused !== document.activeElement) focused.focus({ preventScroll: true });
    rest.hidden = shown.length === rows.length;
    rest.textContent = `${count(rows.length - shown.length)} more rows follow as you scroll.`;
    observer.unobserve(rest);
    if (!rest.hidden) observer.observe(rest);
  };

  const drawMore = () => {
    drawn += drawnAtOnce;
    redraw();
  };

  const drawRow = (row) => {
    row.element ??= makeRow(row, model, () => onOpen(row));
    row.element.classList.toggle("is-open", row === opened);
    row.button.setAttribute("aria-pressed", row === opened);
    const content = [row.score, row.error, row.sizes, row.sizesError, hasSizes];
    if (row.content?.every((part, index) => part === content[index])) return;
    row.content = content;
    fillRow(row, model, hasSizes ? [...columns, ...sizeColumns] : columns);
  };

  const sortBy = (key, isDescending) => {
    const column = [...columns, ...sizeColumns].find((one) => one.key === key);
    sorting = column ? { column, isDescending } : null;
    drawn = drawnAtOnce;
    headers.forEach(({ element, key: own }) => {
      if (own !== key) element.removeAttribute("aria-sort");
      else element.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
    });
    redraw();
  };

  const headers = [...columns, ...sizeColumns].map(({ key, name, term }, index) => {
    const button = make("button", { type: "button", id: `score-sort-${index}`, onclick: () => {
      sortBy(key, sorting?.column.key === key && !sorting.isDescending);
      onSort();
    } }, name);
    const heading = make("div", { data: term ? { term } : {} }, button);
    return { key, element: make("th", { scope: "col", role: "columnheader", hidden: index >= columns.length }, heading) };
  });
  byId("score-head").append(...headers.map(({ element }) => element));

  const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && drawMore(), { rootMargin: nearby });
  isNarrow.addEventListener("change", redraw);
  body.addEventListener("keydown", (event) => {
    const buttons = () => [...body.querySelectorAll(".open-row:enabled")];
    const from = buttons().indexOf(document.activeElement);
    if (event.key === "ArrowDown" && from === buttons().length - 1 && !rest.hidden) drawMore();
    const to = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: buttons().length - 1 }[event.key];
    const next = buttons()[to];
    if (from < 0 || !next) return;
    event.preventDefault();
    buttons()[from].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });

  return {
    show: (all) => {
      rows = all;
      byId("score-empty").hidden = rows.length > 0;
      byId("score-frame").hidden = rows.length === 0;
      redraw();
    },
    open: (row) => {
      opened = row;
      redraw();
    },
    showSizes: (isShown) => {
      hasSizes = isShown;
      for (const { element } of headers.slice(columns.length)) element.hidden = !isShown;
      redraw();
    },
    // Such as "percentile", or "-percentile" for the highest first.
    sorting: () => (sorting ? (sorting.isDescending ? "-" : "") + sorting.column.key : ""),
    sort: (text) => sortBy(text.replace("-", ""), text.startsWith("-")),
  };
}

// Moves no element that stands where it should.
function setChildren(parent, children) {
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  while (parent.children.length > children.length) parent.lastChild.remove();
}

// Rows without a value come last in both directions.
function sorted(rows, sorting) {
  if (!sorting) return rows;
  const { column: { value }, isDescending } = sorting;
  const isMissing = (row) => value(row) === undefined;
  const compare = (a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0);
  const ascending = rows.filter((row) => !isMissing(row)).sort(compare);
  return [...(isDescending ? ascending.reverse() : ascending), ...rows.filter(isMissing)];
}

function makeRow(row, model, onclick) {
  row.thumbnail = make("img", { className: "picture", alt: "", decoding: "async", loading: "lazy", src: row.url });
  row.thumbnail.onerror = () => (row.thumbnail.style.visibility = "hidden");
  row.note = make("span", { className: "small-print" });
  const name = make("span", {}, row.name, row.note);
  row.button = make("button", { type: "button", className: "open-row named-picture" }, row.thumbnail, name);
  const heading = make("th", { scope: "row", role: "rowheader" }, row.button);
  return make("tr", { role: "row", onclick: () => row.error || onclick() }, heading);
}

function fillRow(row, model, shown) {
  while (row.element.children.length > 1) row.element.lastChild.remove();
  row.button.disabled = Boolean(row.error);
  if (row.error) {
    return row.element.append(make("td", { colSpan: shown.length - 1, className: "error", role: "cell" }, row.error));
  }
  if (row.score) {
    const { width, height, isFitted } = row.score;
    row.note.textContent = isFitted ? fittedNote(row.score, model) : size(width, height);
  }
  row.element.append(...shown.slice(1).map((column) => {
    const value = column.value(row);
    const isDone = sizeColumns.includes(column) ? row.sizesError : row.score;
    const text = value === undefined ? (isDone ? "–" : "…") : column.text(value);
    return make("td", { className: "number", role: "cell", data: { name: column.name } }, text);
  }));
}

// Sizes are columns where some were measured.
export function scoresAsCSV(rows) {
  const sizes = rows.some((row) => row.sizes) ? csvSizes : {};
  const lines = rows.filter((row) => row.score || row.error).map((row) => [
    row.name, ...Object.keys(csvColumns).map((key) => row.score?.[key] ?? ""),
    ...Object.keys(sizes).map((key) => row.sizes?.[key] ?? ""), row.error ?? "",
  ].map(quoted).join(","));
  const header = ["image", ...Object.values(csvColumns), ...Object.values(sizes), "error"];
  return [header.join(","), ...lines, ""].join("\r\n");
}

function quoted(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
