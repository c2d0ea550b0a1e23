#!/usr/bin/env python3
"""Glow as one would write it in PyTorch: channels first, nn.Conv2d, autograd. Written from the paper (Kingma & Dhariwal
2018) for this benchmark."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import common


class ActNorm(nn.Module):
    """y = exp(log_scale) * (x + bias) per channel; the first batch sets both."""

    def __init__(self, channels: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.log_scale = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.initialized = False

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        variance, mean = torch.var_mean(x, dim=(0, 2, 3), correction=0, keepdim=True)
        self.bias.copy_(-mean)
        self.log_scale.copy_(-(variance.sqrt() + 1e-6).log())
        self.initialized = True

    def forward(self, x: Tensor) -> Tensor:
        if not self.initialized:
            self.initialize(x)
        return (x + self.bias) * self.log_scale.exp()

    def log_det(self, x: Tensor) -> Tensor:
        return x.shape[2] * x.shape[3] * self.log_scale.sum()

    def inverse(self, y: Tensor) -> Tensor:
        return y * (-self.log_scale).exp() - self.bias


class Invertible1x1(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.linalg.qr(torch.randn(channels, channels))[0])

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight[:, :, None, None])

    def log_det(self, x: Tensor) -> Tensor:
        return x.shape[2] * x.shape[3] * torch.linalg.slogdet(self.weight).logabsdet

    def inverse(self, y: Tensor) -> Tensor:
        return F.conv2d(y, torch.linalg.inv(self.weight)[:, :, None, None])


class ZeroConv3x3(nn.Module):
    """A 3x3 convolution that starts at zero, times exp(3 * log_scale)."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.log_scale = nn.Parameter(torch.zeros(1, outputs, 1, 1))
        nn.init.zeros_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) * (3 * self.log_scale).exp()


class Coupling(nn.Module):
    """Affine, or additive, which leaves out the scale and half of the outputs."""

    def __init__(self, channels: int, hidden: int, additive: bool):
        super().__init__()
        self.additive = additive
        self.net = nn.Sequential(
            nn.Conv2d(channels // 2, hidden, 3, padding=1, bias=False), ActNorm(hidden), nn.ReLU(inplace=True),
            nn.Conv2d(hidden, hidden, 1, bias=False), ActNorm(hidden), nn.ReLU(inplace=True),
            ZeroConv3x3(hidden, channels // 2 if additive else channels),
        )
        for layer in (self.net[0], self.net[3]):
            nn.init.normal_(layer.weight, std=0.05)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        kept, transformed = x.chunk(2, dim=1)
        if self.additive:
            return torch.cat([kept, transformed + self.net(kept)], dim=1), x.new_zeros(x.shape[0])
        shift, raw = self.net(kept).chunk(2, dim=1)
        log_scale = F.logsigmoid(raw + 2)
        y = torch.cat([kept, (transformed + shift) * log_scale.exp()], dim=1)
        return y, log_scale.sum(dim=(1, 2, 3))

    def inverse(self, y: Tensor) -> Tensor:
        kept, transformed = y.chunk(2, dim=1)
        if self.additive:
            return torch.cat([kept, transformed - self.net(kept)], dim=1)
        shift, raw = self.net(kept).chunk(2, dim=1)
        return torch.cat([kept, transformed / torch.sigmoid(raw + 2) - shift], dim=1)


class Step(nn.Module):
    def __init__(self, channels: int, hidden: int, additive: bool):
        super().__init__()
        self.actnorm = ActNorm(channels)
        self.conv = Invertible1x1(channels)
        self.coupling = Coupling(channels, hidden, additive)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        normed = self.actnorm(x)
        y, log_det = self.coupling(self.conv(normed))
        return y, log_det + self.actnorm.log_det(x) + self.conv.log_det(x)

    def inverse(self, y: Tensor) -> Tensor:
        return self.actnorm.inverse(self.conv.inverse(self.coupling.inverse(y)))


def gaussian_log_prob(z: Tensor, mean: Tensor, log_sd: Tensor) -> Tensor:
    terms = -0.5 * ((z - mean) * (-log_sd).exp()) ** 2 - log_sd - 0.5 * math.log(2 * math.pi)
    return terms.sum(dim=(1, 2, 3))


def gaussian_sample(mean: Tensor, log_sd: Tensor) -> Tensor:
    return mean + log_sd.exp() * torch.randn_like(mean)


class PlainGlow(common.Glow):
    def __init__(self, shape: common.Shape):
        super().__init__()
        self.levels = nn.ModuleList()
        self.priors = nn.ModuleList()
        channels, size = shape.channels, shape.size
        for level in range(1, shape.levels + 1):
            channels, size = 4 * channels, size // 2
            steps = [Step(channels, shape.hidden, shape.coupling == "additive") for _ in range(shape.steps)]
            self.levels.append(nn.ModuleList(steps))
            if level < shape.levels:
                self.priors.append(ZeroConv3x3(channels // 2, channels))
                channels //= 2
        self.top_shape = (channels, size, size)
        self.top = nn.Parameter(torch.zeros(1, 2 * channels, 1, 1))

    def top_prior(self, count: int) -> tuple[Tensor, Tensor]:
        mean, log_sd = self.top.chunk(2, dim=1)
        return mean.expand(count, *self.top_shape), log_sd.expand(count, *self.top_shape)

    def log_prob(self, x: Tensor) -> Tensor:
        total = x.new_zeros(x.shape[0])
        for level, steps in enumerate(self.levels):
            x = F.pixel_unshuffle(x, 2).contiguous(memory_format=self.memory_format)
            for step in steps:
                x, log_det = step(x)
                total = total + log_det
            if level < len(self.priors):
                x, latent = x.chunk(2, dim=1)
                total = total + gaussian_log_prob(latent, *self.priors[level](x).chunk(2, dim=1))
        return total + gaussian_log_prob(x, *self.top_prior(x.shape[0]))

    def sample(self, count: int) -> Tensor:
        y = gaussian_sample(*self.top_prior(count))
        for level in reversed(range(len(self.levels))):
            if level < len(self.priors):
                y = torch.cat([y, gaussian_sample(*self.priors[level](y).chunk(2, dim=1))], dim=1)
            y = y.contiguous(memory_format=self.memory_format)
            for step in reversed(self.levels[level]):
                y = step.inverse(y)
            y = F.pixel_shuffle(y, 2)
        return y


if __name__ == "__main__":
    common.main("plain PyTorch", PlainGlow)
