#!/usr/bin/env python3
"""Checks that drawn faces are what docs/data.md says. `make faces-checks` runs it, in the Python that draws them.

    .venv-faces/bin/python Tests/FacesChecks/check_faces.py
"""

import contextlib
import csv
import io
import itertools
import math
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from PIL import Image, ImageChops

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Scripts"))
import faces_parts  # noqa: E402
import faces_set  # noqa: E402
from faces_parts import ATTRIBUTES, FEATURES, attributes_of  # noqa: E402
from faces_set import SPLITS  # noqa: E402

PLAIN = {
    "top": "theCaesar", "hair-color": "#17171c", "skin": "#ffdbb4", "mouth": "serious", "eyes": "default",
    "brows": "defaultNatural", "facial-hair": None, "eyewear": None, "clothes": "shirtCrewNeck", "hat-color": "#3fae6b",
    "eyewear-color": "#262e33", "clothes-color": "#5199e4", "background": "#f5f5f5"}  # fmt: skip


class DrawnFaces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.faces = faces_set.draw_faces(20_000, 0)
        cls.splits = faces_set.splits_of(cls.faces, 0)
        cls.values = [attributes_of(face) for face in cls.faces]

    def test_attributes_of_different_features_say_nothing_of_each_other(self):
        columns = {name: Column(row[name] for row in self.values) for name in ATTRIBUTES}
        for one, other in itertools.combinations(FEATURES, 2):
            for pair in itertools.product(faces_parts.named(one), faces_parts.named(other)):
                found = correlation(*map(columns.get, pair))
                if found is None:  # such as bald and hair-red
                    self.assertTrue(any(name in faces_parts.HIDES for name in pair), pair)
                else:
                    self.assertLess(abs(found), 0.05, pair)
        self.assertLess(abs(correlation(columns["smiling"], columns["mouth-open"])), 0.05)

    def test_every_attribute_is_frequent_in_every_split(self):
        for split, name in itertools.product(SPLITS, ATTRIBUTES):
            values = [row[name] for row, of in zip(self.values, self.splits) if of == split]
            self.assertGreaterEqual(values.count(1), 20, (split, name))
            self.assertGreaterEqual(values.count(0), 20, (split, name))

    def test_combinations_for_testing_are_in_no_other_split_and_others_are_not_in_test(self):
        combinations = {split: set() for split in SPLITS}
        for face, split in zip(self.faces, self.splits):
            combinations[split].add(faces_set.combination(face))
        self.assertFalse(combinations["test"] & (combinations["train"] | combinations["validation"]))
        for feature in range(3):
            parts = [{each[feature] for each in combinations[split]} for split in ("test", "train")]
            self.assertLessEqual(*parts)

    def test_about_one_face_in_twenty_is_for_testing_and_one_for_validation(self):
        for seed in range(4):
            splits = faces_set.splits_of(self.faces, seed)
            for split in ("validation", "test"):
                self.assertTrue(600 <= splits.count(split) <= 1400, (seed, split, splits.count(split)))

    def test_no_two_faces_look_the_same(self):
        self.assertEqual(len(set(map(faces_parts.seen, self.faces))), len(self.faces))

    def test_a_seed_draws_the_same_faces_whatever_their_count(self):
        fewer = faces_set.draw_faces(300, 0)
        self.assertEqual(fewer, self.faces[:300])
        self.assertEqual(faces_set.splits_of(fewer, 0), self.splits[:300])
        self.assertNotEqual(faces_set.draw_faces(300, 1), fewer)

    def test_skin_hair_and_background_are_told_apart(self):
        grounds = [color for kind in FEATURES["background"] for color in kind.parts]
        for face in self.faces:
            hair, skin = face["hair-color"], face["skin"]
            colors = (hair, skin, face["hat-color"])
            self.assertTrue(all(faces_parts.apart(*pair) for pair in itertools.product(colors, grounds)), face)
            self.assertTrue(faces_parts.apart(hair, skin), face)

    def test_what_is_hidden_is_missing(self):
        hijab, bald = attributes_of(PLAIN | {"top": "hijab"}), attributes_of(PLAIN | {"top": None})
        sunglasses = attributes_of(PLAIN | {"eyewear": "wayfarers"})
        self.assertEqual([hijab[name] for name in ("hijab", "hair-black", "bald", "collar")], [1, None, None, None])
        self.assertEqual([bald[name] for name in ("bald", "long-hair", "hair-black", "hat")], [1, 0, None, 0])
        self.assertEqual([sunglasses[name] for name in ("sunglasses", "wink", "angry-brows")], [1, None, 0])


