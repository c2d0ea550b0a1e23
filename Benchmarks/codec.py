#!/usr/bin/env python3
"""The codec beside PNG, WebP and JPEG XL: bytes of the test images of a data set, and seconds, in one table.

Classical codecs have each image in a file of its own, and all of them tiled in one picture (a mosaic). Of glow, the whole
archive counts, and beside it what the model says of the same images. All without loss; every archive is decoded and compared.

Needs cjxl (Debian's libjxl-tools), numpy and Pillow with WebP:
    .venv-pictures/bin/python Benchmarks/codec.py fashion-mnist fashion-mnist
    .venv-pictures/bin/python Benchmarks/codec.py .data/photo-patches-32 photos
"""

import argparse
import csv
import io
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Scripts"))

try:
    import numpy as np
    from PIL import Image, features
except ImportError as error:
    sys.exit(f"codec: {error}: run this with a Python that has numpy and Pillow, such as .venv-pictures/bin/python")

from jpegxl import InputError, mosaic, test_images  # noqa: E402

GLOW = ROOT / ".build/release/glow"


def png(image, folder):
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG", compress_level=9, optimize=True)
    return out.tell()


def webp(image, folder):
    out = io.BytesIO()
    Image.fromarray(image).convert("RGB").save(out, "WEBP", lossless=True, quality=100, method=6, exact=True)
    return out.tell()


def jpegxl(effort):
    def encode(image, folder):
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".png") as picture, \
                tempfile.NamedTemporaryFile(dir=folder, suffix=".jxl") as file:
            Image.fromarray(image).save(picture.name)
            command = ["cjxl", picture.name, file.name, "--distance", "0", "--effort", str(effort), "--num_threads", "0", "--quiet"]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise InputError(f"cjxl failed: {done.stderr.strip()}")
            return Path(file.name).stat().st_size
    return encode


CODECS = [("PNG, level 9", png), ("WebP, method 6", webp), ("JPEG XL, effort 7", jpegxl(7)), ("JPEG XL, effort 9", jpegxl(9))]


def timed(work):
    start = time.monotonic()
    return work(), time.monotonic() - start


