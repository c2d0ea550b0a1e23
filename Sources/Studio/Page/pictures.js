// Pictures: what is sent to the server for one (`source`), what is shown of it (`url`) and its `name`.

import { getData } from "./api.js";
import { make } from "./controls.js";
import { bytes, size } from "./format.js";
import { uprightURL } from "./upright.js";

// A file goes as base64 within a request of at most so many bytes, which holds something beside it.
const base64Growth = 4 / 3;
export const otherBytes = 4096;
export const types = ["image/png", "image/jpeg", "image/webp"];

export const pngURL = (base64) => `data:image/png;base64,${base64}`;

// `label` is undefined where it is not known.
export function pictureOfPNG(base64, name, label) {
  return { source: { data: base64, label }, url: pngURL(base64), name };
}

export function pictureOfData({ index, image, label }, labels) {
  const kind = labels[label] ? `, ${labels[label]}` : "";
  return { source: { index }, url: pngURL(image), name: `Image ${index}${kind}` };
}

const keptMark = "kept-";

// What an address calls a picture: the number of the data set's image, or by what the server keeps it. Undefined before the server has
// seen it.
export function addressOf({ source, kept }) {
  if (source.index !== undefined) return String(source.index);
  return kept && keptMark + kept;
}

// The picture that an address names.
export async function pictureAt(text, model) {
  if (text.startsWith(keptMark)) {
    const kept = text.slice(keptMark.length);
    return { source: { kept }, kept, url: "", name: "Picture" };
  }
  const { images: [image] } = await getData({ from: Number(text), count: 1 });
  return pictureOfData(image, model.labels);
}

const mostBytes = (limits) => Math.floor((limits.bytes - otherBytes) / base64Growth);
export const fitsBody = (file, limits) => file.size <= mostBytes(limits);

export function requirePicture(file) {
  if (!types.includes(file.type)) throw new Error(`${file.name} is not a PNG, JPEG or WebP image.`);
}

export async function pictureOfFile(file, limits) {
  requirePicture(file);
  if (!fitsBody(file, limits)) {
    throw new Error(`${file.name} has ${bytes(file.size)}, and the server takes at most ${bytes(mostBytes(limits))}.`);
  }
  const url = await dataURL(file);
  const shown = (await uprightURL(file)) ?? url;
  return { source: { data: url.slice(url.indexOf(",") + 1) }, url: shown, name: file.name };
}

function dataURL(file) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => fail(new Error(`${file.name} can not be read.`));
    reader.readAsDataURL(file);
  });
}

// After the first answer a picture is shown as the model saw it: turned upright and composited on white, whatever this
// browser does. A resized one is sent so, too: a large file is sent but once.
export function settle(picture, input, model) {
  picture.url = pngURL(input.image);
  picture.kept = input.kept;
  if (!input.isFitted) return;
  picture.note ??= fittedNote(input, model);
  picture.source = { data: input.image };
}

export function fittedNote(input, model) {
  return `${size(input.width, input.height)}: cropped in the middle and resized to ${size(model.width, model.height)}`;
}

// What to say where pictures of an answer are none any more; empty where all are.
export function remarkOn({ images, strayed = [] }, advice) {
  if (strayed.length === 0) return "";
  const which = images.length === 1 ? "The picture left" : `${strayed.length} of ${images.length} pictures left`;
  return `${which} the model's range: expect noise or burnt-out colors. ${advice}`;
}

export function download(url, name) {
  make("a", { href: url, download: name }).click();
}

export const downloadText = (text, type, name) => downloadBlob(new Blob([text], { type }), name);

// The bytes of a picture that came in base64.
export const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

export const bitmapOf = (base64) => createImageBitmap(new Blob([bytesOf(base64)], { type: "image/png" }));

export function downloadBlob(blob, name) {
  const url = URL.createObjectURL(blob);
  download(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// Grids of buttons: one tab stop, arrow keys inside

// Shows `pictures` in `grid` and keeps the buttons (and with them the focus) that are there.
export function showGrid(grid, pictures, onPick) {
  for (const cell of grid.querySelectorAll(":scope > :not(button)")) cell.remove();
  while (grid.children.length > pictures.length) grid.lastChild.remove();
  while (grid.children.length < pictures.length) grid.append(makeGridButton());
  pictures.forEach((picture, index) => {
    const button = grid.children[index];
    Object.assign(button.firstChild, { src: picture.url, alt: picture.name });
    button.title = picture.name;
    button.onclick = () => {
      press(grid, button);
      onPick(picture, index);
    };
  });
  press(grid, null);
  grid.onkeydown = moveFocus;
}

const fewestColumns = 3;
const smallestCell = 44; // pixels
const mostOfWindow = 0.9;

// Gives a grid as few columns as let it be seen whole, and of those that make its rows full where there are such; goes on to do so.
export function fillRows(grid, { width, height }) {
  const fill = () => {
    const pictures = grid.children.length;
    const most = Math.max(fewestColumns, Math.min(pictures, Math.floor(grid.clientWidth / smallestCell)));
    const all = Array.from({ length: most - fewestColumns + 1 }, (_, index) => fewestColumns + index);
    const full = all.filter((columns) => pictures % columns === 0);
    const isWhole = (columns) =>
      Math.ceil(pictures / columns) * (grid.clientWidth / columns) * (height / width) <= mostOfWindow * innerHeight;
    const choices = full.length > 0 ? full : all;
    grid.style.setProperty("--columns", choices.find(isWhole) ?? choices.at(-1));
  };
  new ResizeObserver(fill).observe(grid);
  return fill;
}

function makeGridButton() {
  return make("button", { type: "button", className: "picture-button" }, make("img", { className: "picture" }));
}

// Marks one of a grid's buttons, or none.
export function press(grid, pressed) {
  const stop = pressed ?? [...grid.children].find((button) => button === document.activeElement) ?? grid.firstChild;
  for (const button of grid.children) {
    button.setAttribute("aria-pressed", button === pressed);
    button.tabIndex = button === stop ? 0 : -1;
  }
}

function moveFocus(event) {
  const buttons = [...event.currentTarget.children];
  const from = buttons.indexOf(document.activeElement);
  const columns = buttons.filter((button) => button.offsetTop === buttons[0].offsetTop).length;
  const ends = { Home: -from, End: buttons.length - 1 - from };
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, ...ends };
  const next = buttons[from + steps[event.key]];
  if (from < 0 || !next) return;
  event.preventDefault();
  buttons[from].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

// The first nine of some pictures in one, as a data URL.
export async function collage(images, { width, height }) {
  const chosen = await Promise.all(images.slice(0, 9).map(bitmapOf));
  const across = Math.ceil(Math.sqrt(chosen.length));
  const scale = Math.min(1, 64 / width);
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  const canvas = make("canvas", { width: across * wide, height: Math.ceil(chosen.length / across) * high });
  const context = canvas.getContext("2d");
  chosen.forEach((bitmap, index) => context.drawImage(bitmap, (index % across) * wide, Math.floor(index / across) * high, wide, high));
  return canvas.toDataURL("image/png");
}
