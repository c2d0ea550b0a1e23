// How pictures are shown: with hard pixels, or smoothed.

import { byId } from "./controls.js";
import { recall, remember } from "./memory.js";

// Models up to this width are shown with hard pixels unless somebody chose; larger images look better smoothed.
const largestPixelated = 128;

export function showPixels({ width }) {
  const chosen = recall("smooth");
  const isSmooth = chosen === null ? width > largestPixelated : chosen === "true";
  show(isSmooth);
}

export function followLooks() {
  const boxes = [byId("smooth"), byId("enlarged-smooth")];
  byId("smooth-field").hidden = false;
  for (const box of boxes) {
    box.addEventListener("change", () => {
      remember("smooth", box.checked);
      show(box.checked);
    });
  }
}

function show(isSmooth) {
  for (const id of ["smooth", "enlarged-smooth"]) byId(id).checked = isSmooth;
  document.documentElement.classList.toggle("is-pixelated", !isSmooth);
}
