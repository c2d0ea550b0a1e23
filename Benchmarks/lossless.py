#!/usr/bin/env python3
"""Packs whole data sets under several settings, unpacks them, and counts pictures that are lost or changed.

Sources and results are read by Pillow, not by glow. Each split has settings of its own. Where glow keeps images of a training
split for validation, both are packed.
Needs numpy and Pillow, and the sets (`make data photo-patches emoji faces`):
    .venv-pictures/bin/python Benchmarks/lossless.py
"""

import argparse
import hashlib
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from codec import ROOT, Image, InputError, glow, np
from jpegxl import fashion_mnist

# Data set, splits, model, flags of compress, flags of decompress.
RUNS = [
    ("fashion-mnist", "train+validation", "fashion-mnist", ["--block", "1024", "-T", "2"], ["-T", "3"]),
    ("fashion-mnist", "test", "fashion-mnist", ["--block", "64", "-T", "3", "--effort", "1"], ["-T", "1"]),
    (".data/photo-patches-32", "train", "photos", ["--block", "512"], []),
    (".data/photo-patches-32", "test", "photos", ["--block", "100", "--effort", "9"], ["-T", "1"]),
    (".data/faces-64", "train", "faces", ["--low-bits", "--block", "256"], ["-T", "3"]),
    (".data/faces-64", "test", "faces", ["--low-bits", "-T", "1"], []),
    (".data/faces-32", "train", "photos", ["--block", "2048", "--embed-model"], []),
    (".data/faces-32", "test", "photos", ["--block", "1"], []),
    (".data/emoji-32", "train+validation", "photos", ["--effort", "4"], []),
    (".data/emoji-32", "test", "photos", ["--effort", "9", "--embed-model"], ["-T", "1"]),
]


def sources(data, split):
    """The pixels of a split, one array at a time."""
    if data == "fashion-mnist":
        # The validation split is part of these files.
        yield from fashion_mnist("t10k" if split == "test" else "train")
    else:
        for name in split.split("+"):
            yield from pictures(ROOT / data / name)


def pictures(folder):
    for file in sorted(folder.rglob("*.png")):
        with Image.open(file) as image:
            if image.mode not in ("L", "RGB"):
                raise InputError(f"{file}: expected mode L or RGB, not {image.mode}")
            yield np.asarray(image)


def digests(arrays):
    """How often each picture comes: its shape and its pixels, hashed."""
    return Counter(hashlib.sha256(repr(array.shape).encode() + array.tobytes()).digest() for array in arrays)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", default="", help="runs of which data set and split contain this")
    arguments = parser.parse_args()
    total = lost = 0
    print("| data | model | compress | decompress | pictures | lost or changed | bits/dim | seconds |")
    print("| --- | --- | --- | --- | ---: | ---: | ---: | ---: |", flush=True)
    for data, split, model, packing, unpacking in RUNS:
        if arguments.only not in f"{data}:{split}":
            continue
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="lossless-") as folder:
            out, packed = Path(folder) / "out", 0
            for name in split.split("+"):
                archive = Path(folder) / f"{name}.glz"
                glow("compress", "--data", f"{data}:{name}", "--model", model, "-o", archive, "--no-verify", "-q", *packing)
                glow("decompress", archive, "-o", out / name, "-q", *unpacking)
                packed += archive.stat().st_size
            wanted, size = digests(sources(data, split)), sum(array.size for array in sources(data, split))
            missing = (wanted - digests(pictures(out))).total()
            count = wanted.total()
            cells = [f"{data}:{split}", model, " ".join(packing), " ".join(unpacking), f"{count:,}", str(missing),
                     f"{8 * packed / size:.3f}", f"{time.monotonic() - start:.0f}"]
        print("| " + " | ".join(cells) + " |", flush=True)
        total, lost = total + count, lost + missing
    print(f"\n{total:,} pictures, {lost} lost or changed")
    sys.exit(bool(lost))


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"lossless: {error}")
