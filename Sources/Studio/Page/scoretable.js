// The table of scores, and the same as CSV.

import { byId, make } from "./controls.js";
import { fixed, signed, size } from "./format.js";
import { fittedNote } from "./pictures.js";

const columns = [
  { name: "Image", value: (row) => row.name.toLowerCase() },
  { name: "Bits/dim", value: (row) => row.score?.bitsPerDimension, text: (number) => fixed(number, 3) },
  { name: "Percentile", value: (row) => row.score?.percentile, text: (number) => fixed(number, 1) },
  { name: "Corrected", value: (row) => row.score?.corrected, text: (number) => signed(number, 3) },
  { name: "Corrected percentile", value: (row) => row.score?.correctedPercentile, text: (number) => fixed(number, 1) },
];

const csvColumns = [
  "width", "height", "isFitted", "bitsPerDimension", "pngBitsPerDimension", "percentile", "corrected",
  "correctedPercentile", "deviations",
];

export function makeScoreTable(model) {
  let shown = [];
  let sorting = null;

  const showRows = () => {
    byId("score-rows").replaceChildren(...sorted(shown, sorting).map((row) => makeRow(row, model)));
  };

  const sortBy = (column) => {
    sorting = { column, isDescending: sorting?.column === column && !sorting.isDescending };
    headers.forEach((header, index) => {
      if (columns[index] !== column) return header.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", sorting.isDescending ? "descending" : "ascending");
    });
    showRows();
  };

  const headers = columns.map((column, index) => {
    const id = `score-sort-${index}`;
    const button = make("button", { type: "button", id, onclick: () => sortBy(column) }, column.name);
    return make("th", { scope: "col", role: "columnheader" }, button);
  });
  byId("score-head").append(...headers);

  return {
    show: (rows) => {
      shown = rows;
      byId("score-empty").hidden = rows.length > 0;
      byId("score-frame").hidden = rows.length === 0;
      showRows();
    },
  };
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

function makeRow(row, model) {
  const cells = [makeNameCell(row, model)];
  if (row.error) {
    cells.push(make("td", { colSpan: columns.length - 1, className: "error", role: "cell" }, row.error));
  } else {
    for (const column of columns.slice(1)) {
      const value = column.value(row);
      const missing = row.score ? "–" : "…";
      const text = value === undefined ? missing : column.text(value);
      cells.push(make("td", { className: "number", role: "cell", data: { name: column.name } }, text));
    }
  }
  return make("tr", { role: "row" }, ...cells);
}

function makeNameCell(row, model) {
  row.thumbnail ??= makeThumbnail(row.url);
  const text = make("span", {}, row.name);
  if (row.score) {
    const { width, height, isFitted } = row.score;
    const note = isFitted ? fittedNote(row.score, model) : size(width, height);
    text.append(make("span", { className: "small-print" }, note));
  }
  return make("th", { scope: "row", role: "rowheader" }, make("span", { className: "named-picture" }, row.thumbnail, text));
}

function makeThumbnail(src) {
  const thumbnail = make("img", { className: "picture", src, alt: "", decoding: "async" });
  thumbnail.onerror = () => (thumbnail.style.visibility = "hidden");
  return thumbnail;
}

export function scoresAsCSV(rows) {
  const lines = rows.filter((row) => row.score || row.error).map((row) =>
    [row.name, ...csvColumns.map((column) => row.score?.[column] ?? ""), row.error ?? ""].map(quoted).join(","));
  return [["file", ...csvColumns, "error"].join(","), ...lines, ""].join("\r\n");
}

function quoted(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
