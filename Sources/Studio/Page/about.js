// The tab "About": an image on its way through the model and back, place by place.

import { sample, score, steps } from "./api.js";
import { redrawOnResize } from "./chart.js";
import { makeChooser } from "./chooser.js";
import { byId, coalesce, makeStatus } from "./controls.js";
import { getFirstPictures } from "./first.js";
import { drawFlow } from "./flowdiagram.js";
import { captionOf, dimensionsOf, placesOf, titleOf } from "./flowwords.js";
import { count, fixed, significant } from "./format.js";
import { bellPath, histogramPath } from "./spread.js";
import { addressOf, pictureAt, pictureOfPNG, pngURL, settle } from "./pictures.js";
import { makeWalk } from "./walk.js";

const mostFrames = 64;
const usualFrames = 24;
const mostNumbers = 2_000_000; // in the frames of one way
const temperature = 0.7;

export function makeAbout({ model, changed }) {
  const dimensions = dimensionsOf(model);
  const frames = Math.min(mostFrames, Math.max(usualFrames, Math.floor(mostNumbers / dimensions)));
  const status = makeStatus(byId("about-status"));
  const sampleStatus = makeStatus(byId("about-sample-status"));
  let picture = null;
  let visited = null;
  let shown = null; // the answer and its places
  let seed = 0;
  let drawnSeed = null;
  let light = () => {};
  let isFillingIn = false;

  const showPlace = (at, isBack) => {
    const { places, there, back } = shown;
    const { error, deviation } = (isBack ? back : there)[at];
    const title = titleOf(places[at], isBack);
    light(at);
    byId("about-place").textContent = title;
    byId("about-way").textContent = isBack ? "← back" : "there →";
    byId("about-caption").textContent = captionOf(model, places[at], isBack, shown.differing);
    byId("about-at").setAttribute("aria-valuetext", `${isBack ? "Back" : "There"}: ${title}`);
    byId("about-picture").setAttribute("aria-label", `What the model holds: ${title}`);
    byId("about-values").setAttribute("d", histogramPath(walk.pixels(), model));
    byId("about-spread").textContent = deviation === undefined ? "" : `Deviation ${significant(deviation, 2)}`;
    byId("about-error").textContent = error === undefined ? "on the way back" : significant(error, 2);
    changed(isFillingIn);
  };

  const walk = makeWalk({ canvas: byId("about-picture"), slider: byId("about-at"), play: byId("about-play"), onMove: showPlace });

  const draw = () => {
    if (!shown || byId("about-model").clientWidth === 0) return;
    light = drawFlow(byId("about-model"), { model, places: shown.places, onPick: (at) => walk.go(at) });
    light(walk.place().at);
  };

  const show = async (asked, answer, place) => {
    shown = { ...arrange(answer), places: placesOf(model, answer.forward), differing: answer.differing };
    settle(asked, answer.inputs[0], model);
    byId("about-flow").setAttribute("aria-busy", false);
    byId("about-note").textContent = [asked.name, asked.note].filter(Boolean).join(" · ");
    byId("about-differing").textContent = `${count(answer.differing)} of ${count(dimensions)} values differ`;
    byId("about-largest").textContent = significant(Math.max(...answer.back.map(({ error }) => error ?? 0)), 2);
    draw();
    const urls = [shown.there, shown.back].map((way) => way.map(({ image }) => pngURL(image)));
    isFillingIn = true;
    await walk.show(...urls, Math.min(place?.at ?? 0, shown.places.length - 1), place?.isBack ?? false);
    draw();
    isFillingIn = false;
  };

  const send = coalesce(async ({ wanted, place }) => {
    status.busy("Going through the model…");
    try {
      const answer = await steps({ images: [wanted.source], frames });
      await show(wanted, answer, place);
      picture = wanted;
      status.clear();
      changed(true);
      await showLikelihood(wanted);
    } catch (error) {
      status.fail(error, () => send({ wanted, place }));
    }
  });

  const showLikelihood = async (wanted) => {
    byId("about-bits").textContent = "…";
    const { scores: [{ bitsPerDimension }] } = await score({ images: [wanted.source] });
    byId("about-bits").textContent = `${fixed(bitsPerDimension, 3)} bits/dim`;
  };

  // Sampling: the way back alone, from the latents.
  const sampleWalk = makeWalk({
    canvas: byId("about-sample"), slider: byId("about-sample-at"), play: byId("about-sample-play"), turns: false,
    onMove: (at) => {
      const words = at === 0 ? "Latents of the sample" : at === Number(byId("about-sample-at").max) ? "The sample" : "On the way";
      byId("about-sample-place").textContent = words;
      byId("about-sample").setAttribute("aria-label", words);
      byId("about-sample-at").setAttribute("aria-valuetext", words);
    },
  });

  const drawSample = coalesce(async (wanted) => {
    sampleStatus.busy("Drawing…");
    try {
      const label = model.labels.length > 0 ? wanted % model.labels.length : undefined;
      const labels = label === undefined ? undefined : [label];
      const { images: [image] } = await sample({ count: 1, temperature, seed: wanted, labels });
      const { source } = pictureOfPNG(image, "Sample", label);
      const { back } = arrange(await steps({ images: [source], frames }));
      const urls = back.toReversed().map(({ image }) => pngURL(image));
      await sampleWalk.show(urls, urls, 0, false);
      drawnSeed = wanted;
      sampleStatus.clear();
    } catch (error) {
      sampleStatus.fail(error, () => drawSample(wanted));
    }
  });

  const choose = (chosen) => {
    visited = null;
    send({ wanted: chosen });
  };

  const showVisited = async () => {
    const wanted = visited;
    if (!wanted) return;
    if (picture && addressOf(picture) === wanted.image) {
      visited = null;
      isFillingIn = true;
      walk.go(wanted.at, wanted.isBack);
      isFillingIn = false;
      return;
    }
    try {
      const found = wanted.image ? await pictureAt(wanted.image, model) : (await getFirstPictures(model, 1))[0];
      if (visited !== wanted) return;
      visited = null;
      await send({ wanted: found, place: wanted });
    } catch (error) {
      chooser.status.fail(error);
      if (visited === wanted) visited = null;
    }
  };

  const fill = async () => {
    if (!picture) visited ??= {};
    await showVisited();
    if (drawnSeed !== seed) await drawSample(seed);
  };

  const chooser = makeChooser({ prefix: "about", model, onChoose: choose });
  byId("about-bell").setAttribute("d", bellPath);
  byId("about-latents").textContent = `${count(dimensions)} numbers, as many as the image has`;
  byId("about-sample-new").onclick = () => {
    seed += 1;
    changed();
    drawSample(seed);
  };
  redrawOnResize(byId("about-model"), draw);
  return {
    receive: choose,
    ask: fill,
    state: () => {
      const { at, isBack } = visited ?? walk.place();
      const image = visited ? visited.image : picture && addressOf(picture);
      return { ...(image && { image }), ...(at > 0 && { at }), ...(isBack && { way: "back" }), ...(seed > 0 && { seed }) };
    },
    restore: (fields) => {
      const [at, wantedSeed] = ["at", "seed"].map((name) => Math.max(0, Math.floor(Number(fields.get(name)))) || 0);
      visited = { image: fields.get("image") ?? undefined, at, isBack: fields.get("way") === "back" };
      seed = wantedSeed;
    },
    show: () => {
      chooser.load();
      draw();
      fill();
    },
    hide: () => {
      walk.stop();
      sampleWalk.stop();
    },
  };
}

// What is at each place, on the way there and back, the latents at the end.
function arrange({ forward, back, latents }) {
  const end = { image: latents };
  return { there: [...forward, end], back: [...back.toReversed(), end] };
}
