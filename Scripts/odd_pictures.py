#!/usr/bin/env python3
"""Makes the pictures that docs/using.md scores against Fashion-MNIST: black, gray, noise, and test image 1 as it is,
negative and upside down. Takes the folder to make."""

import gzip
import random
import struct
import sys
import zlib
from pathlib import Path

SIDE = 28
TEST_IMAGES = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"


def png(pixels):
    """An 8-bit gray PNG of one side's rows."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(pixels[start:start + SIDE]) for start in range(0, SIDE * SIDE, SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def main():
    if len(sys.argv) != 2:
        sys.exit("odd_pictures: expected one argument, the folder to make")
    folder = Path(sys.argv[1])
    count = SIDE * SIDE
    try:
        with gzip.open(TEST_IMAGES) as file:
            pullover = file.read()[16 + count:16 + 2 * count]
    except OSError as error:
        sys.exit(f"odd_pictures: {error}: `make data` installs Fashion-MNIST")
    noise = random.Random(0)
    pictures = {
        "black": [0] * count,
        "gray": [128] * count,
        "noise": [noise.randrange(256) for _ in range(count)],
        "pullover": pullover,
        "pullover-negative": [255 - value for value in pullover],
        "pullover-upside-down": pullover[::-1],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, pixels in pictures.items():
        (folder / f"{name}.png").write_bytes(png(pixels))


if __name__ == "__main__":
    main()
