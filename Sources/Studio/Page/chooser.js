// Choosing a picture: drop one, choose a file, paste one, take one with the camera, or one of the data set.

import { getData } from "./api.js";
import { hasCamera, takePicture } from "./camera.js";
import { byId, fillSelect, make, makeStatus } from "./controls.js";
import { choosePart } from "./crop.js";
import { count } from "./format.js";
import { pictureOfData, showGrid } from "./pictures.js";

const pageSize = 24;

// Calls `onFiles` with the files that are dropped or pasted on `panel`, or chosen with `input`, and what was dropped.
export function acceptFiles({ panel, zone, input, onFiles }) {
  const accept = (event, files) => {
    if (files.length === 0) return;
    event.preventDefault();
    onFiles([...files], event.dataTransfer);
  };
  const highlight = (isOver) => zone.classList.toggle("is-over", isOver);
  panel.addEventListener("dragover", (event) => {
    event.preventDefault();
    highlight(true);
  });
  panel.addEventListener("dragleave", () => highlight(false));
  panel.addEventListener("drop", (event) => {
    event.preventDefault();
    highlight(false);
    accept(event, event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    if (panel.isConnected && !panel.hidden) accept(event, event.clipboardData.files);
  });
  input.addEventListener("change", (event) => {
    accept(event, input.files);
    input.value = "";
  });
}

// Fills the chooser of the tab `prefix`. `load` shows the data set's first page; `status` is for errors of the chosen
// picture.
export function makeChooser({ prefix, model, onChoose }) {
  const panel = byId(`panel-${prefix}`);
  const input = make("input", { type: "file", id: `${prefix}-file`, accept: "image/png,image/jpeg,image/webp" });
  const label = make("label", { htmlFor: input.id }, "Choose a file");
  const button = make("span", { className: "file-button" }, input, label);
  const camera = make("button", { type: "button", id: `${prefix}-camera`, hidden: !hasCamera() }, "Camera");
  const hint = make("p", { id: `${prefix}-drop-hint`, role: "status" });
  const sayTaken = (files) => (hint.textContent = files > 1
    ? `One image at a time: the first of ${files} was taken.` : "Drop an image here, paste one, or choose.");
  sayTaken(1);
  const zone = make("div", { className: "drop-zone", id: `${prefix}-drop` },
    hint, make("div", { className: "buttons" }, button, camera));
  const words = make("div", { className: "status", id: `${prefix}-choose-status`, role: "status" });
  const status = makeStatus(words);
  const choose = (picture) => {
    status.clear();
    onChoose(picture);
  };
  const accept = async (find, files = 1) => {
    sayTaken(1);
    try {
      const file = await find();
      const picture = file && await choosePart(file, model);
      if (!picture) return;
      choose(picture);
      sayTaken(files);
    } catch (error) {
      status.fail(error);
    }
  };
  acceptFiles({ panel, zone, input, onFiles: (files) => accept(() => files[0], files.length) });
  camera.onclick = () => accept(takePicture);
  const host = byId(`${prefix}-chooser`);
  host.append(zone, words);
  const gallery = model.data && makeGallery({ prefix, model, onChoose: choose });
  if (gallery) host.append(gallery.element);
  return { status, load: () => gallery?.load() };
}

function makeGallery({ prefix, model, onChoose }) {
  const grid = make("div", { className: "picture-grid tiny", id: `${prefix}-data`, role: "group" });
  grid.setAttribute("aria-label", "Images of the data set");
  const previous = make("button", { type: "button", id: `${prefix}-data-previous`, disabled: true }, "Previous");
  const next = make("button", { type: "button", id: `${prefix}-data-next`, disabled: true }, "Next");
  const range = make("p", { className: "small-print", id: `${prefix}-data-range` });
  const words = make("div", { className: "status", role: "status" });
  const status = makeStatus(words);
  const select = makeLabelSelect(`${prefix}-data-label`, model.labels);
  const { name, split, count: total } = model.data;
  const element = make("details", { className: "gallery", id: `${prefix}-gallery`, open: innerWidth >= 760 },
    make("summary", {}, `Data set: ${name} (${[split, `${count(total)} images`].filter(Boolean).join(", ")})`),
    ...select.field, grid, make("div", { className: "row paging" }, range, previous, next), words);
  let from = 0;
  let isLoaded = false;

  const show = ({ count: matching, images }) => {
    isLoaded = true;
    status.clear();
    showGrid(grid, images.map((image) => pictureOfData(image, model.labels)), onChoose);
    const last = from + images.length;
    range.textContent = matching === 0 ? "No such images" : `${count(from + 1)}–${count(last)} of ${count(matching)}`;
    previous.disabled = from === 0;
    next.disabled = last >= matching;
  };
  const load = async () => {
    status.busy("Loading…");
    try {
      show(await getData({ from, count: pageSize, ...select.query() }));
    } catch (error) {
      element.hidden = error.status === 404;
      status.fail(error, load);
    }
  };
  const go = (start) => {
    from = Math.max(0, start);
    load();
  };
  previous.onclick = () => go(from - pageSize);
  next.onclick = () => go(from + pageSize);
  select.onChange(() => go(0));
  return { element, load: () => isLoaded || load() };
}

function makeLabelSelect(id, labels) {
  if (labels.length === 0) return { field: [], query: () => ({}), onChange() {} };
  const select = make("select", { id }, make("option", { value: "" }, "All"));
  fillSelect(select, labels);
  return {
    field: [make("div", { className: "field inline" }, make("label", { htmlFor: id }, "Class"), select)],
    query: () => (select.value === "" ? {} : { label: select.value }),
    onChange: (listener) => select.addEventListener("change", listener),
  };
}
