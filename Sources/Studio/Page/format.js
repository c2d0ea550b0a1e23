// Numbers in words.

const grouped = new Intl.NumberFormat("en");

export const count = (number) => grouped.format(number);
export const shortCount = (number, digits = 3) =>
  new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: digits }).format(number);
export const fixed = (number, digits) => minus(number.toFixed(digits));
export const signed = (number, digits) => (number > 0 ? "+" : "") + fixed(number, digits);
export const percent = (fraction) => `${Math.round(100 * fraction)}%`;
export const size = (width, height) => `${width}×${height}`;

export function significant(number, digits = 3) {
  const isTiny = number !== 0 && Math.abs(number) < 1e-3;
  const rounded = Number(number.toPrecision(digits));
  return isTiny ? rounded.toExponential() : minus(String(rounded));
}

export function bytes(number) {
  const units = ["bytes", "kB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, number)) / 3));
  return `${power === 0 ? number : (number / 1000 ** power).toFixed(1)} ${units[power]}`;
}

export function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 48 * 3600) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} days`;
}

// `number` if it is one that can be drawn: the server sends those that are not finite as strings.
export const finite = (number) => (Number.isFinite(number) ? number : undefined);

const minus = (text) => text.replace("-", "−");
