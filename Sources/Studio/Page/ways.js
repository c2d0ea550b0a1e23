// The way from corner to corner of the tab "Mix", and its files: a strip, an animation and a film.

import { apngOf, canJoin } from "./apng.js";
import { byId, make, makeStatus } from "./controls.js";
import { bytes, count as inWords, size } from "./format.js";
import { canFilm, filmOf } from "./mp4.js";
import { bitmapOf, bytesOf, downloadBlob, pngURL, remarkOn } from "./pictures.js";
import { letterOf } from "./stage.js";

const shownSteps = 9;
const legTime = 1200; // milliseconds
const cornerTime = 500;
const usualSide = 512;
const mostSide = 1024;
const widestCanvas = 16384;
const advice = "Take images that are more alike.";

// `getMixes(rows)` is a promise of mixes by weights; `hasCorners()` says whether every corner has an image.
export function makeWays({ model, getMixes, hasCorners, onChange }) {
  const status = makeStatus(byId("mix-ways-status"));
  const [way, steps, scale] = ["way", "steps", "size"].map((name) => byId(`mix-${name}`));
  const buttons = ["strip", "animation", "film"].map((name) => byId(`mix-${name}`));
  let count = 0;
  let isShown = false;

  const corners = () => [...way.value].map(Number);
  const legs = () => corners().slice(1).map((to, index) => [corners()[index], to]);
  // The rows of weights of the legs, without the corner in which each of the later ones begins.
  const rowsOf = (number) => legs().flatMap(([from, to], leg) => Array.from({ length: number }, (_, step) => {
    const part = step / (number - 1);
    const row = Array(count).fill(0);
    row[from] = 1 - part;
    row[to] = part;
    return row;
  }).slice(leg === 0 ? 0 : 1));

  const showLegs = (pictures) => {
    const number = (pictures.length - 1) / legs().length;
    byId("mix-legs").replaceChildren(...legs().map(([from, to], leg) => {
      const name = `From ${letterOf(from)} to ${letterOf(to)}`;
      const all = pictures.slice(number * leg, number * (leg + 1) + 1);
      return make("ol", { className: "leg", aria: { label: name } }, ...all.map((picture, index) =>
        make("li", {}, make("img", { className: "picture", src: pngURL(picture), alt: `${name}, ${index + 1} of ${all.length}` }),
          ...(index === 0 ? [makeBadge(from)] : index === number ? [makeBadge(to)] : []))));
    }));
  };
  // Room for the pictures of other legs.
  const reserve = () => {
    const list = byId("mix-legs");
    list.style.setProperty("--legs", legs().length);
    list.style.setProperty("--steps", Math.min(shownSteps, steps.value));
    list.replaceChildren(...legs().map(() => make("div", { className: "leg" })));
    isShown = false;
  };

  const setBusy = (isBusy) => {
    for (const button of buttons) button.disabled = isBusy || !hasCorners();
  };
  // A file of the frames there; what makes it gets the pictures, drawn as large as chosen.
  const save = (name, write) => async () => {
    setBusy(true);
    status.busy("Drawing the way…");
    try {
      const answer = await getMixes(rowsOf(Number(steps.value)));
      const blob = await write(answer.images);
      downloadBlob(blob, name);
      const remark = remarkOn(answer, advice);
      if (remark) status.done(remark);
      else status.say(`${name}: ${answer.images.length} pictures, ${bytes(blob.size)}.`);
    } catch (error) {
      status.fail(error, save(name, write));
    }
    setBusy(false);
  };

  const side = () => ({ width: model.width * scale.value, height: model.height * scale.value });
  const saveStrip = save("glow-mix-strip.png", async (images) => {
    const { width, height } = side();
    if (images.length * width > widestCanvas) {
      const wide = `${inWords(images.length * width)} pixels wide, and a browser draws ${inWords(widestCanvas)}`;
      throw new Error(`The strip would be ${wide}. Choose fewer pictures or a smaller size.`);
    }
    const { canvas, draw } = makeCanvas(images.length * width, height);
    for (const [index, image] of images.entries()) await draw(image, index * width, width, height);
    return pngOf(canvas);
  });
  const saveAnimation = save("glow-mix-way.png", async (images) => {
    const { width, height } = side();
    let pngs = images.map(bytesOf);
    if (width !== model.width || !canJoin(pngs)) {
      const { canvas, draw } = makeCanvas(width, height);
      pngs = [];
      for (const image of images) {
        await draw(image, 0, width, height);
        pngs.push(new Uint8Array(await (await pngOf(canvas)).arrayBuffer()));
      }
    }
    return apngOf(thereAndBack(pngs).map(({ item, milliseconds }) => ({ png: item, milliseconds })));
  });
  const saveFilm = save("glow-mix-way.mp4", async (images) => {
    const { width, height } = side();
    const frames = thereAndBack(images);
    const pictures = new Map(await Promise.all(images.map(async (image) => {
      const { canvas, draw } = makeCanvas(width, height);
      await draw(image, 0, width, height);
      return [image, canvas];
    })));
    return filmOf([...frames, frames[0]].map(({ item, milliseconds }) => ({ picture: pictures.get(item), milliseconds })), side());
  });
  // Each picture with its time; a film or animation can begin again after the last.
  const thereAndBack = (items) => {
    const between = Number(steps.value) - 1;
    const frames = items.map((item, index) =>
      ({ item, milliseconds: index % between === 0 ? cornerTime : Math.round(legTime / between) }));
    return [...frames, ...frames.slice(1, -1).reverse()];
  };

  const showFilm = async () => {
    const { width, height } = side();
    const isPossible = await canFilm(width, height);
    if (width === side().width) byId("mix-film").hidden = !isPossible;
  };

  const scales = [1, 2, 4, 8, 16].filter((factor) => factor === 1 || factor * Math.max(model.width, model.height) <= mostSide);
  const sizeOf = (factor) => size(factor * model.width, factor * model.height);
  scale.append(...scales.map((factor) => make("option", { value: factor }, sizeOf(factor))));
  const usual = String(scales.findLast((factor) => factor * model.width <= usualSide) ?? 1);
  scale.value = usual;
  showFilm();
  scale.addEventListener("change", showFilm);
  for (const select of [way, steps, scale]) {
    select.addEventListener("change", () => {
      reserve();
      onChange();
    });
  }
  [saveStrip, saveAnimation, saveFilm].forEach((listener, index) => (buttons[index].onclick = listener));

  const choose = (select, value) => {
    if ([...select.options].some((option) => option.value === value)) select.value = value;
  };
  return {
    setCount: (number) => {
      if (number === count) return;
      count = number;
      const earlier = way.value;
      way.replaceChildren(...waysOf(count).map((list) => make("option", { value: list.join("") }, list.map(letterOf).join(" to "))));
      choose(way, earlier);
      reserve();
    },
    refresh: () => setBusy(false),
    outdate: () => (isShown = false),
    // The way in few pictures.
    fill: async (getMixes) => {
      if (isShown) return;
      const answer = await getMixes(rowsOf(Math.min(shownSteps, steps.value)));
      showLegs(answer.images);
      isShown = true;
    },
    state: () => ({
      ...(way.selectedIndex > 0 ? { way: corners().map(letterOf).join("") } : {}),
      ...(steps.value === "9" ? {} : { steps: steps.value }),
      ...(scale.value === usual ? {} : { scale: scale.value }),
    }),
    restore: (fields) => {
      way.selectedIndex = 0;
      choose(way, [...fields.get("way") ?? ""].map((letter) => "ABCD".indexOf(letter)).join(""));
      choose(steps, fields.get("steps") ?? "9");
      choose(scale, fields.get("scale") ?? usual);
      reserve();
    },
  };
}

// Through all corners, and from each to each other.
function waysOf(count) {
  const all = Array.from({ length: count }, (_, corner) => corner);
  const pairs = all.flatMap((from) => all.slice(from + 1).map((to) => [from, to]));
  return count === 2 ? pairs : [all, ...pairs];
}

const makeBadge = (corner) => make("span", { className: "badge", aria: { hidden: true } }, letterOf(corner));

function makeCanvas(width, height) {
  const canvas = make("canvas", { width, height });
  const context = canvas.getContext("2d", { alpha: false });
  context.imageSmoothingEnabled = !document.documentElement.classList.contains("is-pixelated");
  context.imageSmoothingQuality = "high";
  const draw = async (image, left, across, down) => context.drawImage(await bitmapOf(image), left, 0, across, down);
  return { canvas, draw };
}

function pngOf(canvas) {
  return new Promise((done, fail) => canvas.toBlob((blob) =>
    (blob ? done(blob) : fail(new Error("This browser draws no picture of that size. Choose a smaller one."))), "image/png"));
}