class RenderedFaces(unittest.TestCase):
    def test_every_attribute_can_be_seen_at_32_pixels_unless_it_is_missing(self):
        """On the darkest skin, whatever one other part the face has; 8 of 255 is a step at 5 bits."""
        worn = ("top", "eyewear", "facial-hair")
        for feature, other in itertools.product(("mouth", "eyes", "brows", "clothes"), worn):
            for around in (part for kind in FEATURES[other] for part in kind.parts):
                plain = PLAIN | {"skin": "#614335", other: around}
                drawn = [plain | {feature: part} for kind in FEATURES[feature] for part in kind.parts]
                shown = [(attributes_of(face), faces_set.picture_of(face, 32)) for face in drawn]
                for (one, picture), (another, second) in itertools.combinations(shown, 2):
                    if one != another:
                        self.assertGreaterEqual(changed_pixels(picture, second, 8), 4, (feature, around))

    def test_what_is_not_seen_changes_no_pixel(self):
        hidden = {"hair-color": "#c93305", "eyewear-color": "#25557c"}
        for top, more in {
            None: {"hat-color": "#ff488e"},
            "hat": {},
            "turban": {},
            "hijab": {"clothes": "hoodie", "clothes-color": "#ff488e"},
        }.items():
            face, other = PLAIN | {"top": top}, PLAIN | {"top": top} | hidden | more
            self.assertEqual(faces_parts.seen(face), faces_parts.seen(other))
            self.assertEqual(faces_set.picture_of(face, 64).tobytes(), faces_set.picture_of(other, 64).tobytes(), top)

    def test_the_same_seed_writes_the_same_bytes_and_no_picture_twice(self):
        with tempfile.TemporaryDirectory() as folder:
            first, second = ({file.relative_to(made): file.read_bytes() for file in made.rglob("*") if file.is_file()}
                             for made in (self.make(Path(folder) / name) for name in "ab"))
        self.assertEqual(first, second)
        pictures = [content for file, content in first.items() if file.suffix == ".png"]
        self.assertEqual(len(pictures), 120)
        self.assertEqual(len(set(pictures)), 120)

    def test_the_tables_tell_of_every_picture(self):
        with tempfile.TemporaryDirectory() as folder:
            made = self.make(Path(folder) / "set")
            faces = read(made / "faces.csv")
            for split in SPLITS:
                files = sorted(file.name for file in (made / split).glob("*.png"))
                self.assertEqual([row["file"] for row in read(made / split / "attributes.csv")], files)
                self.assertEqual([row["file"] for row in faces if row["split"] == split], files)
            again = {feature: faces[0][feature] or None for feature in FEATURES}
            with Image.open(made / faces[0]["split"] / faces[0]["file"]) as picture:
                self.assertEqual(faces_set.picture_of(again, 32).tobytes(), picture.tobytes())
            self.assertIn("Pablo Stanley", (made / "credit.txt").read_text(encoding="utf-8"))

    def test_wrong_sizes_and_counts_are_refused_in_a_sentence(self):
        for flags, status, sentence in (
            (("--size", "48"), 1, "faces_set: --size must be 16, 32, 64 or 128, not 48\n"),
            (("--count", "0"), 1, "faces_set: --count must be 1 to 200000, not 0\n"),
            (("--count", "3"), 1, "faces_set: none of 3 faces is for validation: draw some hundreds, or more\n"),
            (("--count", "many"), 2, "faces_set: argument --count: invalid int value: 'many'\n"),
        ):
            result = subprocess.run(
                [sys.executable, ROOT / "Scripts/faces_set.py", "unused", *flags], capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stderr), (status, sentence))
            self.assertFalse(Path("unused").exists())

    def make(self, folder):
        faces = faces_set.draw_faces(120, 3)
        with contextlib.redirect_stdout(io.StringIO()):
            faces_set.write(folder, faces, faces_set.splits_of(faces, 3), 32)
        return folder


class Column:
    """The values of an attribute as bits: which faces have it, and of which it is known."""

    def __init__(self, values):
        values = list(values)
        self.has = int("".join("1" if value else "0" for value in values), 2)
        self.known = int("".join("0" if value is None else "1" for value in values), 2)


def correlation(one, other):
    """Over the faces of which both are known, or None where one of the two is constant there."""
    known = one.known & other.known
    count, first, second, both = (
        bits.bit_count() for bits in (known, one.has & known, other.has & known, one.has & other.has & known))
    spread = first * (count - first) * second * (count - second)
    return (count * both - first * second) / math.sqrt(spread) if spread else None


def changed_pixels(one, other, least):
    """How many pixels differ by at least so much in any color."""
    red, green, blue = ImageChops.difference(one, other).split()
    return sum(ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()[least:])


def read(file):
    with open(file, newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


if __name__ == "__main__":
    unittest.main()
