// Round numbers along an axis.

const wanted = 5;
const mostDigits = 12;

// Values that differ by less are one: labels of so many digits could not tell them apart.
const leastDifference = 1e-9;

// Ticks from the last one that is not above `low` to the first that is not below `high`.
export function linearTicks(low, high) {
  const size = Math.max(Math.abs(low), Math.abs(high));
  const step = niceStep((high - low > leastDifference * size ? high - low : size || 1) / wanted);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return range(first, last).map((index) => Number((index * step).toPrecision(12)));
}

function niceStep(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= step * 0.999);
}

// Powers of ten, and two and five times these when they would be few.
export function logarithmicTicks(low, high) {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const factors = last - first > 3 ? [1] : [1, 2, 5];
  const all = range(first, Math.max(last, first + 1))
    .flatMap((power) => factors.map((factor) => Number((factor * 10 ** power).toPrecision(3))));
  const start = Math.max(0, all.findLastIndex((tick) => tick <= low));
  const end = all.findIndex((tick) => tick >= high);
  return all.slice(start, Math.max(end, start + 1) + 1);
}

// Numbers in words that differ where the numbers do: `inWords(number, digits)` with as few digits as that takes.
export function distinctLabels(numbers, inWords, digits = 3) {
  const labels = numbers.map((number) => inWords(number, digits));
  const isClear = new Set(labels).size === new Set(numbers).size;
  return isClear || digits >= mostDigits ? labels : distinctLabels(numbers, inWords, digits + 1);
}

const range = (first, last) => Array.from({ length: last - first + 1 }, (_, index) => first + index);
