"""Cuts square patches out of photographs, for trials of a generative model.

Each photograph is shrunk by a whole factor of 2 to 4 (means over squares of that side), to about 1,000 rows at most,
so that the artefacts of its lossy compression go; it is cut into a grid of patches that do not overlap. Patches that
are nearly constant, or nearly equal to one already taken, are left out. Training, validation and test patches come
from different photographs, in the same shares of each source.
"""

import argparse
import csv
import random
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

import photo_resources
from photo_sources import PHOTOGRAPHS

SHARES = {"test": 0.1, "validation": 0.1, "train": 0.8}  # of the photographs, and of the patches
NEARLY_CONSTANT = 5.0  # standard deviation of the brightness, of 255
NEARLY_EQUAL = 8.0  # root mean square difference of 8x8 thumbnails, of 255


def open_photographs():
    """The pictures that are there, by photograph. Which are missing is said on stderr."""
    opened = {photograph: photograph.open() for photograph in PHOTOGRAPHS}
    missing = [photograph for photograph, picture in opened.items() if picture is None]
    if len(missing) > len(PHOTOGRAPHS) / 2:
        raise SystemExit(
            f"photo_patches: {len(missing)} of {len(PHOTOGRAPHS)} photographs are missing, the first of them "
            f"{missing[0].name} in {missing[0].file}: install the packages that make-photo-patches.sh names"
        )
    if missing:
        print(
            f"photo_patches: these packages lack {len(missing)} of {len(PHOTOGRAPHS)} photographs, so the set is not "
            f"the one in docs/data.md: {', '.join(f'{each.source}/{each.name}' for each in missing)}",
            file=sys.stderr,
        )
    return {photograph: picture for photograph, picture in opened.items() if picture is not None}


def split_photographs(photographs, choose):
    """Divides the photographs of each source by `SHARES`: split -> photographs."""
    splits = {split: [] for split in SHARES}
    for source in dict.fromkeys(photograph.source for photograph in photographs):
        these = [photograph for photograph in photographs if photograph.source == source]
        choose.shuffle(these)
        test, validation = (round(SHARES[split] * len(these)) for split in ("test", "validation"))
        splits["test"] += these[:test]
        splits["validation"] += these[test : test + validation]
        splits["train"] += these[test + validation :]
    return splits


def patches(picture, size):
    """The patches of a picture that are not nearly constant: [(left, top, pixels, thumbnail)]."""
    picture = picture.convert("RGB")
    picture = picture.reduce(min(4, max(2, round(min(picture.size) / 1000))))
    pixels = np.asarray(picture)
    rows, columns = pixels.shape[0] // size, pixels.shape[1] // size
    cells = pixels[: rows * size, : columns * size].reshape(rows, size, columns, size, 3).swapaxes(1, 2)
    found = []
    for row, column in np.ndindex(rows, columns):
        cell = np.ascontiguousarray(cells[row, column])
        if np.std(cell @ np.array([0.299, 0.587, 0.114], dtype=np.float32)) >= NEARLY_CONSTANT:
            thumbnail = cell.reshape(8, size // 8, 8, size // 8, 3).mean(axis=(1, 3), dtype=np.float32).ravel()
            found.append((column * size, row * size, cell, thumbnail))
    return found


class Distinct:
    """Remembers thumbnails, and refuses what is nearly equal to one of them."""

    def __init__(self, capacity):
        self.thumbnails = np.empty((capacity, 8 * 8 * 3), dtype=np.float32)
        self.squares = np.empty(capacity, dtype=np.float32)
        self.count = 0

    def add(self, thumbnail):
        square = thumbnail @ thumbnail
        differences = self.squares[: self.count] - 2 * (self.thumbnails[: self.count] @ thumbnail) + square
        if (differences < NEARLY_EQUAL**2 * thumbnail.size).any():
            return False
        self.thumbnails[self.count] = thumbnail
        self.squares[self.count] = square
        self.count += 1
        return True


def take(sources, count, distinct, choose):
    """Takes `count` distinct patches (fewer if there are no more), from each photograph in turn."""
    for source in sources.values():
        choose.shuffle(source)
    taken = []
    while len(taken) < count and any(sources.values()):
        for photograph, source in sources.items():
            while source and len(taken) < count:
                left, top, pixels, thumbnail = source.pop()
                if distinct.add(thumbnail):
                    taken.append((photograph, f"{photograph.source}-{photograph.name}-{left}-{top}", pixels))
                    break
    return taken


def write_licenses(folder, photographs):
    """Copies what gcompris says of authors and licenses, a README beside the pictures or a folder above them."""
    folder.mkdir()
    for file in {photograph.file for photograph in photographs if photograph.member}:
        used = [photograph.member for photograph in photographs if photograph.file == file]
        for path in photo_resources.members(file):
            place, _, name = path.rpartition("/")
            if name == "README" and any(member.startswith(place + "/") for member in used):
                text = photo_resources.read(file, path)
                (folder / f"{'-'.join(place.split('/')[4:])}.txt").write_bytes(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if not 8 <= options.size <= 256 or options.size % 8:
        raise SystemExit(f"photo_patches: --size must be a multiple of 8 from 8 to 256, not {options.size}")
    if options.count < 10:
        raise SystemExit(f"photo_patches: --count must be at least 10, not {options.count}")

    choose = random.Random(options.seed)
    pictures = open_photographs()
    distinct = Distinct(options.count + len(SHARES))
    present, used = list(pictures), []
    for split, photographs in split_photographs(pictures, choose).items():
        sources = {photograph: patches(pictures.pop(photograph), options.size) for photograph in photographs}
        chosen = take(sources, round(SHARES[split] * options.count), distinct, choose)
        folder = options.folder / split
        folder.mkdir(parents=True)
        for _, name, pixels in chosen:
            Image.fromarray(pixels).save(folder / f"{name}.png")
        counts = Counter(photograph for photograph, *_ in chosen)
        used += [(split, each.source, each.name, each.file, each.member or "", counts[each]) for each in counts]
        print(f"{split}: {len(chosen)} patches of {len(counts)} photographs")

    with open(options.folder / "photographs.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("split", "source", "name", "file", "member", "patches"), *used])
    write_licenses(options.folder / "licenses", present)


if __name__ == "__main__":
    main()
