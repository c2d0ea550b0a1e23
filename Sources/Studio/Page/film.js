// Samples over time: pictures of one seed along the training, the newest first shown.

import { getRunFilm, getRuns, getRunSamples, pause } from "./api.js";
import { byId, coalesce, make } from "./controls.js";
import { count, finite, fixed } from "./format.js";
import { pngURL } from "./pictures.js";
import { columnsFor } from "./rows.js";

const frameTime = 300;

// The samples are drawn after the line of metrics that tells of the validation: when to look for them.
const waits = [1500, 3000, 6000, 12_000];
const mostColumns = 6;

export function makeFilm(changed) {
  const [picture, slider, thumbs, play] = ["picture", "slider", "thumbs", "play"].map((name) => byId(`training-film-${name}`));
  let run = null;
  let lines = [];
  let frames = [];
  // The number of images of the frame that was chosen; null: the newest, whichever it is.
  let chosen = null;
  let isRestored = false;
  let timer = null;

  const index = () => {
    const found = frames.findLastIndex(({ images }) => chosen !== null && images <= chosen);
    return chosen === null ? frames.length - 1 : Math.max(found, 0);
  };

  const show = () => {
    const at = index();
    const frame = frames[at];
    byId("training-film-empty").hidden = run.hasSamples;
    byId("training-film").hidden = !run.hasSamples;
    if (!frame) return;
    const words = describe(frame, lines);
    if (picture.src !== frame.url) picture.src = frame.url;
    picture.alt = `Samples after ${words}`;
    byId("training-film-caption").textContent = words;
    Object.assign(slider, { max: frames.length - 1, value: at });
    slider.setAttribute("aria-valuetext", words);
    [...thumbs.children].forEach((thumb, number) => thumb.setAttribute("aria-pressed", number === at));
  };

  const choose = (at) => {
    chosen = at >= frames.length - 1 ? null : frames[at].images;
    show();
    changed();
  };

  const showFrames = (shown) => {
    for (const { url } of frames) URL.revokeObjectURL(url);
    frames = shown;
    thumbs.replaceChildren(...frames.map(({ url, images = 0 }, at) => {
      const name = `${count(images)} images`;
      const onclick = () => {
        stop();
        choose(at);
      };
      // The slider does the same by keyboard.
      const properties = { type: "button", className: "picture-button", tabIndex: -1, title: name, onclick };
      return make("button", properties, make("img", { className: "picture", src: url, alt: name }));
    }));
    thumbs.style.setProperty("--columns", Math.max(4, columnsFor(frames.length, mostColumns)));
    byId("training-film-controls").hidden = frames.length < 2;
    show();
  };

  const load = async (id) => {
    try {
      const found = await framesOf(id);
      if (run.id === id) showFrames(found);
    } catch {
      // the next validation brings others
    }
  };

  // After another validation.
  const loadNew = coalesce(async ({ id, images }) => {
    for (const wait of waits) {
      await pause(wait);
      if (run.id !== id) return;
      if (!run.hasSamples) run.hasSamples = await hasSamplesNow(id);
      if (run.hasSamples) await load(id);
      if (frames.at(-1)?.images >= images) return;
    }
  });

  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  };
  const start = () => {
    if (index() === frames.length - 1) choose(0);
    play.textContent = "Pause";
    timer = setInterval(() => {
      choose(index() + 1);
      if (index() === frames.length - 1) stop();
    }, frameTime);
  };

  play.onclick = () => (timer === null ? start() : stop());
  slider.addEventListener("input", () => {
    stop();
    choose(slider.valueAsNumber);
  });
  return {
    stop,
    open: (opened) => {
      const isOther = run?.id !== opened.id;
      if (isOther && !isRestored) chosen = null;
      isRestored = false;
      run = { ...opened };
      if (isOther) {
        stop();
        lines = [];
        frames = [];
        picture.removeAttribute("src");
        byId("training-film-caption").textContent = "";
        thumbs.replaceChildren();
        byId("training-film-controls").hidden = false;
      }
      show();
      if (run.hasSamples) load(run.id);
    },
    describe: (shown) => {
      lines = shown;
      show();
    },
    loadNew: (images) => loadNew({ id: run.id, images }),
    state: () => (chosen === null ? {} : { frame: chosen }),
    restore: (fields) => {
      chosen = fields.has("frame") ? Number(fields.get("frame")) : null;
      isRestored = true;
      if (run) show();
    },
  };
}

// A run without a film may have its newest samples.
async function framesOf(id) {
  const { frames } = await getRunFilm(id);
  if (frames.length > 0) return frames.map(({ images, image }) => ({ images, url: pngURL(image) }));
  return [{ url: URL.createObjectURL(await getRunSamples(id)) }];
}

async function hasSamplesNow(id) {
  const runs = await getRuns().catch(() => []);
  return runs.find((run) => run.id === id)?.hasSamples ?? false;
}

function describe({ images }, lines) {
  if (images === undefined) return "the last validation";
  const bits = finite(lines.find((line) => line.images === images)?.validationBitsPerDimension);
  return bits === undefined ? `${count(images)} images` : `${count(images)} images · validation ${fixed(bits, 4)} bits/dim`;
}
