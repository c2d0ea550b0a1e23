#!/usr/bin/env python3
"""A packed data set of a hundred million images that takes next to no room: shards with real headers and holes for pixels.

    python3 Benchmarks/cluster/huge_set.py FOLDER [--images 100000000] [--shards 1000]

The images are black but for a few rows; their labels are 0. For trials of how training behaves at that size.
"""

import argparse
import json
import os
import struct
from pathlib import Path


def write_shard(path: Path, images: int, side: int) -> None:
    pixels = images * side * side * 3
    header = json.dumps(
        {
            "labels": {"dtype": "I32", "shape": [images], "data_offsets": [0, 4 * images]},
            "pixels": {
                "dtype": "U8", "shape": [images, side, side, 3], "data_offsets": [4 * images, 4 * images + pixels],
            },
        }).encode()  # fmt: skip
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        start = file.tell() + 4 * images
        # A little of every shard is there, so that shards differ.
        file.seek(start)
        file.write(os.urandom(4096))
        file.truncate(start + pixels)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=100_000_000)
    parser.add_argument("--shards", type=int, default=1000)
    parser.add_argument("--side", type=int, default=32)
    options = parser.parse_args()
    options.folder.mkdir(parents=True)
    splits = {}
    for split, images, shards in (("train", options.images, options.shards), ("validation", 10_000, 1)):
        splits[split] = []
        for number in range(shards):
            count = images * (number + 1) // shards - images * number // shards
            name = f"{split}-{number:05}-of-{shards:05}.safetensors"
            write_shard(options.folder / name, count, options.side)
            splits[split].append({"file": name, "images": count, "crc32c": 0})
    index = {
        "format": "swift-glow packed images", "version": 1, "name": "huge", "height": options.side, "width": options.side,
        "channels": 3, "classes": ["thing"], "attributes": [], "splits": splits,
    }  # fmt: skip
    (options.folder / "dataset.json").write_text(json.dumps(index, indent=1))
    sizes = [path.stat() for path in options.folder.iterdir()]
    print(f"{options.images} images: {sum(s.st_size for s in sizes) / 1e9:.1f} GB, of which "
          f"{sum(s.st_blocks for s in sizes) * 512 / 1e6:.1f} MB are on the disk")  # fmt: skip
