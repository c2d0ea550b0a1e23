// Bytes of files that the page writes.

export const u16 = (number) => [(number >>> 8) & 0xff, number & 0xff];
export const u32 = (number) => [...u16(number >>> 16), ...u16(number)];
export const zeros = (count) => new Uint8Array(count);

// Texts (ASCII), lists of bytes and arrays of them, one after the other.
export function joined(...parts) {
  const all = parts.map((part) => (typeof part === "string" ? new TextEncoder().encode(part) : part));
  const bytes = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of all) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
}
