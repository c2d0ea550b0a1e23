#!/usr/bin/env python3
"""How many bits JPEG XL needs for the test images of a data set: lossless, effort 9, in bits per dimension of the files' bytes.

Two figures: each image in a file of its own, and all of them tiled in one picture (a mosaic), which spares the headers and
lets the encoder learn from one image for the next. The mosaic has no empty cells: it has as many rows as the largest
divisor of the number of images that is not above its root. Prints one JSON object.

Needs cjxl (Debian's libjxl-tools), numpy and Pillow:
    .venv-pictures/bin/python Scripts/jpegxl.py .data/emoji-32
    .venv-pictures/bin/python Scripts/jpegxl.py .data/faces-32 --bits 5    # of each value the upper 5 bits, as numbers from 0
"""

import argparse
import gzip
import json
import math
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

try:
    import numpy as np
    from PIL import Image
except ImportError as error:
    sys.exit(f"jpegxl: {error}: run this with a Python that has numpy and Pillow, such as .venv-pictures/bin/python")

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


class InputError(Exception):
    pass


def fashion_mnist(part="t10k"):
    """The test images, `[10000, 28, 28]`, or of the part `train` the other 60,000."""
    name = f"{part}-images-idx3-ubyte"
    path = next((p for p in (FASHION_MNIST / f"{name}.gz", FASHION_MNIST / name) if p.is_file()), None)
    if path is None:
        raise InputError(f"no {name}.gz in {FASHION_MNIST}: get Fashion-MNIST with `make data`")
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    shape = np.frombuffer(data, ">u4", 4)[1:]
    if data[:4] != bytes([0, 0, 8, 3]) or len(data) != 16 + math.prod(map(int, shape)):
        raise InputError(f"{path}: not an IDX file of images")
    return np.frombuffer(data, np.uint8, offset=16).reshape(shape)


def test_images(data):
    """`[count, height, width]`, or with three channels at the end."""
    if data == "fashion-mnist":
        return fashion_mnist()
    files = sorted((Path(data) / "test").glob("*.png"))
    if not files:
        raise InputError(f"no PNG files in {data}/test: make the data set first (`make photo-patches emoji`)")
    images = [np.asarray(Image.open(file)) for file in files]
    for file, image in zip(files, images):
        if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
            raise InputError(f"{file}: expected 8-bit gray or RGB pixels, not {image.dtype} of shape {image.shape}")
        if image.shape != images[0].shape:
            raise InputError(f"{file}: {image.shape}, where the first image is {images[0].shape}")
    return np.stack(images)


def rows(count):
    """Of a mosaic: the largest divisor that is not above the root."""
    return max(number for number in range(1, math.isqrt(count) + 1) if count % number == 0)


def mosaic(images):
    """All images, row after row, in one."""
    down = rows(len(images))
    across, (height, width) = len(images) // down, images.shape[1:3]
    grid = images.reshape(down, across, height, width, -1).swapaxes(1, 2)
    return grid.reshape(down * height, across * width, *images.shape[3:])


def encoded_bytes(image, folder, name):
    """The size of the image's JPEG XL file."""
    picture, file = folder / f"{name}.png", folder / f"{name}.jxl"
    Image.fromarray(image).save(picture)
    command = ["cjxl", picture, file, "--distance", "0", "--effort", "9", "--num_threads", "0", "--quiet"]
    try:
        result = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        raise InputError("no cjxl: install Debian's libjxl-tools") from None
    if result.returncode != 0:
        raise InputError(f"cjxl failed: {(result.stderr.strip().splitlines() or ['no message'])[-1]}")
    size = file.stat().st_size
    picture.unlink()
    file.unlink()
    return size


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("data", help="fashion-mnist, or a folder with PNG files in test")
    parser.add_argument("--limit", type=int, help="only the first so many test images")
    parser.add_argument("--bits", type=int, default=8, help="a channel, 1 to 8; default: %(default)s")
    arguments = parser.parse_args()
    if not 1 <= arguments.bits <= 8:
        parser.error(f"--bits is {arguments.bits}, expected 1 to 8")
    if arguments.limit is not None and arguments.limit < 1:
        parser.error(f"--limit is {arguments.limit}, expected 1 or more")
    images = test_images(arguments.data)[: arguments.limit] >> (8 - arguments.bits)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        sizes = pool.map(lambda number: encoded_bytes(images[number], Path(folder), number), range(len(images)))
        files, tiled = sum(sizes), encoded_bytes(mosaic(images), Path(folder), "mosaic")
    down = rows(len(images))
    print(json.dumps({
        "images": len(images), "files": 8 * files / images.size, "mosaic": 8 * tiled / images.size,
        "rows": down, "columns": len(images) // down}))


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"jpegxl: {error}")
