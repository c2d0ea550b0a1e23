// Films: H.264 of the browser's encoder in an MP4 file.

import { joined, u16, u32, zeros } from "./binary.js";

// Of the baseline profile, whose pictures come in the order in which they are shown.
const codec = "avc1.420028";
const leastBitrate = 1_000_000;
const bitsPerPixel = 16; // a second
const mostQueued = 8;
const keyEvery = 32;

const settings = (width, height) => (
  { codec, width, height, bitrate: Math.max(leastBitrate, bitsPerPixel * width * height), avc: { format: "avc" } });

export async function canFilm(width, height) {
  if (typeof VideoEncoder === "undefined") return false;
  return VideoEncoder.isConfigSupported(settings(width, height)).then(({ supported }) => supported, () => false);
}

// Frames `{ picture, milliseconds }`, whose pictures are canvases of this size.
export async function filmOf(frames, { width, height }) {
  const samples = [];
  let problem = null;
  let description;
  const encoder = new VideoEncoder({
    output: (chunk, { decoderConfig } = {}) => {
      description ??= decoderConfig?.description;
      const data = new Uint8Array(chunk.byteLength);
      chunk.copyTo(data);
      samples.push({ data, isKey: chunk.type === "key", timestamp: chunk.timestamp });
    },
    error: (error) => (problem = error),
  });
  encoder.configure(settings(width, height));
  const timestamps = [];
  let timestamp = 0;
  for (const [number, { picture, milliseconds }] of frames.entries()) {
    const frame = new VideoFrame(picture, { timestamp, duration: 1000 * milliseconds });
    encoder.encode(frame, { keyFrame: number % keyEvery === 0 });
    frame.close();
    timestamps.push(timestamp);
    timestamp += 1000 * milliseconds;
    while (encoder.encodeQueueSize > mostQueued && !problem) {
      await new Promise((done) => encoder.addEventListener("dequeue", done, { once: true }));
    }
  }
  if (!problem) await encoder.flush();
  if (problem) throw problem;
  encoder.close();
  const isWhole = description && samples.map((sample) => sample.timestamp).join() === timestamps.join();
  if (!isWhole) throw new Error("This browser's encoder leaves pictures out. Save an animation instead.");
  const durations = frames.map(({ milliseconds }) => milliseconds);
  return new Blob(fileOf({ samples, durations, description: bytesIn(description), width, height }), { type: "video/mp4" });
}

const bytesIn = (data) => (ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data));

// The file (ISO/IEC 14496-12 and -15)

const matrix = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].flatMap(u32);
const timescale = u32(1000);

function box(type, ...parts) {
  const content = joined(...parts);
  return joined(u32(8 + content.length), type, content);
}

// With a version and flags.
const fullBox = (type, flags, ...parts) => box(type, u32(flags), ...parts);
const table = (type, rows) => fullBox(type, 0, u32(rows.length), rows.flat().flatMap(u32));

function fileOf({ samples, durations, description, width, height }) {
  const head = box("ftyp", "isom", u32(0x200), "isomiso2avc1mp41");
  const duration = u32(durations.reduce((sum, part) => sum + part, 0));
  const sizes = samples.map(({ data }) => data.length);
  const keys = samples.flatMap(({ isKey }, index) => (isKey ? [[index + 1]] : []));
  const avc1 = box("avc1", zeros(6), u16(1), zeros(16), u16(width), u16(height), u32(0x480000), u32(0x480000), zeros(4), u16(1),
    zeros(32), u16(24), u16(0xffff), box("avcC", description));
  const movie = (offset) => box("moov",
    fullBox("mvhd", 0, zeros(8), timescale, duration, u32(0x10000), u16(0x100), zeros(10), matrix, zeros(24), u32(2)),
    box("trak",
      fullBox("tkhd", 3, zeros(8), u32(1), zeros(4), duration, zeros(16), matrix, u32(width << 16), u32(height << 16)),
      box("mdia",
        fullBox("mdhd", 0, zeros(8), timescale, duration, u16(0x55c4), zeros(2)),
        fullBox("hdlr", 0, zeros(4), "vide", zeros(13)),
        box("minf",
          fullBox("vmhd", 1, zeros(8)),
          box("dinf", fullBox("dref", 0, u32(1), fullBox("url ", 1))),
          box("stbl",
            fullBox("stsd", 0, u32(1), avc1),
            table("stts", durations.map((part) => [1, part])),
            table("stss", keys),
            table("stsc", [[1, samples.length, 1]]),
            fullBox("stsz", 0, zeros(4), u32(samples.length), sizes.flatMap(u32)),
            table("stco", [[offset]]))))));
  const dataHead = joined(u32(8 + sizes.reduce((sum, size) => sum + size, 0)), "mdat");
  const offset = head.length + movie(0).length + dataHead.length;
  return [head, movie(offset), dataHead, ...samples.map(({ data }) => data)];
}
