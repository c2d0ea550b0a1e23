// The area between two, three or four corners, and the weights of the corners at a point of it.

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

export const cornersOf = (count) => areas[count].corners;
export const centerOf = (count) => pointOf(count, Array(count).fill(1 / count));

// The outline, in the order in which its corners follow each other.
export function outlineOf(count) {
  const corners = cornersOf(count);
  return count === 4 ? [0, 1, 3, 2].map((index) => corners[index]) : corners;
}

// The weights at the point of the area nearest to `point`, and that point.
export function mixAt(count, [x, y]) {
  const inside = [clamp(x), clamp(y)];
  const raw = areas[count].weights(inside).map(clamp);
  const sum = raw.reduce((total, weight) => total + weight, 0);
  const weights = raw.map((weight) => weight / sum);
  return { weights, point: pointOf(count, weights) };
}

function pointOf(count, weights) {
  const along = (axis) => cornersOf(count).reduce((sum, corner, index) => sum + weights[index] * corner[axis], 0);
  return [along(0), along(1)];
}

const clamp = (value) => Math.min(1, Math.max(0, value));
