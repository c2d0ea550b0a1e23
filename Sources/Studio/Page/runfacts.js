// A run in words, as `glow status` tells it.

import { bytes, count, duration, finite, fixed, percent, shortCount, significant } from "./format.js";

export function stateOf({ state, error }) {
  switch (state) {
    case "training": return "Being trained now";
    case "finished": return "Finished";
    case "stopped": return "Stopped before its end; glow resume goes on with it";
    case "unreadable": return `It cannot be read: ${error}`;
    default: return state ?? "";
  }
}

// Pairs of a name and a value, of what is known.
export function factsOf(run) {
  const rows = [
    ["Model", run.model],
    ["Data", run.data],
    ["Images", images(run)],
    ["Time", time(run)],
    ["Bits/dim", bitsPerDimension(run)],
    ["Best validation", best(run)],
    ["Gradient norm", number(run.gradientNorm)],
    ["Learning rate", number(run.learningRate)],
    ["Round-trip error", number(run.roundTripError, 2)],
    ["Worst condition number", number(run.worstConditionNumber)],
    ["Checkpoints", checkpoints(run)],
    ["Last written", lastWritten(run)],
  ];
  return rows.filter(([, value]) => value);
}

function images({ images, totalImages }) {
  if (images === undefined) return "";
  return totalImages ? `${count(images)} of ${count(totalImages)} (${percent(images / totalImages)})` : count(images);
}

function time({ seconds, imagesPerSecond, secondsLeft, state }) {
  const parts = [];
  if (finite(seconds) !== undefined) parts.push(`${duration(seconds)} trained`);
  if (finite(imagesPerSecond) !== undefined) parts.push(`${shortCount(imagesPerSecond)} images/s`);
  if (finite(secondsLeft) !== undefined && state === "training") parts.push(`${duration(secondsLeft)} left`);
  return parts.join(", ");
}

function bitsPerDimension({ trainBitsPerDimension: train, validationBitsPerDimension: validation }) {
  return [bits("train", train), bits("validation", validation)].filter(Boolean).join(", ");
}

function bits(name, value) {
  if (value === undefined) return "";
  return `${name} ${finite(value) === undefined ? value : fixed(value, 4)}`;
}

function best({ best }) {
  if (finite(best?.bitsPerDimension) === undefined) return "";
  const checkpoint = best.checkpoint ? ` (${best.checkpoint})` : "";
  return `${fixed(best.bitsPerDimension, 4)} after ${count(best.images)} images${checkpoint}`;
}

function number(value, digits) {
  if (value === undefined || value === null) return "";
  return finite(value) === undefined ? String(value) : significant(value, digits);
}

function checkpoints({ checkpoints = [] }) {
  if (checkpoints.length === 0) return "none yet";
  const newest = checkpoints.at(-1);
  return `${count(checkpoints.length)}, newest ${newest.name} (${bytes(newest.bytes)})`;
}

function lastWritten({ lastWritten }) {
  const date = new Date(lastWritten ?? NaN);
  return Number.isNaN(date.valueOf()) ? "" : `${duration(Math.max(0, (Date.now() - date) / 1000))} ago`;
}
