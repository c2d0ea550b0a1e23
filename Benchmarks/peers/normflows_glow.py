#!/usr/bin/env python3
"""normflows' Glow: its GlowBlock in its MultiscaleFlow, put together as its documentation does."""

import normflows as nf
from torch import Tensor

import common


class NormflowsGlow(common.Glow):
    def __init__(self, shape: common.Shape):
        super().__init__()
        bases, flows, merges = [], [], []
        # normflows counts levels from the latents.
        for index in range(shape.levels):
            level = shape.levels - index
            channels, size = shape.channels << (level + 1), shape.size >> level
            affine = shape.coupling == "affine"
            blocks = [nf.flows.GlowBlock(channels, shape.hidden, scale=affine) for _ in range(shape.steps)]
            flows.append(blocks + [nf.flows.Squeeze()])
            if index > 0:
                merges.append(nf.flows.Merge())
                channels //= 2
            bases.append(nf.distributions.GlowBase((channels, size, size)))
        self.flow = nf.MultiscaleFlow(bases, flows, merges, class_cond=False)

    def log_prob(self, x: Tensor) -> Tensor:
        return self.flow.log_prob(x, None)

    def sample(self, count: int) -> Tensor:
        return self.flow.sample(count)[0]


if __name__ == "__main__":
    common.main("normflows", NormflowsGlow)
