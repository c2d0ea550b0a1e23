"""What every layer of a flow is."""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor, nn

# The condition of each image, `[batch, conditions]`: a distribution over labels, or a number an attribute; None for none.
Rows = Optional[Tensor]


class Bijection(nn.Module):
    """An invertible map of images. `forward` goes from data to latents.

    Both take `rows`, the condition of each image, which most layers leave unread.
    """

    def forward(self, x: Tensor, rows: Rows = None) -> tuple[Tensor, Tensor]:
        """The image of `x`, and log|det| of the Jacobian in nats, `[batch]`."""
        raise NotImplementedError

    def inverse(self, y: Tensor, rows: Rows = None) -> Tensor:
        """The `x` that `forward` makes `y` of."""
        raise NotImplementedError


class Chain(Bijection):
    """Bijections one after another, each under its name."""

    def __init__(self, links: dict[str, Bijection]):
        super().__init__()
        for name, layer in links.items():
            self.add_module(name, layer)
        self._names = list(links)

    def forward(self, x: Tensor, rows: Rows = None) -> tuple[Tensor, Tensor]:
        log_det = x.new_zeros(len(x))
        for name in self._names:
            x, own = getattr(self, name)(x, rows)
            log_det = log_det + own
        return x, log_det

    def inverse(self, y: Tensor, rows: Rows = None) -> Tensor:
        for name in reversed(self._names):
            y = getattr(self, name).inverse(y, rows)
        return y


def empty(*shape: int) -> nn.Parameter:
    """A parameter whose value comes with the weights."""
    return nn.Parameter(torch.empty(*shape))


def per_image(x: Tensor) -> Tensor:
    """The sum of each image's numbers, `[batch]`."""
    return x.flatten(1).sum(1)


def same_for_all(log_det_of_pixel: Tensor, x: Tensor) -> Tensor:
    """The log-determinant of a map that is the same at every pixel of `x`, `[batch]`."""
    return (log_det_of_pixel * (x.shape[1] * x.shape[2])).to(x.dtype).expand(len(x))
