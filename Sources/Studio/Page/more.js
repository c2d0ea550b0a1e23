// "More like this": variations of a picked sample, in which some levels are drawn anew.

import { sample } from "./api.js";
import { byId, coalesce, make, makeStatus } from "./controls.js";
import { download, pictureOfPNG, remarkOn, showGrid } from "./pictures.js";
import { levelName } from "./temperature.js";

const variations = 12;

export function makeMore(studio) {
  const { model } = studio;
  const status = makeStatus(byId("sample-more-status"));
  const grid = byId("sample-variations");
  const boxes = makeLevelBoxes(model);
  let picked = null;
  let seed = 1;

  const vary = coalesce(async (levels) => {
    const { like, temperature } = picked;
    status.busy("Drawing variations…");
    try {
      const answer = await sample({ count: Math.min(variations, model.limits.count), temperature, seed, like, levels });
      showVariations(answer.images, temperature, levels);
      status.done(remarkOn(answer, "Take a lower temperature, or draw other levels anew."));
    } catch (error) {
      status.fail(error, ask);
    }
  });

  const ask = () => {
    const levels = boxes.filter((box) => box.checked).map((box) => Number(box.value));
    byId("sample-vary").disabled = levels.length === 0;
    if (levels.length > 0) return vary(levels);
    showGrid(grid, []);
    status.say("Choose a level to draw anew.");
  };

  const showVariations = (images, temperature, levels) => {
    const { label, name } = picked;
    const pictures = images.map((image, index) => {
      const picture = pictureOfPNG(image, `Variation ${index + 1} (level ${levels.join(", ")}) of ${name}`, label);
      return { ...picture, label, temperature, like: { image: picture.source } };
    });
    showGrid(grid, pictures, showPicked);
  };

  const showPicked = (picture) => {
    picked = picture;
    byId("sample-more-empty").hidden = true;
    byId("sample-more").hidden = false;
    Object.assign(byId("sample-picked"), { src: picture.url, alt: picture.name });
    byId("sample-picked-name").textContent = picture.name;
  };

  for (const box of boxes) box.addEventListener("change", ask);
  byId("sample-vary").onclick = () => {
    seed += 1;
    ask();
  };
  byId("sample-download").onclick = () => download(picked.url, "glow-sample.png");
  for (const name of ["edit", "mix"]) {
    byId(`sample-to-${name}`).onclick = () => {
      const { source, url, name: pictureName } = picked;
      studio.send(name, { source, url, name: pictureName });
    };
  }
  return {
    show: (picture) => {
      showPicked(picture);
      ask();
    },
  };
}

function makeLevelBoxes(model) {
  return model.latentShapes.map((_, index) => {
    const id = `sample-level-${index + 1}`;
    const box = make("input", { type: "checkbox", id, value: index + 1, checked: index === 0 });
    const label = make("label", { htmlFor: id }, levelName(model, index));
    byId("sample-levels").append(make("div", { className: "check" }, box, label));
    return box;
  });
}
