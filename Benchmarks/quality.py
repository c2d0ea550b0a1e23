#!/usr/bin/env python3
"""Time to quality: our Glow and PyTorch's trained with one thread, and validation bits/dim against CPU seconds.

Each peer trains for 240 CPU seconds. Ours is trained with schedules of several lengths, since the learning rate falls
by a cosine over a run's length. The CPU seconds after which it is as good as the best peer are interpolated between
them, linearly in their logarithm. Both sides have one shape (L=2, K=8, 64 hidden) and no labels, and read the same
packed images. Validation is on the same 1000 of them, with the averaged weights where there are any. The learning
rate of ours is chosen in shorter runs of seed 0, that of plain PyTorch in whole ones.

The peers count the process time of their training steps (peers/quality_peer.py). Ours counts the CPU time of the whole
program, with the threads that read images, less that of the same run with a single step: start-up, data-dependent
initialization, validation and checkpoints count on neither side. CPU time suffers less than wall time where other
programs are at work, but it does: both sides take turns, and each cell notes the load.

What the advantage is made of: ours on Fashion-MNIST for 60 CPU seconds, with one thing at a time switched off.

Every run is written to Benchmarks/out/quality.json once it is done; a later call goes on from there, unless --anew
says otherwise. Prints the tables and draws docs/images/quality-SET.png. Run this with .venv-peers/bin/python.
"""

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable

import plots
import runs

OURS, PLAIN, NORMFLOWS = "swift-glow", "plain PyTorch", "normflows"
PEERS = {PLAIN: "plain", NORMFLOWS: "normflows"}
GOAL, FLOOR = 1 / 10, 1 / 6
BATCH = 16
# The preset's, in images. In runs so short that this is more than a tenth, ours takes a tenth.
WARMUP, AVERAGE = 1600, 3200
CALIBRATION_IMAGES = 3200
# To choose from; normflows keeps that of its example.
RATES = [5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2]
PRESET_RATE = 2e-3


@dataclass(frozen=True)
class Plan:
    """What is measured, in CPU seconds."""

    peer_seconds: float
    our_seconds: tuple[float, ...]
    # Of the shorter runs by which our learning rate is chosen. A peer's is chosen by whole runs: which rate is best depends on how long
    # a run is.
    our_sweep_seconds: float
    ablation_seconds: float
    seeds: int
    ticks: tuple[float, ...]
    images: Path


FULL = Plan(240, (10, 15, 24, 36, 60), 24, 60, 3, (10, 15, 30, 60, 120, 240), runs.ROOT / "docs/images")
QUICK = Plan(20, (2, 4, 8), 4, 8, 1, (1, 2, 5, 10, 20), runs.OUT)


@dataclass(frozen=True)
class ImageSet:
    title: str
    source: str
    # Whether the goal and the ablations are on these images.
    is_main: bool = False


SETS = {
    "fashion-mnist": ImageSet("Fashion-MNIST", "fashion-mnist", is_main=True),
    "photo-patches": ImageSet("photo patches, 32x32", ".data/photo-patches-32"),
}


@dataclass(frozen=True)
class Variant:
    """Ours with some flags changed."""

    flags: dict[str, object]
    # Whether it sees only as many images as the plain peer does in the time.
    at_peers_speed: bool = False


# The flags on which the CPU seconds of an image depend.
CHANGES_WORK = {"optimizer", "scale", "minimum_scale", "precision"}
SIGMOID = {"scale": "sigmoid", "minimum_scale": 0}
VARIANTS = {
    "Adam in place of Muon": Variant({"optimizer": "adam"}),
    "no averaging of weights": Variant({"average": 0}),
    "sigmoid scale, not bounded": Variant(SIGMOID),
    "no decay of the learning rate": Variant({"decay": "none"}),
    "no clipping": Variant({"clip": 0}),
    "learning rate 1e-3": Variant({"lr": 1e-3}),
    "plain PyTorch's speed": Variant({}, at_peers_speed=True),
    "Adam and sigmoid scale": Variant({"optimizer": "adam"} | SIGMOID),
    "all of the above": Variant(
        {"optimizer": "adam", "average": 0, "decay": "none", "clip": 0, "lr": 1e-3} | SIGMOID, at_peers_speed=True),
}
if runs.multiplies_bfloat16():
    VARIANTS["bfloat16 in place of float32"] = Variant({"precision": "bf16"})


