// What the pointer and the keys do on a chart: point at a place, or take a part of its x axis.

const leastDrag = 6; // pixels

const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity };
const factors = { "+": 0.5, "=": 0.5, "-": 2 };

// `scale()` is that of the x axis; `select(from, to)` shows what would be taken, in pixels (null: nothing).
export function followPointer(frame, { scale, select, onPoint, onStep, onZoom, onScale }) {
  let start = null;

  const place = ({ clientX }) => {
    const { start: left, end } = scale();
    return Math.min(Math.max(clientX - frame.getBoundingClientRect().left, left), end);
  };
  const value = (pixels) => {
    const { from, to, start: left, end } = scale();
    return from + ((pixels - left) / (end - left)) * (to - from);
  };
  const stop = () => {
    start = null;
    select(null);
  };

  frame.onpointerdown = (event) => {
    if (!scale() || event.button !== 0) return;
    start = place(event);
    onPoint(value(start));
    frame.setPointerCapture(event.pointerId);
  };
  frame.onpointermove = (event) => {
    if (!scale()) return;
    const here = place(event);
    onPoint(value(here));
    if (start !== null) select(start, here);
  };
  frame.onpointerup = (event) => {
    if (start === null) return;
    const ends = [start, place(event)].sort((a, b) => a - b);
    stop();
    if (ends[1] - ends[0] >= leastDrag) onZoom(ends.map(value));
  };
  frame.onpointercancel = stop;
  frame.onpointerleave = () => start === null && document.activeElement !== frame && onPoint(null);
  frame.onblur = () => onPoint(null);
  frame.ondblclick = () => onZoom(null);
  frame.onkeydown = (event) => {
    const { key, ctrlKey, metaKey, altKey } = event;
    if (!scale() || ctrlKey || metaKey || altKey) return;
    if (key in steps) onStep(steps[key]);
    else if (key in factors) onScale(factors[key]);
    else if (key === "Escape" && start !== null) stop();
    else if (key === "Escape") onZoom(null);
    else return;
    event.preventDefault();
  };
}
