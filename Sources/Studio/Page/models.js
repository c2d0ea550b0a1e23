// The tab "Models": a card for each model that the server has.

import { getModelPicture } from "./api.js";
import { byId, make } from "./controls.js";
import { bytes, count, fixed, size } from "./format.js";

const pictures = new Map();
let turn = Promise.resolve();

export function makeModels({ model, models, choose }) {
  const cards = models.map((one) => makeCard(one, one === model, choose));
  let isFilled = false;
  let abort = new AbortController();

  // One after the other: the server may have to load each.
  const fill = () => {
    const { signal } = abort;
    const watch = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) {
        if (!isIntersecting) continue;
        watch.unobserve(target);
        const card = cards.find(({ element }) => element === target);
        turn = turn.then(() => card.fill(signal));
      }
    });
    for (const { element } of cards) watch.observe(element);
    signal.addEventListener("abort", () => watch.disconnect());
  };

  byId("model-cards").replaceChildren(...cards.map(({ element }) => element));
  return {
    show: () => {
      if (isFilled) return;
      isFilled = true;
      abort = new AbortController();
      fill();
    },
    hide: () => {
      isFilled = false;
      abort.abort();
    },
  };
}

function makeCard(model, isChosen, choose) {
  const image = make("img", { className: "picture", alt: `Nine samples of ${model.name}` });
  image.hidden = true;
  const frame = make("div", { className: "card-picture" }, image);
  frame.style.aspectRatio = `${model.width} / ${model.height}`;
  const use = make("button", { type: "button", disabled: isChosen, onclick: () => choose(model) }, isChosen ? "In use" : "Use");
  use.setAttribute("aria-label", isChosen ? `${model.name} is in use` : `Use ${model.name}`);
  const words = make("p", { className: "small-print" });
  const facts = factsOf(model).map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]).flat();
  const element = make("li", { className: "card", data: { model: model.name } }, frame,
    make("div", { className: "row" }, make("h3", {}, model.name), use), make("dl", { className: "facts" }, ...facts), words);
  return {
    element,
    fill: async (signal) => {
      if (signal.aborted || !image.hidden) return;
      try {
        if (!pictures.has(model.name)) pictures.set(model.name, URL.createObjectURL(await getModelPicture(model.name, signal)));
        image.src = pictures.get(model.name);
        image.hidden = false;
      } catch (error) {
        if (!signal.aborted) words.textContent = error.message;
      }
    },
  };
}

function bitsOf({ card, reference }) {
  if (reference) return `${fixed(reference.bitsPerDimension, 3)} on ${count(reference.count)} images of ${reference.name}`;
  return card.bitsPerDimension !== undefined && `${fixed(card.bitsPerDimension, 3)} on validation images`;
}

function factsOf(model) {
  const { card } = model;
  const colors = model.channels === 1 ? "gray" : "color";
  return [
    ["Model", model.summary],
    ["Images", `${size(model.width, model.height)} ${colors}, ${model.bits} bits`],
    ["Trained on", card.trainedOn && [card.trainedOn, card.trainedImages && `${count(card.trainedImages)} images seen`].filter(Boolean).join(", ")],
    ["Bits/dim", bitsOf(model)],
    ["Told", model.conditions.length > 0 ? `${count(model.conditions.length)} attributes`
      : model.labels.length > 0 && `${count(model.labels.length)} classes`],
    ["Size", `${bytes(card.bytes)}, ${count(model.parameters)} parameters`],
  ].filter(([, value]) => value);
}
