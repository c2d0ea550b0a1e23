#!/usr/bin/env python3
"""The codec beside PNG, WebP and JPEG XL: bytes of the test images of a data set, and seconds, in one table.

Classical codecs have each image in a file of its own, and all of them tiled in one picture (a mosaic). Of glow, the whole
archive counts, and beside it what the model says of the same images. All without loss; every archive is decoded and compared.

Needs cjxl (Debian's libjxl-tools), numpy and Pillow with WebP:
    .venv-pictures/bin/python Benchmarks/codec.py fashion-mnist fashion-mnist
    .venv-pictures/bin/python Benchmarks/codec.py .data/photo-patches-32 runs/photos --limit 500
"""

import argparse
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("data", help="fashion-mnist, or a folder with PNG files in test")
    parser.add_argument("model", help="as glow's --model")
    parser.add_argument("--skip", action="append", default=[], help="a codec's name, or a part of it; repeat for several")
    parser.add_argument("--block", type=int, default=512, help="tiles of a block; default: %(default)s")
    arguments = parser.parse_args()
    if not features.check("webp"):
        raise InputError("this Pillow has no WebP")
    images = test_images(arguments.data)
    size, megabytes = images.size, images.size / 1e6
    print(f"{len(images)} images of {arguments.data}, {megabytes:.2f} MB; model {arguments.model}\n")
    line("codec", "a file each, bits/dim", "a mosaic", "encoding, MB/s", "decoding, MB/s")
    line("---", *["---:"] * 4)
    smallest = float("inf")
    with tempfile.TemporaryDirectory(prefix="codec-") as folder, ThreadPoolExecutor(2) as pool:
        for name, encode in CODECS:
            if any(part in name for part in arguments.skip):
                continue
            sizes, seconds = timed(lambda encode=encode: sum(pool.map(lambda image: encode(image, folder), images)))
            tiled = encode(mosaic(images), folder)
            smallest = min(smallest, tiled)
            line(name, f"{8 * sizes / size:.3f}", f"{8 * tiled / size:.3f}", f"{megabytes / seconds:.2f}", "")
        archive = Path(folder) / "a.glz"
        pack = ["compress", "--data", arguments.data, "--model", arguments.model, "-o", archive, "--block", arguments.block, "-q"]
        _, verified = timed(lambda: glow(*pack))
        _, encoding = timed(lambda: glow(*pack, "--no-verify", "-f"))
        _, decoding = timed(lambda: glow("decompress", archive, "--model", arguments.model, "-t", "-q"))
        packed = archive.stat().st_size
        listed = json.loads(glow("decompress", archive, "-l", "--json"))
    line(f"glow, blocks of {arguments.block}", "", f"{8 * packed / size:.3f}", f"{megabytes / encoding:.2f}", f"{megabytes / decoding:.2f}")
    evaluation, seconds = timed(lambda: json.loads(glow("eval", "--model", arguments.model, "--data", arguments.data, "--json")))
    model = evaluation["evaluation"]["bitsPerDimension"]
    print(f"""
model {model:.4f} bits/dim; payload {listed["payloadBitsPerDimension"]:.4f}, {listed["payloadBitsPerDimension"] - model:+.4f}
archive {packed} bytes, {packed / smallest:.3f} of the smallest mosaic
with verification {megabytes / verified:.2f} MB/s; glow eval {megabytes / seconds:.2f} MB/s (all times with the program's start)""")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"codec: {error}")
