"""The distributions of the latents."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .bijection import Rows, empty, per_image
from .convolutions import ZeroConv3x3, edge


@dataclass
class Gaussian:
    """Diagonal; both broadcast to the latent's shape, `[batch, height, width, channel]`."""

    mean: Tensor
    log_deviation: Tensor

    @staticmethod
    def of_halves(halves: Tensor, limit: float | None = None) -> Gaussian:
        """The first half of the channels is the mean, the second the log standard deviation, which `limit` keeps near 0."""
        mean, raw = halves.chunk(2, -1)
        return Gaussian(mean, raw if limit is None else (raw / limit).tanh() * limit)

    @staticmethod
    def unit(like: Tensor) -> Gaussian:
        return Gaussian(like.new_zeros(1), like.new_zeros(1))

    def standardize(self, z: Tensor) -> Tensor:
        """`eps = (z - mean) / deviation`, standard normal under this distribution."""
        return (z - self.mean) * (-self.log_deviation).exp()

    def restore(self, eps: Tensor) -> Tensor:
        return eps * self.log_deviation.exp() + self.mean

    def log_prob(self, z: Tensor) -> Tensor:
        """In nats per image, `[batch]`."""
        return per_image(-0.5 * self.standardize(z).square() - self.log_deviation - 0.5 * math.log(2 * math.pi))


class SplitPrior(ZeroConv3x3):
    """Predicts a Gaussian's halves from the channels that go on; the condition, where it is told, is added."""

    def __init__(self, inputs: int, edge_channel: bool, embedding: tuple[int, ...] | None):
        super().__init__(inputs, 2 * inputs, edge_channel)
        self.labelEmbedding = None if embedding is None else empty(*embedding)

    def forward(self, x: Tensor, rows: Rows = None) -> Tensor:
        return _told(super().forward(x), self.labelEmbedding, rows)


class Split(nn.Module):
    """Takes the second half of the channels out as a level's latent (RealNVP, section 3.6).

    Its Gaussian is predicted from the half that goes on (`prior`), is a parameter (`gaussian`), or is the unit Gaussian.
    """

    def __init__(
        self, *, prior: SplitPrior | None = None, gaussian: tuple[int, ...] | None = None, conditional: bool = False,
        limit: float | None = None,
    ):
        """
        Args:
            gaussian: `(conditions, height, width, channel)` of a parameter that holds the halves.
            conditional: whether it has a row for each label; else its only row counts for all.
            limit: of the log standard deviation that is predicted.
        """
        super().__init__()
        self.prior = prior
        self.gaussian = None if gaussian is None else empty(*gaussian)
        self.conditional, self.limit = conditional, limit

    def distribution(self, kept: Tensor, rows: Rows = None) -> Gaussian:
        if self.prior is not None:
            return Gaussian.of_halves(self.prior(kept, rows), self.limit)
        if self.gaussian is not None:
            return Gaussian.of_halves(_told(None, self.gaussian, rows if self.conditional else None))
        return Gaussian.unit(kept)


class UnitPrior(nn.Module):
    """Mean 0 and deviation 1 at every position."""

    def distribution(self, like: Tensor, rows: Rows = None) -> Gaussian:
        return Gaussian.unit(like)


class TopPrior(nn.Module):
    """The Gaussian of the last level's latent, which depends on no other part of the image.

    Learned, it is what a 3x3 convolution makes of zeros: a bias, and with an edge channel what that adds, times
    `exp(3 logScale)`. The condition's embedding is added. Or all is the parameter `gaussian`.
    """

    def __init__(
        self, channels: int, *, learned: bool, edge_channel: bool, embedding: tuple[int, ...] | None = None,
        gaussian: tuple[int, ...] | None = None, conditional: bool = False,
    ):
        super().__init__()
        self.edge = empty(3, 3, 2 * channels) if learned and edge_channel else None
        self.bias = empty(2 * channels) if learned else None
        self.logScale = empty(2 * channels) if learned else None
        self.labelEmbedding = None if embedding is None else empty(*embedding)
        self.gaussian = None if gaussian is None else empty(*gaussian)
        self.conditional = conditional

    def distribution(self, like: Tensor, rows: Rows = None) -> Gaussian:
        """
        Args:
            like: a tensor of the latent's shape.
        """
        if self.gaussian is not None:
            return Gaussian.of_halves(_told(None, self.gaussian, rows if self.conditional else None))
        halves = like.new_zeros(1, 1, 1, 2 * like.shape[3])
        if self.bias is not None and self.logScale is not None:
            total = halves + self.bias
            if self.edge is not None:
                total = total + edge(self.edge, like.shape[1], like.shape[2])
            halves = total * (3 * self.logScale).exp()
        return Gaussian.of_halves(_told(halves, self.labelEmbedding, rows))


class ClassifierHead(nn.Module):
    """The label's logits from the spatial mean of the last latent (the released code's `weight_y` term)."""

    def __init__(self, channels: int, classes: int):
        super().__init__()
        self.weight = empty(channels, classes)
        self.bias = empty(classes)
        self.logScale = empty(classes)

    def forward(self, z: Tensor) -> Tensor:
        """
        Args:
            z: `[batch, height, width, channel]`.

        Returns:
            `[batch, classes]`.
        """
        return (z.mean((1, 2)) @ self.weight + self.bias) * (3 * self.logScale).exp()


def _told(halves: Tensor | None, embedding: Tensor | None, rows: Rows) -> Tensor:
    """`halves` with what the embedding `[conditions, height, width, channel]` adds for each image's row."""
    if embedding is None:
        assert halves is not None
        return halves
    told = embedding if rows is None else torch.tensordot(rows, embedding, 1)
    return told if halves is None else halves + told
