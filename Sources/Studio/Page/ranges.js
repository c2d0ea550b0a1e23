// Whole numbers as text, such as "0-15,32".

const most = 10_000;

// The first and the last of each run of neighbors.
export function runsOf(numbers) {
  const runs = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs;
}

export const rangesOf = (numbers) => runsOf(numbers).map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(",");

export function numbersOf(text) {
  const numbers = new Set();
  for (const [, from, to = from] of (text ?? "").matchAll(/(\d+)(?:-(\d+))?/g)) {
    for (let number = Number(from); number <= Number(to) && numbers.size < most; number++) numbers.add(number);
  }
  return [...numbers];
}
