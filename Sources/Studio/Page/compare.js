// The runs that are laid over the one that is shown.

import { lookOf } from "./chart.js";
import { byId, make } from "./controls.js";
import { finite, fixed } from "./format.js";
import { shortNames } from "./runnames.js";

const fewRuns = 8;
const separator = "/"; // which no id contains

export function makeCompare(onChange) {
  const list = byId("training-others");
  const filter = byId("training-filter");
  // The others' ids by their slots from 1 on, which give a run its color and dashes; slot 0 is the run itself.
  let slots = [];
  let runs = [];
  let main = null;

  const chosen = () => slots.map((id, index) => ({ run: runs.find((run) => run.id === id), slot: index + 1 }))
    .filter(({ run }) => run && run.id !== main);

  const choose = (id, isChosen) => {
    if (!isChosen) slots = slots.map((other) => (other === id ? null : other));
    else if (slots.includes(null)) slots[slots.indexOf(null)] = id;
    else slots.push(id);
    show();
    onChange();
  };

  const show = () => {
    const others = runs.filter(({ id }) => id !== main).toSorted((a, b) => a.run.localeCompare(b.run, "en", { numeric: true }));
    const names = shortNames(others.map(({ run }) => run));
    const rows = others.map((run, index) => makeRow(run, names[index], slots.indexOf(run.id) + 1, choose));
    const focused = list.contains(document.activeElement) ? document.activeElement.value : null;
    list.replaceChildren(...rows);
    [...list.querySelectorAll("input")].find(({ value }) => value === focused)?.focus();
    byId("training-compare").hidden = others.length === 0;
    byId("training-filter-field").hidden = others.length <= fewRuns;
    const number = chosen().length;
    byId("training-compare-count").textContent = number === 0 ? "" : ` (${number})`;
    byId("training-none").disabled = number === 0;
    applyFilter();
  };

  const applyFilter = () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    for (const row of list.children) row.hidden = !words.every((word) => row.title.toLowerCase().includes(word));
    const isNone = list.children.length > 0 && [...list.children].every((row) => row.hidden);
    byId("training-filter-empty").textContent = isNone ? "No run has such a name." : "";
  };

  filter.addEventListener("input", applyFilter);
  byId("training-none").onclick = () => {
    slots = [];
    show();
    onChange();
  };
  return {
    chosen,
    show: (all, id) => {
      [runs, main] = [all, id];
      show();
    },
    state: () => {
      const ids = chosen().map(({ run }) => run.id);
      return ids.length > 0 ? { with: ids.join(separator) } : {};
    },
    restore: (fields) => {
      slots = (fields.get("with") ?? "").split(separator).filter(Boolean);
      if (slots.length > 0) byId("training-compare").open = true;
      show();
    },
  };
}

function makeRow(run, name, slot, choose) {
  const box = make("input", { type: "checkbox", value: run.id, checked: slot > 0 });
  box.addEventListener("change", () => choose(run.id, box.checked));
  const bits = finite(run.validationBitsPerDimension);
  const remark = run.state === "finished" && bits !== undefined ? fixed(bits, 3) : run.state ?? "";
  return make("li", { title: run.run }, make("label", { className: `check ${slot > 0 ? lookOf(slot) : ""}` },
    box, make("span", { className: "name" }, name), make("span", { className: "small-print" }, remark)));
}
