#!/usr/bin/env python3
"""How long a step takes in many processes: a model of the backward pass and the ring that adds gradients up.

    python3 Benchmarks/cluster/model.py            # against Benchmarks/out/cluster.json, which measure.py writes
    python3 Benchmarks/cluster/model.py --gpus     # what it says of 8 to 1,024 GPUs, from the assumptions that it prints

A step is a forward pass and a backward pass. Gradients are done at an even pace during the backward pass and leave in buckets.
A ring of W ranks sends 2 (W - 1) / W of the bytes over each link, one bucket after the other, in 2 (W - 1) turns. A turn takes
the latency from rank to rank; Gloo's takes it twice, as the receiver says first that it is ready, but its two threads have two
buckets under way. On TCP a long way also waits for the window to open: a round trip for each doubling. The step ends when
the pass has ended and the last bucket is there, plus the sum of the losses, a message of its own.
"""

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path

MEASURED = Path(__file__).resolve().parents[1] / "out/cluster.json"


@dataclass(frozen=True)
class Link:
    bytes_per_second: float
    """In each direction, of each rank."""
    latency: float
    """Seconds from rank to rank, of a message without content."""
    is_gloo: bool = False
    window: float = math.inf
    """Bytes that TCP has under way before it hears from the other side."""

    @property
    def channels(self) -> int:
        """Buckets under way at a time."""
        return 2 if self.is_gloo else 1

    def transfer(self, ranks: int, size: float) -> float:
        return 2 * (ranks - 1) / ranks * size / self.bytes_per_second

    def turns(self, ranks: int, under_way: float) -> float:
        """Seconds of waiting for each other, with so many bytes under way. In many ranks NCCL takes a tree, which has fewer
        turns."""
        ring, tree = 2 * (ranks - 1), 2 * math.ceil(math.log2(ranks))
        doublings = math.log2(max(1, under_way / self.window))
        return self.latency * ((2 * ring if self.is_gloo else min(ring, tree)) + 2 * doublings)


@dataclass(frozen=True)
class Work:
    """What a rank computes in a step, in seconds, and the bytes of its gradients."""

    forward: float
    backward: float
    gradients: int


def step(work: Work, link: Link, ranks: int, bucket: float) -> tuple[float, float]:
    """Seconds of a step, and of these what the rank waits."""
    computed = work.forward + work.backward
    if ranks == 1:
        return computed, 0.0
    sent, wire, channels = 0.0, 0.0, [0.0] * link.channels
    while sent < work.gradients:
        size = min(bucket, work.gradients - sent)
        sent += size
        ready = work.forward + work.backward * sent / work.gradients
        channels.sort()
        wire = max(ready, channels[0], wire) + link.transfer(ranks, size)
        channels[0] = wire + link.turns(ranks, min(size * link.channels, work.gradients))
    end = max(computed, *channels) + link.turns(ranks, 0)
    return end, end - computed


# Against what was measured.


def check() -> None:
    found = json.loads(MEASURED.read_text())
    fast = found["links"]["as fast as the kernel"]
    gradients = fast["overlap"]["bytes"]
    share = found["compute"]["16"]["forward"] / found["compute"]["16"]["train"]
    # Two ranks that share a processor's memory: what a step takes without a network is read off the fastest link.
    computed = fast["end"]["seconds"] * (1 - fast["end"]["waiting"])
    work = Work(share * computed, (1 - share) * computed, gradients)
    print(f"gradients {gradients} bytes; a step computes {1000 * computed:.1f} ms, {100 * share:.0f} % of it forward\n")
    print("| link | gradients | measured, ms | predicted, ms | error |\n|---|---|--:|--:|--:|")
    errors = []
    for part in ("links", "delays"):
        base = found["delays"]["0 ms each way"]
        for name, case in found[part].items():
            megabits, delay = case["link"].get("megabits"), case["link"].get("delay")
            if not megabits and not delay:
                continue
            own = work
            if delay:
                # The forwarder takes its part of the two cores: its own speed without a delay is the start.
                own = scaled(work, base["end"]["seconds"] * (1 - base["end"]["waiting"]))
            # Ten packets, of 1448 bytes on the cable and 32,000 through the forwarder.
            link = Link(
                megabits * 1e6 / 8 if megabits else 1e9, delay / 1000 if delay else 5e-5, is_gloo=True,
                window=10 * (32_000 if delay else 1448))
            for how, bucket in (("during the pass", 262_144), ("at its end", math.inf)):
                seen = case["overlap" if bucket < math.inf else "end"]["seconds"]
                predicted, _ = step(own, link, 2, bucket)
                errors.append(abs(predicted / seen - 1))
                print(f"| {name} | {how} | {1000 * seen:.0f} | {1000 * predicted:.0f} | {100 * (predicted / seen - 1):+.0f} % |")
    print(f"\nmean error {100 * sum(errors) / len(errors):.0f} %, largest {100 * max(errors):.0f} %")