class Cells:
    """Everything measured, by name; kept in a file after each run."""

    def __init__(self, path: Path, anew: bool):
        self.path = path
        self.values: dict[str, dict] = {}
        if path.exists() and not anew:
            self.values = json.loads(path.read_text())["cells"]

    def add(self, name: str, value: dict) -> None:
        self.values[name] = value
        head = {"date": runs.today(), "machine": runs.machine(), "threads": 1}
        runs.write_json(self.path, head | {"cells": self.values})

    def of(self, *parts: object) -> list[dict]:
        """The cells of all seeds."""
        start = key(*parts, "seed ")
        return [value for name, value in self.values.items() if name.startswith(start)]


def key(*parts: object) -> str:
    return ", ".join(f"{part:g} s" if isinstance(part, (int, float)) else str(part) for part in parts)


class Bench:
    def __init__(self, plan: Plan, cells: Cells):
        self.plan, self.cells = plan, cells
        self.progress = runs.Progress()

    def measure(self, name: str, run: Callable[[], dict]) -> dict:
        """A cell: as it was measured before, or by `run`."""
        if name not in self.cells.values:
            load = os.getloadavg()[0]
            value = run() | {"load": round(load, 1)}
            self.cells.add(name, value)
            shown = f"{value['bitsPerDimension']:.3f} bits/dim, " if "bitsPerDimension" in value else ""
            self.progress.say(f"{name}: {shown}{value.get('cpuSeconds', 0):.1f} CPU s, load {load:.1f}")
        return self.cells.values[name]

    def packed(self, name: str) -> Path:
        folder = runs.OUT / "quality" / name
        if not (folder / "dataset.json").exists():
            source = SETS[name].source
            if source.startswith(".data") and not (runs.ROOT / source).exists():
                sys.exit(f"quality: {source} is missing: run `make {name}` first, or leave it out with --only")
            folder.parent.mkdir(parents=True, exist_ok=True)
            run_glow("data", "pack", source, "--out", folder)
        return folder

    def best_rate(self, runs_at: Callable[[float], dict]) -> float:
        """The learning rate of the best of a side's shorter runs: the preset's, or up or down from there."""
        def bits(index: int) -> float:
            return runs_at(RATES[index])["bitsPerDimension"] if 0 <= index < len(RATES) else math.inf

        best = RATES.index(PRESET_RATE)
        for direction in (1, -1):
            while bits(best + direction) < bits(best):
                best += direction
        return RATES[best]

    def peer(self, name: str, side: str, seconds: float, seed: int, rate: float | None = None) -> dict:
        def run() -> dict:
            command = [runs.PYTHON, "-W", "ignore", runs.ROOT / "Benchmarks/peers/quality_peer.py"]
            command += ["--peer", PEERS[side], "--data", self.packed(name), "--seconds", seconds, "--seed", seed]
            if rate:
                command += ["--learning-rate", rate]
            done = called(command, runs.KEEP_FREED_MEMORY)
            curve = [json.loads(line) for line in done.splitlines()]
            return curve[-1] | {"learningRate": rate, "curve": curve}

        return self.measure(key(name, rated(side, rate), seconds, f"seed {seed}"), run)

    def peers_rate(self, name: str) -> float:
        return self.best_rate(lambda rate: self.peer(name, PLAIN, self.plan.peer_seconds, 0, rate))

    def train(self, name: str, images: int, seed: int, flags: dict[str, object]) -> tuple[float, float]:
        """The CPU seconds of the whole program, and the validation bits/dim at its end."""
        never = 10**9
        flags = {
            "preset": "demo", "labels": "none", "data": self.packed(name), "threads": 1, "seed": seed, "images": images,
            "warmup": min(WARMUP, images // 10), "average": min(AVERAGE, images // 10), "validate_every": never,
            "checkpoint_every": never} | flags
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "run"
            before = cpu_of_children()
            run_glow("train", *(word for flag, value in flags.items() for word in (dashed(flag), value)), "--out", out)
            used = cpu_of_children() - before
            last = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
        return used, last["validationBitsPerDimension"]

    def costs(self, name: str, side: str, flags: dict[str, object]) -> dict:
        """The CPU seconds of an image, and of all that is not training."""
        def run() -> dict:
            fixed, _ = self.train(name, BATCH, 0, flags)
            used, _ = self.train(name, CALIBRATION_IMAGES + BATCH, 0, flags)
            an_image = (used - fixed) / CALIBRATION_IMAGES
            return {"secondsPerImage": an_image, "fixedSeconds": fixed - BATCH * an_image}

        return self.measure(key(name, side, "costs"), run)

    def ours(
        self, name: str, seconds: float, seed: int, rate: float, side: str = OURS, flags: dict[str, object] = {},
        images: int | None = None
    ) -> dict:
        """A run of about so many CPU seconds, or of so many images."""
        def run() -> dict:
            slower = {flag: value for flag, value in flags.items() if flag in CHANGES_WORK}
            costs = self.costs(name, side if slower else OURS, slower)
            count = whole_batches(images or seconds / costs["secondsPerImage"])
            used, bits = self.train(name, count, seed, {"lr": rate} | flags)
            return {
                "cpuSeconds": used - costs["fixedSeconds"], "images": count, "bitsPerDimension": bits, "learningRate": rate}

        return self.measure(key(name, rated(side, rate), seconds, f"seed {seed}"), run)

    def our_rate(self, name: str) -> float:
        return self.best_rate(lambda rate: self.ours(name, self.plan.our_sweep_seconds, 0, rate))

    def set(self, name: str, peers: list[str]) -> None:
        """The sides take turns, in reverse order every second turn."""
        plan, our_rate = self.plan, self.our_rate(name)
        rates = {PLAIN: self.peers_rate(name), NORMFLOWS: None}
        for seed in range(plan.seeds):
            turns = [partial(self.peer, name, side, plan.peer_seconds, seed, rates[side]) for side in peers]
            turns += [partial(self.ours, name, seconds, seed, our_rate) for seconds in plan.our_seconds]
            for turn in turns if seed % 2 == 0 else reversed(turns):
                turn()

    def ablations(self, name: str) -> None:
        seconds, rate = self.plan.ablation_seconds, self.our_rate(name)
        peer = self.peer(name, PLAIN, self.plan.peer_seconds, 0, self.peers_rate(name))
        peers_images = int(seconds * peer["images"] / peer["cpuSeconds"])
        for seed in range(self.plan.seeds):
            self.ours(name, seconds, seed, rate)
            for side, variant in VARIANTS.items():
                images = peers_images if variant.at_peers_speed else None
                self.ours(name, seconds, seed, variant.flags.get("lr", rate), side, variant.flags, images)


def whole_batches(images: float) -> int:
    return math.ceil(images / BATCH) * BATCH


def rated(side: str, rate: float | None) -> str:
    return f"{side}, learning rate {rate:g}" if rate else side


def dashed(flag: str) -> str:
    return "--" + flag.replace("_", "-")


def called(command: list, environment: dict[str, str] = {}) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, env=os.environ | environment, capture_output=True, text=True, cwd=runs.ROOT)
    if done.returncode != 0:
        raise runs.RunError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr.strip()[-2000:]}", "")
    return done.stdout


