// Pictures, large: one by itself, or one of several to go through.

import { byId } from "./controls.js";
import { download } from "./pictures.js";

let pictures = [];
let shown = 0;

// `pictures` are `{ url, name }`.
export function enlarge(list, index = 0) {
  pictures = list;
  for (const id of ["enlarged-previous", "enlarged-next"]) byId(id).hidden = list.length < 2;
  show(index);
  byId("enlarged").showModal();
}

function show(index) {
  shown = (index + pictures.length) % pictures.length;
  const { url, name } = pictures[shown];
  Object.assign(byId("enlarged-picture"), { src: url, alt: name });
  byId("enlarged-name").textContent = name;
}

export function followEnlarging() {
  const dialog = byId("enlarged");
  document.addEventListener("click", ({ target }) => {
    const image = target.closest(".enlarge")?.querySelector("img");
    if (image) enlarge([{ url: image.src, name: image.alt }]);
  });
  byId("enlarged-previous").onclick = () => show(shown - 1);
  byId("enlarged-next").onclick = () => show(shown + 1);
  byId("enlarged-download").onclick = () => download(pictures[shown].url, "glow-picture.png");
  byId("enlarged-close").onclick = () => dialog.close();
  byId("enlarged-picture").onclick = () => dialog.close();
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener("keydown", ({ key }) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (step && pictures.length > 1) show(shown + step);
  });
}
