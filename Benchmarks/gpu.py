#!/usr/bin/env python3
"""Measures our Glow beside PyTorch's on one GPU and prints one table in Markdown.

Every figure comes from a process of its own; ours and the peers' take turns, both in the same precision, and the
medians over the turns count. A row is held against the fastest (or the leanest) peer. After the first turn, peers that
are clearly behind in a task are not measured again in it, nor is a side that failed, for example for want of memory:
its row says so. Everything measured is in Benchmarks/out/gpu.json (toy-gpu.json of a quick run).
"""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import bench
import runs

PRECISIONS = ["float32", "tf32", "bf16"]
POLICIES = ["reversible", "keep"]
# Of ours to the peer's rate of training in the same precision.
GOALS = {"float32": 3.0, "tf32": 3.0, "bf16": 5.0}
# Milliseconds for one image of 256x256, on an H100.
LATENCY_GOAL = 20.0

P: dict[str, object] = {"shape": "cifar10"}
# The published CelebA-HQ run's.
LARGE: dict[str, object] = {
    "shape": "cifar10", "levels": 6, "steps_of_flow": 32, "hidden": 512, "size": 256, "coupling": "additive"}
BATCHES = [32, 128]
DEPTHS = [8, 16, 32, 64]

# The same tasks at a size that any machine does in seconds.
TOY_P = P | {"levels": 2, "steps_of_flow": 2, "hidden": 16, "size": 16}
TOY_LARGE = LARGE | {"levels": 3, "steps_of_flow": 2, "hidden": 16, "size": 32}
TOY_BATCHES = [4, 8]
TOY_DEPTHS = [1, 2, 3, 4]


@dataclass
class Task:
    name: str
    flags: dict[str, object]
    # Ours by name; those of training differ in the policy alone.
    ours: list[str]
    kind: str = "speed"
    goal: float | None = None

    def sides(self) -> list[tuple[str, dict[str, object]]]:
        own = [(name, self.flags | ({"memory": name} if name in POLICIES else {})) for name in self.ours]
        return own + [(name, self.flags) for name in runs.GPU_PEERS]


def tasks(quick: bool) -> list[Task]:
    p, large = (TOY_P, TOY_LARGE) if quick else (P, LARGE)

    def rounds(warmup: int, count: int) -> dict[str, object]:
        return {"warmup": 1, "rounds": 1} if quick else {"warmup": warmup, "rounds": count}

    found = []
    for batch in TOY_BATCHES if quick else BATCHES:
        for precision in PRECISIONS:
            flags = p | {"task": "train", "batch": batch, "precision": precision} | rounds(5, 20)
            goal = None if quick else GOALS[precision]
            found.append(Task(f"training, batch {batch}, {precision}", flags, POLICIES, goal=goal))
    for precision in PRECISIONS:
        for what, task in [("sampling 64 images", "sample"), ("log-likelihood of 64 images", "evaluate")]:
            flags = p | {"task": task, "precision": precision} | rounds(3, 10)
            found.append(Task(f"{what}, {precision}", flags, ["ours"]))
        flags = p | {"task": "latency", "precision": precision} | rounds(5, 20)
        found.append(Task(f"sampling one image, {precision}", flags, ["ours"], kind="latency"))
    for precision in PRECISIONS:
        flags = large | {"task": "latency", "precision": precision} | rounds(3, 20)
        name = f"sampling one image of {large['size']}x{large['size']}, {precision}"
        found.append(Task(name, flags, ["ours"], kind="latency", goal=None if quick else LATENCY_GOAL))
    for depth in TOY_DEPTHS if quick else DEPTHS:
        flags = p | {"task": "train", "steps_of_flow": depth, "batch": TOY_BATCHES[0] if quick else BATCHES[0]}
        found.append(Task(f"peak memory of training, K={depth}", flags | rounds(2, 2), POLICIES, kind="memory"))
    return found


def peak(report: dict) -> float:
    """Of the device's memory; without a GPU, of the process."""
    return report.get("devicePeakBytes") or report["peakBytes"]


class Failures:
    """Why a side gave no figures, by task and name."""

    def __init__(self, reasons: dict[str, dict[str, str]]):
        self.reasons = reasons

    def add(self, task: str, name: str, reason: str) -> None:
        self.reasons.setdefault(task, {})[name] = reason

    def of(self, task: str, names: list[str]) -> str:
        """What the cell of a side says of which nothing was measured."""
        reasons = [reason for name, reason in self.reasons.get(task, {}).items() if name in names]
        return f"failed: {reasons[0]}" if reasons else "-"


def row(results: bench.Results, failures: Failures, task: Task, own: str) -> list[str]:
    """What, ours, the best peer, both spreads, ratio, goal, verdict."""
    measure, largest = (peak, False) if task.kind == "memory" else (bench.rate, True)
    name = task.name if own == "ours" else f"{task.name}, {own}"
    measured = results.reports.get(task.name, {})
    peers = [peer for peer in runs.GPU_PEERS if peer in measured]

    def shown(side: str) -> str:
        if task.kind == "memory":
            return f"{results.median(task.name, side, peak) / 1e6:.0f} MB"
        if task.kind == "latency":
            return f"{1000 * results.median(task.name, side, bench.seconds):.4g} ms"
        return f"{results.median(task.name, side, bench.rate):.4g}/s"

    peer = results.best(task.name, peers, measure, largest) if peers else None
    sides = ([own] if own in measured else []) + ([peer] if peer else [])
    spreads = [
        f"{results.spread(task.name, side, measure):.1%}" if len(measured[side]) > 1 else "-" for side in sides]
    ratio = None
    if len(sides) == 2:
        ratio = results.median(task.name, own, measure) / results.median(task.name, peer, measure)
    goal, reached = "-", None
    if task.goal is not None and task.kind == "latency":
        goal = f"{task.goal:g} ms on an H100"
        reached = 1000 * results.median(task.name, own, bench.seconds) < task.goal if own in measured else None
    elif task.goal is not None:
        goal = f"{task.goal:g}"
        reached = ratio >= task.goal if ratio is not None else None
    return [
        name, shown(own) if own in measured else failures.of(task.name, [own]),
        f"{shown(peer)}, {peer}" if peer else failures.of(task.name, list(runs.GPU_PEERS)), ", ".join(spreads) or "-",
        f"{ratio:.3f}" if ratio is not None else "-", goal,
        "-" if reached is None else "goal" if reached else "missed"]


