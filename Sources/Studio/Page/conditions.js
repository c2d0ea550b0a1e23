// Attributes that the model is told: a button each, which clicks take from "nothing said" to "with", "without" and back, and how
// strongly they are all said. Where it is known how well images tell an attribute, those that they tell best come first, and the weak
// ones are folded away.

import { byId, make, makeSlider } from "./controls.js";
import { fixed } from "./format.js";

const states = [
  { value: 0, pressed: "mixed", sign: "", words: "nothing said" },
  { value: 1, pressed: "true", sign: "+ ", words: "with" },
  { value: -1, pressed: "false", sign: "− ", words: "without" },
];
const strongest = 4;
const usual = 2;
export const usefulArea = 0.75;

// How well images tell each attribute, by name, from 0 to 1: what a judge saw of edits, else the area under ROC of its direction.
export const clarityOf = ({ attributes, turned }) => ({
  ...Object.fromEntries(attributes.map(({ name, areaUnderROC }) => [name, areaUnderROC])), ...turned.told,
});

// `values()` holds the attributes of which something is said; `areas` say how well images tell them, where that is known.
export function makeConditions({ prefix, names, areas = {}, onChange }) {
  byId(`${prefix}-conditions`).hidden = names.length === 0;
  // Hundredths count: of attributes that are told equally well, the model's order stays.
  const area = (name) => Math.round(100 * (areas[name] ?? usefulArea)) / 100;
  const buttons = [...names].sort((a, b) => area(b) - area(a)).map((name) => makeCondition(name, onChange));
  const strength = makeSlider({
    id: `${prefix}-condition-strength`, label: "How strongly", note: "training says 1", min: 1, max: strongest, step: 0.25,
    value: usual, format: (value) => fixed(value, 2),
  });
  const weak = buttons.filter(({ name }) => area(name) < usefulArea);
  byId(`${prefix}-condition-buttons`).append(...buttons.filter((button) => !weak.includes(button)).map(({ element }) => element));
  if (weak.length > 0) {
    byId(`${prefix}-condition-more`).hidden = false;
    byId(`${prefix}-condition-more-buttons`).append(...weak.map(({ element }) => element));
  }
  byId(`${prefix}-conditions`).append(strength.row);
  const values = () => Object.fromEntries(buttons
    .map(({ name, value }) => [name, strength.input.valueAsNumber * value()])
    .filter(([, value]) => value !== 0));
  strength.input.addEventListener("input", () => Object.keys(values()).length > 0 && onChange());
  return {
    values,
    // The values are those of `values()`.
    set: (wanted) => {
      for (const button of buttons) button.set(placeOf(wanted[button.name] ?? 0));
      const told = Object.values(wanted).find((value) => value !== 0);
      strength.input.value = told === undefined ? usual : Math.abs(told);
      strength.show();
    },
    clear: () => {
      for (const button of buttons) button.set(0);
      strength.show();
    },
  };
}

const placeOf = (value) => states.findIndex((state) => state.value === Math.sign(value));

function makeCondition(name, onChange) {
  const words = name.replaceAll("_", " ");
  let place = 0;
  const element = make("button", { type: "button", className: "condition", data: { condition: name } });
  const set = (wanted) => {
    place = wanted;
    const { pressed, sign, words: said } = states[place];
    element.setAttribute("aria-pressed", pressed);
    element.setAttribute("aria-label", `${words}: ${said}`);
    element.textContent = sign + words;
  };
  element.onclick = () => {
    set((place + 1) % states.length);
    onChange();
  };
  set(0);
  return { name, element, set, value: () => states[place].value };
}
