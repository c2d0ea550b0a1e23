// The model as a picture: its steps as bars, as high as there are numbers that still flow, and below them the latents that have left.

import { shapeName } from "./flowwords.js";
import { size } from "./format.js";

const top = 22;
const height = 128;
const thumb = 9; // half of the slider's
const leastLabel = 11; // pixels
const space = "http://www.w3.org/2000/svg";

// Draws into `host`, beside whose slider it lies place by place. Returns what lights a place.
export function drawFlow(host, { model, places, onPick }) {
  const { latentShapes: shapes } = model;
  const numbers = shapes.map((shape) => shape.reduce((product, one) => product * one));
  const whole = numbers.reduce((sum, one) => sum + one);
  const gutter = host.clientWidth < 480 ? 62 : 78;
  host.parentElement.style.setProperty("--gutter", `${gutter}px`);
  const width = host.clientWidth - gutter - 2 * thumb;
  const spacing = width / (places.length - 1);
  const bar = Math.min(16, Math.max(2, 0.64 * spacing));
  const x = (index) => thumb + spacing * index;
  // How far down the numbers reach that flow at a level, counted from 0.
  const depth = (level) => height * numbers.slice(level).reduce((sum, one) => sum + one, 0) / whole;
  const end = x(places.length - 1) + bar / 2;

  const svg = node("svg", { viewBox: `0 0 ${host.clientWidth} ${top + height + 2}`, role: "img", "aria-label": describe(model, places) });
  const parts = [];
  const add = (tag, attributes, from, words) => {
    const part = node(tag, attributes);
    if (words) part.textContent = words;
    if (from !== undefined) parts.push({ part, from });
    svg.append(part);
  };
  const addBar = (index, down) => add("rect",
    { class: "flow-step", x: x(index) - bar / 2, y: top, width: bar, height: down, rx: Math.min(3, bar / 3) }, index);
  shapes.forEach((shape, level) => {
    const last = places.findLastIndex((place) => place.level === level + 1);
    const first = places.findIndex((place) => place.level === level + 1);
    const isTop = level === shapes.length - 1;
    const left = isTop ? end - bar : x(last) + spacing / 2;
    const down = depth(level);
    const up = depth(level + 1);
    const gap = up > 0 ? 2 : 0;
    add("rect", { class: "flow-latents", x: left, y: top + up + gap, width: end - left, height: Math.max(1, down - up - gap), rx: 3 },
      isTop ? places.length - 1 : last);
    if (down - up >= leastLabel) add("text", { x: end + 6, y: top + (up + down) / 2, class: "flow-shape" }, undefined, shapeName(shape));
    for (let index = first; index <= last; index += 1) addBar(index, down);
    const isRoomy = x(last) - x(first) > 46;
    add("text", { x: x(first) - bar / 2, y: top - 8, class: "flow-level" }, undefined, isRoomy ? `Level ${level + 1}` : `${level + 1}`);
  });
  addBar(0, height);
  host.replaceChildren(svg);
  svg.onclick = ({ clientX }) => onPick(Math.round((clientX - svg.getBoundingClientRect().left - thumb) / spacing));
  return (at) => {
    for (const { part, from } of parts) {
      part.classList.toggle("is-passed", from <= at);
      part.classList.toggle("is-here", at === (part.matches(".flow-step") ? from : places.length - 1));
    }
  };
}

function describe({ latentShapes }, places) {
  const levels = latentShapes.map((shape, index) => {
    const { steps } = places.find(({ level }) => level === index + 1);
    return `level ${index + 1}, ${size(shape[1], shape[0])}, has ${steps} steps and gives latents of ${shapeName(shape)}`;
  });
  return `The model: ${levels.join("; ")}.`;
}

function node(tag, attributes) {
  const element = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
