// The area between two, three or four corners, the weights of the corners at a point of it, and the lattice of pictures that fills it.

const areas = {
  2: {
    corners: [[0, 0.5], [1, 0.5]],
    weights: ([x]) => [1 - x, x],
  },
  3: {
    corners: [[0.5, 0], [0, 1], [1, 1]],
    weights: ([x, y]) => [1 - y, y / 2 - x + 0.5, y / 2 + x - 0.5],
  },
  4: {
    corners: [[0, 0], [1, 0], [0, 1], [1, 1]],
    weights: ([x, y]) => [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y],
  },
};

// Tiles in columns and rows, those that a corner's own picture takes along each side, and how many tiles lie between those that are
// filled first, second and last.
const lattices = {
  2: { columns: 7, rows: 1, corner: 1, strides: [3, 1] },
  3: { columns: 7, rows: 7, corner: 1, strides: [3, 1] },
  4: { columns: 9, rows: 9, corner: 2, strides: [4, 2, 1] },
};

export const cornersOf = (count) => areas[count].corners;
export const centerOf = (count) => pointOf(count, Array(count).fill(1 / count));

// The weights at the point of the area nearest to `point`, and that point.
export function mixAt(count, [x, y]) {
  const inside = [clamp(x), clamp(y)];
  const raw = areas[count].weights(inside).map(clamp);
  const sum = raw.reduce((total, weight) => total + weight, 0);
  const weights = raw.map((weight) => weight / sum);
  return { weights, point: pointOf(count, weights) };
}

// The tiles that no corner covers, each with its weights and with its turn (0 is first), and where the corners lie, in tiles.
// The middles of the outer tiles are the sides of the area; the rows of a triangle are shifted by half a tile each.
export function latticeOf(count) {
  const { columns, rows, corner, strides } = lattices[count];
  const corners = cornersOf(count).map(([x, y]) => ({ column: x * (columns - corner), row: y * (rows - corner) }));
  const isCovered = (tile) => corners.some(({ column, row }) =>
    tile.column >= column && tile.column < column + corner && tile.row >= row && tile.row < row + corner);
  const tiles = [];
  for (let row = 0; row < rows; row += 1) {
    const inRow = count === 3 ? row + 1 : columns;
    for (let index = 0; index < inRow; index += 1) {
      const column = index + (columns - inRow) / 2;
      const { weights } = mixAt(count, [column / (columns - 1), row / Math.max(1, rows - 1)]);
      tiles.push({ column, row, weights, turn: strides.findIndex((stride) => index % stride === 0 && row % stride === 0) });
    }
  }
  return { columns, rows, corner, corners, turns: strides.length, tiles: tiles.filter((tile) => !isCovered(tile)) };
}

function pointOf(count, weights) {
  const along = (axis) => cornersOf(count).reduce((sum, corner, index) => sum + weights[index] * corner[axis], 0);
  return [along(0), along(1)];
}

const clamp = (value) => Math.min(1, Math.max(0, value));
