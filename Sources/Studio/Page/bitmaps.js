// Where in a picture its bits are: a map of each level, and all of them together, over the picture.

import { byId, make, makeSlider } from "./controls.js";
import { fixed, percent } from "./format.js";
import { drawHeat, drawHeatLegend } from "./heat.js";

const usualStrength = 0.6;

// `onChange` is called when somebody chooses a level or another strength.
export function makeBitMaps(model, onChange) {
  const [stage, picture, canvas, probe] = ["stage", "picture", "heat", "probe"].map((name) => byId(`score-${name}`));
  const [tiles, shares, legend, said] = ["levels", "shares", "legend", "said"].map((name) => byId(`score-${name}`));
  const strength = makeSlider({
    id: "score-strength", label: "Overlay", min: 0, max: 1, step: 0.05, value: usualStrength, format: percent,
  });
  let maps = null;
  let level = 0; // 0 are all together
  let place = { x: Math.floor(model.width / 2), y: Math.floor(model.height / 2) };

  const shown = () => maps[level];
  const showStrength = () => stage.style.setProperty("--strength", strength.input.value);

  const draw = () => {
    if (!maps) return;
    const range = rangeOf(shown());
    drawHeat(canvas, shown(), range);
    drawHeatLegend(legend);
    [byId("score-least").textContent, byId("score-most").textContent] = range.map((bound) => fixed(bound, 2));
    maps.forEach((map, index) => drawHeat(buttons[index].firstChild, map, rangeOf(map)));
    sayPlace(false);
  };

  const choose = (chosen) => {
    level = chosen;
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", index === level));
    draw();
  };

  // The position that holds the pixel at `place`, and its bits.
  const sayPlace = (isPointed) => {
    if (!maps) return;
    const { rows, columns, values } = shown();
    const [column, row] = [Math.floor((place.x * columns) / model.width), Math.floor((place.y * rows) / model.height)];
    Object.assign(probe.style, {
      left: `${(100 * column) / columns}%`, top: `${(100 * row) / rows}%`, width: `${100 / columns}%`, height: `${100 / rows}%`,
    });
    stage.classList.toggle("is-pointed", isPointed);
    const words = `Row ${row + 1}, column ${column + 1}: ${fixed(values[row * columns + column], 2)} bits/dim`;
    const under = model.labels.length > 0 ? ", as the class it is likeliest of" : "";
    said.textContent = isPointed ? words : `Mean: ${fixed(meanOf(values), 3)} bits/dim${under}`;
    probe.setAttribute("aria-valuenow", row * columns + column + 1);
    probe.setAttribute("aria-valuemax", rows * columns);
    probe.setAttribute("aria-valuetext", words);
  };

  const buttons = ["All", ...model.latentShapes.map((_, index) => `${index + 1}`)].map((name, index) => {
    const share = make("span", { className: "small-print" });
    const label = index === 0 ? "All levels" : `Level ${name}`;
    return make("button", {
      type: "button", className: "tile", title: label, aria: { pressed: index === 0 },
      onclick: () => {
        choose(index);
        onChange();
      },
    }, make("canvas", { className: "heat", width: 1, height: 1 }), make("span", { className: "visually-hidden" }, `${label} `),
      make("span", { aria: { hidden: true } }, name), share);
  });
  tiles.append(...buttons);
  tiles.style.setProperty("--count", buttons.length);
  shares.append(...model.latentShapes.map(() => make("span", {})));
  [shares, tiles].forEach(({ children }) => [...children].slice(-model.latentShapes.length)
    .forEach((element, index) => element.style.setProperty("--depth", index / model.latentShapes.length)));
  for (const element of [stage, ...buttons.map((button) => button.firstChild)]) {
    element.style.aspectRatio = `${model.width} / ${model.height}`;
  }

  byId("score-strength-field").append(strength.row);
  strength.input.addEventListener("input", () => {
    showStrength();
    onChange();
  });
  showStrength();
  stage.addEventListener("pointermove", ({ clientX, clientY }) => {
    const { left, top, width, height } = stage.getBoundingClientRect();
    const within = (fraction, size) => Math.min(size - 1, Math.max(0, Math.floor(fraction * size)));
    place = { x: within((clientX - left) / width, model.width), y: within((clientY - top) / height, model.height) };
    sayPlace(true);
  });
  stage.addEventListener("pointerleave", () => sayPlace(false));
  probe.addEventListener("focus", () => sayPlace(true));
  probe.addEventListener("blur", () => sayPlace(false));
  probe.addEventListener("keydown", (event) => {
    if (!maps) return;
    const [stepX, stepY] = [model.width / shown().columns, model.height / shown().rows];
    const [x, y] = { ArrowLeft: [-stepX, 0], ArrowRight: [stepX, 0], ArrowUp: [0, -stepY], ArrowDown: [0, stepY] }[event.key] ?? [];
    if (x === undefined) return;
    event.preventDefault();
    const moved = { x: place.x + x, y: place.y + y };
    if (moved.x < 0 || moved.x >= model.width || moved.y < 0 || moved.y >= model.height) return;
    place = moved;
    sayPlace(true);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  return {
    showPicture: (url) => (picture.src = url),
    // `levels` as the server sends them; null while there are none yet.
    show: (levels) => {
      maps = levels && mapsOf(levels, model);
      stage.classList.toggle("has-map", Boolean(maps));
      for (const button of buttons) button.disabled = !maps;
      if (!maps) return;
      const parts = maps.slice(1).map(({ values }) => meanOf(values));
      const total = meanOf(maps[0].values);
      const isWhole = parts.every((part) => part >= 0);
      const words = (part) => (isWhole ? percent(part / total) : fixed(part, 2));
      buttons.forEach((button, index) => (button.lastChild.textContent = words([total, ...parts][index])));
      parts.forEach((part, index) => {
        shares.children[index].style.flexGrow = Math.abs(part);
        shares.children[index].classList.toggle("is-saved", part < 0);
      });
      byId("score-saved").hidden = isWhole;
      draw();
    },
    state: () => ({
      ...(level === 0 ? {} : { level }), ...(strength.input.valueAsNumber === usualStrength ? {} : { overlay: strength.input.value }),
    }),
    restore: (wanted) => {
      strength.input.value = wanted.get("overlay") ?? usualStrength;
      strength.show();
      showStrength();
      const chosen = Number(wanted.get("level"));
      choose(buttons[chosen] ? chosen : 0);
    },
  };
}

// All levels together, at each pixel, and then each level: bits/dim of the picture, each position's spread over its pixels.
function mapsOf(levels, { width, height, channels }) {
  const each = levels.map(({ rows, columns, bits }) => {
    const dimensions = (width / columns) * (height / rows) * channels;
    return { rows, columns, values: bits.map((number) => number / dimensions) };
  });
  const all = { rows: height, columns: width, values: Array(width * height).fill(0) };
  for (const { rows, columns, values } of each) {
    all.values.forEach((_, index) => {
      const [x, y] = [index % width, Math.floor(index / width)];
      all.values[index] += values[Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width)];
    });
  }
  return [all, ...each];
}

const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const rangeOf = ({ values }) => values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
