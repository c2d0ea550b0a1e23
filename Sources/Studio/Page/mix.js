// The tab "Mix": images between two, three or four others.

import { fieldsOf, numbersIn } from "./address.js";
import { interpolate } from "./api.js";
import { makeAttributes } from "./attributes.js";
import { makeChooser } from "./chooser.js";
import { clarityOf, makeConditions } from "./conditions.js";
import { byId, coalesce, make, makeStatus, showLatency } from "./controls.js";
import { getFirstPictures } from "./first.js";
import { makeLattice } from "./lattice.js";
import { addressOf, download, pictureAt, pictureOfPNG, remarkOn, settle } from "./pictures.js";
import { call, change, list, makeRecipe, named, openModel, openPictures } from "./recipe.js";
import { letterOf, makeStage, weightsInWords } from "./stage.js";
import { makeWays } from "./ways.js";

const mostCorners = 4;
const mostSliders = 8;
const rest = 150; // milliseconds without a change

export function makeMix({ model, send: sendTo, changed, made }) {
  const status = makeStatus(byId("mix-status"));
  const latticeStatus = makeStatus(byId("mix-lattice-status"));
  const recipe = makeRecipe(byId("mix-recipe"));
  const form = byId("mix-form");
  const pictures = Array(mostCorners).fill(null);
  let count = mostCorners;
  let chosen = 0;
  let weights = [];
  let isFilled = false;
  let mixed = null;
  let kept = null;
  let visited = null;
  let isFillingIn = false;

  const path = () => byId("mix-path").value;
  const hasAll = () => pictures.slice(0, count).every(Boolean);
  const isEmpty = (values) => Object.keys(values).length === 0;

  // What every mix is made of, but for its weights.
  const bodyOf = (corners) => {
    const [edits, told] = [attributes.values(), conditions.values()];
    return {
      images: corners, path: path(),
      ...(isEmpty(edits) ? {} : { edits, direction: byId("mix-direction").value }),
      ...(isEmpty(told) ? {} : { conditions: told }),
    };
  };
  // Mixes by any number of rows of weights, in requests of as many as the server makes at a time.
  const getMixes = async (rows, signal) => {
    const body = bodyOf(pictures.slice(0, count).map(({ source }) => source));
    const [images, strayed] = [[], []];
    for (let from = 0; from < rows.length; from += model.limits.count) {
      const answer = await interpolate({ ...body, weights: rows.slice(from, from + model.limits.count) }, signal);
      strayed.push(...(answer.strayed ?? []).map((index) => from + index));
      images.push(...answer.images);
    }
    return { images, strayed };
  };

  const send = coalesce(async () => {
    const asked = pictures.slice(0, count);
    const asking = weights;
    const body = bodyOf(asked.map(({ source }) => source));
    status.busy("Mixing…");
    try {
      const start = performance.now();
      const answer = await interpolate({ ...body, weights: [asking] });
      asked.forEach((picture, index) => {
        settle(picture, answer.inputs[index], model);
        delete picture.earlier;
      });
      showMix(answer.images[0], asking);
      showRecipe({ ...body, images: asked.map(named), weights: [asking] });
      showLatency(byId("mix-latency"), performance.now() - start);
      status.done(remarkOn(answer, "Move towards a corner."));
      changed(true);
      idle.wait();
    } catch (error) {
      status.clear();
      const place = takeBack(asked) ? chooser.status : status;
      place.fail(error, ask);
    }
  });

  const showRecipe = (body) => {
    const { images, weights: [row], edits, direction, conditions: told } = body;
    const names = images.map((_, index) => letterOf(index).toLowerCase());
    recipe.show("/v1/interpolate", body, [
      openModel(model, Boolean(edits)), ...openPictures(names),
      `let mixes = ${call("mix", [
        ["", list(names)], ["weights", list([list(row)])], ["along", `.${body.path}`],
        ["changing", change(edits, direction, told)],
      ])}`,
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
    idle.stop();
    byId("mix-empty").hidden = hasAll();
    byId("mix-reset").disabled = isEmpty(attributes.values()) && isEmpty(conditions.values());
    ways.refresh();
    if (hasAll()) send();
  };
  // Another path or edit: every picture is to be made again.
  const askAgain = () => {
    lattice.outdate();
    ways.outdate();
    ask();
  };

  // The lattice and the way are filled while nothing else is asked; they are given up as soon as something is.
  const idle = makeIdle(async (signal) => {
    if (mixed !== kept) made({ url: mixed.url, name: mixed.name });
    kept = mixed;
    const get = (rows) => getMixes(rows, signal);
    try {
      await lattice.fill(get, signal);
      await ways.fill(get);
      latticeStatus.clear();
    } catch (error) {
      if (!signal.aborted) latticeStatus.fail(error, idle.wait);
    }
  });

  const showMix = (image, asked) => {
    mixed = pictureOfPNG(image, `Mix, ${weightsInWords(asked)}`);
    byId("mix-picture").src = mixed.url;
    byId("mix-weights").textContent = weightsInWords(asked);
    for (const name of ["enlarge", "download", "to-edit"]) byId(`mix-${name}`).disabled = false;
    showCorners();
  };

  const showCorners = () => {
    stage.showCorners(pictures, chosen);
    const picture = pictures[chosen];
    byId("mix-choose-title").textContent = `Image for corner ${letterOf(chosen)}`;
    note.textContent = picture ? [picture.name, picture.note].filter(Boolean).join(" · ") : "No image yet";
  };

  const clear = () => {
    lattice.clear(count);
    ways.outdate();
  };

  const setCorner = (picture) => {
    pictures[chosen] = { ...picture, earlier: pictures[chosen] };
    clear();
    showCorners();
    ask();
  };

  const setCount = (number) => {
    count = number;
    chosen = Math.min(chosen, count - 1);
    ways.setCount(count);
    clear();
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
      isFillingIn = true;
      const isSame = found.length === count && found.every((picture, index) => picture === pictures[index]);
      found.forEach((picture, index) => (pictures[index] = picture));
      if (!isSame) setCount(corners.length);
      ways.restore(wanted.fields);
      byId(`mix-count-${corners.length}`).checked = true;
      if (isSame) lattice.outdate();
      stage.place(at.length === 2 && at.every(Number.isFinite) ? at : stage.point());
    } catch (error) {
      if (visited === wanted) visited = null;
      status.fail(error);
    }
    isFillingIn = false;
  };

  const fill = async () => {
    if (visited) return restoreCorners();
    if (isFilled) return mixed && idle.wait();
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

  form.hidden = model.attributes.length + model.conditions.length === 0;
  byId("mix-layout").style.setProperty("--aspect", model.width / model.height);
  Object.assign(byId("mix-picture"), { width: model.width, height: model.height });
  const note = make("p", { className: "note", id: "mix-corner-note" });
  byId("mix-chooser").before(note);
    const attributes = makeAttributes({ ...model, labels: [] }, { prefix: "mix", most: mostSliders });
  const conditions = makeConditions({ prefix: "mix", names: model.conditions, areas: clarityOf(model), onChange: askAgain });
  const chooser = makeChooser({ prefix: "mix", model, onChoose: setCorner });
  const lattice = makeLattice({ canvas: byId("mix-lattice"), stage: byId("mix-stage"), model });
  const ways = makeWays({
    model, getMixes, hasCorners: hasAll,
    onChange: () => {
      changed();
      if (mixed) idle.wait();
    },
  });
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
  byId("mix-path").addEventListener("change", askAgain);
  byId("mix-direction").addEventListener("change", (event) => attributes.showAreas(event.target.value));
  form.addEventListener("input", (event) => event.target.id !== "mix-filter" && askAgain());
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { // the fields change after the event
    attributes.refresh();
    conditions.clear();
    attributes.showAreas(byId("mix-direction").value);
    askAgain();
  }));
  byId("mix-to-edit").onclick = () => sendTo("edit", mixed);
  byId("mix-download").onclick = () => download(mixed.url, "glow-mix.png");
  setCount(count);
  return {
    receive: setCorner,
    ask: restoreCorners,
    state: () => {
      const corners = pictures.slice(0, count).map((picture) => (picture && addressOf(picture)) ?? "");
      const at = stage.point().map((part) => Number(part.toFixed(3))).join(",");
      const edits = attributes.values();
      const place = visited ? { images: visited.corners.join(","), at: visited.at.join(",") } : { images: corners.join(","), at };
      return {
        ...place, path: path(), ...fieldsOf("by.", edits), ...(isEmpty(edits) ? {} : { direction: byId("mix-direction").value }),
        ...fieldsOf("told.", conditions.values()), ...ways.state(),
      };
    },
    restore: (fields) => {
      const corners = (fields.get("images") ?? "").split(",");
      if (![2, 3, 4].includes(corners.length)) return;
      visited = { corners, at: (fields.get("at") ?? "").split(",").map(Number), fields };
      byId("mix-path").value = fields.get("path") === "straight" ? "straight" : "spherical";
      const direction = byId("mix-direction");
      if ([...direction.options].some(({ value }) => value === fields.get("direction"))) direction.value = fields.get("direction");
      attributes.set(numbersIn(fields, "by."));
      attributes.showAreas(direction.value);
      conditions.set(numbersIn(fields, "told."));
    },
    hide: () => idle.stop(),
    show: () => {
      chooser.load();
      fill();
    },
  };
}

// Work for when nothing has changed for a while; it is given up when something does.
function makeIdle(run) {
  let timer;
  let under = new AbortController();
  const stop = () => {
    clearTimeout(timer);
    under.abort();
  };
  return {
    stop,
    wait: () => {
      stop();
      under = new AbortController();
      timer = setTimeout(run, rest, under.signal);
    },
  };
}
