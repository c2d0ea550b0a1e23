"""Cuts square patches out of photographs, for trials of a generative model.

Each photograph is shrunk by a whole factor of 2 to 4 (means over squares of that side), to about 1,000 rows at most,
so that the artefacts of its JPEG compression go; it is cut into a grid of patches that do not overlap. Patches that
are nearly constant, or nearly equal to one already taken, are left out. Training, validation and test patches come
from different photographs.
"""

import argparse
import random
from pathlib import Path

import numpy as np
from PIL import Image

# Looked through by eye: the packages' drawings, renderings and abstract pictures are not in this list.
PHOTOGRAPHS = [
    f"/usr/share/wallpapers/{name}/contents/images/2560x1600.jpg"
    for name in (
        "BytheWater ColdRipple ColorfulCups DarkestHour EveningGlow FallenLeaf Grey Kite OneStandsOut Path summer_1am"
    ).split()
] + [
    f"/usr/share/backgrounds/mate/nature/{name}.jpg"
    for name in (
        "Aqua Blinds Dune FreshFlower Garden GreenMeadow LadyBird RainDrops Storm TwoWings Wood YellowFlower"
    ).split()
] + [
    f"/usr/share/backgrounds/{name}.jpg"
    for name in (
        "Bridge_by_Sander_Klootwijk Dragonfly_by_Bolly Picture_0B_by_freespace Picture_1A_by_freespace "
        "Wine_by_Jakkub_Mede aitzgorri_by_Aitzol_Berasategi free_by_Peter_Nerlich friends_by_Aitzol_Berasategi "
        "greentock_by_Peter_Nerlich life_by_Aitzol_Berasategi picosdeeuropa_by_Aitzol_Berasategi "
        "seeding_by_Clements_Engelhardt sunset_by_Aitzol_Berasategi"
    ).split()
]

SHARES = {"test": 0.1, "validation": 0.1, "train": 0.8}  # of the photographs, and of the patches
NEARLY_CONSTANT = 5.0  # standard deviation of the brightness, of 255
NEARLY_EQUAL = 8.0  # root mean square difference of 8x8 thumbnails, of 255


def patches(path, size):
    """The patches of a photograph that are not nearly constant: (name, picture, thumbnail)."""
    name = path.split("/")[4] if "wallpapers" in path else Path(path).stem
    with Image.open(path) as image:
        image = image.convert("RGB")
    image = image.reduce(min(4, max(2, round(min(image.size) / 1000))))
    found = []
    for top in range(0, image.height - size + 1, size):
        for left in range(0, image.width - size + 1, size):
            patch = image.crop((left, top, left + size, top + size))
            if np.std(np.asarray(patch.convert("L"), dtype=np.float32)) >= NEARLY_CONSTANT:
                thumbnail = np.asarray(patch.resize((8, 8), Image.Resampling.BOX), dtype=np.float32).ravel()
                found.append((f"{name}-{left}-{top}", patch, thumbnail))
    return found


class Distinct:
    """Remembers thumbnails, and refuses what is nearly equal to one of them."""

    def __init__(self, capacity):
        self.thumbnails = np.empty((capacity, 8 * 8 * 3), dtype=np.float32)
        self.count = 0

    def add(self, thumbnail):
        differences = np.mean((self.thumbnails[: self.count] - thumbnail) ** 2, axis=1)
        if (differences < NEARLY_EQUAL**2).any():
            return False
        self.thumbnails[self.count] = thumbnail
        self.count += 1
        return True


def take(photographs, count, size, distinct, choose):
    """Takes `count` distinct patches (fewer if there are no more), from each photograph in turn."""
    sources = [patches(path, size) for path in photographs]
    for source in sources:
        choose.shuffle(source)
    taken = []
    while len(taken) < count and any(sources):
        for source in sources:
            while source and len(taken) < count:
                name, patch, thumbnail = source.pop()
                if distinct.add(thumbnail):
                    taken.append((name, patch))
                    break
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    missing = [path for path in PHOTOGRAPHS if not Path(path).is_file()]
    if missing:
        raise SystemExit(f"photo_patches: no photograph {missing[0]} (and {len(missing) - 1} more are missing)")
    choose = random.Random(options.seed)
    photographs = sorted(PHOTOGRAPHS)
    choose.shuffle(photographs)

    distinct = Distinct(options.count + len(SHARES))
    for split, share in SHARES.items():
        number = len(photographs) if split == "train" else round(share * len(PHOTOGRAPHS))
        these, photographs = photographs[:number], photographs[number:]
        chosen = take(these, round(share * options.count), options.size, distinct, choose)
        folder = options.folder / split
        folder.mkdir(parents=True)
        for name, patch in chosen:
            patch.save(folder / f"{name}.png")
        print(f"{split}: {len(chosen)} patches of {len(these)} photographs")


if __name__ == "__main__":
    main()
