"""The noise of `glow eval` and `glow score`: numbers that depend on what they are for, a seed and an image's place alone.

The stream that a few integers name is SplitMix64 (Steele, Lea & Flood 2014) started at a key that has absorbed them
(`Sources/Datasets/Batches/KeyedRandom.swift`).
"""

from __future__ import annotations

import numpy as np

_GAMMA = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1

EVALUATION_NOISE = 4
ATTRIBUTES = 8


def evaluation_noise(
    shape: tuple[int, int, int], count: int, *, seed: int = 0, first: int = 0, draw: int = 0
) -> np.ndarray:
    """The dequantization noise u of some images of a data set, or of some picture files.

    Args:
        shape: `(height, width, channel)`.
        first: the place of the first image.
        draw: which of several draws.

    Returns:
        float32 `[count, height, width, channel]` in [0, 1), multiples of 1/65536.
    """
    size = int(np.prod(shape))
    words = [_words(_key(EVALUATION_NOISE, seed, draw, first + image), (size + 3) // 4) for image in range(count)]
    # Four values a word, the lowest bits first.
    parts = np.stack(words)[..., None] >> np.array([0, 16, 32, 48], np.uint64) & np.uint64(0xFFFF)
    return (parts.reshape(count, -1)[:, :size].astype(np.float32) * np.float32(2**-16)).reshape(count, *shape)


def choice(below: int, *parts: int) -> int:
    """A number from 0 to `below - 1`: the first that the stream named by `parts` gives."""
    return int(_words(_key(*parts), 1)[0]) * below >> 64


def _key(purpose: int, *parts: int) -> int:
    key = _finalized(purpose * _GAMMA & _MASK)
    for part in parts:
        key = _finalized((key ^ _finalized(part + _GAMMA & _MASK)) + _GAMMA & _MASK)
    return key


def _words(key: int, count: int) -> np.ndarray:
    z = np.uint64(key) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GAMMA)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)


def _finalized(value: int) -> int:
    z = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
    return z ^ z >> 31
