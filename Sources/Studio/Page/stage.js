// The stage of the tab "Mix": corners to choose from and a handle to drag between them.

import { byId, make } from "./controls.js";
import { percent } from "./format.js";
import { centerOf, cornersOf, latticeOf, mixAt } from "./mixing.js";

const letters = ["A", "B", "C", "D"];
const step = 0.05;
const smallStep = 0.01;

export const letterOf = (index) => letters[index];

export function weightsInWords(weights) {
  return weights.map((weight, index) => `${letters[index]} ${percent(weight)}`).join(", ");
}

// Calls `onMove(weights)` when the handle moves and `onCorner(index)` when a corner is chosen.
export function makeStage({ onMove, onCorner }) {
  const stage = byId("mix-stage");
  const track = byId("mix-track");
  const handle = byId("mix-handle");
  const buttons = letters.map((letter, index) => makeCorner(letter, index, onCorner));
  let count = 4;
  let point = centerOf(count);

  const place = (wanted) => {
    const mix = mixAt(count, wanted);
    point = mix.point;
    put(handle, { left: point[0], top: point[1] });
    handle.setAttribute("aria-valuenow", Math.round(100 * point[0]));
    handle.setAttribute("aria-valuetext", weightsInWords(mix.weights));
    onMove(mix.weights);
  };
  const pointOfEvent = ({ clientX, clientY }) => {
    const { left, top, width, height } = track.getBoundingClientRect();
    return [(clientX - left) / width, height === 0 ? 0.5 : (clientY - top) / height];
  };

  stage.addEventListener("pointerdown", (event) => {
    if (event.target.closest("button")) return;
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    place(pointOfEvent(event));
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) place(pointOfEvent(event));
  });
  handle.addEventListener("keydown", (event) => {
    const target = keyTarget(event, point, count);
    if (!target) return;
    event.preventDefault();
    place(target);
  });
  track.before(...buttons);

  return {
    // Shows a line, a triangle or a square, with the handle in the middle.
    setCount: (number) => {
      count = number;
      const { columns, rows, corner, corners } = latticeOf(count);
      byId("mix-layout").dataset.count = count;
      stage.style.setProperty("--tiles-across", columns);
      stage.style.setProperty("--tiles-down", rows);
      buttons.forEach((button, index) => {
        button.hidden = index >= count;
        if (button.hidden) return;
        const { column, row } = corners[index];
        put(button, { left: column / columns, top: row / rows, width: corner / columns, height: corner / rows });
      });
      place(centerOf(count));
    },
    point: () => point,
    place,
    showCorners: (pictures, chosen) => buttons.forEach((button, index) => {
      const picture = pictures[index];
      button.setAttribute("aria-pressed", index === chosen);
      button.title = picture?.note ? `${picture.name}: ${picture.note}` : picture?.name ?? "";
      button.firstChild.hidden = !picture;
      if (picture) Object.assign(button.firstChild, { src: picture.url, alt: picture.name });
    }),
  };
}

function makeCorner(letter, index, onCorner) {
  const picture = make("img", { className: "picture", alt: "", hidden: true, draggable: false });
  const badge = make("span", { className: "badge" }, make("span", { className: "visually-hidden" }, "Corner "), letter);
  const button = make("button", { type: "button", className: "corner", id: `mix-corner-${index + 1}` }, picture, badge);
  button.onclick = () => onCorner(index);
  return button;
}

// Fractions of the whole.
function put(element, places) {
  for (const [name, part] of Object.entries(places)) element.style[name] = `${100 * part}%`;
}

function keyTarget({ key, shiftKey }, [x, y], count) {
  const by = shiftKey ? smallStep : step;
  switch (key) {
    case "ArrowLeft": return [x - by, y];
    case "ArrowRight": return [x + by, y];
    case "ArrowUp": return count === 2 ? [x + by, y] : [x, y - by];
    case "ArrowDown": return count === 2 ? [x - by, y] : [x, y + by];
    case "Home": return cornersOf(count)[0];
    case "End": return cornersOf(count)[count - 1];
    default: return null;
  }
}
