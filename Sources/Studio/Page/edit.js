// The tab "Edit": attributes of an image, moved by sliders.

import { fieldsOf, numbersIn } from "./address.js";
import { edit } from "./api.js";
import { makeAttributes } from "./attributes.js";
import { makeChooser } from "./chooser.js";
import { clarityOf, makeConditions } from "./conditions.js";
import { byId, coalesce, fillSelect, makeStatus, showLatency } from "./controls.js";
import { getFirstPictures } from "./first.js";
import { makeLeaving } from "./leaving.js";
import { makeLikelihood } from "./likelihood.js";
import { addressOf, download, pictureAt, pngURL, remarkOn, settle } from "./pictures.js";
import { call, dictionary, makeRecipe, named, openModel, openPictures } from "./recipe.js";
import { makeEditGrid } from "./xygrid.js";

// Milliseconds without a change, after which an edit is one that was made.
const rest = 400;

export function makeEdit({ model, changed, made }) {
  const form = byId("edit-form");
  const status = makeStatus(byId("edit-status"));
  const attributes = makeAttributes(model);
  const recipe = makeRecipe(byId("edit-recipe"));
  let picture = null;
  let shown = null;
  let visited = null;

  const likelihood = makeLikelihood(model);
  const leaving = makeLeaving({ form, likelihood });
  let following = new AbortController();
  let resting;

  const send = coalesce(async (request) => {
    const place = request.picture === shown ? status : chooser.status;
    place.busy("Editing…");
    try {
      const start = performance.now();
      const isScored = likelihood.isQuick();
      const answer = await edit(isScored ? { ...bodyOf(request), score: true } : bodyOf(request));
      const milliseconds = performance.now() - start;
      show(request.picture, answer.images[0], answer.inputs[0]);
      showRecipe(request);
      showLatency(byId("edit-latency"), milliseconds);
      place.clear();
      status.done(remarkOn(answer, "Move the sliders back."));
      changed(true);
      follow(request, isScored && { answer, milliseconds });
    } catch (error) {
      place.fail(error, () => ask(request.picture));
      if (picture === request.picture) picture = shown;
    }
  });

  // What comes after a picture, and is given up when the next one is asked for.
  const follow = async (request, scored) => {
    const { signal } = request;
    if (signal.aborted) return;
    clearTimeout(resting);
    if (!isUntouched()) resting = setTimeout(() => made?.({ url: byId("edit-after").src, name: request.picture.name }), rest);
    try {
      if (!scored) likelihood.wait();
      const { answer, milliseconds } = scored || await likelihood.measure(bodyOf(request), signal);
      await likelihood.show(answer, milliseconds);
      leaving.show(answer);
      await leaving.mark(bodyOf(request), answer.inputScores[0], signal);
      await grid.ask(request, bodyOf);
    } catch (error) {
      if (error.name !== "AbortError") status.fail(error, () => ask());
    }
  };

  const ask = (wanted = picture, isFilledIn = false) => {
    if (wanted !== picture) visited = null;
    changed(isFilledIn);
    byId("edit-reset").disabled = isUntouched();
    if (!wanted) return;
    picture = wanted;
    following.abort();
    following = new AbortController();
    const label = byId("edit-label").value;
    send({
      picture, edits: attributes.values(), direction: byId("edit-direction").value, label, conditions: conditions.values(),
      signal: following.signal,
    });
  };

  const showRecipe = (request) => {
    const body = { ...bodyOf(request), images: [named(request.picture)] };
    const isAlongDirections = Object.keys(body.edits).length > 0;
    recipe.show("/v1/edit", body, [
      openModel(model, isAlongDirections), ...openPictures(["picture"]),
      `let edited = ${call("edit", [
        ["", "[picture]"], ["by", dictionary(body.edits) ?? "[:]"],
        ["along", isAlongDirections ? `.${body.direction}` : undefined],
        ["as", body.label], ["telling", dictionary(body.conditions)],
      ])}`,
    ]);
  };

  const isUntouched = () => byId("edit-label").value === ""
    && [attributes, conditions].every(({ values }) => Object.keys(values()).length === 0);

  const show = (answered, image, input) => {
    settle(answered, input, model);
    shown = answered;
    showPlaces();
    byId("edit-before").src = pngURL(input.image);
    byId("edit-after").src = pngURL(image);
    byId("edit-note").textContent = [answered.name, answered.note].filter(Boolean).join(" · ");
    byId("edit-download").disabled = false;
  };

  // The image that the address names.
  const showVisited = async () => {
    const wanted = visited;
    if (!wanted || (picture && addressOf(picture) === wanted)) {
      visited = null;
      return ask(picture, true);
    }
    try {
      const found = await pictureAt(wanted, model);
      if (visited === wanted) ask(found, true);
    } catch (error) {
      chooser.status.fail(error);
    }
    if (visited === wanted) visited = null;
  };

  const showFirst = async () => {
    if (visited) return showVisited();
    if (picture || !model.data) return;
    try {
      const [first] = await getFirstPictures(model, 1);
      if (first && !picture) ask(first, true);
    } catch (error) {
      chooser.status.fail(error, showFirst);
    }
  };

  const showPlaces = () => {
    byId("edit-empty").hidden = true;
    byId("edit-pictures").hidden = byId("edit-facts").hidden = false;
  };
  byId("panel-edit").style.setProperty("--aspect", model.width / model.height);
  if (model.data) showPlaces();

  const conditions = makeConditions({ prefix: "edit", names: model.conditions, areas: clarityOf(model), onChange: () => ask() });
  const chooser = makeChooser({ prefix: "edit", model, onChoose: (chosen) => ask(chosen) });
  const grid = makeEditGrid({
    model, onChange: () => ask(),
    settings: {
      edits: attributes.values,
      conditions: conditions.values,
      set: ({ edits, conditions: told }) => {
        attributes.set(edits);
        conditions.set(told);
        leaving.forget();
      },
    },
  });
  byId("edit-label-field").hidden = model.labels.length === 0;
  fillSelect(byId("edit-label"), model.labels);
  byId("edit-direction").addEventListener("change", (event) => attributes.showAreas(event.target.value));
  form.addEventListener("input", (event) => event.target.id !== "edit-filter" && ask());
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { // the fields change after the event
    attributes.refresh();
    conditions.clear();
    attributes.showAreas(byId("edit-direction").value);
    leaving.forget();
    ask();
  }));
  byId("edit-download").onclick = () => download(byId("edit-after").src, "glow-edit.png");
  return {
    receive: (sent) => ask(sent),
    ask: showVisited,
    state: () => {
      const label = byId("edit-label").value;
      const fields = { ...fieldsOf("by.", attributes.values()), ...fieldsOf("told.", conditions.values()), ...grid.state() };
      const image = visited ?? (picture && addressOf(picture));
      if (image) fields.image = image;
      if (label !== "") fields.class = label;
      if (Object.keys(attributes.values()).length > 0) fields.direction = byId("edit-direction").value;
      return fields;
    },
    restore: (fields) => {
      visited = fields.get("image");
      byId("edit-label").value = fields.get("class") ?? "";
      const direction = byId("edit-direction");
      if ([...direction.options].some(({ value }) => value === fields.get("direction"))) direction.value = fields.get("direction");
      attributes.set(numbersIn(fields, "by."));
      attributes.showAreas(direction.value);
      conditions.set(numbersIn(fields, "told."));
      leaving.forget();
      grid.restore(fields);
    },
    show: () => {
      chooser.load();
      showFirst();
    },
  };
}

function bodyOf({ picture, edits, direction, label, conditions }) {
  const body = { images: [picture.source], edits, direction };
  if (label !== "") body.label = Number(label);
  if (Object.keys(conditions).length > 0) body.conditions = conditions;
  return body;
}
