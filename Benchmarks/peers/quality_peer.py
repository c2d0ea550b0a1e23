#!/usr/bin/env python3
"""Trains one of the peers for so many CPU seconds and prints validation bits/dim on the way, a JSON object a line.

The CPU seconds are the process time of the training steps: gathering and dequantizing a batch, both passes, clipping,
the optimizer, and averaging the weights. Start-up, reading the images, the data-dependent initialization and
validations do not count. The learning rate falls with the CPU seconds, so a run is as long as was asked for, on any
machine.

The images are a packed data set, as `glow data pack` writes it. Validation takes the same images as `glow train`: 1000,
spread evenly over the split.
"""

import argparse
import json
import math
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel

import common

INITIALIZATION_IMAGES = 256
VALIDATION_IMAGES = 1000
VALIDATION_BATCH = 100


@dataclass(frozen=True)
class Recipe:
    """How a peer trains. `average` and `warmup` are in images, `clip` is the largest gradient norm; 0 is without."""

    optimizer: type[torch.optim.Optimizer]
    learning_rate: float
    batch: int
    weight_decay: float = 0
    warmup: int = 0
    cosine: bool = False
    average: int = 0
    clip: float = 0

    def rate(self, images: int, share: float) -> float:
        """The learning rate after so many images and that share of the time."""
        rising = min(1, (images + self.batch) / self.warmup) if self.warmup else 1
        falling = (1 + math.cos(math.pi * min(1, share))) / 2 if self.cosine else 1
        return self.learning_rate * rising * falling


RECIPES = {
    # What `glow presets demo` has, but for Muon.
    "plain": Recipe(
        torch.optim.Adam, learning_rate=2e-3, batch=16, warmup=1600, cosine=True, average=3200, clip=0.5),
    # Those of normflows' Glow example.
    "normflows": Recipe(torch.optim.Adamax, learning_rate=1e-3, batch=128, weight_decay=1e-5),
}


def build(peer: str, shape: common.Shape) -> common.Glow:
    if peer == "plain":
        import plain_glow
        return plain_glow.PlainGlow(shape)
    import normflows_glow
    return normflows_glow.NormflowsGlow(shape)


def read(folder: Path, split: str) -> np.ndarray:
    """The images of a packed split, [image, channel, height, width]."""
    shards = []
    for shard in json.loads((folder / "dataset.json").read_text())["splits"][split]:
        content = (folder / shard["file"]).read_bytes()
        (length,) = struct.unpack_from("<Q", content)
        pixels = json.loads(content[8:8 + length])["pixels"]
        start, end = (8 + length + offset for offset in pixels["data_offsets"])
        shards.append(np.frombuffer(content[start:end], np.uint8).reshape(pixels["shape"]))
    return np.ascontiguousarray(np.concatenate(shards).transpose(0, 3, 1, 2))


def dequantized(images: np.ndarray, noise: torch.Generator) -> torch.Tensor:
    x = torch.from_numpy(images).float()
    x = (x + torch.rand(x.shape, generator=noise)) / 256 - 0.5
    return x.to(memory_format=torch.channels_last)


def bits_per_dimension(log_prob: torch.Tensor, dimensions: int) -> torch.Tensor:
    return 8 - log_prob.mean() / (dimensions * math.log(2))


@torch.no_grad()
def validate(model: common.Glow, images: np.ndarray) -> float:
    noise = torch.Generator().manual_seed(0)
    parts = [images[start:start + VALIDATION_BATCH] for start in range(0, len(images), VALIDATION_BATCH)]
    total = sum(
        len(part) * bits_per_dimension(model.log_prob(dequantized(part, noise)), part[0].size).item() for part in parts)
    return total / len(images)


def orders(count: int, batch: int, seed: int) -> Iterator[np.ndarray]:
    """The images of each batch; each epoch in an order of its own."""
    random = np.random.default_rng(seed)
    while True:
        order = random.permutation(count)
        for start in range(0, count - batch + 1, batch):
            yield np.sort(order[start:start + batch])


def debiased_mean(decay: float) -> Callable[[list, list, torch.Tensor], None]:
    """An exponential moving average that does not lean on its start, as ours."""
    def update(average: list, newest: list, count: torch.Tensor) -> None:
        torch._foreach_lerp_(average, newest, (1 - decay) / (1 - decay ** (int(count) + 1)))

    return update


def train(
    model: common.Glow, recipe: Recipe, images: np.ndarray, validation: np.ndarray, seconds: float, seed: int
) -> None:
    noise = torch.Generator().manual_seed(seed)
    batches = orders(len(images), recipe.batch, seed)
    first = np.random.default_rng(seed).choice(len(images), INITIALIZATION_IMAGES, replace=False)
    with torch.no_grad():
        model.log_prob(dequantized(images[first], noise))
    optimizer = recipe.optimizer(model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    averaged = None
    if recipe.average:
        averaged = AveragedModel(model, multi_avg_fn=debiased_mean(1 - recipe.batch / recipe.average))

    def step(share: float, seen: int) -> None:
        x = dequantized(images[next(batches)], noise)
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate(seen, share)
        optimizer.zero_grad(set_to_none=True)
        loss = bits_per_dimension(model.log_prob(x), x[0].numel())
        if not torch.isfinite(loss):
            return  # As in normflows' example.
        loss.backward()
        if recipe.clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        if averaged:
            averaged.update_parameters(model)

    stops = [seconds / 2**power for power in (4, 3, 2, 1, 0)]
    used, seen = 0.0, 0
    while stops:
        start = time.process_time()
        step(used / seconds, seen)
        used += time.process_time() - start
        seen += recipe.batch
        if used >= stops[0]:
            stops.pop(0)
            measured = validate(averaged.module if averaged else model, validation)
            print(json.dumps({"cpuSeconds": used, "images": seen, "bitsPerDimension": measured}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", choices=RECIPES, required=True)
    parser.add_argument("--data", type=Path, required=True, help="a packed data set")
    parser.add_argument("--seconds", type=float, required=True, help="CPU seconds of training")
    parser.add_argument("--learning-rate", type=float, help="another than the recipe's")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    recipe = RECIPES[arguments.peer]
    if arguments.learning_rate:
        recipe = Recipe(**vars(recipe) | {"learning_rate": arguments.learning_rate})
    try:
        images, validation = (read(arguments.data, split) for split in ("train", "validation"))
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"quality_peer: {arguments.data} is no packed data set: {error}")
    count = min(VALIDATION_IMAGES, len(validation))
    chosen = np.arange(count) * len(validation) // count
    _, channels, size, _ = images.shape
    shape = common.Shape("demo", levels=2, steps=8, hidden=64, size=size, channels=channels)
    # Channels last is a tenth faster than channels first at this size.
    model = build(arguments.peer, shape).to(memory_format=torch.channels_last)
    model.memory_format = torch.channels_last
    train(model, recipe, images, validation[chosen], arguments.seconds, arguments.seed)


if __name__ == "__main__":
    main()