def report_table(latest: dict) -> str:
    results, failures = bench.Results(latest["reports"]), Failures(latest["failures"])
    lines = [["what", "ours", "fastest or leanest peer", "spread", "ratio", "goal", "verdict"]]
    for task in tasks(latest["quick"]):
        if task.name in latest["reports"] or task.name in latest["failures"]:
            lines += [row(results, failures, task, own) for own in task.ours]
    return runs.table(lines, markdown=True)


def notes(latest: dict) -> list[str]:
    """Sides that failed, each reason once, with the tasks it stopped."""
    stopped: dict[tuple[str, str], list[str]] = {}
    for task, reasons in latest["failures"].items():
        for name, reason in reasons.items():
            stopped.setdefault((name, reason), []).append(task)
    return [f"- {name} failed ({reason}): {'; '.join(of)}" for (name, reason), of in stopped.items()]


def head(latest: dict) -> str:
    reports = [report for task in latest["reports"].values() for side in task.values() for report in side]
    device = next((report["deviceName"] for report in reports if "deviceName" in report), latest["device"])
    versions = sorted({report["libtorchVersion"] for report in reports})
    libtorch = "libtorch " + (" and ".join(versions) or "unknown")
    turns = f"{latest['turns']} turn{'' if latest['turns'] == 1 else 's'}"
    parts = [latest["date"], device, latest["machine"]["processor"], libtorch, turns]
    return ", ".join(parts + (["toy shapes"] if latest["quick"] else []))


def measure(arguments: argparse.Namespace, chosen: list[Task], latest: dict, path: Path) -> None:
    """Fills in the reports and failures of `latest`, which is written to `path` after each process."""
    runner = runs.Runner(arguments.threads, arguments.prefix, arguments.glow, arguments.python)
    results, failures = bench.Results(latest["reports"]), Failures(latest["failures"])
    progress = runs.Progress()
    runner.glow(task="idle", device=arguments.device)
    done: set[tuple[str, str]] = set()
    for turn in range(arguments.turns):
        for task in chosen:
            if task.kind == "memory" and turn > 0:
                continue  # The same every time.
            sides = [side for side in task.sides() if (task.name, side[0]) not in done]
            for name, flags in sides if turn % 2 == 0 else reversed(sides):
                try:
                    report = runner.run(name, **flags, device=arguments.device)
                    results.add(task.name, name, report)
                    progress.say(f"{task.name}: {name} {report['imagesPerSecond']:.4g} images/s")
                except runs.RunError as error:
                    failures.add(task.name, name, error.reason)
                    done.add((task.name, name))
                    progress.say(f"{task.name}: {name} failed: {error.reason}")
                runs.write_json(path, latest)
            if turn == 0 and results.has(task.name):
                done |= {(task.name, name) for name in results.behind(task.name)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N, or cpu for a try without a GPU")
    parser.add_argument("--quick", action="store_true", help="toy shapes in one turn: whether everything runs")
    parser.add_argument("--turns", type=int, default=3, help="how often both sides take turns (default 3)")
    parser.add_argument("--only", action="append", help="the tasks alone whose name has this in it; repeat for more")
    parser.add_argument("--glow", type=Path, default=runs.GLOW, help="our program, where it was built elsewhere")
    parser.add_argument("--python", type=Path, default=runs.PYTHON, help="the interpreter of the peers, with torch")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--prefix", default="", help="a command to put before each process, such as 'numactl -N 0'")
    parser.add_argument("--again", action="store_true", help="measure nothing, and print the last run's table")
    arguments = parser.parse_args()

    path = runs.OUT / ("toy-gpu.json" if arguments.quick else "gpu.json")
    if arguments.again:
        latest = bench.read(path) or sys.exit(f"gpu: there is no {path.relative_to(runs.ROOT)}: run without --again")
    else:
        if arguments.quick:
            arguments.turns = 1
        chosen = [
            task for task in tasks(arguments.quick)
            if not arguments.only or any(text in task.name for text in arguments.only)]
        if not chosen:
            names = "\n  ".join(task.name for task in tasks(arguments.quick))
            sys.exit(f"gpu: no task's name has {' or '.join(arguments.only)} in it; there are\n  {names}")
        latest = {
            "date": runs.today(), "machine": runs.machine(), "device": arguments.device, "turns": arguments.turns,
            "quick": arguments.quick, "reports": {}, "failures": {}}
        try:
            measure(arguments, chosen, latest, path)
        except runs.RunError as error:
            sys.exit(f"gpu: {arguments.glow}: {error.reason}")
    print(head(latest), report_table(latest), *(["\n".join(notes(latest))] if notes(latest) else []), sep="\n\n")


if __name__ == "__main__":
    main()
