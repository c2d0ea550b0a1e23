// Attributes that the model is told: a button each, which clicks take from "nothing said" to "with", "without" and back.

import { byId, make } from "./controls.js";

const states = [
  { value: 0, pressed: "mixed", sign: "", words: "nothing said" },
  { value: 1, pressed: "true", sign: "+ ", words: "with" },
  { value: -1, pressed: "false", sign: "− ", words: "without" },
];

// `values()` holds the attributes of which something is said.
export function makeConditions({ prefix, names, onChange }) {
  byId(`${prefix}-conditions`).hidden = names.length === 0;
  const buttons = names.map((name) => makeCondition(name, onChange));
  byId(`${prefix}-condition-buttons`).append(...buttons.map((button) => button.element));
  return {
    values: () => Object.fromEntries(buttons
      .map(({ name, value }) => [name, value()])
      .filter(([, value]) => value !== 0)),
    clear: () => {
      for (const button of buttons) button.set(0);
    },
  };
}

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
