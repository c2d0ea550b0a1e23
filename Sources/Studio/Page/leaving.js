// The warning that an edit leaves what the model knows: beside the control that moved last, and on the track of its slider where that
// begins.

import { edit } from "./api.js";
import { reach } from "./attributes.js";
import { byId, make } from "./controls.js";
import { leaves } from "./likelihood.js";

const probes = [-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1].map((part) => part * reach);

export function makeLeaving({ form, likelihood }) {
  const words = make("p", { className: "small-print leaving", id: "edit-leaving" });
  words.setAttribute("role", "status");
  let moved = null;
  let marked = null;
  let markedFor = "";

  const note = ({ target }) => {
    if (target.matches("input[type=range], select, .condition")) moved = target;
  };
  form.addEventListener("input", note);
  form.addEventListener("click", note);

  const unmark = () => {
    marked?.classList.remove("is-marked");
    [marked, markedFor] = [null, ""];
  };

  return {
    // Nothing moved that could be meant: the warning stands by the scale.
    forget: () => (moved = null),
    show: ({ scores: [after], inputScores: [before] }) => {
      const isLeaving = leaves(after, before);
      const place = moved?.closest(".slider, .field, fieldset") ?? byId("edit-likelihood");
      if (isLeaving && words.parentNode !== place) place.append(words);
      if (isLeaving) words.textContent = "This leaves what the model knows: over 99% of reference images are likelier.";
      else words.remove();
    },
    // Looks along the slider that moved last, with everything else as it is.
    mark: async (body, input, signal) => {
      const name = moved?.dataset.attribute;
      const limit = likelihood.limit(input);
      if (name === undefined || limit === undefined || !likelihood.isCheap(probes.length)) return unmark();
      const { [name]: _, ...others } = body.edits;
      const key = JSON.stringify([name, { ...body, edits: others }]);
      if (key === markedFor) return;
      unmark();
      const { scores } = await edit({ ...body, edits: probes.map((value) => ({ ...others, [name]: value })), score: true }, signal);
      const bits = scores.map(({ bitsPerDimension }) => bitsPerDimension);
      const [low, high] = [crossing(bits.toReversed(), limit), crossing(bits, limit)];
      [marked, markedFor] = [moved, key];
      moved.style.setProperty("--low", -low);
      moved.style.setProperty("--high", high);
      moved.classList.add("is-marked");
    },
  };
}

// How far from the middle, as a part of the way to the end, bits/dim pass a limit; beyond the end where they do not.
function crossing(bits, limit) {
  const middle = (bits.length - 1) / 2;
  for (let probe = middle; probe < bits.length; probe++) {
    if (bits[probe] <= limit) continue;
    const into = probe === middle ? 0 : (limit - bits[probe - 1]) / (bits[probe] - bits[probe - 1]);
    return Math.max(0, probe - 1 + into - middle) / middle;
  }
  return 2;
}
