"""Glow's networks: 3x3 convolutions that may see the edge, and the conditioner made of them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .bijection import Rows, empty
from .mixing import ActNorm

# The nine taps of a 3x3 convolution in raster order; masked ones have some of them.
SQUARE = tuple(range(9))


def convolve(x: Tensor, weight: Tensor, taps: tuple[int, ...] = SQUARE, edge_channel: bool = False) -> Tensor:
    """A 3x3 convolution, stride 1, with a border of zeros.

    Args:
        x: `[batch, height, width, input]`.
        weight: `[3, 3, input, output]`, or of fewer taps `[taps, input, output]`. With an edge channel there is one more
            input, the last: it is 1 on the border and 0 inside.

    Returns:
        `[batch, height, width, output]`.
    """
    inputs = x.shape[3]
    if taps != SQUARE:
        places = torch.tensor(taps, device=weight.device)
        weight = weight.new_zeros(9, *weight.shape[1:]).index_copy(0, places, weight).unflatten(0, (3, 3))
    y = F.conv2d(x.permute(0, 3, 1, 2), weight[:, :, :inputs].permute(3, 2, 0, 1), padding=1).permute(0, 2, 3, 1)
    return y + edge(weight[:, :, inputs], x.shape[1], x.shape[2]) if edge_channel else y


def edge(weight: Tensor, height: int, width: int) -> Tensor:
    """What the edge channel adds, `[1, height, width, output]`.

    Args:
        weight: `[3, 3, output]`.
    """
    channel = F.pad(weight.new_zeros(1, 1, height, width), (1, 1, 1, 1), value=1.0)
    return F.conv2d(channel, weight.permute(2, 0, 1)[:, None]).permute(0, 2, 3, 1)


class ZeroConv3x3(nn.Module):
    """The released code's `conv2d_zeros`: `(conv3x3(x) + bias) exp(3 logScale)`, zero at the start of training."""

    def __init__(self, inputs: int, outputs: int, edge_channel: bool, taps: tuple[int, ...] = SQUARE):
        super().__init__()
        self.weight = _taps_weight(taps, inputs + edge_channel, outputs)
        self.bias = empty(outputs)
        self.logScale = empty(outputs)
        self.edge_channel, self.taps = edge_channel, taps

    def forward(self, x: Tensor) -> Tensor:
        return (convolve(x, self.weight, self.taps, self.edge_channel) + self.bias) * (3 * self.logScale).exp()


class ConvConditioner(nn.Module):
    """conv3x3, ActNorm, ReLU, conv1x1, ActNorm, ReLU, conv3x3 that starts at zero; `[batch, height, width, outputs]`.

    An embedding of the condition, where it is told, is added before the first ActNorm.
    """

    def __init__(
        self, inputs: int, hidden: int, outputs: int, *, edge_channel: bool, factor: float, conditions: int,
        taps: tuple[tuple[int, ...], tuple[int, ...]] = (SQUARE, SQUARE),
    ):
        super().__init__()
        self.conv1 = nn.Module()
        self.conv1.weight = _taps_weight(taps[0], inputs + edge_channel, hidden)
        if conditions:
            self.conv1.labelEmbedding = empty(conditions, hidden)
        self.norm1 = ActNorm(hidden, factor)
        self.conv2 = nn.Module()
        # Input first.
        self.conv2.weight = empty(hidden, hidden)
        self.norm2 = ActNorm(hidden, factor)
        self.conv3 = ZeroConv3x3(hidden, outputs, edge_channel, taps[1])
        self.edge_channel, self.conditions, self.taps = edge_channel, conditions, taps[0]

    def forward(self, x: Tensor, rows: Rows = None) -> Tensor:
        x = convolve(x, self.conv1.weight, self.taps, self.edge_channel)
        if self.conditions:
            assert rows is not None
            x = x + (rows @ self.conv1.labelEmbedding)[:, None, None]
        x = self.norm1(x)[0].relu()
        x = self.norm2(x @ self.conv2.weight)[0].relu()
        return self.conv3(x)


def _taps_weight(taps: tuple[int, ...], inputs: int, outputs: int) -> nn.Parameter:
    return empty(3, 3, inputs, outputs) if taps == SQUARE else empty(len(taps), inputs, outputs)