def glow(*words):
    done = subprocess.run([GLOW, *map(str, words)], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise InputError(f"glow {words[0]} failed: {done.stderr.strip()}")
    return done.stdout


def line(name, *cells):
    print("| " + " | ".join([name, *cells]) + " |", flush=True)


def classical(images, skipped, folder):
    """Rows of the table. Returns the bytes of the smallest mosaic."""
    size, megabytes = images.size, images.size / 1e6
    smallest = float("inf")
    with ThreadPoolExecutor(2) as pool:
        for name, encode in CODECS:
            if any(part in name for part in skipped):
                continue
            sizes, seconds = timed(lambda encode=encode: sum(pool.map(lambda image: encode(image, folder), images)))
            tiled = encode(mosaic(images), folder)
            smallest = min(smallest, tiled)
            line(name, f"{8 * sizes / size:.3f}", f"{8 * tiled / size:.3f}", f"{megabytes / seconds:.2f}", "")
    return smallest


def scores(model, data, labels):
    """What the model says of each test image, in bits per dimension."""
    lines = glow("score", "--model", model, "--data", data, "--label", labels, "--json").splitlines()
    return np.array([json.loads(text)["bitsPerDimension"] for text in lines])


def packed_sizes(file):
    """What each image takes in the archive, in bits per dimension, and whether it is by the model."""
    with open(file, newline="") as rows:
        found = list(csv.DictReader(rows))
    return np.array([float(row["bits_per_dim"]) for row in found]), np.array([row["by"] == "model" for row in found])


def fewer_bits(images, bits, data, folder):
    """A data set of the same images of which values have so many bits, each in the middle of what it stands for."""
    hidden = 8 - bits
    for split in ("train", "test"):  # glow takes no folder without training images
        place = Path(folder) / "data" / split
        place.mkdir(parents=True)
        for number, image in enumerate(images):
            Image.fromarray((image >> hidden << hidden) + (1 << hidden - 1)).save(place / f"{number:06}.png")
        write_attributes(Path(data) / "test" / "attributes.csv", place / "attributes.csv")
    return Path(folder) / "data"


def write_attributes(source, target):
    """The same rows under the files' new names, which are numbers in the order of the old ones."""
    if not source.is_file():
        return
    with open(source, newline="") as file:
        header, *rows = csv.reader(file)
    with open(target, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        place = header.index("file")
        for number, row in enumerate(sorted(rows, key=lambda row: row[place])):
            writer.writerow([f"{number:06}.png" if column == place else value for column, value in enumerate(row)])


def plot(path, stated, taken, by_model, data):
    import plots

    figure, (axis,) = plots.panels(1)
    for which, color, label in [(by_model, "#0b6e99", "by the model"), (~by_model, "#d9730d", "in a mosaic")]:
        axis.scatter(stated[which], taken[which], s=4, linewidths=0, alpha=0.5, color=color, label=f"{which.sum()} {label}")
    ends = [0, max(stated.max(), taken.max()) * 1.02]
    axis.plot(ends, ends, color="#7a7a7a", linewidth=0.8)
    axis.set(xlim=ends, ylim=ends, xlabel="what the model says, bits/dim", ylabel="what the image takes in the archive, bits/dim")
    axis.legend(frameon=False, markerscale=3, title=f"{len(stated)} test images of {data}")
    plots.save(figure, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("data", help="fashion-mnist, or a folder with PNG files in test")
    parser.add_argument("model", help="as glow's --model")
    parser.add_argument("--skip", action="append", default=[], help="a codec's name, or a part of it; repeat for several")
    parser.add_argument("--block", type=int, default=512, help="tiles of a block; default: %(default)s")
    parser.add_argument("--effort", type=int, default=7, help="as glow's; default: %(default)s")
    parser.add_argument("--bits", type=int, choices=range(1, 9), default=8, help="of values; of fewer than 8 the upper ones")
    parser.add_argument("--plot", type=Path, help="draw what each image takes against what the model says (needs matplotlib)")
    arguments = parser.parse_args()
    if not features.check("webp"):
        raise InputError("this Pillow has no WebP")
    images = test_images(arguments.data)
    size, megabytes = images.size, images.size / 1e6
    of = f", the upper {arguments.bits} bits" if arguments.bits < 8 else ""
    print(f"{len(images)} images of {arguments.data}{of}, {megabytes:.2f} MB; model {arguments.model}\n")
    line("codec", "a file each, bits/dim", "a mosaic", "encoding, MB/s", "decoding, MB/s")
    line("---", *["---:"] * 4)
    with tempfile.TemporaryDirectory(prefix="codec-") as folder:
        smallest = classical(images >> (8 - arguments.bits), arguments.skip, folder)
        data = arguments.data if arguments.bits == 8 else fewer_bits(images, arguments.bits, arguments.data, folder)
        measure(arguments, data, images, smallest, folder)


def measure(arguments, data, images, smallest, folder):
    """glow's row, and what there is to say of it."""
    size, megabytes = images.size, images.size / 1e6
    archive, sizes = Path(folder) / "a.glz", Path(folder) / "sizes.csv"
    pack = ["compress", "--data", data, "--model", arguments.model, "-o", archive, "--block", arguments.block,
            "--effort", arguments.effort, "--sizes", sizes, "-q"]
    _, verified = timed(lambda: glow(*pack))
    _, encoding = timed(lambda: glow(*pack, "--no-verify", "-f"))
    _, decoding = timed(lambda: glow("decompress", archive, "--model", arguments.model, "-t", "-q"))
    packed = archive.stat().st_size
    listed = json.loads(glow("decompress", archive, "-l", "--json"))
    taken, by_model = packed_sizes(sizes)
    line(f"glow, blocks of {arguments.block}", "", f"{8 * packed / size:.3f}", f"{megabytes / encoding:.2f}", f"{megabytes / decoding:.2f}")
    evaluation, seconds = timed(lambda: json.loads(glow("eval", "--model", arguments.model, "--data", data, "--json")))
    evaluation = evaluation["evaluation"]
    model, payload = evaluation["bitsPerDimension"], listed["payloadBitsPerDimension"]
    unlabeled = scores(arguments.model, data, "any")
    print(f"""
model {model:.4f} bits/dim; payload {payload:.4f}, {payload - model:+.4f}""")
    if evaluation["conditional"]:
        print(f"the model told nothing {unlabeled.mean():.4f}, payload {payload - unlabeled.mean():+.4f}")
    share = f", {packed / smallest:.3f} of the smallest mosaic" if smallest < float("inf") else ""
    print(f"""archive {packed} bytes{share}; {by_model.sum()} of {len(images)} images by the model
with verification {megabytes / verified:.2f} MB/s; glow eval {megabytes / seconds:.2f} MB/s (all times with the program's start)""")
    if arguments.plot:
        stated = scores(arguments.model, data, "own") if evaluation["conditional"] else unlabeled
        plot(arguments.plot, stated, taken, by_model, arguments.data)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"codec: {error}")
