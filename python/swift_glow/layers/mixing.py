"""Maps of each pixel's channels: activation normalization, and what mixes them."""

from __future__ import annotations

import torch
from torch import Tensor

from .bijection import Bijection, Rows, empty, same_for_all


class ActNorm(Bijection):
    """Activation normalization (Glow, section 3.1): `y = s (x + bias)` a channel, with `s = exp(factor * logScale)`."""

    def __init__(self, channels: int, factor: float):
        super().__init__()
        self.factor = factor
        self.bias = empty(channels)
        self.logScale = empty(channels)

    def forward(self, x: Tensor, rows: Rows = None) -> tuple[Tensor, Tensor]:
        log_scale = self.logScale * self.factor
        return (x + self.bias) * log_scale.exp(), same_for_all(log_scale.sum(), x)

    def inverse(self, y: Tensor, rows: Rows = None) -> Tensor:
        return y * (-self.logScale * self.factor).exp() - self.bias


class ChannelPermutation(Bijection):
    """A fixed order of the channels: `y[..., i] = x[..., order[i]]`."""

    order: Tensor

    def __init__(self, channels: int):
        super().__init__()
        self.register_buffer("order", torch.empty(channels, dtype=torch.int64))

    def forward(self, x: Tensor, rows: Rows = None) -> tuple[Tensor, Tensor]:
        return x[..., self.order], x.new_zeros(len(x))

    def inverse(self, y: Tensor, rows: Rows = None) -> Tensor:
        return y[..., self.order.argsort()]


class MatrixMixing(Bijection):
    """The invertible 1x1 convolution (Glow, section 3.2): `y = W x` at every pixel. W is composed and inverted in float64."""

    def matrix(self) -> Tensor:
        """W, `[channel, channel]`, float64."""
        raise NotImplementedError

    def log_determinant(self) -> Tensor:
        """log|det W|, a scalar in float64."""
        raise NotImplementedError

    def forward(self, x: Tensor, rows: Rows = None) -> tuple[Tensor, Tensor]:
        return x @ self.matrix().T.to(x.dtype), same_for_all(self.log_determinant(), x)

    def inverse(self, y: Tensor, rows: Rows = None) -> Tensor:
        return y @ self.matrix().inverse().T.to(y.dtype)


class PlainConv1x1(MatrixMixing):
    """W as it is."""

    def __init__(self, channels: int):
        super().__init__()
        self.weight = empty(channels, channels)

    def matrix(self) -> Tensor:
        return self.weight.double()

    def log_determinant(self) -> Tensor:
        return self.matrix().slogdet().logabsdet


class LUConv1x1(MatrixMixing):
    """`W = P L (U + diag(sign * exp(logDiagonal)))` (Glow, equation 10); row i of what follows P is row `permutation[i]` of W."""

    permutation: Tensor
    sign: Tensor

    def __init__(self, channels: int):
        super().__init__()
        # Of both, only what lies below or above the diagonal counts.
        self.lower = empty(channels, channels)
        self.upper = empty(channels, channels)
        self.logDiagonal = empty(channels)
        self.register_buffer("permutation", torch.empty(channels, dtype=torch.int64))
        self.register_buffer("sign", torch.empty(channels))

    def matrix(self) -> Tensor:
        lower = self.lower.double().tril(-1) + torch.eye(len(self.sign), dtype=torch.float64, device=self.sign.device)
        upper = self.upper.double().triu(1) + (self.sign.double() * self.logDiagonal.double().exp()).diag()
        return (lower @ upper)[self.permutation.argsort()]

    def log_determinant(self) -> Tensor:
        return self.logDiagonal.double().sum()


class Step(Bijection):
    """A step of flow (Glow, figure 2a): ActNorm, a mixing of the channels, and a map of some elements given others."""

    def __init__(self, actnorm: ActNorm, permutation: Bijection, part: str, transform: Bijection):
        super().__init__()
        self.actnorm = actnorm
        self.permutation = permutation
        # `coupling` or `masked`.
        self.add_module(part, transform)
        self._transform = part

    def forward(self, x: Tensor, rows: Rows = None) -> tuple[Tensor, Tensor]:
        x, of_norm = self.actnorm(x, rows)
        x, of_mixing = self.permutation(x, rows)
        x, of_map = getattr(self, self._transform)(x, rows)
        return x, of_norm + of_mixing + of_map

    def inverse(self, y: Tensor, rows: Rows = None) -> Tensor:
        y = getattr(self, self._transform).inverse(y, rows)
        return self.actnorm.inverse(self.permutation.inverse(y, rows), rows)