def run_glow(*words: object) -> None:
    called([runs.GLOW, *words])


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass
class Side:
    """Runs of one side over one budget, a cell a seed."""

    cells: list[dict]

    def mean(self, field: str) -> float:
        return statistics.mean(cell[field] for cell in self.cells)

    def rate(self) -> str:
        return f"{rate:g}" if (rate := self.cells[0]["learningRate"]) else "its example's"

    def bits(self) -> str:
        values = [cell["bitsPerDimension"] for cell in self.cells]
        spread = f" ({min(values):.3f} to {max(values):.3f})" if len(values) > 1 else ""
        return f"{statistics.mean(values):.3f}{spread}"


def crossing(points: list[tuple[float, float]], bits: float) -> float | None:
    """Where a curve of bits/dim over seconds comes down to a figure; not before its first point."""
    if points[0][1] <= bits:
        return points[0][0]
    for (start, above), (end, below) in zip(points, points[1:]):
        if below <= bits:
            return start * (end / start) ** ((above - bits) / (above - below))
    return None


class Results:
    def __init__(self, plan: Plan, cells: Cells, name: str):
        self.plan, self.cells, self.name = plan, cells, name

    def runs_of(self, side: str, seconds: float) -> Side | None:
        """At the learning rate that was chosen: other rates have one seed alone, and are worse in it."""
        found = [self.cells.of(self.name, rated(side, rate), seconds) for rate in [None, *RATES]]
        sides = [Side(cells) for cells in found if cells]
        return min(sides, key=lambda side: (-len(side.cells), side.mean("bitsPerDimension"))) if sides else None

    def peers(self) -> dict[str, Side]:
        found = {side: self.runs_of(side, self.plan.peer_seconds) for side in PEERS}
        return {side: runs_of for side, runs_of in found.items() if runs_of}

    def ours(self) -> dict[float, Side]:
        found = {seconds: self.runs_of(OURS, seconds) for seconds in self.plan.our_seconds}
        return {seconds: side for seconds, side in found.items() if side}

    def best_peer(self) -> str:
        peers = self.peers()
        return min(peers, key=lambda side: peers[side].mean("bitsPerDimension"))

    def seconds_to(self, bits: float) -> list[float] | None:
        """The CPU seconds after which each seed of ours is as good; None if one is not within the runs."""
        curves = zip(*(side.cells for side in self.ours().values()))
        points = [sorted((cell["cpuSeconds"], cell["bitsPerDimension"]) for cell in curve) for curve in curves]
        found = [crossing(curve, bits) for curve in points]
        return None if None in found else found

    def table(self, markdown: bool) -> str:
        rows = [["", "learning rate", "CPU seconds", "images", "validation bits/dim"]]
        for label, side in [*self.peers().items(), *((OURS, side) for side in self.ours().values())]:
            rows.append([label, side.rate(), f"{side.mean('cpuSeconds'):.1f}", f"{side.mean('images'):,.0f}", side.bits()])
        return runs.table(rows, markdown)

    def verdict(self) -> str:
        side = self.best_peer()
        best = self.peers()[side]
        bits = best.mean("bitsPerDimension")
        start = f"{SETS[self.name].title}: {side} reaches {bits:.3f} bits/dim in {best.mean('cpuSeconds'):.0f} CPU seconds, "
        found = self.seconds_to(bits)
        if not found:
            return start + "ours not within the runs above"
        seconds = statistics.mean(found)
        ratio = seconds / best.mean("cpuSeconds")
        spread = f" ({min(found):.1f} to {max(found):.1f})" if len(found) > 1 else ""
        reached = "goal" if ratio <= GOAL else "floor" if ratio <= FLOOR else "missed"
        verdict = f" (goal 1/10, floor 1/6: {reached})" if SETS[self.name].is_main else ""
        return start + f"ours in {seconds:.1f}{spread}: 1/{1 / ratio:.1f}{verdict}"

    def ablation_table(self, markdown: bool) -> str | None:
        seconds = self.plan.ablation_seconds
        base = self.runs_of(OURS, seconds)
        found = {label: side for label in VARIANTS if (side := self.runs_of(label, seconds))}
        if not base or not found:
            return None
        rows = [["changed", "CPU seconds", "images", "validation bits/dim", "difference"]]
        for label, side in [("nothing", base), *found.items()]:
            same_seeds = Side(base.cells[:len(side.cells)])
            cost = side.mean("bitsPerDimension") - same_seeds.mean("bitsPerDimension")
            rows.append([
                label, f"{side.mean('cpuSeconds'):.1f}", f"{side.mean('images'):,.0f}", side.bits(),
                "" if side is base else f"{cost:+.3f}"])
        return runs.table(rows, markdown)

    def draw(self) -> None:
        figure, (axis,) = plots.panels(1)
        for side, runs_of in self.peers().items():
            curves = [cell["curve"] for cell in runs_of.cells]
            points = [Side(list(stop)) for stop in zip(*curves)]
            plots.line(axis, side, {point.mean("cpuSeconds"): point.mean("bitsPerDimension") for point in points})
        ours = self.ours().values()
        plots.line(axis, OURS, {side.mean("cpuSeconds"): side.mean("bitsPerDimension") for side in ours})
        best = self.peers()[self.best_peer()].mean("bitsPerDimension")
        axis.axhline(best, color="#7a7a7a", linewidth=1, linestyle=":")
        # A run's first seconds say little, and would press the rest together.
        axis.set_ylim(top=best + 1.5)
        axis.set_xscale("log")
        plots.ticks_at(axis, list(self.plan.ticks))
        axis.set_xlabel("CPU seconds, one thread (ours: a run a point; a peer's: one run)")
        axis.set_ylabel("validation bits/dim")
        axis.set_title(f"{SETS[self.name].title}: L=2, K=8, 64 hidden, no labels", fontsize=11)
        axis.legend(frameon=False)
        plots.save(figure, self.plan.images / f"quality-{self.name}.png")

    def report(self, markdown: bool) -> None:
        if not self.peers() or not self.ours():
            return
        print(f"{SETS[self.name].title}\n\n{self.table(markdown)}\n\n{self.verdict()}\n")
        if table := self.ablation_table(markdown):
            print(f"{table}\n")
        self.draw()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one seed, seconds in place of minutes")
    parser.add_argument("--only", choices=SETS, action="append", help="these images alone; repeat for several")
    parser.add_argument("--peer", choices=PEERS, action="append", help="this peer alone")
    parser.add_argument("--seeds", type=int, help="how many (default 3)")
    parser.add_argument("--no-ablations", action="store_true", help="leave out what the advantage is made of")
    parser.add_argument("--anew", action="store_true", help="measure everything again")
    parser.add_argument("--markdown", action="store_true", help="print the last run's tables again, in Markdown")
    arguments = parser.parse_args()
    plan = QUICK if arguments.quick else FULL
    if arguments.seeds:
        plan = Plan(**vars(plan) | {"seeds": arguments.seeds})
    names = arguments.only or list(SETS)
    cells = Cells(runs.OUT / ("quick-quality.json" if arguments.quick else "quality.json"), arguments.anew)

    if not arguments.markdown:
        bench = Bench(plan, cells)
        if (load := os.getloadavg()[0]) > 0.5:
            bench.progress.say(f"warning: other programs are at work (load {load:.2g}), and slow both sides down")
        try:
            for name in names:
                bench.set(name, arguments.peer or list(PEERS))
                if SETS[name].is_main and not arguments.no_ablations:
                    bench.ablations(name)
        except runs.RunError as error:
            sys.exit(f"quality: {error}")
    for name in names:
        Results(plan, cells, name).report(arguments.markdown)


if __name__ == "__main__":
    main()
