#!/usr/bin/env python3
"""Checks the measures by which a model's edits and samples are judged (Scripts/judge.py). `make judge-checks` runs it.

    .libtorch/venv/bin/python Tests/JudgeChecks/check_judge.py
"""

import struct
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Scripts"))
import judge  # noqa: E402
import judge_networks as networks  # noqa: E402
from judge_data import UNKNOWN, DataSet, InputError, Split, read_data_set, read_pictures  # noqa: E402
from judge_measures import area_under_roc, edited, groups_of, possible, rare_attributes, sure_of_one  # noqa: E402
from judge_networks import Verdicts  # noqa: E402

SIDE = 12


def verdicts(has, known=None):
    has = np.array(has, float)
    return Verdicts(has, np.ones_like(has) if known is None else np.array(known, float))


class Measures(unittest.TestCase):
    def test_area_under_roc_is_the_share_of_pairs_in_order(self):
        random = np.random.default_rng(0)
        one, other = (random.integers(0, 6, size).astype(float) for size in (40, 30))  # with ties
        pairs = [(a > b) + 0.5 * (a == b) for a in one for b in other]
        self.assertAlmostEqual(area_under_roc(one, other), np.mean(pairs), places=12)

    def test_an_edit_is_counted_where_there_is_something_to_turn(self):
        # Of four pictures: turned; not turned; had it already; turned, but another attribute went with it.
        before = verdicts([[0.1, 0.9], [0.2, 0.9], [0.9, 0.9], [0.1, 0.9]])
        after = verdicts([[0.9, 0.9], [0.3, 0.9], [0.9, 0.1], [0.8, 0.2]])
        free = np.ones((2, 2, 2, 2), bool)
        found = edited(before, after, 0, 1, free, [0, 1])
        self.assertEqual(found["candidates"], 3)
        self.assertAlmostEqual(found["turned"], 2 / 3)
        self.assertAlmostEqual(found["stayed"], 2 / 3)

    def test_what_cannot_go_together_need_not_stay(self):
        before = verdicts([[0.1, 0.9]] * 2)
        after = verdicts([[0.9, 0.1]] * 2)
        apart = np.ones((2, 2, 2, 2), bool)
        apart[0, 1, 1, 1] = False  # with the first, never the second
        self.assertIsNone(edited(before, after, 0, 1, apart, [0, 1])["stayed"])

    def test_what_a_picture_does_not_show_is_not_counted(self):
        before = verdicts([[0.1, 0.9]] * 2, [[1, 1], [0, 1]])
        after = verdicts([[0.9, 0.1]] * 2, [[1, 0], [1, 1]])
        found = edited(before, after, 0, 1, np.ones((2, 2, 2, 2), bool), [0, 1])
        self.assertEqual((found["candidates"], found["turned"], found["stayed"]), (1, 1.0, None))

    def test_possible_pairs_are_those_of_training(self):
        values = np.array([[1, 0]] * 10 + [[0, 1]] * 10 + [[1, 1]] * 4 + [[UNKNOWN, 1]] * 10)
        found = possible(values)
        self.assertTrue(found[0, 1, 1, 0] and found[1, 0, 0, 1])
        self.assertFalse(found[0, 1, 1, 1])  # four are too few

    def test_sure_of_one_needs_all_of_a_group_as_in_training(self):
        values = np.array([[1, 0], [0, 1]] * 3, np.int8)
        data = DataSet(["left", "right"], {"train": Split(None, values)})
        groups = groups_of(data)
        self.assertEqual(groups, {"class": ["left", "right"]})
        seen = verdicts([[0.95, 0.05], [0.95, 0.95], [0.7, 0.05], [0.02, 0.99]])
        self.assertEqual(sure_of_one(seen, data, groups), {"class": 0.5})

    def test_rare_attributes_are_named_with_the_reason(self):
        train = Split(None, np.array([[1, 1]] * 30 + [[0, 1]] * 30))
        test = Split(None, np.array([[1, 1]] * 20 + [[0, 0]] * 20))
        found = rare_attributes(DataSet(["common", "everywhere"], {"train": train, "test": test}))
        self.assertEqual(list(found), ["everywhere"])
        self.assertIn("60 with and 0 without in train", found["everywhere"])


