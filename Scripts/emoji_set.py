"""Draws every emoji of a font on white, as a data set with attributes.

The font's pictures of 136x128 pixels are cut to the middle 128x128, which no emoji exceeds, and shrunk by means over
squares. Variants of one concept (skin tones, genders, hair, colors), and emoji that look nearly alike, all go to the
same split.
"""

import argparse
import csv
import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, features

from emoji_attributes import attributes_of
from emoji_list import read_emoji

PICTURE = (136, 128)  # of the font, at its only size
FONT_SIZE = 109
SIDE = 128
SHARES = {"test": 0.05, "validation": 0.05}  # of each group; the rest is for training
LARGEST = 0.25  # part of a group's share in a split that one concept may fill
NEARLY_EQUAL = 15.0  # root mean square difference of 16x16 thumbnails, of 255


def open_font(file):
    if not features.check("raqm"):
        raise SystemExit("emoji_set: this Pillow has no Raqm, which joins emoji: install Pillow's wheel from PyPI")
    try:
        font = ImageFont.truetype(file, FONT_SIZE, layout_engine=ImageFont.Layout.RAQM)
    except OSError as error:
        raise SystemExit(f"emoji_set: {file} is no font with pictures of size {FONT_SIZE} ({error})") from None
    box = font.getbbox("\N{GRINNING FACE}")
    if box != (0, 0, *PICTURE):
        raise SystemExit(f"emoji_set: the pictures of {file} should be 136x128 pixels, but one has the box {box}")
    return font


def draw(emoji, font):
    """An emoji's picture, or None where the font has none: nothing, or several glyphs side by side."""
    if font.getbbox(emoji.text) != (0, 0, *PICTURE):
        return None
    canvas = Image.new("RGBA", PICTURE, (255, 255, 255, 0))
    ImageDraw.Draw(canvas).text((0, 0), emoji.text, font=font, embedded_color=True)
    if canvas.getchannel("A").getbbox() is None:
        return None
    left = (PICTURE[0] - SIDE) // 2
    canvas = Image.alpha_composite(Image.new("RGBA", PICTURE, "white"), canvas)
    return canvas.crop((left, 0, left + SIDE, SIDE)).convert("RGB")


def draw_all(emoji, font):
    """The emoji that the font has, each with its picture; of several with the same picture the first."""
    drawn = {each: draw(each, font) for each in emoji}
    first = {}
    for each, picture in drawn.items():
        if picture is not None:
            first.setdefault(picture.tobytes(), each)
    kept = {each: drawn[each] for each in first.values()}
    absent = sum(picture is None for picture in drawn.values())
    equal = len(emoji) - absent - len(kept)
    print(f"{len(kept)} of {len(emoji)} emoji: the font lacks {absent}, {equal} look exactly like another")
    return kept


def clusters(drawn):
    """Lists of emoji that share a concept or look nearly alike, directly or through others."""
    emoji = list(drawn)
    thumbnails = np.array([np.asarray(picture.reduce(SIDE // 16)).ravel() for picture in drawn.values()], np.float32)
    squares = (thumbnails**2).sum(axis=1)
    label = {each.concept: each.concept for each in emoji}

    def root(concept):
        while label[concept] != concept:
            concept = label[concept]
        return concept

    for index, each in enumerate(emoji):
        differences = squares[:index] + squares[index] - 2 * (thumbnails[:index] @ thumbnails[index])
        for other in np.flatnonzero(differences < NEARLY_EQUAL**2 * thumbnails.shape[1]):
            label[root(each.concept)] = root(emoji[other].concept)
    found = {}
    for each in emoji:
        found.setdefault(root(each.concept), []).append(each)
    return found


def split_of(found, choose):
    """Emoji -> split. Clusters that are large for their group are for training."""
    splits = {}
    groups = {}
    for cluster in found.values():
        groups.setdefault(cluster[0].group, []).append(cluster)
    for group in groups.values():
        choose.shuffle(group)
        size = sum(map(len, group))
        room = {split: round(share * size) for split, share in SHARES.items()}
        most = max(1, LARGEST * min(room.values()))
        for cluster in group:
            fitting = [split for split in room if len(cluster) <= min(room[split], most)]
            split = fitting[0] if fitting else "train"
            if fitting:
                room[split] -= len(cluster)
            splits |= dict.fromkeys(cluster, split)
    return splits


def write(folder, drawn, found, splits, size):
    """Writes SPLIT/*.png, SPLIT/attributes.csv, and emoji.csv with the names."""
    attributes = dict(zip(drawn, attributes_of(list(drawn))))
    cluster_of = {each: name for name, cluster in found.items() for each in cluster}
    for split in ("train", *SHARES):
        these = [each for each in drawn if splits[each] == split]
        (folder / split).mkdir(parents=True)
        for each in these:
            drawn[each].reduce(SIDE // size).save(folder / split / each.file)
        with open(folder / split / "attributes.csv", "w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, ["file", *next(iter(attributes.values()))])
            table.writeheader()
            table.writerows({"file": each.file} | attributes[each] for each in these)
        print(f"{split}: {len(these)} emoji of {len({cluster_of[each] for each in these})} concepts")
    with open(folder / "emoji.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("file", "split", "group", "subgroup", "concept", "name"))
        table.writerows((e.file, splits[e], e.group, e.subgroup, cluster_of[e], e.name) for e in drawn)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--font", default="/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
    parser.add_argument("--list", default="/usr/share/unicode/emoji/emoji-test.txt")
    options = parser.parse_args()
    if options.size not in (16, 32, 64, 128):
        raise SystemExit(f"emoji_set: --size must be 16, 32, 64 or 128, not {options.size}")
    for file in (options.font, options.list):
        if not Path(file).is_file():
            raise SystemExit(f"emoji_set: there is no {file}: install the packages that make-emoji.sh names")

    drawn = draw_all(read_emoji(options.list), open_font(options.font))
    found = clusters(drawn)
    write(options.folder, drawn, found, split_of(found, random.Random(options.seed)), options.size)


if __name__ == "__main__":
    main()
