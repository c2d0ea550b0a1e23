// The points of a curve: pairs of x and y, by growing x.

const mostPoints = 600;

// An exponential moving average that begins at the first value, not at zero: each sum is divided by the weights it has so far.
export function smoothed(points, weight) {
  let [sum, weights] = [0, 0];
  return points.map(([x, y]) => {
    if (y === undefined) return [x, y];
    sum = weight * sum + (1 - weight) * y;
    weights = weight * weights + (1 - weight);
    return [x, sum / weights];
  });
}

// At most `mostPoints` points: means of neighbors.
export function thinned(points) {
  const size = Math.ceil(points.length / mostPoints);
  if (size <= 1) return points;
  const groups = [];
  for (let start = 0; start < points.length; start += size) groups.push(points.slice(start, start + size));
  return groups.map((group) => [group.at(-1)[0], group.reduce((sum, [, y]) => sum + y, 0) / group.length]);
}

// Those within a range, and one more on either side, to which a line leads.
export function within(points, [from, to]) {
  const first = points.findIndex(([x]) => x >= from);
  const last = points.findLastIndex(([x]) => x <= to);
  return first < 0 || last < 0 ? [] : points.slice(Math.max(0, first - 1), last + 2);
}

// The point that is nearest to `x`; undefined where the curve has ended before it.
export function nearest(points, x) {
  const [last] = points.at(-1) ?? [-Infinity];
  if (x > last) return undefined;
  const after = points.findIndex((point) => point[0] >= x);
  const before = Math.max(0, after - 1);
  return x - points[before][0] < points[after][0] - x ? points[before] : points[after];
}

export function extent(numbers) {
  return numbers.reduce(([low, high], number) => [Math.min(low, number), Math.max(high, number)], [Infinity, -Infinity]);
}
