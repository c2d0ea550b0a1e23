// WebP files that are stored on their side. Browsers turn JPEG and PNG as their Exif data says, as the server does, but
// not WebP: those are drawn anew here.

// A URL of the upright picture, or null where the browser shows it upright by itself.
export const uprightURL = async (file) => (await upright(file))?.toDataURL("image/png") ?? null;

// A canvas of it, or null.
export async function upright(file) {
  if (file.type !== "image/webp") return null;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const orientation = orientationOf(bytes);
  if (orientation === 1) return null;
  // Without the flag for Exif data no browser turns it a second time.
  bytes[20] &= ~0x08;
  try {
    return draw(await createImageBitmap(new Blob([bytes], { type: file.type })), orientation);
  } catch {
    return null;
  }
}

function draw(image, orientation) {
  const { width, height } = image;
  const isTurned = orientation >= 5;
  const canvas = Object.assign(document.createElement("canvas"), {
    width: isTurned ? height : width, height: isTurned ? width : height,
  });
  const context = canvas.getContext("2d");
  context.setTransform(...[
    [1, 0, 0, 1, 0, 0], [-1, 0, 0, 1, width, 0], [-1, 0, 0, -1, width, height], [1, 0, 0, -1, 0, height],
    [0, 1, 1, 0, 0, 0], [0, 1, -1, 0, height, 0], [0, -1, -1, 0, height, width], [0, -1, 1, 0, 0, width],
  ][orientation - 1]);
  context.drawImage(image, 0, 0);
  return canvas;
}

// The Exif tag 0x0112 of a WebP file in the extended form; 1 where there is none.
function orientationOf(bytes) {
  const name = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  const view = new DataView(bytes.buffer);
  if (bytes.length < 30 || name(12) !== "VP8X" || !(bytes[20] & 0x08)) return 1;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    if (name(at) === "EXIF") return orientationOfExif(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length + (length % 2);
  }
  return 1;
}

function orientationOfExif(exif) {
  if (String.fromCharCode(...exif.subarray(0, 4)) === "Exif") exif = exif.subarray(6);
  const view = new DataView(exif.buffer, exif.byteOffset, exif.length);
  try {
    const isLittle = view.getUint16(0) === 0x4949;
    if (view.getUint16(2, isLittle) !== 42) return 1;
    const directory = view.getUint32(4, isLittle);
    for (let entry = 0; entry < view.getUint16(directory, isLittle); entry++) {
      const at = directory + 2 + 12 * entry;
      if (view.getUint16(at, isLittle) !== 0x0112) continue;
      const isShort = view.getUint16(at + 2, isLittle) === 3 && view.getUint32(at + 4, isLittle) === 1;
      const value = view.getUint16(at + 8, isLittle);
      return isShort && value >= 1 && value <= 8 ? value : 1;
    }
  } catch (error) {
    // The data ends early.
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}
