"""Pictures and labels for the classifiers that judge a model: PNG files, IDX files, attributes.csv. Needs numpy; Pillow reads
pictures faster where there is one."""

import csv
import gzip
import struct
import zlib
from typing import NamedTuple

import numpy as np

try:
    from PIL import Image
except ImportError:
    Image = None

CLOTHES = ["t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]
UNKNOWN = -1  # of an attribute, beside 0 and 1


class InputError(Exception):
    pass


class Split(NamedTuple):
    pictures: np.ndarray  # bytes, [pictures, side, side, channels]
    values: np.ndarray  # 1, 0 or UNKNOWN, [pictures, attributes]


class DataSet(NamedTuple):
    attributes: list[str]
    splits: dict[str, Split]  # train, validation (where there is one), test


def read_data_set(folder):
    """A folder with train, test and perhaps validation, each of PNG files and attributes.csv; or one of Fashion-MNIST,
    whose classes are then the attributes."""
    if any(folder.glob("train-images-idx3-ubyte*")):
        return DataSet(CLOTHES, {"train": clothes(folder, "train"), "test": clothes(folder, "t10k")})
    if not (folder / "train").is_dir():
        raise InputError(f"{folder}: expected a folder with train and test, or the files of Fashion-MNIST")
    names, splits = None, {}
    for split in ("train", "validation", "test"):
        if split == "validation" and not (folder / split).is_dir():
            continue
        names_here, splits[split] = read_folder(folder / split)
        if names not in (None, names_here):
            raise InputError(f"{folder}: {split}/attributes.csv has other attributes than train/attributes.csv")
        names = names_here
    shapes = {split: found.pictures.shape[1:] for split, found in splits.items()}
    if len(set(shapes.values())) > 1:
        raise InputError(f"{folder}: the pictures of its splits differ in size: {shapes}")
    return DataSet(names, splits)


def read_folder(folder):
    """The names of the attributes, and the pictures and values."""
    if not folder.is_dir():
        raise InputError(f"no folder {folder}")
    table = folder / "attributes.csv"
    if not table.is_file():  # such as patches of photographs: pictures only
        files = sorted(folder.glob("*.png"))
        return [], Split(read_pictures(files, folder), np.zeros((len(files), 0), np.int8))
    with open(table, newline="", encoding="utf-8") as lines:
        header, *rows = csv.reader(lines)
    if header[:1] != ["file"] or not rows:
        raise InputError(f"{table}: expected a first column `file`, and a row for each picture")
    known = {"1": 1, "0": 0, "": UNKNOWN}
    values = np.empty((len(rows), len(header) - 1), np.int8)
    for number, row in enumerate(rows):
        if len(row) != len(header) or not all(cell in known for cell in row[1:]):
            raise InputError(f"{table}: row {number + 2} should have {len(header)} cells: a file, then 1, 0 or nothing")
        values[number] = [known[cell] for cell in row[1:]]
    return header[1:], Split(read_pictures([folder / row[0] for row in rows], folder), values)


def clothes(folder, prefix):
    images, labels = read_clothes(folder, prefix)
    return Split(images[..., None], np.eye(len(CLOTHES), dtype=np.int8)[labels])


# --- Fashion-MNIST ---


def read_idx(folder, name, dimensions):
    """An IDX file of bytes, gzipped or not, as an array."""
    path = next((p for p in (folder / f"{name}.gz", folder / name) if p.is_file()), None)
    if path is None:
        raise InputError(f"no {name}.gz in {folder}: get Fashion-MNIST with `make data`, or name its folder with --data")
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: {error}") from None
    header = 4 + 4 * dimensions
    if len(data) < header or data[:4] != bytes([0, 0, 8, dimensions]):
        raise InputError(f"{path}: not an IDX file of bytes with {dimensions} dimension(s)")
    shape = struct.unpack(f">{dimensions}I", data[4:header])
    if len(data) - header != int(np.prod(shape)):
        raise InputError(f"{path}: {len(data) - header} bytes of data, its header says {shape}")
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def read_clothes(folder, prefix):
    images = read_idx(folder, f"{prefix}-images-idx3-ubyte", 3)
    labels = read_idx(folder, f"{prefix}-labels-idx1-ubyte", 1)
    if images.shape != (len(labels), 28, 28):
        raise InputError(f"{folder}: {prefix} has images of shape {images.shape} and {len(labels)} labels")
    if labels.max() >= len(CLOTHES):
        raise InputError(f"{folder}: {prefix} has label {labels.max()}, expected 0 to {len(CLOTHES) - 1}")
    return images, labels.astype(np.int64)


# --- PNG ---


def read_pictures(files, folder):
    """PNG files of one size and one number of channels, `[files, height, width, channels]`."""
    files = list(files)
    if not files:
        raise InputError(f"no PNG files in {folder}")
    if Image:
        return by_pillow(files, folder)
    packed = [read_png(path) for path in files]
    for path, one in zip(files, packed):
        if one[0] != packed[0][0]:
            (width, height, channels), other = one[0], packed[0][0]
            raise InputError(
                f"{path}: {width}x{height} pixels of {channels} channel(s), but {files[0].name} has "
                f"{other[0]}x{other[1]} of {other[2]}"
            )
    return unfilter([raw for _, raw in packed], *packed[0][0], files)


def by_pillow(files, folder):
    """The same, in a tenth of the time."""
    pictures = []
    for path in files:
        try:
            with Image.open(path) as picture:
                if picture.mode not in ("L", "RGB"):
                    raise InputError(f"{path}: {picture.mode} pixels, expected 8-bit gray or RGB")
                pixels = np.asarray(picture)
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: not a PNG file ({error})") from None
        pictures.append(pixels.reshape(*pixels.shape[:2], -1))
        if pictures[-1].shape != pictures[0].shape:
            raise InputError(f"{path}: {pictures[-1].shape}, but {files[0].name} has {pictures[0].shape}")
    return np.stack(pictures)


def read_png(path):
    """`(width, height, channels)` of an 8-bit gray or RGB PNG, and its filtered rows."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise InputError(f"{path}: not a PNG file")
    position, header, body = 8, None, b""
    while position < len(data):
        if len(data) < position + 12:
            raise InputError(f"{path}: ends within a chunk")
        (length,) = struct.unpack(">I", data[position : position + 4])
        kind = data[position + 4 : position + 8]
        content = data[position + 8 : position + 8 + length]
        if len(data) < position + 12 + length:
            raise InputError(f"{path}: ends within chunk {kind!r}")
        position += 12 + length
        if kind == b"IHDR" and length == 13:
            header = struct.unpack(">IIBBBBB", content)
        elif kind == b"IDAT":
            body += content
        elif kind == b"IEND":
            break
    if header is None:
        raise InputError(f"{path}: no IHDR chunk")
    width, height, depth, color, _, _, interlaced = header
    channels = {0: 1, 2: 3}.get(color)
    if depth != 8 or channels is None or interlaced:
        raise InputError(f"{path}: expected a plain gray or RGB PNG of 8 bits (color type {color}, {depth} bits)")
    try:
        raw = zlib.decompress(body)
    except zlib.error as error:
        raise InputError(f"{path}: {error}") from None
    if len(raw) != height * (width * channels + 1):
        raise InputError(f"{path}: {len(raw)} bytes of pixels, expected {height * (width * channels + 1)}")
    return (width, height, channels), raw


def unfilter(raw, width, height, channels, files):
    """Undoes PNG's row filters (specification, section 9) in many pictures at once."""
    count = len(raw)
    rows = np.frombuffer(b"".join(raw), np.uint8).reshape(count, height, -1)
    kinds, lines = rows[:, :, 0], rows[:, :, 1:].reshape(count, height, width, channels)
    if (kinds > 4).any():
        picture, row = np.argwhere(kinds > 4)[0]
        raise InputError(f"{files[picture]}: row {row} has filter {kinds[picture, row]}, expected 0 to 4")
    pixels = np.zeros((count, height + 1, width + 1, channels), np.uint8)  # with a row above and a column to the left
    for y in range(height):
        above, line = pixels[:, y], lines[:, y]
        for kind in np.unique(kinds[:, y]):
            of = np.flatnonzero(kinds[:, y] == kind)
            pixels[of, y + 1, 1:] = unfiltered(kind, line[of], above[of])
    return np.ascontiguousarray(pixels[:, 1:, 1:])


def unfiltered(kind, line, above):
    if kind == 0:
        return line
    if kind == 1:
        return np.cumsum(line, axis=1, dtype=np.uint8)
    if kind == 2:
        return line + above[:, 1:]
    row, above = np.zeros(above.shape, np.int16), above.astype(np.int16)
    for x in range(line.shape[1]):
        left, up, corner = row[:, x], above[:, x + 1], above[:, x]
        if kind == 3:
            guess = (left + up) // 2
        else:
            p = left + up - corner
            to_left, to_up, to_corner = abs(p - left), abs(p - up), abs(p - corner)
            guess = np.where(
                (to_left <= to_up) & (to_left <= to_corner), left, np.where(to_up <= to_corner, up, corner))
        row[:, x + 1] = (line[:, x] + guess) & 255
    return row[:, 1:].astype(np.uint8)
