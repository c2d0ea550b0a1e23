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
        weight = weight.new_zeros(9, *weight.shape[1:]).index_copy(0, places, weight).reshape(3, 3, *weight.shape[1:])
    y = F.conv2d(x.permute(0, 3, 1, 2), weight[:, :, :inputs].permute(3, 2, 0, 1), padding=1).permute(0, 2, 3, 1)
    if edge_channel:
        y = y + edge(weight[:, :, inputs], x.shape[1], x.shape[2])
    return y


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


class InputConv(nn.Module):
    """A 3x3 convolution without a bias, to which an embedding of the condition is added where it is told."""

    def __init__(self, inputs: int, outputs: int, edge_channel: bool, taps: tuple[int, ...], conditions: int):
        super().__init__()
        self.weight = _taps_weight(taps, inputs + edge_channel, outputs)
        self.labelEmbedding = empty(conditions, outputs) if conditions else None
        self.edge_channel, self.taps = edge_channel, taps

    def forward(self, x: Tensor, rows: Rows = None) -> Tensor:
        y = convolve(x, self.weight, self.taps, self.edge_channel)
        if self.labelEmbedding is None or rows is None:
            return y
        return y + (rows @ self.labelEmbedding)[:, None, None]


class PixelMatrix(nn.Module):
    """A 1x1 convolution without a bias; the weight is `[input, output]`."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.weight = empty(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight


class ConvConditioner(nn.Module):
    """conv3x3, ActNorm, ReLU, conv1x1, ActNorm, ReLU, conv3x3 that starts at zero (Glow, section 3.3)."""

    def __init__(
        self, inputs: int, hidden: int, outputs: int, *, edge_channel: bool, factor: float, conditions: int,
        taps: tuple[tuple[int, ...], tuple[int, ...]] = (SQUARE, SQUARE),
    ):
        """
        Args:
            factor: of the ActNorms' log-scales.
            conditions: that the network is told; 0 for none.
            taps: of the first convolution and of the last.
        """
        super().__init__()
        self.conv1 = InputConv(inputs, hidden, edge_channel, taps[0], conditions)
        self.norm1 = ActNorm(hidden, factor)
        self.conv2 = PixelMatrix(hidden, hidden)
        self.norm2 = ActNorm(hidden, factor)
        self.conv3 = ZeroConv3x3(hidden, outputs, edge_channel, taps[1])

    def forward(self, x: Tensor, rows: Rows = None) -> Tensor:
        """
        Args:
            x: `[batch, height, width, inputs]`.

        Returns:
            `[batch, height, width, outputs]`.
        """
        x = self.norm1(self.conv1(x, rows))[0].relu()
        x = self.norm2(self.conv2(x))[0].relu()
        output: Tensor = self.conv3(x)
        return output


def _taps_weight(taps: tuple[int, ...], inputs: int, outputs: int) -> nn.Parameter:
    return empty(3, 3, inputs, outputs) if taps == SQUARE else empty(len(taps), inputs, outputs)
