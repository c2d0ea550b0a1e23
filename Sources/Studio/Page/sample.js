// The tab "Sample": a grid of samples.

import { fieldsOf, numbersIn } from "./address.js";
import { streamSamples } from "./api.js";
import { makeConditions } from "./conditions.js";
import { byId, coalesce, fillSelect, make, makeStatus } from "./controls.js";
import { count, duration, plural } from "./format.js";
import { enlarge } from "./lightbox.js";
import { makeMore } from "./more.js";
import { bytesOf, collage, downloadBlob, fillRows, pictureOfPNG, remarkOn, showGrid } from "./pictures.js";
import { call, dictionary, list, makeRecipe, openModel } from "./recipe.js";
import { makeTemperature } from "./temperature.js";
import { zipOf } from "./zip.js";

const usualCount = 16;
const largestNewSeed = 1_000_000;

export function makeSample(studio) {
  const { model } = studio;
  const fields = { count: byId("sample-count"), seed: byId("sample-seed"), labels: byId("sample-class") };
  const status = makeStatus(byId("sample-status"));
  const grid = byId("sample-grid");
  const more = makeMore(studio);
  const recipe = makeRecipe(byId("sample-recipe"));
  const fill = fillRows(grid, model);
  grid.style.setProperty("--aspect", `${model.width} / ${model.height}`);
  let drawn = [];
  let shown = [];
  let picked = null;
  let abort = new AbortController();

  // What is asked anew gives up what is being drawn.
  const draw = coalesce(async (request) => {
    abort = new AbortController();
    let answer = { images: [], strayed: [] };
    busy("Drawing…");
    if (grid.children.length === 0) show(request, answer);
    try {
      for await (const { event, data } of streamSamples(request, abort.signal)) {
        if (event === "queue") {
          if (data.ahead > 0) busy(`Waiting: ${plural(data.ahead, "image")} of others come first.`);
          continue;
        }
        answer = joined(answer, data);
        show(request, answer);
        busy(`${count(answer.images.length)} of ${count(data.total)} drawn, about ${duration(data.secondsLeft)} left.`);
      }
      finish(request, answer);
    } catch (error) {
      if (error.name === "AbortError") return;
      fields[error.field?.split("[")[0]]?.setAttribute("aria-invalid", true);
      free();
      for (const cell of grid.querySelectorAll(".waiting-cell")) cell.remove();
      status.fail(error, () => ask());
    }
  });

  const busy = (words) => {
    status.busy(words);
    grid.setAttribute("aria-busy", true);
    byId("sample-cancel").disabled = false;
  };

  const free = () => {
    grid.removeAttribute("aria-busy");
    byId("sample-cancel").disabled = true;
  };

  const finish = async (request, answer) => {
    free();
    showRecipe(request);
    status.done(remarkOn(answer, "Take a lower temperature."));
    studio.made({ url: await collage(answer.images, model), name: `${plural(answer.images.length, "sample")}, seed ${request.seed}` });
  };

  const cancel = () => {
    abort.abort();
    free();
    for (const cell of grid.querySelectorAll(".is-outdated")) cell.remove();
    drawn = drawn.slice(0, grid.children.length);
    fill();
    byId("sample-download-all").disabled = drawn.length === 0;
    status.say(`Stopped after ${plural(drawn.length, "sample")}.`);
  };

  const ask = (isFilledIn = false) => {
    studio.changed(isFilledIn);
    for (const field of Object.values(fields)) field.removeAttribute("aria-invalid");
    const problem = check([fields.count, fields.seed]);
    if (problem) return status.fail(problem);
    const request = {
      count: fields.count.valueAsNumber,
      seed: fields.seed.valueAsNumber,
      temperature: temperature.value(),
    };
    if (model.labels.length > 0) request.labels = chosenLabels(fields.labels.value, model.labels, request.count);
    if (model.conditions.length > 0) request.conditions = conditions.values();
    abort.abort();
    draw(request);
  };

  // Of those that are not drawn yet the earlier ones stay in their places.
  const show = ({ count: total, seed, temperature, conditions: told }, { images, labels }) => {
    const pictures = images.map((image, index) => {
      const label = labels?.[index];
      const name = `Sample ${index + 1}${label === undefined ? "" : `, ${model.labels[label]}`}`;
      const like = { sample: { index, seed, temperature, label, conditions: told } };
      return { ...pictureOfPNG(image, name, label), label, temperature, like };
    });
    shown = [...pictures, ...shown.slice(pictures.length, total)];
    showGrid(grid, shown, pick);
    [...grid.children].forEach((cell, index) => cell.classList.toggle("is-outdated", index >= pictures.length));
    while (grid.children.length < total) grid.append(make("span", { className: "is-outdated waiting-cell" }));
    fill();
    drawn = images;
    byId("sample-download-all").disabled = drawn.length === 0;
  };

  const pick = (picture, index) => {
    if (picture === picked) return enlarge(shown, index);
    picked = picture;
    more.show(picture);
    byId("sample-more-card").scrollIntoView({ block: "nearest", behavior: prefersStill() ? "auto" : "smooth" });
  };

  const showRecipe = (request) => recipe.show("/v1/sample", request, [
    openModel(model),
    `let samples = ${call("sample", [
      ["count", request.count], ["temperatures", list([request.temperature].flat())],
      ["labels", request.labels && list(request.labels)], ["conditions", dictionary(request.conditions)],
      ["seed", request.seed],
    ])}`,
  ]);

  const temperature = makeTemperature(model, () => ask());
  const conditions = makeConditions({ prefix: "sample", names: model.conditions, onChange: () => ask() });
  fields.count.max = model.limits.count;
  fields.count.value = Math.min(usualCount, model.limits.count);
  byId("sample-class-field").hidden = model.labels.length === 0;
  fillSelect(fields.labels, model.labels);
  for (const field of Object.values(fields)) field.addEventListener("change", () => ask());
  byId("sample-download-all").onclick = () => {
    const files = drawn.map((image, index) => ({ name: `sample-${String(index + 1).padStart(3, "0")}.png`, bytes: bytesOf(image) }));
    downloadBlob(zipOf(files), "glow-samples.zip");
  };
  byId("sample-cancel").onclick = cancel;
  byId("sample-new-seed").onclick = () => {
    fields.seed.value = Math.floor(Math.random() * largestNewSeed);
    ask();
  };
  byId("sample-form").addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  return {
    show: () => grid.children.length > 0 || ask(true),
    ask: () => ask(true),
    state: () => ({
      seed: fields.seed.value, count: fields.count.value, temperature: [temperature.value()].flat().join(","),
      ...(fields.labels.value === "" ? {} : { class: fields.labels.value }), ...fieldsOf("told.", conditions.values()),
    }),
    restore: (wanted) => {
      for (const name of ["seed", "count"]) if (wanted.has(name)) fields[name].value = wanted.get(name);
      fields.labels.value = wanted.get("class") ?? "";
      const temperatures = (wanted.get("temperature") ?? "").split(",").map(Number).filter((value) => value >= 0);
      if (wanted.has("temperature") && temperatures.length > 0) {
        temperature.set(temperatures.length > 1 ? temperatures : temperatures[0]);
      }
      conditions.set(numbersIn(wanted, "told."));
    },
  };
}

const prefersStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// What came so far, and the next.
function joined(sofar, { images, labels, strayed = [] }) {
  return {
    images: [...sofar.images, ...images], strayed: [...sofar.strayed, ...strayed],
    labels: labels && [...(sofar.labels ?? []), ...labels],
  };
}

function chosenLabels(value, labels, number) {
  return value === "" ? [...labels.keys()].slice(0, number) : [Number(value)];
}

// An error about the first of the fields that holds no whole number between its limits.
function check(fields) {
  const wrong = fields.find((field) => !field.checkValidity());
  if (!wrong) return null;
  wrong.setAttribute("aria-invalid", true);
  const { labels: [label], min, max } = wrong;
  return new Error(`${label.textContent} must be a whole number from ${min} to ${count(Number(max))}.`);
}
