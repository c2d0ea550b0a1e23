"""Noise, hashes, pixels and attributes, beside slower or written-out versions of themselves."""

from __future__ import annotations

import unittest

import numpy as np
import torch

from swift_glow import attributes, evaluation_noise, pixels
from swift_glow.fingerprint import fnv1a

from .random_models import TOLD


class NumberTests(unittest.TestCase):
    def test_noise_does_not_depend_on_what_is_beside_it(self) -> None:
        shape = (3, 5, 1)
        noise = evaluation_noise(shape, 4, seed=7)
        self.assertEqual((noise.shape, noise.dtype), ((4, *shape), np.float32))
        np.testing.assert_array_equal(noise[2:], evaluation_noise(shape, 2, seed=7, first=2))
        np.testing.assert_array_equal(noise * 65536, np.round(noise * 65536))
        self.assertTrue((noise >= 0).all() and (noise < 1).all())
        for other in (evaluation_noise(shape, 4, seed=8), evaluation_noise(shape, 4, seed=7, draw=1)):
            self.assertFalse((noise == other).any(axis=(1, 2, 3)).all())
        self.assertLess(abs(evaluation_noise((64, 64, 3), 4).mean() - 0.5), 0.01)

    def test_the_hash_is_fnv1a(self) -> None:
        self.assertEqual(fnv1a(b""), 0xCBF29CE484222325)
        # From the authors' own test vectors.
        self.assertEqual(fnv1a(b"a"), 0xAF63DC4C8601EC8C)
        self.assertEqual(fnv1a(b"foobar"), 0x85944171F73967E8)
        data, value = np.random.default_rng(1).bytes(1000), 0xCBF29CE484222325
        for byte in data:
            value = (value ^ byte) * 0x100000001B3 % 2**64
        self.assertEqual(fnv1a(data, chunk=300), value)

    def test_pixels_come_back(self) -> None:
        every = torch.arange(256, dtype=torch.uint8)
        for bits in range(1, 9):
            cells = every >> (8 - bits)
            noise = torch.rand(256, generator=torch.Generator().manual_seed(bits))
            for u in (None, noise):
                x = pixels.dequantize(every, bits, u)
                self.assertTrue(((x >= -0.5) & (x < 0.5)).all())
                self.assertTrue(torch.equal(pixels.quantize(x, bits), cells << (8 - bits)))
            self.assertTrue(torch.equal(pixels.shown(cells << (8 - bits), bits) >> (8 - bits), cells))
        strange = torch.tensor([-9.0, 9.0, torch.nan, torch.inf, -torch.inf])
        self.assertEqual(pixels.quantize(strange, 8).tolist(), [0, 255, 0, 255, 0])

    def test_attributes_that_exclude_each_other_are_not_told_at_once(self) -> None:
        bald = np.array([-1, -1, 1], np.float32)
        self.assertEqual(attributes.changed(TOLD, bald, {"hat": 1}).tolist(), [1, 0, -1])
        self.assertEqual(attributes.changed(TOLD, bald, {"hat": 0.5}).tolist(), [0.5, -0.5, 0])
        self.assertEqual(attributes.changed(TOLD, np.array([-1, 1, -1], np.float32), {"hair": -1}).tolist(), [-1, -1, 0])
        rows = attributes.drawn_rows(TOLD, 50, {"hat": 2})
        # One example alone has nothing that a hat excludes.
        self.assertEqual({tuple(row) for row in rows.tolist()}, {(2.0, 0.0, 0.0)})
        usual = attributes.drawn_rows(TOLD, 50, {})
        self.assertEqual(len({tuple(row) for row in usual.tolist()}), 4)
        self.assertEqual(set(np.abs(usual).ravel()), {0.0, 1.5})
        self.assertEqual(attributes.drawn_rows(TOLD, 2, {"bald": -1}, others=0).tolist(), [[0, 0, -1]] * 2)


if __name__ == "__main__":
    unittest.main()
