"""What small models and single images reach of what the machine can do: shares of rates that are measured in the same run."""

import json
import tempfile
from pathlib import Path
from typing import Callable

import runs

# The shape of `make demo`'s model, and its batch.
DEMO: dict[str, object] = {
    "task": "train", "shape": "small", "steps_of_flow": 8, "channels": 1, "size": 28, "batch": 16, "memory": "keep",
    "warmup": 20, "rounds": 100}
WIDTHS = (32, 64, 96, 128)
# The images of a demo that is measured: its rate is that of its last lines, when all that starts up has started.
DEMO_IMAGES = 40_000

# Task: how to run it. "product" is measured with as many threads as the tasks that are held against it.
TASKS: dict[str, dict[str, object]] = {
    "product, one thread": {"task": "product", "rounds": 10, "threads": 1},
    "product": {"task": "product", "rounds": 10},
    **{f"demo, one thread, {hidden} hidden": DEMO | {"hidden": hidden, "threads": 1} for hidden in WIDTHS},
    "demo": DEMO | {"hidden": 64},
    "demo, together": DEMO | {"hidden": 64, "parallelism": "operations"},
    "small": {"task": "train", "shape": "small", "memory": "keep", "warmup": 2, "rounds": 8},
    "one image of P": {"task": "latency", "shape": "cifar10", "warmup": 2, "rounds": 15},
}
if runs.multiplies_bfloat16():
    TASKS |= {
        "product, bf16": {"task": "product", "rounds": 10, "precision": "bf16"},
        "P, bf16": {"task": "train", "shape": "cifar10", "precision": "bf16", "memory": "keep", "warmup": 1, "rounds": 2},
        "demo, bf16": DEMO | {"hidden": 64, "precision": "bf16"},
    }


def demo_report(runner: runs.Runner) -> dict:
    """`glow train --preset demo`, with labels, readers, averaging, clipping and Muon: as a report of `glow bench`."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        runner.command(
            "train", "--preset", "demo", "--precision", "float32", "--images", str(DEMO_IMAGES), "--validate-every", "1000000",
            "--threads", str(runner.threads), "--out", str(run))
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    rates = sorted(line["imagesPerSecond"] for line in lines[len(lines) // 2 : -1])
    return {"imagesPerSecond": rates[len(rates) // 2]}


def rows(median: Callable[[str, Callable[[dict], float]], float], has: Callable[[str], bool]) -> list[tuple]:
    """(what, ours, the bound, ratio, goal, floor, whether larger is better) of the tasks that were measured."""

    def rate(task: str) -> float:
        return median(task, lambda report: report["imagesPerSecond"])

    def achieved(task: str) -> float:
        return median(task, lambda report: report["flopPerRound"] / report["medianSeconds"] / 1e9)

    def product(task: str) -> float:
        return median(task, lambda report: report["bestGigaflopPerSecond"])

    found = []

    def share(what: str, task: str, of: str, name: str, goal: float, floor: float, own: float | None = None) -> None:
        own = achieved(task) if own is None else own
        found.append(
            (what, f"{own:.4g} GFLOP/s", f"{product(of):.4g} GFLOP/s, {name}", own / product(of), goal, floor, True))

    if has("demo"):
        share("demo's model, two threads, share of sgemm's rate", "demo", "product", "sgemm", 0.75, 0.62)
        per_image = median("demo", lambda report: report["flopPerRound"] / report["batch"]) / 1e9
        if has("the demo"):
            share(
                "make demo's training, share of sgemm's rate", "the demo", "product", "sgemm", 0.68, 0.55,
                rate("the demo") * per_image)
    for hidden, goal, floor in zip(WIDTHS, (0.55, 0.75, 0.82, 0.88), (0.45, 0.66, 0.75, 0.82)):
        task = f"demo, one thread, {hidden} hidden"
        if has(task):
            share(f"the same shape, one thread, {hidden} hidden", task, "product, one thread", "sgemm", goal, floor)
    if has("small"):
        share("training S, share of sgemm's rate", "small", "product", "sgemm", 0.92, 0.88)
    if has("P, bf16"):
        share("P in bf16, keeping, share of the bf16 product's rate", "P, bf16", "product, bf16", "bf16 product", 0.92, 0.85)
    if has("one image of P"):
        own = median("one image of P", lambda report: report["medianSeconds"])
        flop = median("one image of P", lambda report: report["flopPerRound"])
        weights = median("one image of P", lambda report: report["stateBytes"])
        bytes_per_second = 1e9 * median("product", lambda report: report["gigabytesPerSecond"])
        bound = weights / bytes_per_second + flop / (1e9 * product("product"))
        found.append((
            "one image of P sampled, time over reading the weights and sgemm", f"{1000 * own:.4g} ms", f"{1000 * bound:.4g} ms",
            own / bound, 1.1, 1.2, False))
    if has("demo, together"):
        found.append((
            "threads with images of their own, over threads that share operations", f"{rate('demo'):.4g}/s",
            f"{rate('demo, together'):.4g}/s", rate("demo") / rate("demo, together"), 1.0, 1.0, True))
    if has("demo, bf16"):
        found.append((
            "demo's model in bf16, over float32", f"{rate('demo, bf16'):.4g}/s", f"{rate('demo'):.4g}/s",
            rate("demo, bf16") / rate("demo"), 1.0, 1.0, True))
    return found