def scaled(work: Work, computed: float) -> Work:
    factor = computed / (work.forward + work.backward)
    return Work(work.forward * factor, work.backward * factor, work.gradients)


# The published runs on GPUs.


@dataclass(frozen=True)
class Glow:
    name: str
    size: int
    levels: int
    steps: int
    batch: int
    affine: bool
    hidden: int = 512

    def layers(self):
        """Height times width, and channels, of every level."""
        for level in range(1, self.levels + 1):
            yield (self.size >> level) ** 2, 3 << (level + 1)

    @property
    def parameters(self) -> int:
        total = 0
        for _, channels in self.layers():
            outputs = channels if self.affine else channels // 2
            conditioner = 9 * (channels // 2 + 1) * self.hidden + self.hidden**2 + 9 * (self.hidden + 1) * outputs
            total += self.steps * (conditioner + channels**2)
        return total

    @property
    def flops(self) -> float:
        """Of one image forward."""
        total = 0.0
        for pixels, channels in self.layers():
            outputs = channels if self.affine else channels // 2
            products = 9 * channels // 2 * self.hidden + self.hidden**2 + 9 * self.hidden * outputs + channels**2
            total += self.steps * pixels * 2 * products
        return total


RUNS = [
    Glow("cifar10", 32, 3, 32, 512, True),
    Glow("imagenet64", 64, 4, 48, 128, True),
    Glow("celebahq256", 256, 6, 32, 40, False),
]
NETWORKS = {
    # Bytes a second that a ring passes on, within a machine of eight and between machines; seconds from rank to rank. A
    # ring through machines crosses each machine's adapter once; with an adapter a GPU there are as many rings.
    "NVLink and 400 Gbit/s a GPU": (200e9, 200e9, 10e-6),
    "NVLink and 100 Gbit/s a machine": (200e9, 100e9 / 8, 15e-6),
    "PCIe and 25 Gbit/s a machine": (10e9, 25e9 / 8, 30e-6),
}


def gpus(teraflops: float, floor: float, bucket: float) -> None:
    print(f"Assumed, and measured nowhere here: a GPU that computes at {teraflops:.0f} TFLOP/s, and no step of flow under "
          f"{1e6 * floor:.0f} us (forward, rebuilding and backward together); buckets of {bucket / 2**20:.0f} MB.\n")  # fmt: skip
    for run in RUNS:
        gradients = 4 * run.parameters
        print(f"{run.name}: {run.parameters / 1e6:.1f} M parameters, {gradients / 1e6:.0f} MB of gradients, "
              f"{run.flops / 1e9:.1f} GFLOP an image forward, batch {run.batch}\n")  # fmt: skip
        counts = [1] + [2**power for power in range(3, 11)]
        print("| network | batch | " + " | ".join(f"{count} GPUs" for count in counts[1:]) + " |\n|---|---|" + "--:|" * (len(counts) - 1))
        for network, (within, between, latency) in NETWORKS.items():
            for what in ("as published", "grows with the GPUs"):
                cells = []
                for count in counts[1:]:
                    local = run.batch / count if what == "as published" else run.batch / 8
                    if local < 1:
                        cells.append("-")
                        continue
                    work = gpu_work(run, local, teraflops, floor, gradients)
                    one = gpu_work(run, local * count, teraflops, floor, gradients)
                    link = Link(within if count <= 8 else between, latency)
                    seconds, _ = step(work, link, count, bucket)
                    efficiency = (one.forward + one.backward) / (count * seconds)
                    cells.append(f"{1000 * seconds:.0f} ms, {100 * min(1, efficiency):.0f} %")
                print(f"| {network} | {what} | " + " | ".join(cells) + " |")
        print()


def gpu_work(run: Glow, images: float, teraflops: float, floor: float, gradients: int) -> Work:
    # Rebuilding costs a forward pass, and gradients two.
    computed = max(4 * images * run.flops / (teraflops * 1e12), run.levels * run.steps * floor)
    return Work(computed / 4, 3 * computed / 4, gradients)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gpus", action="store_true")
    parser.add_argument("--teraflops", type=float, default=30)
    parser.add_argument("--floor", type=float, default=300e-6)
    parser.add_argument("--bucket", type=float, default=4 * 2**20)
    options = parser.parse_args()
    if options.gpus:
        gpus(options.teraflops, options.floor, options.bucket)
    else:
        check()
