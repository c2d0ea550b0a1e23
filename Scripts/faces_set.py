"""Draws faces of parts chosen at random, as a data set with attributes.

DiceBear puts the parts of a face into an SVG, resvg renders the square around the head at four times the size, and
squares of pixels are averaged. The faces do not depend on the size, nor the first of them on how many are drawn.
"""

import argparse
import csv
import io
import itertools
import json
import os
import random
from functools import cache, partial
from hashlib import sha256
from importlib import resources
from multiprocessing import Pool
from pathlib import Path

from faces_parts import ATTRIBUTES, FEATURES, attributes_of, draw_face, seen

SPLITS = ("train", "validation", "test")
SIZES = (16, 32, 64, 128)
MOST = 200_000
COMBINED = ("top", "eyewear", "facial-hair")  # of which the test faces have combinations that no other face has
SHARE = 0.05  # of the combinations for testing, and of the other faces for validation
CANVAS = 'viewBox="0 0 280 280"'
HEAD = 'viewBox="32 4 216 216"'
FINER = 4


def draw_faces(count, seed):
    """So many faces, of which no two look the same."""
    choose = random.Random(seed)
    faces = {}
    while len(faces) < count:
        face = draw_face(choose)
        faces.setdefault(seen(face), face)
    return list(faces.values())


def combination(face):
    return tuple(face[feature] for feature in COMBINED)


def held_out(seed):
    """The combinations for testing: of each kind of top as many, so that the test faces have all attributes."""
    others = [[part for kind in FEATURES[feature] for part in kind.parts] for feature in COMBINED[1:]]
    chosen = set()
    for kind in FEATURES["top"]:
        combinations = list(itertools.product(kind.parts, *others))
        combinations.sort(key=lambda each: sha256(f"{seed} {each}".encode()).digest())
        chosen.update(combinations[: round(SHARE * len(combinations))])
    return chosen


def splits_of(faces, seed):
    """A split for each face."""
    testing = held_out(seed)
    choose = random.Random(f"validation {seed}")
    splits = []
    for face in faces:
        validates = choose.random() < SHARE
        splits.append("test" if combination(face) in testing else "validation" if validates else "train")
    return splits


@cache
def style():
    from dicebear import Style

    return Style(json.loads(resources.files("dicebear_styles").joinpath("avataaars.json").read_text(encoding="utf-8")))


def svg_of(face):
    from dicebear import Avatar

    options = {
        "hairColor": face["hair-color"],
        "facialHairColor": face["hair-color"],
        "hatColor": face["hat-color"],
        "accessoriesColor": face["eyewear-color"],
        "clothesColor": face["clothes-color"],
        "skinColor": face["skin"],
    }
    parts = {
        "top": face["top"],
        "accessories": face["eyewear"],
        "facialHair": face["facial-hair"],
        "mouth": face["mouth"],
        "eyes": face["eyes"],
        "eyebrows": face["brows"],
        "clothes": face["clothes"],
    }
    for name, part in parts.items():
        options |= {f"{name}Variant": part, f"{name}Probability": 100} if part else {f"{name}Probability": 0}
    svg = str(Avatar(style(), options))
    if CANVAS not in svg:
        raise SystemExit("faces_set: this DiceBear draws on another canvas: install what make-faces.sh names")
    return svg.replace(CANVAS, HEAD)


def picture_of(face, size):
    import resvg_py
    from PIL import Image

    pixels = size * FINER
    png = resvg_py.svg_to_bytes(
        svg_string=svg_of(face), width=pixels, height=pixels, background=face["background"], skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(png))).convert("RGB").reduce(FINER)


def save(size, face_and_file):
    face, file = face_and_file
    picture_of(face, size).save(file)


def write(folder, faces, splits, size):
    """Writes SPLIT/*.png, SPLIT/attributes.csv, and faces.csv with the parts of every face."""
    files = [f"{number:06}.png" for number in range(len(faces))]
    for split in SPLITS:
        these = [index for index in range(len(faces)) if splits[index] == split]
        (folder / split).mkdir(parents=True)
        rows = [{"file": files[index]} | attributes_of(faces[index]) for index in these]
        write_table(folder / split / "attributes.csv", ["file", *ATTRIBUTES], rows)
        print(f"{split}: {len(these)} faces of {len({combination(faces[index]) for index in these})} combinations")
    rows = [{"file": file, "split": split} | face for file, split, face in zip(files, splits, faces)]
    write_table(folder / "faces.csv", ["file", "split", *FEATURES], rows)
    (folder / "credit.txt").write_text(style().meta().license().text() + "\n", encoding="utf-8")
    places = [folder / split / file for split, file in zip(splits, files)]
    with Pool(os.cpu_count()) as pool:
        for _ in pool.imap_unordered(partial(save, size), zip(faces, places), chunksize=50):
            pass


def write_table(file, columns, rows):
    with open(file, "w", newline="", encoding="utf-8") as lines:
        table = csv.DictWriter(lines, columns)
        table.writeheader()
        table.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.error = lambda problem: parser.exit(2, f"faces_set: {problem}\n")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.size not in SIZES:
        raise SystemExit(f"faces_set: --size must be 16, 32, 64 or 128, not {options.size}")
    if not 1 <= options.count <= MOST:
        raise SystemExit(f"faces_set: --count must be 1 to {MOST}, not {options.count}")

    faces = draw_faces(options.count, options.seed)
    splits = splits_of(faces, options.seed)
    for split in SPLITS:
        if split not in splits:
            raise SystemExit(f"faces_set: none of {options.count} faces is for {split}: draw some hundreds, or more")
    write(options.folder, faces, splits, options.size)


if __name__ == "__main__":
    main()
