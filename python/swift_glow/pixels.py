"""Between bytes and the continuous images that a model describes."""

from __future__ import annotations

import torch
from torch import Tensor


def dequantize(pixels: Tensor, bits: int, noise: Tensor | None = None, dtype: torch.dtype = torch.float32) -> Tensor:
    """`(floor(pixel / 2^(8-n)) + u) / 2^n - 1/2`.

    Args:
        pixels: uint8 `[batch, height, width, channel]`.
        bits: n.
        noise: u in [0, 1), of the same shape; None for the centers of the cells, u = 1/2.

    Returns:
        The same shape, in -1/2 ..< 1/2.
    """
    cells = (pixels >> (8 - bits)).to(dtype)
    cells = cells + (0.5 if noise is None else noise.to(pixels.device, dtype))
    return cells / float(1 << bits) - 0.5


def quantize(x: Tensor, bits: int) -> Tensor:
    """`clamp(floor((x + 1/2) 2^n), 0, 2^n - 1) 2^(8-n)` as uint8 of the same shape; what is no number becomes 0."""
    cells = ((x + 0.5) * float(1 << bits)).floor().nan_to_num(0).clamp(0, (1 << bits) - 1)
    return (cells * float(1 << (8 - bits))).to(torch.uint8)


def shown(pixels: Tensor, bits: int) -> Tensor:
    """What a picture shows for quantized bytes: the middle of each cell, `(v + 1/2) 2^(8-n)`."""
    return pixels if bits == 8 else pixels + (1 << (7 - bits))
