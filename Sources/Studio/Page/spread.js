// How the values of a shown picture are spread from black to white, beside the bell.

const reach = 2; // standard deviations, as far as black and white of what is in a flow
const mostBins = 32;
const peak = 24; // of the bell, where the whole is 40 high
export const bellPath = line(Array.from({ length: 65 }, (_, index) => index / 64));

function line(places) {
  const points = places.map((at) => `${(100 * at).toFixed(1)} ${(40 - peak * Math.exp(-((reach * (2 * at - 1)) ** 2) / 2)).toFixed(2)}`);
  return `M${points.join("L")}`;
}

// The path of the bars, as high as the bell where as many values lie: those beyond both ends are left out.
export function histogramPath(pixels, { channels, bits }) {
  const bins = Math.min(mostBins, 2 ** bits);
  const counts = new Array(bins).fill(0);
  const step = channels === 1 ? 4 : 1;
  let total = 0;
  for (let index = 0; index < pixels.length; index += step) {
    if (index % 4 === 3) continue;
    total += 1;
    counts[Math.floor(pixels[index] * bins / 256)] += 1;
  }
  const density = (number) => number / total * bins / (2 * reach) * Math.sqrt(2 * Math.PI);
  const width = 100 / bins;
  return counts.map((number, bin) => (bin === 0 || bin === bins - 1 ? "" : bar(bin * width, width, Math.min(40, peak * density(number))))).join("");
}

const bar = (left, width, height) => `M${(left + 0.15 * width).toFixed(2)} 40v${-height.toFixed(2)}h${(0.7 * width).toFixed(2)}V40z`;
