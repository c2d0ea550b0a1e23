// The pictures between the corners of the tab "Mix": coarse first, then ever finer.

import { latticeOf } from "./mixing.js";
import { bitmapOf } from "./pictures.js";

// Hard pixels of fewer screen pixels come out uneven.
const leastPixelScale = 2;

export function makeLattice({ canvas, stage, model }) {
  const context = canvas.getContext("2d");
  const { width, height } = model;
  let lattice = latticeOf(4);
  let turn = 0;

  const nearest = (tile) => {
    const away = (other) => Math.hypot(other.column - tile.column, other.row - tile.row);
    const known = lattice.tiles.filter(({ picture }) => picture);
    return known.length > 0 && known.reduce((best, other) => (away(other) < away(best) ? other : best));
  };
  // A tile without a picture shows that of the nearest one, or is empty.
  const draw = () => {
    context.fillStyle = getComputedStyle(canvas).color;
    for (const tile of lattice.tiles) {
      const { picture } = tile.picture ? tile : nearest(tile) || tile;
      const place = [tile.column * width, tile.row * height, width, height];
      if (picture) context.drawImage(picture, ...place);
      else context.fillRect(...place);
    }
  };
  new ResizeObserver(() => {
    const isLarge = canvas.clientWidth * devicePixelRatio >= leastPixelScale * canvas.width;
    stage.classList.toggle("is-large", isLarge);
  }).observe(canvas);

  return {
    // Other corners: no picture stays.
    clear: (count) => {
      lattice = latticeOf(count);
      turn = 0;
      Object.assign(canvas, { width: lattice.columns * width, height: lattice.rows * height });
      canvas.dataset.pictures = 0;
      draw();
    },
    // The pictures stay until others take their places.
    outdate: () => (turn = 0),
    // `getMixes` takes lists of weights, and gives up when `signal` says so; then the next call goes on from there.
    fill: async (getMixes, signal) => {
      for (; turn < lattice.turns; turn += 1) {
        const tiles = lattice.tiles.filter((tile) => tile.turn === turn);
        const { images } = await getMixes(tiles.map(({ weights }) => weights));
        const pictures = await Promise.all(images.map(bitmapOf));
        signal.throwIfAborted();
        tiles.forEach((tile, index) => (tile.picture = pictures[index]));
        draw();
        canvas.dataset.pictures = lattice.tiles.filter((tile) => tile.turn <= turn).length;
      }
    },
  };
}
