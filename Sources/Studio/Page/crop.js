// Choosing the part of a picture that a model is given, where the picture is not of the model's size.

import { make } from "./controls.js";
import { makeCropBox, middleOf } from "./cropbox.js";
import { size } from "./format.js";
import { fitsBody, pictureOfFile, pictureOfPNG, requirePicture } from "./pictures.js";
import { upright } from "./upright.js";

// The server reduces a picture better than a browser: it gets so many times the model's size, where there is as much.
const reserve = 4;
const longestShown = 1024;

let dialog = null;

// The picture of a file, of which somebody chooses a part unless it is of the model's size; null where nobody did.
export async function choosePart(file, model) {
  requirePicture(file);
  const whole = await decoded(file);
  // The server says what is wrong with a file that this browser can not read.
  if (!whole || (whole.width === model.width && whole.height === model.height)) return pictureOfFile(file, model.limits);
  dialog ??= makeDialog();
  const part = await dialog.ask(whole, file.name, model);
  if (!part) return null;
  const middle = middleOf(whole, model);
  const isMiddle = Object.keys(middle).every((name) => part[name] === middle[name]);
  const isTaken = fitsBody(file, model.limits) && whole.width * whole.height <= model.limits.pixels;
  // What the server would take anyway goes as it is.
  if (isMiddle && isTaken) return pictureOfFile(file, model.limits);
  return { ...pictureOfCanvas(cut(whole, part, model), file.name), note: noteOf(whole, part, model) };
}

function pictureOfCanvas(canvas, name) {
  const url = canvas.toDataURL("image/png");
  return pictureOfPNG(url.slice(url.indexOf(",") + 1), name);
}

function noteOf(whole, part, model) {
  const [from, to, end] = [whole, part, model].map(({ width, height }) => size(width, height));
  return `${from}: cropped to ${to} and resized to ${end}`;
}

// The server leaves color profiles alone.
async function decoded(file) {
  try {
    return (await upright(file)) ?? await createImageBitmap(file, { colorSpaceConversion: "none" });
  } catch {
    return null;
  }
}

function cut(whole, part, model) {
  const most = { width: reserve * model.width, height: reserve * model.height };
  return draw(whole, part, part.width > most.width ? most : part);
}

// A part of an image at a size, on white. Halved as long as that goes: browsers smooth larger steps badly.
function draw(image, { left, top, width, height }, end) {
  let from = { image, left, top, width, height };
  for (;;) {
    const canvas = make("canvas", {
      width: Math.max(end.width, Math.ceil(from.width / 2)), height: Math.max(end.height, Math.ceil(from.height / 2)),
    });
    const isLast = canvas.width === end.width && canvas.height === end.height;
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(from.image, from.left, from.top, from.width, from.height, 0, 0, canvas.width, canvas.height);
    if (isLast) return canvas;
    from = { image: canvas, left: 0, top: 0, width: canvas.width, height: canvas.height };
  }
}

function makeDialog() {
  const shown = make("div", { className: "crop-picture" });
  const box = make("div", { className: "crop-box", tabIndex: 0, id: "crop-box" },
    ...["nw", "ne", "sw", "se"].map((corner) => make("span", { data: { corner } })));
  for (const [name, value] of [["role", "slider"], ["aria-label", "Part of the picture"], ["aria-describedby", "crop-help"],
    ["aria-valuemin", 0], ["aria-valuemax", 100]]) box.setAttribute(name, value);
  const stage = make("div", { className: "crop-stage" }, shown, box);
  const preview = make("div", { className: "crop-preview" });
  const title = make("h2", { id: "crop-title" });
  const caption = make("p", { className: "small-print" });
  const use = make("button", { className: "primary", id: "crop-use" }, "Use");
  const useMiddle = make("button", { type: "button", id: "crop-middle" }, "Use the middle");
  const cancel = make("button", { type: "button", id: "crop-cancel" }, "Cancel");
  const form = make("form", { method: "dialog" }, title,
    make("div", { className: "crop-columns" }, stage, make("div", {}, preview, caption)),
    make("p", { className: "small-print", id: "crop-help" },
      "Drag the box or a corner. Arrow keys move it (Shift: by a pixel), + and − resize it, Home takes the middle, Enter uses it."),
    make("div", { className: "buttons" }, use, useMiddle, cancel));
  const element = make("dialog", { id: "crop" }, form);
  element.setAttribute("aria-labelledby", title.id);
  document.body.append(element);

  let view, model, answer;
  const cropBox = makeCropBox({ stage, box, onMove: (part) => {
    const scale = view.width / view.of;
    const small = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, value * scale]));
    const canvas = draw(view.canvas, small, model);
    canvas.className = "picture";
    preview.replaceChildren(canvas);
  } });
  const finish = (part) => {
    element.close();
    answer?.(part);
    answer = null;
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    finish(cropBox.part());
  };
  box.addEventListener("keydown", (event) => event.key === "Enter" && form.requestSubmit());
  useMiddle.onclick = () => {
    cropBox.center();
    form.requestSubmit();
  };
  cancel.onclick = () => finish(null);
  element.oncancel = () => finish(null);

  return {
    // A promise of the part that is chosen of a picture; null where the dialog is closed, or asked about another picture.
    ask: (whole, name, wanted) => {
      answer?.(null);
      model = wanted;
      title.textContent = `Choose the part of ${name}`;
      caption.textContent = `What the model sees: ${size(model.width, model.height)}`;
      const scale = Math.min(1, longestShown / Math.max(whole.width, whole.height));
      const canvas = draw(whole, { left: 0, top: 0, ...sizeOf(whole) }, {
        width: Math.max(1, Math.round(scale * whole.width)), height: Math.max(1, Math.round(scale * whole.height)),
      });
      view = { canvas, width: canvas.width, of: whole.width };
      shown.replaceChildren(canvas);
      stage.style.setProperty("--aspect", whole.width / whole.height);
      if (!element.open) element.showModal();
      cropBox.show(sizeOf(whole), model);
      box.focus();
      return new Promise((done) => (answer = done));
    },
  };
}

const sizeOf = ({ width, height }) => ({ width, height });
