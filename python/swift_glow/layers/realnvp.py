"""RealNVP's layers (Dinh, Sohl-Dickstein & Bengio 2017). Batch normalizations take their running averages, always."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .bijection import Bijection, Rows, empty, per_image, same_for_all

# Added to variances.
EPSILON = 1e-4


class RunningStatistics(nn.Module):
    """Mean and variance of each channel, averaged over the batches of training (section 3.7)."""

    runningMean: Tensor
    runningVariance: Tensor

    def __init__(self, channels: int):
        super().__init__()
        self.register_buffer("runningMean", torch.empty(channels))
        self.register_buffer("runningVariance", torch.empty(channels))

    def normalize(self, x: Tensor) -> Tensor:
        """`(x - mean) / sqrt(variance + epsilon)` a channel."""
        return (x - self.runningMean) * (self.runningVariance + EPSILON).rsqrt()


class BatchNorm(RunningStatistics, Bijection):
    """Batch normalization as a layer of the flow."""

    def forward(self, x: Tensor, rows: Rows = None) -> tuple[Tensor, Tensor]:
        return self.normalize(x), same_for_all(-0.5 * (self.runningVariance + EPSILON).log().sum(), x)

    def inverse(self, y: Tensor, rows: Rows = None) -> Tensor:
        return y * (self.runningVariance + EPSILON).sqrt() + self.runningMean


class ShiftedNorm(RunningStatistics):
    """Batch normalization with a learned shift, in the couplings' networks."""

    def __init__(self, channels: int):
        super().__init__(channels)
        self.shift = empty(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.normalize(x) + self.shift


class WeightNormConv(nn.Module):
    """A convolution whose weights are, for each output, a direction of length 1 times a magnitude (section 4.1)."""

    def __init__(self, size: int, inputs: int, outputs: int, *, magnitude: bool = True, bias: bool = True):
        super().__init__()
        self.weight = empty(size, size, inputs, outputs)
        self.magnitude = empty(outputs) if magnitude else None
        self.bias = empty(outputs) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        length = self.weight.square().sum((0, 1, 2)).sqrt()
        factor = 1 / length if self.magnitude is None else self.magnitude / length
        kernel = (self.weight * factor).permute(3, 2, 0, 1)
        return F.conv2d(x.permute(0, 3, 1, 2), kernel, self.bias, padding=len(self.weight) // 2).permute(0, 2, 3, 1)


class ResidualBlock(nn.Module):
    """`x + conv3x3(relu(norm(conv3x3(relu(norm(x))))))`."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm1 = ShiftedNorm(channels)
        self.conv1 = WeightNormConv(3, channels, channels, magnitude=False, bias=False)
        self.norm2 = ShiftedNorm(channels)
        self.conv2 = WeightNormConv(3, channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        middle: Tensor = self.conv1(self.norm1(x).relu())
        change: Tensor = self.conv2(self.norm2(middle).relu())
        return x + change


class ResidualConditioner(nn.Module):
    """A residual network from each stage of which a 1x1 convolution skips to the output (section 4.1).

    As in the released code, it is given the positive and the negative part of its normalized input. That of a checkerboard
    takes twice the input, of which half is zero, and the mask as one more channel.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int, blocks: int, *, checkerboard: bool):
        super().__init__()
        self.input = ShiftedNorm(inputs)
        self.stem = WeightNormConv(3, 2 * inputs + checkerboard, hidden, magnitude=False)
        self.skip0 = WeightNormConv(1, hidden, hidden)
        for number in range(1, blocks + 1):
            self.add_module(f"block{number}", ResidualBlock(hidden))
            self.add_module(f"skip{number}", WeightNormConv(1, hidden, hidden))
        self.norm = ShiftedNorm(hidden)
        self.head = WeightNormConv(1, hidden, outputs)
        self.blocks = blocks

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """
        Args:
            mask: of a checkerboard, 1 at the pixels that are kept, `[1, height, width, 1]`.
        """
        x = self.input(x)
        if mask is None:
            parts = [x, -x]
        else:
            parts = [2 * x, -2 * x, mask.expand(*x.shape[:3], 1)]
        stage = self.stem(torch.cat(parts, -1).relu())
        total = self.skip0(stage)
        for number in range(1, self.blocks + 1):
            stage = getattr(self, f"block{number}")(stage)
            total = total + getattr(self, f"skip{number}")(stage)
        output: Tensor = self.head(self.norm(total).relu())
        return output


class RescaledCoupling(Bijection):
    """`y = (x + shift) exp(rescale * tanh(raw))` of what is not kept (sections 3.4 and 4.1)."""

    def __init__(self, conditioner: ResidualConditioner):
        super().__init__()
        self.rescale = empty(1)
        self.conditioner = conditioner

    def parameters_of(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """Shift and log scale of a network's output."""
        shift, raw = output.chunk(2, -1)
        return shift, self.rescale * raw.tanh()


class ChannelCoupling(RescaledCoupling):
    """Keeps the first half of the channels, or the second."""

    def __init__(self, conditioner: ResidualConditioner, *, keeps_first: bool):
        super().__init__(conditioner)
        self.keeps_first = keeps_first

    def forward(self, x: Tensor, rows: Rows = None) -> tuple[Tensor, Tensor]:
        kept, moved = self._divide(x)
        shift, log_scale = self.parameters_of(self.conditioner(kept))
        return self._join(kept, (moved + shift) * log_scale.exp()), per_image(log_scale)

    def inverse(self, y: Tensor, rows: Rows = None) -> Tensor:
        kept, moved = self._divide(y)
        shift, log_scale = self.parameters_of(self.conditioner(kept))
        return self._join(kept, moved * (-log_scale).exp() - shift)

    def _divide(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first, second = x.chunk(2, -1)
        return (first, second) if self.keeps_first else (second, first)

    def _join(self, kept: Tensor, moved: Tensor) -> Tensor:
        return torch.cat([kept, moved] if self.keeps_first else [moved, kept], -1)


class CheckerboardCoupling(RescaledCoupling):
    """Keeps the pixels whose row and column add up to an even number, or to an odd one."""

    def __init__(self, conditioner: ResidualConditioner, *, keeps_odd: bool):
        super().__init__(conditioner)
        self.keeps_odd = keeps_odd

    def forward(self, x: Tensor, rows: Rows = None) -> tuple[Tensor, Tensor]:
        shift, log_scale = self._map(x)
        return (x + shift) * log_scale.exp(), per_image(log_scale)

    def inverse(self, y: Tensor, rows: Rows = None) -> Tensor:
        shift, log_scale = self._map(y)
        return y * (-log_scale).exp() - shift

    def _map(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Shift and log scale, zero at the kept pixels, which are the same before and after."""
        kept = self._kept(x)
        shift, log_scale = self.parameters_of(self.conditioner(x * kept, kept))
        return shift * (1 - kept), log_scale * (1 - kept)

    def _kept(self, x: Tensor) -> Tensor:
        """1 at the pixels that are kept, `[1, height, width, 1]`."""
        rows, columns = torch.arange(x.shape[1], device=x.device), torch.arange(x.shape[2], device=x.device)
        odd = (rows[:, None] + columns) % 2
        return (odd if self.keeps_odd else 1 - odd).to(x.dtype)[None, :, :, None]
