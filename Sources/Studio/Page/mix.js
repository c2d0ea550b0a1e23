// The tab "Mix": images between two, three or four others.

import { interpolate } from "./api.js";
import { makeChooser } from "./chooser.js";
import { byId, coalesce, make, makeStatus, showLatency } from "./controls.js";
import { getFirstPictures } from "./first.js";
import { addressOf, download, pictureAt, pictureOfPNG, pngURL, remarkOn, settle } from "./pictures.js";
import { call, list, makeRecipe, named, openModel, openPictures } from "./recipe.js";
import { letterOf, makeStage, weightsInWords } from "./stage.js";

const stripSteps = 9;
const mostCorners = 4;

export function makeMix({ model, send: sendTo, changed }) {
  const status = makeStatus(byId("mix-status"));
  const pictures = Array(mostCorners).fill(null);
  let count = mostCorners;
  let chosen = 0;
  let weights = [];
  let isFilled = false;
  let mixed = null;
  const recipe = makeRecipe(byId("mix-recipe"));
  let visited = null;
  let isFillingIn = false;

  const path = () => byId("mix-path").value;
  const sources = (number) => pictures.slice(0, number).map((picture) => picture.source);
  const hasAll = (number) => pictures.slice(0, number).every(Boolean);

  const send = coalesce(async () => {
    const asked = pictures.slice(0, count);
    const asking = weights;
    status.busy("Mixing…");
    try {
      const start = performance.now();
      const answer = await interpolate({ images: sources(count), weights: [asking], path: path() });
      asked.forEach((picture, index) => {
        settle(picture, answer.inputs[index], model);
        delete picture.earlier;
      });
      showMix(answer.images[0], asking);
      showRecipe(asked, asking);
      showLatency(byId("mix-latency"), performance.now() - start);
      status.done(remarkOn(answer, "Move towards a corner."));
      changed(true);
    } catch (error) {
      status.clear();
      const place = takeBack(asked) ? chooser.status : status;
      place.fail(error, ask);
    }
  });

  const showRecipe = (asked, weights) => {
    const names = asked.map((_, index) => letterOf(index).toLowerCase());
    recipe.show("/v1/interpolate", { images: asked.map(named), weights: [weights], path: path() }, [
      openModel(model), ...openPictures(names),
      `let mixes = ${call("mix", [["", list(names)], ["weights", list([list(weights)])], ["along", `.${path()}`]])}`,
    ]);
  };

  // Puts the earlier image back into a corner whose new one the server refuses. Returns whether there was one.
  const takeBack = (asked) => {
    const refused = asked.findIndex((picture, index) => picture.earlier && picture === pictures[index]);
    if (refused < 0) return false;
    pictures[refused] = pictures[refused].earlier;
    showCorners();
    return true;
  };

  const ask = () => {
    changed(isFillingIn);
    byId("mix-empty").hidden = hasAll(count);
    byId("mix-strip").disabled = !hasAll(2);
    if (hasAll(count)) send();
  };

  const showMix = (image, asked) => {
    mixed = pictureOfPNG(image, `Mix, ${weightsInWords(asked)}`);
    byId("mix-result").hidden = false;
    byId("mix-picture").src = mixed.url;
    byId("mix-weights").textContent = weightsInWords(asked);
    showCorners();
  };

  const showCorners = () => {
    stage.showCorners(pictures, chosen);
    const picture = pictures[chosen];
    byId("mix-choose-title").textContent = `Image for corner ${letterOf(chosen)}`;
    note.textContent = picture ? [picture.name, picture.note].filter(Boolean).join(" · ") : "No image yet";
  };

  const setCorner = (picture) => {
    pictures[chosen] = { ...picture, earlier: pictures[chosen] };
    hideStrip();
    showCorners();
    ask();
  };

  const setCount = (number) => {
    count = number;
    chosen = Math.min(chosen, count - 1);
    stage.setCount(count);
    showCorners();
  };

  // The corners and the place of the handle that the address names.
  const restoreCorners = async () => {
    if (!visited) return;
    const wanted = visited;
    const { corners, at } = wanted;
    isFilled = true;
    try {
      const found = await Promise.all(corners.map((text, index) => {
        const there = pictures[index];
        return there && addressOf(there) === text ? there : text === "" ? there : pictureAt(text, model);
      }));
      if (visited !== wanted) return;
      visited = null;
      found.forEach((picture, index) => (pictures[index] = picture));
      isFillingIn = true;
      setCount(corners.length);
      byId(`mix-count-${corners.length}`).checked = true;
      hideStrip();
      if (at.length === 2 && at.every(Number.isFinite)) stage.place(at);
    } catch (error) {
      if (visited === wanted) visited = null;
      status.fail(error);
    }
    isFillingIn = false;
  };

  const fill = async () => {
    if (visited) return restoreCorners();
    if (isFilled) return;
    isFilled = true;
    status.busy("Loading the first images…");
    try {
      const first = await getFirstPictures(model, mostCorners);
      pictures.forEach((picture, index) => (pictures[index] = picture ?? first[index] ?? null));
      status.clear();
      showCorners();
      isFillingIn = true;
      ask();
      isFillingIn = false;
    } catch (error) {
      isFilled = false;
      status.fail(error, fill);
    }
  };

  const showStrip = async () => {
    status.busy("Drawing the strip…");
    try {
      const answer = await interpolate({ images: sources(2), steps: stripSteps, path: path() });
      byId("mix-strip-pictures").replaceChildren(...answer.images.map((image, index) =>
        makeStep(pngURL(image), `Step ${index + 1} of ${answer.images.length}`)));
      byId("mix-strip-section").hidden = false;
      byId("mix-strip-section").scrollIntoView({ block: "nearest" });
      status.done(remarkOn(answer, "Take images that are more alike."));
    } catch (error) {
      status.fail(error, showStrip);
    }
  };
  const hideStrip = () => (byId("mix-strip-section").hidden = true);

  const note = make("p", { className: "note", id: "mix-corner-note" });
  byId("mix-chooser").before(note);
  const chooser = makeChooser({ prefix: "mix", model, onChoose: setCorner });
  const stage = makeStage({
    onMove: (moved) => {
      weights = moved;
      ask();
    },
    onCorner: (index) => {
      chosen = index;
      showCorners();
    },
  });
  byId("mix-count").addEventListener("change", (event) => setCount(Number(event.target.value)));
  byId("mix-path").addEventListener("change", () => {
    hideStrip();
    ask();
  });
  byId("mix-strip").onclick = showStrip;
  byId("mix-to-edit").onclick = () => sendTo("edit", mixed);
  byId("mix-download").onclick = () => download(byId("mix-picture").src, "glow-mix.png");
  setCount(count);
  return {
    receive: setCorner,
    ask: () => restoreCorners(),
    state: () => {
      if (visited) return { images: visited.corners.join(","), path: path(), at: visited.at.join(",") };
      const corners = pictures.slice(0, count).map((picture) => (picture && addressOf(picture)) ?? "");
      const at = stage.point().map((part) => Number(part.toFixed(3))).join(",");
      return { images: corners.join(","), path: path(), at };
    },
    restore: (fields) => {
      const corners = (fields.get("images") ?? "").split(",");
      if (![2, 3, 4].includes(corners.length)) return;
      visited = { corners, at: (fields.get("at") ?? "").split(",").map(Number) };
      byId("mix-path").value = fields.get("path") === "straight" ? "straight" : "spherical";
    },
    show: () => {
      chooser.load();
      fill();
    },
  };
}

const makeStep = (src, alt) => make("li", {}, make("img", { className: "picture", src, alt }));
