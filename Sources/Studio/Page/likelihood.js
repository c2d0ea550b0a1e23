// How likely a model finds an edited picture: bits/dim before and after, and where both lie among the reference images.

import { edit, getReference } from "./api.js";
import { byId } from "./controls.js";
import { count, fixed } from "./format.js";

// Milliseconds. Where scoring a picture takes longer, it has a request of its own, after that of the picture.
const quick = 100;
// What looking ahead may take.
const patience = 2000;
// Of the reference's range, shown beyond its less likely end.
const beyond = 0.25;
// The percentile from which on a picture is like none that the model knows.
const leastPercentile = 1;

// Whether a picture is one that the model does not know, and less so than that which it was made of.
export const leaves = (score, input) => score.percentile < Math.min(leastPercentile, input.percentile);

export function makeLikelihood(model) {
  const pictures = byId("edit-pictures");
  let last = Infinity;
  let reference = null;

  const showReference = async () => {
    const { name, count: number, bitsPerDimension: { edges, counts } } = await getReference();
    const [least, most] = [edges[0], edges.at(-1)];
    const width = (1 + beyond) * (most - least);
    reference = { at: (bits) => Math.min(Math.max((bits - least) / width, 0), 1), limit: limitOf(edges, counts) };
    const highest = Math.max(...counts);
    byId("edit-reference").setAttribute("d", `M0 1${counts.map((number, index) =>
      `V${1 - number / highest}H${reference.at(edges[index + 1])}`).join("")}V1Z`);
    byId("edit-reference-name").textContent = `${count(number)} reference images`;
    byId("edit-reference-name").title = name;
    pictures.style.setProperty("--limit", `${100 * reference.at(reference.limit)}%`);
    pictures.classList.add("has-reference");
  };

  const showScore = (which, { bitsPerDimension: bits, percentile }) => {
    byId(`edit-${which}-bits`).textContent = `${fixed(bits, 2)} bits/dim`;
    byId(`edit-${which}-percentile`).textContent = percentile === undefined ? "" : `percentile ${fixed(percentile, percentile < 10 ? 1 : 0)}`;
    const mark = byId(`edit-${which}-mark`);
    mark.hidden = !reference;
    if (reference) mark.style.left = `${100 * reference.at(bits)}%`;
  };

  byId("edit-likelihood").hidden = !model.data && !model.reference;
  return {
    // Whether the next picture's scores may come with it.
    isQuick: () => last <= quick,
    // Whether so many pictures more may be scored.
    isCheap: (number) => number * last <= patience && number <= model.limits.count,
    // Another picture is shown, whose scores are to come.
    wait: () => pictures.setAttribute("aria-busy", true),
    // The bits/dim beyond which a picture made of `input` leaves what the model knows; undefined where there is no reference.
    limit: (input) => reference && Math.max(reference.limit, input.bitsPerDimension),
    // The scores of an edit, and how long they took.
    show: async ({ scores: [after], inputScores: [before] }, milliseconds) => {
      last = milliseconds;
      pictures.removeAttribute("aria-busy");
      if (after.percentile !== undefined && !reference) await showReference();
      showScore("before", before);
      showScore("after", after);
      pictures.classList.toggle("leaves", leaves(after, before));
    },
    measure: async (body, signal) => {
      const start = performance.now();
      const answer = await edit({ ...body, score: true }, signal);
      return { answer, milliseconds: performance.now() - start };
    },
  };
}

// The bits/dim beyond which so few of the reference images lie.
function limitOf(edges, counts) {
  let left = (leastPercentile / 100) * counts.reduce((sum, number) => sum + number, 0);
  for (let bin = counts.length - 1; bin > 0; bin--) {
    if (counts[bin] >= left) return edges[bin + 1] - (left / counts[bin]) * (edges[bin + 1] - edges[bin]);
    left -= counts[bin];
  }
  return edges[1];
}
