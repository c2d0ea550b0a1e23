// The places on the way through a flow, in words.

import { count, size } from "./format.js";

export const dimensionsOf = ({ width, height, channels }) => width * height * channels;
export const shapeName = ([rows, columns, channels]) => `${size(columns, rows)}×${channels}`;

// The image, the places in the model, and the latents.
export function placesOf(model, frames) {
  const last = model.latentShapes.length;
  const steps = frames.slice(1).map(({ level, step, steps }) => ({
    level, step, steps, isEnd: step === steps, isTop: level === last, isSqueezed: step === 1 && beginsWithSqueeze(model, level),
  }));
  return [{ level: 0 }, ...steps, { level: last + 1 }];
}

// Others squeeze somewhere in between.
const beginsWithSqueeze = ({ kind }, level) => kind === "glow" || (kind === "masked-glow" && level > 1);

export function titleOf(place, isBack) {
  if (place.level === 0) return isBack ? "The image again" : "The image";
  return place.step ? `Level ${place.level}, step ${place.step} of ${place.steps}` : "The latents";
}

export function captionOf(model, place, isBack, differing) {
  const all = count(dimensionsOf(model));
  if (place.level === 0 && !isBack) return `An image is ${all} numbers, and the model has not touched them yet.`;
  if (place.level === 0) return differing === 0 ? "All steps are undone, and not one value differs." : "All steps are undone.";
  if (!place.step) return "Each number is measured by the bell that the model predicts for it: the better the model, the more this looks like noise.";
  return isBack ? captionBack(place) : captionThere(model, place);
}

function captionThere({ latentShapes }, place) {
  if (place.isEnd && place.isTop) return `What the last step leaves are the latents of the coarsest level, ${shapeName(latentShapes.at(-1))}.`;
  if (place.isEnd) return `Split: half of the channels leave as latents, ${shapeName(latentShapes[place.level - 1])}, and the rest goes on.`;
  if (place.isSqueezed) return "Squeeze: each 2×2 block becomes one place with four times the channels, and the first step changes them.";
  return "Each step of flow shifts and scales some of the numbers by amounts that it reads from the others.";
}

function captionBack(place) {
  if (place.isEnd && place.isTop) return "Each number gets back the mean and the width of its bell.";
  if (place.isEnd) return `Level ${place.level + 1} is undone, and the latents that left here come back.`;
  return "The steps behind this one are undone: each reads the same amounts, and takes them back.";
}
