// How pictures are shown: with hard pixels or smoothed, and large by a click.

import { byId } from "./controls.js";
import { recall, remember } from "./memory.js";

// Models up to this width are shown with hard pixels unless somebody chose; larger images look better smoothed.
const largestPixelated = 128;

export function showPixels({ width }) {
  const chosen = recall("smooth");
  const isSmooth = chosen === null ? width > largestPixelated : chosen === "true";
  byId("smooth").checked = isSmooth;
  document.documentElement.classList.toggle("is-pixelated", !isSmooth);
}

export function followLooks() {
  byId("smooth-field").hidden = false;
  byId("smooth").addEventListener("change", ({ target }) => {
    remember("smooth", target.checked);
    document.documentElement.classList.toggle("is-pixelated", !target.checked);
  });
  const dialog = byId("enlarged");
  document.addEventListener("click", ({ target }) => {
    const image = target.closest(".enlarge")?.querySelector("img");
    if (!image) return;
    Object.assign(byId("enlarged-picture"), { src: image.src, alt: image.alt });
    dialog.showModal();
  });
  dialog.addEventListener("click", () => dialog.close());
}
