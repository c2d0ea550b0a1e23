// Beside each element with `data-term` a question mark, which opens a sentence and a picture of what the word means.

import { make } from "./controls.js";
import { terms } from "./terms.js";

const space = "http://www.w3.org/2000/svg";
const margin = 8; // pixels to the window's edges

// A button has no place in these: theirs is behind them.
const closed = "label, button, summary, h3, h4";

let opened = null;
const bubble = make("div", { className: "term-bubble", id: "term-bubble", hidden: true });
bubble.setAttribute("popover", "manual");
bubble.setAttribute("role", "note");

// Goes on to explain what is added to the page later.
export function explainTerms() {
  new MutationObserver(explainAll).observe(document.body, { childList: true, subtree: true });
  explainAll();
  document.addEventListener("click", ({ target }) => {
    const button = target.closest(".term");
    const isOther = button !== opened;
    if (!bubble.contains(target)) close();
    if (button && isOther) open(button);
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
  document.addEventListener("focusin", ({ target }) => target !== opened && close());
  addEventListener("scroll", place, { capture: true, passive: true });
  addEventListener("resize", place);
}

function explainAll() {
  for (const element of document.querySelectorAll("[data-term]")) explain(element, element.dataset.term);
}

function explain(element, term) {
  if (!terms[term]) return;
  const place = element.matches(closed) ? frameOf(element) : element;
  if (place.querySelector(":scope > .term")) return;
  // A group is named by its legend, but not by the button in it.
  if (element.matches("legend")) element.parentElement.setAttribute("aria-label", element.textContent.trim());
  const aria = { label: `Explain: ${term}`, expanded: false, controls: bubble.id };
  place.append(make("button", { type: "button", className: "term", data: { explains: term }, aria }));
}

function frameOf(element) {
  if (element.parentElement.matches(".termed")) return element.parentElement;
  const frame = make("span", { className: "termed" });
  element.replaceWith(frame);
  frame.append(element);
  return frame;
}

function open(button) {
  opened = button;
  const [sentence, ...paths] = terms[button.dataset.explains];
  bubble.replaceChildren(drawn(paths), make("p", {}, sentence));
  button.after(bubble);
  button.setAttribute("aria-expanded", true);
  bubble.hidden = false;
  bubble.showPopover?.();
  place();
}

function close() {
  if (!opened) return;
  opened.setAttribute("aria-expanded", false);
  opened = null;
  bubble.hidden = true;
  bubble.remove();
}

// Below its button, or above it where there is no room, and never beyond the window.
function place() {
  if (!opened) return;
  const { left, top, bottom, width } = opened.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  if (width === 0 || bottom < 0 || top > clientHeight) return close();
  const within = (wanted, most) => Math.max(margin, Math.min(wanted, most - margin));
  const below = bottom + margin;
  const isBelow = below + bubble.offsetHeight <= clientHeight - margin;
  bubble.style.left = `${within(left + width / 2 - bubble.offsetWidth / 2, clientWidth - bubble.offsetWidth)}px`;
  bubble.style.top = `${within(isBelow ? below : top - margin - bubble.offsetHeight, clientHeight - bubble.offsetHeight)}px`;
}

function drawn(paths) {
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 160 60");
  svg.setAttribute("aria-hidden", true);
  for (const [kind, shape] of paths) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("class", kind);
    path.setAttribute("d", shape);
    svg.append(path);
  }
  return svg;
}
