// Maps of numbers in colors of one hue, even to the eye: between two colors of the style, along a line in OKLab.

import { make } from "./controls.js";

const steps = 256;

// Draws a grid of numbers on the canvas, from the color of `low` to that of `high`.
export function drawHeat(canvas, { rows, columns, values }, [low, high]) {
  Object.assign(canvas, { width: columns, height: rows });
  const colors = colorsOf(canvas);
  const image = new ImageData(columns, rows);
  values.forEach((value, index) => {
    const place = Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
    const at = 4 * Math.round(place * (steps - 1));
    image.data.set(colors.subarray(at, at + 4), 4 * index);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

export function drawHeatLegend(canvas) {
  drawHeat(canvas, { rows: 1, columns: steps, values: [...Array(steps).keys()] }, [0, steps - 1]);
}

// `steps` colors: red, green, blue and opacity of each.
function colorsOf(element) {
  const style = getComputedStyle(element);
  const [low, high] = ["low", "high"].map((end) => style.getPropertyValue(`--heat-${end}`));
  const context = make("canvas", { width: steps, height: 1 }).getContext("2d");
  for (let step = 0; step < steps; step++) {
    context.fillStyle = `color-mix(in oklab, ${high} ${(100 * step) / (steps - 1)}%, ${low})`;
    context.fillRect(step, 0, 1, 1);
  }
  return context.getImageData(0, 0, steps, 1).data;
}
