// The place of the scored images among those of the reference.

import { getModels, getReference, pause } from "./api.js";
import { redrawOnResize } from "./chart.js";
import { byId } from "./controls.js";
import { count, fixed, significant } from "./format.js";
import { makeHistogram, middleHalf } from "./histogram.js";

const patience = 2000;
const kinds = {
  bits: { field: "bitsPerDimension", title: "bits/dim", percentile: "percentile" },
  corrected: { field: "corrected", title: "bits/dim less those as a PNG", percentile: "correctedPercentile" },
};

// `onReference` is called once there is one, where there was none at first.
export function makeScorePlace({ model, onOpen, onChange, onReference }) {
  const [host, said, note] = ["histogram", "mark", "reference"].map((name) => byId(`score-${name}`));
  const fields = { bits: byId("score-by-bits"), corrected: byId("score-by-corrected") };
  let rows = [];
  let opened = null;
  let pointed = null;
  let counts = null;
  let isLooking = false;

  const by = () => (fields.corrected.checked ? "corrected" : "bits");
  const value = (row) => row.score?.[kinds[by()].field];
  const named = (row) => {
    const percentile = row.score[kinds[by()].percentile];
    const place = percentile === undefined ? "" : `, percentile ${fixed(percentile, 1)}`;
    return `${row.name}: ${fixed(value(row), 3)} bits/dim${place}`;
  };
  const summary = () => {
    const half = middleHalf(counts[by()]).map((bound) => significant(bound, 3));
    return `Half of the ${count(model.reference.count)} reference images lie between ${half.join(" and ")} bits/dim`;
  };
  const say = () => {
    const row = [pointed, opened].find((one) => one && value(one) !== undefined);
    said.textContent = row ? named(row) : `${summary()}.`;
  };

  const histogram = makeHistogram(host, {
    onOpen,
    onPoint: (row) => {
      pointed = row;
      say();
    },
  });
  const draw = () => {
    if (!counts) return;
    histogram({ ...counts[by()], title: kinds[by()].title, summary: summary(), rows, opened, value, named });
    say();
  };

  const load = async () => {
    const { bitsPerDimension, corrected } = await getReference();
    counts = { bits: bitsPerDimension, corrected };
    note.textContent = `Percentile: percent of ${count(model.reference.count)} images of ${model.reference.name} that are less likely.`;
    draw();
  };

  // The server scores the images to compare with once it has started.
  const look = async () => {
    const wasThere = Boolean(model.reference);
    while (isLooking && !model.reference) {
      model.reference = (await getModels()).find(({ name }) => name === model.name).reference;
      if (!model.reference) await pause(patience);
    }
    if (!isLooking || counts) return;
    await load();
    if (!wasThere) onReference();
  };

  for (const field of Object.values(fields)) {
    field.addEventListener("change", () => {
      draw();
      onChange();
    });
  }
  redrawOnResize(host, draw);
  return {
    show: (all, chosen) => {
      [rows, opened] = [all, chosen];
      draw();
    },
    look: async () => {
      if (isLooking) return;
      isLooking = true;
      try {
        await look();
      } catch (error) {
        note.textContent = error.message;
      }
      isLooking = false;
    },
    stop: () => (isLooking = false),
    state: () => (by() === "bits" ? {} : { by: by() }),
    restore: (wanted) => {
      fields[wanted.get("by") === "corrected" ? "corrected" : "bits"].checked = true;
      draw();
    },
  };
}
