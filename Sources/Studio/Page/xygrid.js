// Edits in a grid: one attribute changes across, another one up, and the rest is as the sliders say.

import { edit } from "./api.js";
import { nameInWords, reach } from "./attributes.js";
import { byId, make, makeStatus } from "./controls.js";
import { signed } from "./format.js";
import { drawGrid } from "./gridpicture.js";
import { downloadBlob, pngURL, press, showGrid } from "./pictures.js";

// Strengths of a direction: as many as there is room for, and as one request may ask for.
const sizes = [7, 5, 3];
const wide = 640; // pixels
// Of the attributes, those that begin: apart in the list, as neighbors are often alike.
const firstParts = [1 / 2, 4 / 5];
const toldWords = { [-1]: "without", 0: "as it is", 1: "with" };

// `settings` are those of the sliders and buttons: `edits()`, `conditions()` and `set({ edits, conditions })`. Calls `onChange()` when
// the grid or they change.
export function makeEditGrid({ model, settings, onChange }) {
  const details = byId("edit-grid");
  const frame = byId("edit-grid-xy");
  const buttons = byId("edit-grid-cells");
  const selects = { x: byId("edit-grid-x"), y: byId("edit-grid-y") };
  const status = makeStatus(byId("edit-grid-status"));
  const attributes = [
    ...model.conditions.map((name) => ({ id: `told.${name}`, kind: "conditions", name })),
    ...model.attributes.map(({ name }) => ({ id: `by.${name}`, kind: "edits", name })),
  ].map((attribute) => ({ ...attribute, words: nameInWords(attribute) }));
  let cells = [];
  let drawn = { key: "", picture: null, urls: [] };
  let earlier = {};

  const sizeOf = () => {
    const room = buttons.clientWidth >= wide ? sizes : sizes.slice(1);
    return room.find((size) => size * size <= model.limits.count) ?? sizes.at(-1);
  };
  const axisOf = ({ value }) => {
    const attribute = attributes.find(({ id }) => id === value);
    if (attribute.kind === "edits") return { ...attribute, values: strengths(sizeOf()), say: (strength) => signed(strength, 2) };
    const strength = byId("edit-condition-strength").valueAsNumber;
    return { ...attribute, values: [-strength, 0, strength], say: (value) => toldWords[Math.sign(value)] };
  };

  const show = (x, y, urls) => {
    showAxis("columns", x, x.values);
    showAxis("rows", y, y.values.toReversed());
    frame.style.setProperty("--columns", x.values.length);
    frame.style.setProperty("--rows", y.values.length);
    showGrid(buttons, cells.map(({ name }, index) => ({ name, url: urls[index] ?? byId("edit-after").src })), (_, index) => {
      settings.set(cells[index]);
      onChange();
    });
    const now = keyOf({ edits: settings.edits(), conditions: settings.conditions() });
    press(buttons, buttons.children[cells.findIndex((cell) => keyOf(cell) === now)] ?? null);
  };

  // One request for all cells that are told the same.
  const draw = async (request, bodyOf) => {
    const groups = Object.values(Object.groupBy(cells, ({ conditions }) => JSON.stringify(conditions)));
    const urls = [];
    await Promise.all(groups.map(async (group) => {
      const body = { ...bodyOf({ ...request, conditions: group[0].conditions }), edits: group.map(({ edits }) => edits) };
      const { images } = await edit(body, request.signal);
      group.forEach((cell, index) => (urls[cells.indexOf(cell)] = pngURL(images[index])));
    }));
    return urls;
  };

  const choose = (x, y) => {
    [selects.x.value, selects.y.value] = [x, y];
    earlier = { x, y };
  };
  // Those that have been changed, before those that begin.
  const chooseFirst = () => {
    const changed = attributes.filter(({ kind, name }) => settings[kind]()[name] !== undefined);
    const kind = attributes.filter((attribute) => attribute.kind === attributes.at(-1).kind);
    const first = firstParts.map((part) => kind[Math.floor(part * kind.length)]);
    const [x, y] = new Set([...changed, ...first, ...attributes]);
    choose(x.id, y.id);
  };

  byId("edit-grid-section").hidden = attributes.length < 2;
  for (const [kind, label] of [["conditions", "What the model is told"], ["edits", "Directions in the latents"]]) {
    const found = attributes.filter((attribute) => attribute.kind === kind);
    for (const select of Object.values(selects)) {
      const options = found.map(({ id, words }) => make("option", { value: id }, words));
      if (options.length > 0) select.append(make("optgroup", { label }, ...options));
    }
  }
  details.addEventListener("toggle", () => {
    if (details.open && !earlier.x) chooseFirst();
    onChange();
  });
  // The attribute of the other axis changes places.
  for (const [axis, other] of [["x", "y"], ["y", "x"]]) {
    selects[axis].onchange = () => {
      if (selects[other].value === selects[axis].value) selects[other].value = earlier[axis];
      choose(selects.x.value, selects.y.value);
      onChange();
    };
  }
  byId("edit-grid-download").onclick = async () => {
    const { urls, axes: [x, y] } = drawn;
    downloadBlob(await drawGrid(urls, x, y, model), "glow-grid.png");
  };

  return {
    ask: async (request, bodyOf) => {
      if (!details.open) return;
      const axes = [axisOf(selects.x), axisOf(selects.y)];
      cells = cellsOf(request, ...axes);
      const key = JSON.stringify([cells, request.direction, request.label]);
      const isDrawn = key === drawn.key && request.picture === drawn.picture;
      show(...axes, drawn.urls);
      if (isDrawn) return;
      buttons.setAttribute("aria-busy", true);
      try {
        drawn = { key, picture: request.picture, axes, urls: await draw(request, bodyOf) };
        status.clear();
      } catch (error) {
        if (error.name === "AbortError") throw error;
        return status.fail(error, onChange);
      } finally {
        if (!request.signal.aborted) buttons.removeAttribute("aria-busy");
      }
      show(...axes, drawn.urls);
      byId("edit-grid-download").disabled = false;
    },
    state: () => (details.open ? earlier : {}),
    restore: (fields) => {
      const wanted = ["x", "y"].map((axis) => fields.get(axis));
      details.open = wanted.every((id) => attributes.some((attribute) => attribute.id === id)) && wanted[0] !== wanted[1];
      if (details.open) choose(...wanted);
    },
  };
}

const strengths = (size) => Array.from({ length: size }, (_, index) => Number(((2 * index / (size - 1) - 1) * reach).toFixed(2)));

// Row by row from above, each with all that is asked for it.
function cellsOf({ edits, conditions }, x, y) {
  return y.values.toReversed().flatMap((up) => x.values.map((across) => {
    const cell = { edits: { ...edits }, conditions: { ...conditions }, name: `${x.words} ${x.say(across)}, ${y.words} ${y.say(up)}` };
    for (const [{ kind, name }, value] of [[x, across], [y, up]]) {
      delete cell[kind][name];
      if (value !== 0) cell[kind][name] = value;
    }
    return cell;
  }));
}

const keyOf = ({ edits, conditions }) => JSON.stringify([edits, conditions].map((values) => Object.entries(values).sort()));

function showAxis(name, { words, say }, values) {
  byId(`edit-grid-${name}`).replaceChildren(...values.map((value) => make("span", {}, say(value))));
  byId(`edit-grid-${name}-name`).textContent = words;
}
