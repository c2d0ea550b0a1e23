// A box on a picture, of a model's aspect, which pointers and keys move and resize.

const step = 0.02;
const growth = 1.1;

// The largest middle part that has the model's aspect, as the server would take it.
export function middleOf({ width, height }, model) {
  const fitting = Math.round((height * model.width) / model.height);
  const part = fitting <= width
    ? { width: Math.max(1, fitting), height }
    : { width, height: Math.max(1, Math.min(height, Math.round((width * model.height) / model.width))) };
  return { ...part, left: Math.floor((width - part.width) / 2), top: Math.floor((height - part.height) / 2) };
}

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

// `stage` shows the picture, `box` lies on it and holds the handles, whose `data-corner` names the corner. Calls `onMove(part)`.
export function makeCropBox({ stage, box, onMove }) {
  let whole, model, largest, smallest, part;
  let drag = null;

  // No smaller than the model's pictures, where the picture is not: nothing is enlarged.
  const place = ({ left, top, width }) => {
    const wide = clamp(Math.round(width), smallest, largest.width);
    const high = wide === largest.width ? largest.height : Math.max(1, Math.round((wide * model.height) / model.width));
    part = {
      left: clamp(Math.round(left), 0, whole.width - wide), top: clamp(Math.round(top), 0, whole.height - high), width: wide, height: high,
    };
    for (const [name, size, of] of [
      ["left", part.left, whole.width], ["top", part.top, whole.height], ["width", wide, whole.width], ["height", high, whole.height],
    ]) box.style[name] = `${(100 * size) / of}%`;
    box.setAttribute("aria-valuenow", Math.round((100 * wide) / largest.width));
    box.setAttribute("aria-valuetext", `${wide}×${high} pixels, ${part.left} from the left and ${part.top} from the top`);
    onMove(part);
  };
  const resize = (width, around = part) => place({
    left: around.left + (around.width - width) / 2, top: around.top + (around.height - (width * model.height) / model.width) / 2, width,
  });

  // By a corner, with the opposite one at rest, as far as the picture goes.
  const pull = (corner, { left, top, width, height }, [x, y]) => {
    const [toLeft, toTop] = [corner.includes("w"), corner.includes("n")];
    const wanted = width + Math.max(toLeft ? -x : x, ((toTop ? -y : y) * model.width) / model.height);
    const room = Math.min(
      toLeft ? left + width : whole.width - left, ((toTop ? top + height : whole.height - top) * model.width) / model.height);
    const wide = clamp(wanted, smallest, Math.max(smallest, room));
    const high = (wide * model.height) / model.width;
    place({ left: toLeft ? left + width - wide : left, top: toTop ? top + height - high : top, width: wide });
  };
  const pointOf = ({ clientX, clientY }) => {
    const { left, top, width, height } = stage.getBoundingClientRect();
    return [((clientX - left) / width) * whole.width, ((clientY - top) / height) * whole.height];
  };

  stage.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    box.focus();
    stage.setPointerCapture(event.pointerId);
    const from = pointOf(event);
    if (!box.contains(event.target)) place({ left: from[0] - part.width / 2, top: from[1] - part.height / 2, width: part.width });
    drag = { from, corner: event.target.dataset.corner, start: part };
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drag || !stage.hasPointerCapture(event.pointerId)) return;
    const { from, corner, start } = drag;
    const moved = pointOf(event).map((value, axis) => value - from[axis]);
    if (corner) pull(corner, start, moved);
    else place({ ...start, left: start.left + moved[0], top: start.top + moved[1] });
  });
  box.addEventListener("keydown", (event) => {
    const by = event.shiftKey ? 1 : Math.max(1, step * largest.width);
    const [x, y] = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[event.key] ?? [];
    if (x !== undefined) place({ ...part, left: part.left + x, top: part.top + y });
    else if (event.key === "+" || event.key === "=") resize(part.width * growth);
    else if (event.key === "-") resize(part.width / growth);
    else if (event.key === "Home") place(largest);
    else return;
    event.preventDefault();
  });

  return {
    show: (picture, wanted) => {
      [whole, model, drag] = [picture, wanted, null];
      largest = middleOf(whole, model);
      smallest = Math.min(model.width, largest.width);
      place(largest);
    },
    part: () => part,
    center: () => place(largest),
  };
}
