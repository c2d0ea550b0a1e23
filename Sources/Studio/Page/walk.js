// A slider over pictures of a way there and back, drawn into a canvas, and its being played.

const wholeWay = 3500; // milliseconds
const shortest = 60;
const calm = 900; // where motion is to be reduced
const pauseAtTurn = 8; // pictures

// `onMove(at, isBack)` is called with each place. A way that does not turn ends there.
export function makeWalk({ canvas, slider, play, turns = true, onMove = () => {} }) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let there = [];
  let back = [];
  let at = 0;
  let isBack = false;
  let timer = null;

  const go = (place, isReturning) => {
    at = Math.max(0, Math.min(there.length - 1, place));
    isBack = turns && isReturning && at < there.length - 1;
    slider.value = at;
    const image = (isBack ? back : there)[at];
    Object.assign(canvas, { width: image.naturalWidth, height: image.naturalHeight });
    context.drawImage(image, 0, 0);
    onMove(at, isBack);
  };
  const stop = () => {
    clearTimeout(timer);
    timer = null;
    play.textContent = "Play";
  };
  const step = (pause) => {
    const isAtTurn = at === there.length - 1;
    if (isBack ? at === 0 : isAtTurn && !turns) return stop();
    if (isAtTurn && pause > 0) return wait(pause - 1);
    const isReturning = isBack || isAtTurn;
    go(at + (isReturning ? -1 : 1), isReturning);
    wait(pauseAtTurn);
  };
  const wait = (pause) => {
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    timer = setTimeout(step, isCalm ? calm : Math.max(shortest, wholeWay / there.length), isCalm ? 0 : pause);
  };
  const start = () => {
    if (isBack ? at === 0 : at === there.length - 1 && !turns) go(0, false);
    play.textContent = "Stop";
    wait(0);
  };
  play.onclick = () => (timer === null ? start() : stop());
  slider.addEventListener("input", () => {
    stop();
    const place = slider.valueAsNumber;
    go(place, place < at || (place === at && isBack));
  });
  return {
    // Data of images, one a place, of both ways.
    show: async (urlsThere, urlsBack, place, isReturning) => {
      const [ones, others] = await Promise.all([urlsThere, urlsBack].map((urls) => Promise.all(urls.map(decoded))));
      stop();
      [there, back] = [ones, others];
      slider.max = there.length - 1;
      slider.disabled = play.disabled = false;
      go(place, isReturning);
    },
    go: (place, isReturning = place < at) => {
      stop();
      go(place, isReturning);
    },
    stop,
    place: () => ({ at, isBack }),
    pixels: () => context.getImageData(0, 0, canvas.width, canvas.height).data,
  };
}

async function decoded(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}
