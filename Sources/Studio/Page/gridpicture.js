// A grid of pictures with its axes, as one picture.

import { make } from "./controls.js";

const least = 128; // pixels of a picture
const gap = 0.04; // of a picture

// A promise of a PNG, with the pixels hard or smoothed as on the page.
export async function drawGrid(urls, x, y, { width, height }) {
  const images = await Promise.all(urls.map(async (src) => {
    const image = make("img", { src });
    await image.decode();
    return image;
  }));
  const scale = Math.ceil(least / width);
  const [wide, high] = [scale * width, scale * height];
  const between = Math.round(gap * wide);
  const line = Math.round(wide / 6);
  const canvas = make("canvas");
  const context = canvas.getContext("2d");
  const font = `${Math.round(0.7 * line)}px system-ui, sans-serif`;
  context.font = font;
  const rows = y.values.toReversed();
  const margin = 2 * line + Math.ceil(Math.max(...rows.map((value) => context.measureText(y.say(value)).width)));
  canvas.width = margin + x.values.length * (wide + between);
  canvas.height = between + rows.length * (high + between) + 2.5 * line;
  const { color, backgroundColor } = getComputedStyle(document.body);
  Object.assign(context, { fillStyle: backgroundColor, font });
  context.fillRect(0, 0, canvas.width, canvas.height);
  Object.assign(context, {
    fillStyle: color, textAlign: "center", textBaseline: "middle",
    imageSmoothingEnabled: !document.documentElement.classList.contains("is-pixelated"),
  });
  const leftOf = (column) => margin + column * (wide + between);
  const topOf = (row) => between + row * (high + between);
  images.forEach((image, index) =>
    context.drawImage(image, leftOf(index % x.values.length), topOf(Math.floor(index / x.values.length)), wide, high));
  const below = topOf(rows.length) + line / 2;
  x.values.forEach((value, column) => context.fillText(x.say(value), leftOf(column) + wide / 2, below));
  context.fillText(x.words, leftOf(x.values.length / 2) - between / 2, below + line);
  context.textAlign = "right";
  rows.forEach((value, row) => context.fillText(y.say(value), margin - line / 2, topOf(row) + high / 2));
  context.textAlign = "center";
  context.translate(0.7 * line, topOf(rows.length / 2) - between / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(y.words, 0, 0);
  return new Promise((done) => canvas.toBlob(done));
}