def bars(count, random):
    """Gray pictures with a bar on the left or not, and one on top or not, on a ground of any shade."""
    values = random.integers(0, 2, (count, 2)).astype(np.int8)
    pictures = np.empty((count, SIDE, SIDE, 1), np.uint8)
    pictures[:] = random.integers(40, 120, (count, 1, 1, 1))
    for picture, (left, top) in zip(pictures, values):
        if left:
            picture[2:10, 1:4] += 60
        if top:
            picture[1:4, 2:10] += 60
    return Split(pictures, values)


class Networks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        random = np.random.default_rng(3)
        cls.data = DataSet(["left", "top"], {"train": bars(1500, random), "test": bars(200, random)})
        cls.folder = tempfile.TemporaryDirectory()
        cls.notes = []

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_the_judge_names_attributes_and_is_kept(self):
        recipe = {**networks.ATTRIBUTE_RECIPE, "epochs": 3}
        make = lambda: networks.attribute_judge(self.data, Path(self.folder.name), self.notes.append, recipe)  # noqa: E731
        first, test = make(), self.data.splits["test"]
        found = first(test.pictures)
        for index in range(2):
            with_it = test.values[:, index] == 1
            self.assertGreater(area_under_roc(found.has[with_it, index], found.has[~with_it, index]), 0.99)
        count = len(self.notes)
        again = make()(test.pictures)
        self.assertTrue((again.has == found.has).all())
        self.assertEqual(len(self.notes), count + 1)  # the weights were read, not trained

    def test_broken_pictures_are_told_from_whole_ones(self):
        recipe = {**networks.BROKEN_RECIPE, "epochs": 4, "batch": 64}
        network = networks.broken_judge(self.data, Path(self.folder.name), self.notes.append, recipe)
        test = self.data.splits["test"].pictures
        self.assertLessEqual(network(test).mean(), 0.02)
        random = np.random.default_rng(9)
        for kind in set(networks.KINDS):
            worse = np.stack([kind(picture, random) for picture in test])
            self.assertGreater(network(worse).mean(), 0.85, kind.__name__)


class Files(unittest.TestCase):
    def test_sheets_of_glow_are_cut_into_pictures(self):
        random = np.random.default_rng(1)
        pictures = random.integers(0, 256, (3, 2, SIDE, SIDE, 1), np.uint8)
        step = SIDE + judge.PADDING
        sheet = np.full((9 + 3 * step + judge.PADDING, 2 * step + judge.PADDING, 1), 255, np.uint8)
        for row in range(3):
            for column in range(2):
                y, x = 9 + judge.PADDING + row * step, judge.PADDING + column * step
                sheet[y : y + SIDE, x : x + SIDE] = pictures[row, column]
        # Labels stand above the first row.
        found = judge.cells(sheet, 2, SIDE)
        self.assertTrue((found == pictures.transpose(1, 0, 2, 3, 4)).all())
        with self.assertRaises(InputError):
            judge.cells(sheet, 3, SIDE)

    def test_folders_of_pictures_and_what_is_wrong_with_them(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for split in ("train", "test"):
                (folder / split).mkdir()
                for number in range(3):
                    write_png(folder / split / f"{number}.png", np.full((4, 4), 10 * number, np.uint8), number % 3)
                (folder / split / "attributes.csv").write_text("file,a,b\n0.png,1,0\n1.png,,1\n2.png,0,0\n")
            data = read_data_set(folder)
            self.assertEqual(data.attributes, ["a", "b"])
            self.assertEqual(data.splits["test"].values.tolist(), [[1, 0], [UNKNOWN, 1], [0, 0]])
            self.assertEqual(data.splits["test"].pictures[:, 2, 2, 0].tolist(), [0, 10, 20])
            (folder / "test" / "attributes.csv").write_text("file,a\n0.png,2\n")
            with self.assertRaisesRegex(InputError, "row 2 should have 2 cells"):
                read_data_set(folder)
            (folder / "torn.png").write_bytes(b"not a picture")
            with self.assertRaisesRegex(InputError, "torn.png: not a PNG file"):
                read_pictures([folder / "torn.png"], folder)


def write_png(path, pixels, row_filter):
    """A gray PNG whose rows all have one filter: none, the pixel to the left, or the pixel above."""
    rows, above = [], np.zeros(pixels.shape[1], np.uint8)
    for row in pixels:
        left = np.concatenate([[0], row[:-1]]).astype(np.uint8)
        rows.append(bytes([row_filter]) + (row - [0 * row, left, above][row_filter]).astype(np.uint8).tobytes())
        above = row

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b""))


if __name__ == "__main__":
    unittest.main()
