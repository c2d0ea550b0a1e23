// Animated PNGs: the data of still ones goes into theirs as it is.

import { joined, u16, u32 } from "./binary.js";
import { crc32 } from "./zip.js";

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

// Pictures of one size and kind can be frames of one file. What other chunks say of a picture would be lost.
export function canJoin(pngs) {
  const heads = pngs.map((png) => chunksOf(png).find(({ type }) => type === "IHDR").data.join());
  const isPlain = (png) => chunksOf(png).every(({ type }) => ["IHDR", "IDAT", "IEND"].includes(type));
  return heads.every((head) => head === heads[0]) && pngs.every(isPlain);
}

// Frames `{ png, milliseconds }`, of one size and kind, on and on.
export function apngOf(frames) {
  const { data: head } = chunksOf(frames[0].png).find(({ type }) => type === "IHDR");
  const size = head.subarray(0, 8);
  let sequence = 0;
  const next = () => u32(sequence++);
  const parts = frames.flatMap(({ png, milliseconds }, number) => [
    chunk("fcTL", next(), size, u32(0), u32(0), u16(milliseconds), u16(1000), [0, 0]),
    ...chunksOf(png).filter(({ type }) => type === "IDAT").map(({ data }) =>
      (number === 0 ? chunk("IDAT", data) : chunk("fdAT", next(), data))),
  ]);
  const start = [signature, chunk("IHDR", head), chunk("acTL", u32(frames.length), u32(0))];
  return new Blob([...start, ...parts, chunk("IEND")], { type: "image/png" });
}

function chunksOf(png) {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const chunks = [];
  for (let start = signature.length; start < png.length; start += 12 + chunks.at(-1).data.length) {
    const type = String.fromCharCode(...png.subarray(start + 4, start + 8));
    chunks.push({ type, data: png.subarray(start + 8, start + 8 + view.getUint32(start)) });
  }
  return chunks;
}

function chunk(type, ...parts) {
  const content = joined(type, ...parts);
  return joined(u32(content.length - 4), content, u32(crc32(content)));
}
