"""Maps without parameters."""

from __future__ import annotations

import math

from torch import Tensor

from .bijection import Bijection, Rows, per_image


class Squeeze(Bijection):
    """Trades space for channels (RealNVP, section 3.6): `[N, H, W, C]` to `[N, H/2, W/2, 4C]`.

    Channel c at row offset dy and column offset dx goes to channel 4c + 2dy + dx.
    """

    def forward(self, x: Tensor, rows: Rows = None) -> tuple[Tensor, Tensor]:
        n, h, w, c = x.shape
        y = x.reshape(n, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 5, 2, 4).reshape(n, h // 2, w // 2, 4 * c)
        return y, x.new_zeros(n)

    def inverse(self, y: Tensor, rows: Rows = None) -> Tensor:
        n, h, w, c = y.shape
        return y.reshape(n, h, w, c // 4, 2, 2).permute(0, 1, 4, 2, 5, 3).reshape(n, 2 * h, 2 * w, c // 4)


class LogitTransform(Bijection):
    """From -1/2 ... 1/2 to the whole line (RealNVP, section 4.1): `logit(alpha + (1 - 2 alpha) (x + 1/2))`."""

    def __init__(self, alpha: float):
        super().__init__()
        self.alpha = alpha

    def forward(self, x: Tensor, rows: Rows = None) -> tuple[Tensor, Tensor]:
        p = (x + 0.5) * (1 - 2 * self.alpha) + self.alpha
        log_p, log_q = p.log(), (1 - p).log()
        return log_p - log_q, per_image(math.log(1 - 2 * self.alpha) - log_p - log_q)

    def inverse(self, y: Tensor, rows: Rows = None) -> Tensor:
        return (y.sigmoid() - self.alpha) / (1 - 2 * self.alpha) - 0.5
