// The sliders of the tabs "Edit" and "Mix", one an attribute, those that the chosen kind of direction tells apart best first.

import { usefulArea } from "./conditions.js";
import { byId, makeSlider } from "./controls.js";
import { count, fixed, percent, signed } from "./format.js";

export const reach = 1.5;
const manyAttributes = 12;

// `values()` holds the attributes whose slider is not in the middle. At most `most` sliders are not folded away.
export function makeAttributes(model, { prefix = "edit", most = Infinity } = {}) {
  const { attributes, attributesProblem, directions, labels, conditions } = model;
  const part = (name) => byId(`${prefix}-${name}`);
  const sliders = attributes.map((attribute, index) => ({ attribute, ...makeAttributeSlider(model, attribute, `${prefix}-attribute-${index}`) }));
  const more = part("more");
  let folded = [];
  // Those come first that a judge saw most often after an edit along directions of this kind, or where nobody judged those that
  // they tell apart best; the weak ones are folded away.
  const order = (direction) => {
    const clarity = ({ attribute }) => clarityAlong(model, attribute, direction);
    const sorted = sliders.toSorted((a, b) => (clarity(b) ?? -1) - (clarity(a) ?? -1));
    const isUseful = (slider) => clarity(slider) === undefined || clarity(slider) >= usefulArea;
    const useful = sorted.filter(isUseful);
    const shown = (useful.length > 0 ? useful : sorted).slice(0, most);
    folded = sorted.filter((slider) => !shown.includes(slider));
    more.before(...shown.map((slider) => slider.row));
    more.append(...folded.map((slider) => slider.row));
    more.hidden = folded.length === 0;
  };
  order("mean");
  part("no-attributes").hidden = attributes.length > 0 || conditions.length > 0;
  if (attributesProblem) {
    part("attributes-problem").textContent = `This model has no attributes to edit: ${attributesProblem.detail}.`;
    part("attributes-command").textContent = attributesProblem.command ?? "glow attributes fit";
  }
  part("direction-field").hidden = attributes.length === 0;
  // Of a model that is told attributes, that is the better way to change them.
  const along = part("along");
  along.hidden = attributes.length === 0;
  along.open = conditions.length === 0;
  along.querySelector("summary").hidden = conditions.length === 0;
  for (const option of [...part("direction").options]) {
    if (directions.length > 0 && !directions.includes(option.value)) option.remove();
  }
  part("filter-field").hidden = attributes.length <= manyAttributes;
  part("reset").hidden = [attributes, labels, conditions].every((names) => names.length === 0);

  const filter = () => {
    const wanted = part("filter").value.trim().toLowerCase();
    for (const { attribute, row, input } of sliders) {
      row.hidden = input.valueAsNumber === 0 && !nameInWords(attribute).toLowerCase().includes(wanted);
    }
    if (wanted && folded.some(({ row }) => !row.hidden)) more.open = true;
    const isNoneLeft = attributes.length > 0 && sliders.every(({ row }) => row.hidden);
    part("filter-empty").textContent = isNoneLeft ? "No attribute has such a name." : "";
  };
  part("filter").addEventListener("input", filter);

  return {
    values: () => Object.fromEntries(sliders
      .map(({ attribute, input }) => [attribute.name, input.valueAsNumber])
      .filter(([, value]) => value !== 0)),
    set: (wanted) => {
      for (const slider of sliders) slider.input.value = wanted[slider.attribute.name] ?? 0;
      for (const slider of sliders) slider.show();
      const isSet = ({ input }) => input.valueAsNumber !== 0;
      along.open ||= sliders.some(isSet);
      more.open ||= folded.some(isSet);
      filter();
    },
    refresh: () => {
      for (const slider of sliders) slider.show();
      filter();
    },
    // How well each of the directions of a kind tells images apart.
    showAreas: (direction) => {
      for (const { attribute, note } of sliders) note.textContent = separability(model, attribute, direction);
      order(direction);
    },
  };
}

function makeAttributeSlider(model, attribute, id) {
  const slider = makeSlider({
    id, label: nameInWords(attribute), note: separability(model, attribute, "mean"),
    min: -reach, max: reach, step: 0.05, value: 0, format: (value) => signed(value, 2),
  });
  slider.row.classList.add("signed");
  slider.input.dataset.attribute = attribute.name;
  slider.row.title = `Found from ${count(attribute.with)} images with it and ${count(attribute.without)} without`;
  return slider;
}

export const nameInWords = ({ name }) => name.replaceAll("_", " ");

const clarityAlong = ({ turned }, { name, areasUnderROC }, direction) => turned[direction]?.[name] ?? areasUnderROC[direction];

function separability(model, attribute, direction) {
  const share = model.turned[direction]?.[attribute.name];
  if (share !== undefined) return `seen in ${percent(share)}`;
  const area = attribute.areasUnderROC[direction];
  if (area === undefined) return "not measured";
  const word = area >= 0.9 ? "clear" : area >= 0.75 ? "fair" : "weak";
  return `AUC ${fixed(area, 2)}, ${word}`;
}
