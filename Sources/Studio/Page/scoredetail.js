// What the tab "Score" shows of the image that was chosen: its score, where its bits are, and what it takes in a file.

import { score } from "./api.js";
import { forget, readRow } from "./batches.js";
import { makeBitMaps } from "./bitmaps.js";
import { byId, coalesce, make, makeStatus } from "./controls.js";
import { fixed, signed } from "./format.js";
import { formats } from "./scoretable.js";

// `onMeasure(row)` is called when its sizes are wanted.
export function makeScoreDetail({ model, onChange, onMeasure }) {
  const status = makeStatus(byId("score-detail-status"));
  const [title, facts, empty, content] = ["title", "facts", "empty", "content"].map((name) => byId(`score-detail-${name}`));
  const [sizes, measure] = [byId("score-detail-sizes"), byId("score-measure")];
  const maps = makeBitMaps(model, onChange);
  const heading = title.textContent;
  let row = null;

  const askForMap = coalesce(async (asked) => {
    if (asked !== row) return;
    status.busy("Looking for the bits…");
    try {
      await readRow(asked, model.limits);
      const { scores: [{ map }] } = await score({ images: [asked.source], map: true });
      asked.map = map;
      status.clear();
    } catch (error) {
      if (asked === row) status.fail(error, () => askForMap(asked));
    }
    forget([asked]);
    if (asked === row) maps.show(asked.map ?? null);
  });

  const refresh = () => {
    if (!row) return;
    maps.showPicture(row.url);
    facts.textContent = row.score ? wordsOn(row.score) : (row.error ?? "…");
    measure.hidden = Boolean(row.sizes);
    measure.disabled = !row.score || (row.isMeasured && !row.sizesError);
    sizes.hidden = !row.sizes;
    if (row.sizes) showSizes(sizes, row.sizes);
  };

  measure.onclick = () => onMeasure(row);
  return {
    state: maps.state,
    restore: maps.restore,
    refresh,
    show: (opened) => {
      row = opened;
      title.textContent = row?.name ?? heading;
      empty.hidden = Boolean(row);
      content.hidden = !row;
      status.clear();
      refresh();
      maps.show(row?.map ?? null);
      if (row && !row.map) askForMap(row);
    },
  };
}

function wordsOn({ bitsPerDimension, percentile, corrected, correctedPercentile }) {
  const place = (number) => (number === undefined ? "" : `, percentile ${fixed(number, 1)}`);
  return `${fixed(bitsPerDimension, 3)} bits/dim${place(percentile)}; corrected ${signed(corrected, 3)}${place(correctedPercentile)}`;
}

function showSizes(list, sizes) {
  const most = Math.max(...Object.values(sizes));
  list.replaceChildren(...Object.entries(formats).flatMap(([key, name]) => {
    const bar = make("span", { className: "bar" });
    bar.style.width = `${(100 * sizes[key]) / most}%`;
    return [
      make("dt", {}, name),
      make("dd", { className: key === "archived" ? "own" : "" }, make("span", { className: "bar-frame" }, bar), `${fixed(sizes[key] / 1000, 2)} kB`),
    ];
  }));
}
