"""Glow's couplings, and the maps of elements that they share with masked steps."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .bijection import Bijection, Rows, per_image


class ElementMap:
    """`y = (x + shift) s(raw)` of each element (Glow, table 1), or `y = x + shift`.

    `s` is `a + (1 - a) sigmoid(raw + 2)`, `exp(raw)`, or for `bounded` `exp(tanh(raw))`. A network's output holds all shifts
    before all that gives scales.
    """

    def __init__(self, scale: str | None, minimum: float = 0.0):
        """
        Args:
            scale: sigmoid, exponential or bounded; None for an additive map.
            minimum: a.
        """
        self.scale, self.minimum = scale, minimum

    @property
    def outputs_per_channel(self) -> int:
        return 1 if self.scale is None else 2

    def parameters_of(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """Shift and log s of a network's output, each `[batch, height, width, channel]`."""
        if self.scale is None:
            return output, torch.zeros_like(output)
        shift, raw = output.chunk(2, -1)
        return shift, self._log_scale(raw)

    def _log_scale(self, raw: Tensor) -> Tensor:
        if self.scale == "exponential":
            return raw
        if self.scale == "bounded":
            return raw.tanh()
        if self.minimum == 0:
            return F.logsigmoid(raw + 2)
        return (self.minimum + (1 - self.minimum) * (raw + 2).sigmoid()).log()


class Coupling(Bijection):
    """The first half of the channels passes through and decides the map of the second (Glow, section 3.3)."""

    def __init__(self, transform: ElementMap, conditioner: nn.Module):
        super().__init__()
        self.transform = transform
        self.conditioner = conditioner

    def forward(self, x: Tensor, rows: Rows = None) -> tuple[Tensor, Tensor]:
        kept, moved = x.chunk(2, -1)
        shift, log_scale = self.transform.parameters_of(self.conditioner(kept, rows))
        return torch.cat([kept, (moved + shift) * log_scale.exp()], -1), per_image(log_scale)

    def inverse(self, y: Tensor, rows: Rows = None) -> Tensor:
        kept, moved = y.chunk(2, -1)
        shift, log_scale = self.transform.parameters_of(self.conditioner(kept, rows))
        return torch.cat([kept, moved * (-log_scale).exp() - shift], -1)
