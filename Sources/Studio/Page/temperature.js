// The temperature: one for all levels, or one a level.

import { byId, makeSlider } from "./controls.js";
import { fixed, size } from "./format.js";

const usual = 0.7;

// Calls `onChange` when a value moves. `value()` is what the server takes: a number, or one a level.
export function makeTemperature(model, onChange) {
  const shared = byId("sample-temperature-shared");
  const slider = (id, label) => makeSlider({
    id: `sample-temperature-${id}`, label, min: 0, max: 2, step: 0.05, value: usual, format: (value) => fixed(value, 2),
  });
  const all = slider("all", "All levels");
  const levels = model.latentShapes.map((_, index) => slider(index + 1, levelName(model, index)));
  const showChosen = () => {
    all.row.hidden = !shared.checked;
    for (const level of levels) level.row.hidden = shared.checked;
  };
  byId("sample-temperature-sliders").append(all.row, ...levels.map((level) => level.row));
  for (const { input } of [all, ...levels]) input.addEventListener("input", onChange);
  shared.addEventListener("change", () => {
    if (!shared.checked) {
      for (const level of levels) {
        level.input.value = all.input.value;
        level.show();
      }
    }
    showChosen();
    onChange();
  });
  showChosen();
  return {
    set: (value) => {
      const values = Array.isArray(value) && value.length === levels.length ? value : null;
      shared.checked = values === null;
      for (const [index, level] of levels.entries()) level.input.value = values?.[index] ?? value;
      all.input.value = values?.[0] ?? value;
      for (const { show } of [all, ...levels]) show();
      showChosen();
    },
    value: () => (shared.checked ? all.input.valueAsNumber : levels.map((level) => level.input.valueAsNumber)),
  };
}

// "Level 1 (14×14, details)"
export function levelName({ latentShapes }, index) {
  const [rows, columns] = latentShapes[index];
  const last = latentShapes.length - 1;
  const role = last === 0 ? "" : index === 0 ? ", details" : index === last ? ", shape" : "";
  return `Level ${index + 1} (${size(columns, rows)}${role})`;
}
