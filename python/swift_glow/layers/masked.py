"""The masked autoregressive steps on the pixels that come before a MaskedGlow's levels."""

from __future__ import annotations

import torch
from torch import Tensor

from .bijection import Bijection, Rows, per_image
from .convolutions import ConvConditioner
from .coupling import ElementMap

# In which order a step goes through an image, line after line and along each line; steps take them in turn. From the offset in
# lines and along a line to that in rows and columns.
ORDERS = {
    "down": lambda line, place: (line, place),
    "up": lambda line, place: (-line, -place),
    "right": lambda line, place: (place, line),
    "left": lambda line, place: (-place, -line),
}


def taps(order: str, *, own: bool) -> tuple[int, ...]:
    """Of the nine taps, those of pixels that come before in an order, and perhaps the pixel's own."""
    seen = [(-1, -1), (-1, 0), (-1, 1), (0, -1)] + [(0, 0)] * own
    offsets = [ORDERS[order](line, place) for line, place in seen]
    return tuple(sorted(3 * (dy + 1) + dx + 1 for dy, dx in offsets))


class MaskedAutoregression(Bijection):
    """Every pixel is mapped by what a network makes of those before it (MAF, section 3.1; MaCow, Ma et al. 2019).

    The scale is `exp(tanh(raw))`.
    """

    def __init__(self, channels: int, hidden: int, order: str, *, edge_channel: bool, factor: float, conditions: int):
        super().__init__()
        self.order = order
        self.transform = ElementMap("bounded")
        self.conditioner = ConvConditioner(
            channels, hidden, 2 * channels, edge_channel=edge_channel, factor=factor, conditions=conditions,
            taps=(taps(order, own=False), taps(order, own=True)))

    def forward(self, x: Tensor, rows: Rows = None) -> tuple[Tensor, Tensor]:
        shift, log_scale = self.transform.parameters_of(self.conditioner(x, rows))
        return (x + shift) * log_scale.exp(), per_image(log_scale)

    def inverse(self, y: Tensor, rows: Rows = None) -> Tensor:
        """In rounds: each finds at least one more stage of the wavefront through the image, so that all are exact at the end.

        Without gradients it ends where a round changes nothing.
        """
        lines, places = (y.shape[1], y.shape[2]) if self.order in ("down", "up") else (y.shape[2], y.shape[1])
        x = torch.zeros_like(y)
        for number in range(2 * lines + places - 2):
            shift, log_scale = self.transform.parameters_of(self.conditioner(x, rows))
            last, x = x, y * (-log_scale).exp() - shift
            if number % 8 == 7 and not torch.is_grad_enabled() and torch.equal(x, last):
                break
        return x
