#!/usr/bin/env python3
"""Measures our Glow beside PyTorch's and prints one table.

Every figure comes from a process of its own; ours and the peers' take turns, and the medians over the turns count. A
row is held against the fastest (or the leanest) of all peers. After the first turn, peers that are clearly behind in a
task are not measured again in it.

A second table holds our MaskedGlow against our Glow of about as many multiplications; both take turns as well. A third says what
small models and single images reach of what the machine can do (small.py).
"""

import argparse
import json
import os
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import runs
import small

BEST = runs.ROOT / "Benchmarks/best.json"
LATEST = runs.OUT / "latest.json"
OURS = {"reversible": {"memory": "reversible"}, "keep": {"memory": "keep"}}
BEHIND = 1.1  # A peer this many times slower than the fastest is dropped after the first turn.

# The tasks: flags on both sides, and our own variants.
TASKS: dict[str, tuple[dict[str, object], dict[str, dict[str, object]]]] = {
    "train P": ({"task": "train", "shape": "cifar10", "warmup": 1, "rounds": 2}, OURS),
    "train S": ({"task": "train", "shape": "small", "warmup": 2, "rounds": 5}, OURS),
    "sample P": ({"task": "sample", "shape": "cifar10", "warmup": 1, "rounds": 1}, {"ours": {}}),
    "latency P": ({"task": "latency", "shape": "cifar10", "warmup": 2, "rounds": 9}, {"ours": {}}),
    "evaluate P": ({"task": "evaluate", "shape": "cifar10", "warmup": 1, "rounds": 1}, {"ours": {}}),
}
# Both sides in bfloat16, where the processor multiplies it.
if runs.multiplies_bfloat16():
    TASKS["train P, bf16"] = (
        {"task": "train", "shape": "cifar10", "precision": "bf16", "warmup": 1, "rounds": 1}, OURS)

# Two families of ours, with about as many multiplications an image, and the tasks in which they take turns.
FAMILIES: dict[str, dict[str, object]] = {
    "Glow": {"model": "glow", "levels": 3, "steps_of_flow": 8, "hidden": 96},
    "MaskedGlow": {
        "model": "masked-glow", "pixel_steps": 4, "pixel_hidden": 32, "levels": 3, "steps_of_flow": 6, "hidden": 96},
}
FAMILY_TASKS: dict[str, dict[str, object]] = {
    "families, train, keep": {"task": "train", "memory": "keep", "warmup": 2, "rounds": 10},
    "families, train, reversible": {"task": "train", "memory": "reversible", "warmup": 2, "rounds": 10},
    "families, sample": {"task": "sample", "warmup": 1, "rounds": 5},
    "families, latency": {"task": "latency", "warmup": 3, "rounds": 15},
    "families, evaluate": {"task": "evaluate", "warmup": 1, "rounds": 5},
}

# The step of P on next to no data: as many calls, hardly any work in them.
CALLS_ALONE = {
    "threads": 1, "shape": "cifar10", "size": 8, "hidden": 1, "batch": 8, "optimizer": "none", "warmup": 2, "rounds": 5}


class Results:
    """All reports of the processes, by task and by who ran it."""

    def __init__(self, reports: dict[str, dict[str, list[dict]]]):
        self.reports = reports

    def add(self, task: str, name: str, report: dict) -> None:
        self.reports.setdefault(task, {}).setdefault(name, []).append(report)

    def has(self, *tasks: str) -> bool:
        return all(task in self.reports for task in tasks)

    def values(self, task: str, name: str, measure: Callable[[dict], float]) -> list[float]:
        return [measure(report) for report in self.reports[task][name]]

    def median(self, task: str, name: str, measure: Callable[[dict], float]) -> float:
        return statistics.median(self.values(task, name, measure))

    def spread(self, task: str, name: str, measure: Callable[[dict], float]) -> float:
        """From the smallest to the largest, as a share of the median."""
        values = self.values(task, name, measure)
        return (max(values) - min(values)) / statistics.median(values)

    def names(self, task: str, ours: bool) -> list[str]:
        return [name for name in self.reports[task] if (name not in runs.PEERS) == ours]

    def default_peers(self, task: str) -> list[str]:
        """Those in processes whose allocator was not set up."""
        return [name for name in self.names(task, ours=False) if not runs.PEERS[name].environment]

    def behind(self, task: str) -> set[str]:
        """The peers that are not worth another turn."""
        rates = {name: self.median(task, name, rate) for name in self.names(task, ours=False)}
        return {name for name in rates if rates[name] * BEHIND < max(rates.values())}

    def best(self, task: str, names: list[str], measure: Callable[[dict], float], largest: bool = True) -> str:
        choose = max if largest else min
        return choose(names, key=lambda name: self.median(task, name, measure))


def rate(report: dict) -> float:
    return report["imagesPerSecond"]


def seconds(report: dict) -> float:
    return report["medianSeconds"]


def peak(report: dict) -> float:
    return report["peakBytes"]


def beyond(report: dict) -> float:
    """Peak memory beyond weights, gradients, the optimizer's state and the idle process."""
    return report["peakBytes"] - report["stateBytes"] - report["idleBytes"]


@dataclass
class Row:
    what: str
    ours: str
    peer: str
    spread: str
    ratio: float
    goal: float
    floor: float
    larger_is_better: bool = True
    # The ratio to the best peer in a process as it starts by default; None where there is none.
    default_ratio: float | None = None

    def verdict(self, ratio: float) -> str:
        """What a ratio reaches."""
        sign = 1 if self.larger_is_better else -1
        if sign * (ratio - self.goal) >= 0:
            return "goal"
        return "floor" if sign * (ratio - self.floor) >= 0 else "missed"

    def gain(self, before: float) -> float:
        """How many times better than the ratio before."""
        return self.ratio / before if self.larger_is_better else before / self.ratio


def default_ratio(
    results: Results, task: str, own: float, measure: Callable[[dict], float], largest: bool = True
) -> float | None:
    names = results.default_peers(task)
    return own / results.median(task, results.best(task, names, measure, largest), measure) if names else None


def speed_row(
    results: Results, what: str, task: str, ours: list[str], goal: float, floor: float, latency: bool = False
) -> Row:
    name = results.best(task, ours, rate)
    peer = results.best(task, results.names(task, ours=False), rate)
    own, other = results.median(task, name, rate), results.median(task, peer, rate)

    def shown(name: str, value: float) -> str:
        return f"{1000 * results.median(task, name, seconds):.4g} ms" if latency else f"{value:.4g}/s"

    return Row(
        what, shown(name, own), f"{shown(peer, other)}, {peer}",
        f"{results.spread(task, name, rate):.1%}, {results.spread(task, peer, rate):.1%}", own / other, goal, floor,
        default_ratio=default_ratio(results, task, own, rate))


def memory_row(results: Results, what: str, measure: Callable[[dict], float], goal: float, floor: float) -> Row:
    peer = results.best("train P", results.names("train P", ours=False), measure, largest=False)
    own, other = results.median("train P", "reversible", measure), results.median("train P", peer, measure)
    spread = f"{results.spread('train P', 'reversible', measure):.1%}, {results.spread('train P', peer, measure):.1%}"
    return Row(
        what, f"{own / 1e6:.0f} MB", f"{other / 1e6:.0f} MB, {peer}", spread, own / other, goal, floor,
        larger_is_better=False, default_ratio=default_ratio(results, "train P", own, measure, largest=False))


def achieved(report: dict) -> float:
    """GFLOP/s of the operations that a task cannot do without."""
    return report["flopPerRound"] / report["medianSeconds"] / 1e9


def product_rate(results: Results) -> float:
    """The best GFLOP/s of libtorch's float32 matrix product."""
    return max(results.values("product", "ours", lambda report: report["bestGigaflopPerSecond"]))


def share_row(results: Results, policy: str) -> Row:
    """Of the matrix product's rate that the step's operations reach."""
    product = product_rate(results)
    own = results.median("train P", policy, achieved)
    return Row(
        f"share of sgemm's rate, P, {policy}", f"{own:.4g} GFLOP/s", f"{product:.4g} GFLOP/s, sgemm",
        f"{results.spread('train P', policy, achieved):.1%}", own / product, 0.88, 0.70)


def calls_row(results: Results) -> Row:
    own = results.median("calls", "ours", seconds)
    step = results.median("train P", "reversible", seconds)
    return Row(
        "calls of a step on next to no data, P", f"{1000 * own:.4g} ms", f"{1000 * step:.4g} ms, the step",
        f"{results.spread('calls', 'ours', seconds):.1%}", own / step, 0.02, 0.05, larger_is_better=False)


def rows(results: Results) -> list[Row]:
    """Of the tasks that were measured."""
    found = []
    if results.has("train P"):
        found += [
            speed_row(results, "training step, reversible, P", "train P", ["reversible"], 1.6, 1.4),
            speed_row(results, "training step, keeping activations, P", "train P", ["keep"], 2.1, 1.8),
        ]
    if results.has("train S"):
        ours = results.names("train S", ours=True)
        found.append(speed_row(results, "training step, best policy, S", "train S", ours, 2.0, 1.5))
    if results.has("train P, bf16"):
        found += [
            speed_row(results, "training step, reversible, P, both in bf16", "train P, bf16", ["reversible"], 1.6, 1.4),
            speed_row(results, "training step, keeping activations, P, both in bf16", "train P, bf16", ["keep"], 1.8, 1.6),
        ]
    if results.has("train P", "product"):
        found += [share_row(results, "reversible"), share_row(results, "keep")]
    if results.has("train P") and "peakBytes" in results.reports["train P"]["reversible"][0]:  # else no /proc
        found += [
            memory_row(results, "peak memory of the process, P, reversible", peak, 1 / 4, 1 / 3),
            memory_row(results, "the same beyond state and idle process", beyond, 1 / 20, 1 / 10),
        ]
    if results.has("sample P"):
        found.append(speed_row(results, "sampling 64 images, P", "sample P", ["ours"], 2.5, 2.0))
    if results.has("latency P"):
        found.append(speed_row(results, "sampling one image, P", "latency P", ["ours"], 2.5, 1.5, latency=True))
    if results.has("evaluate P"):
        found.append(speed_row(results, "log-likelihood of 64 images, P", "evaluate P", ["ours"], 2.5, 2.0))
    if results.has("train P", "calls"):
        found.append(calls_row(results))
    return found


def report_table(found: list[Row], best: dict | None, markdown: bool) -> str:
    lines = [[
        "what", "ours", "fastest or leanest peer", "spread", "ratio", "goal", "floor", "verdict", "malloc as it is",
        "best so far"]]
    for row in found:
        before = best["ratios"].get(row.what) if best else None
        change = f"{before:.3f} ({row.gain(before) - 1:+.1%})" if before else "-"
        lines.append([
            row.what, row.ours, row.peer, row.spread, f"{row.ratio:.3f}", f"{row.goal:.3g}", f"{row.floor:.3g}",
            row.verdict(row.ratio),
            f"{row.default_ratio:.3f}, {row.verdict(row.default_ratio)}" if row.default_ratio else "-", change])
    return runs.table(lines, markdown)


def small_rows(results: Results) -> list[Row]:
    """What is measured against the machine itself."""
    return [
        Row(what, own, bound, "-", ratio, goal, floor, larger)
        for what, own, bound, ratio, goal, floor, larger in small.rows(
            lambda task, measure: results.median(task, "ours", measure), results.has)
    ]


def small_table(found: list[Row], best: dict | None, markdown: bool) -> str:
    lines = [["what", "ours", "against", "ratio", "goal", "floor", "verdict", "best so far"]]
    for row in found:
        before = best["ratios"].get(row.what) if best else None
        lines.append([
            row.what, row.ours, row.peer, f"{row.ratio:.3f}", f"{row.goal:.3g}", f"{row.floor:.3g}", row.verdict(row.ratio),
            f"{before:.3f} ({row.gain(before) - 1:+.1%})" if before else "-"])
    return "Small models and single images\n\n" + runs.table(lines, markdown)


def family_table(results: Results, markdown: bool) -> str:
    """MaskedGlow beside Glow, in the tasks that were measured; a ratio above 1 says that MaskedGlow is faster."""
    product = product_rate(results)
    lines = [["what", "MaskedGlow", "Glow", "ratio", "spread"]]

    def add(what: str, task: str, shown: Callable[[str], str], measure: Callable[[dict], float] = rate) -> None:
        masked, glow = results.median(task, "MaskedGlow", measure), results.median(task, "Glow", measure)
        spread = f"{results.spread(task, 'MaskedGlow', measure):.1%}, {results.spread(task, 'Glow', measure):.1%}"
        lines.append([what, shown("MaskedGlow"), shown("Glow"), f"{masked / glow:.3f}", spread])

    def per_second(task: str) -> Callable[[str], str]:
        return lambda name: f"{results.median(task, name, rate):.4g}/s"

    def share(task: str) -> Callable[[str], str]:
        return lambda name: f"{results.median(task, name, achieved) / product:.1%}"

    def milliseconds(task: str) -> Callable[[str], str]:
        return lambda name: f"{1000 * results.median(task, name, seconds):.4g} ms"

    for policy, words in [("keep", "keeping activations"), ("reversible", "reversible")]:
        task = f"families, train, {policy}"
        add(f"training step, {words}", task, per_second(task))
        add("the same, share of sgemm's rate", task, share(task), achieved)
    add("sampling 64 images", "families, sample", per_second("families, sample"))
    add("the same, share of sgemm's rate", "families, sample", share("families, sample"), achieved)
    add("sampling one image", "families, latency", milliseconds("families, latency"))
    add("log-likelihood of 64 images", "families, evaluate", per_second("families, evaluate"))

    def work(name: str) -> str:
        return f"{results.median('families, latency', name, lambda report: report['flopPerRound']) / 1e6:.0f}"

    return (
        f"MaskedGlow beside Glow, {work('MaskedGlow')} and {work('Glow')} MFLOP an image, sgemm {product:.4g} GFLOP/s\n\n"
        + runs.table(lines, markdown))


def measure(arguments: argparse.Namespace) -> Results:
    runner = runs.Runner(arguments.threads, arguments.prefix)
    progress = runs.Progress()
    results = Results({})
    if os.getloadavg()[0] > 0.5:
        progress.say(f"warning: other programs are at work (load {os.getloadavg()[0]:.2g}), and slow both sides down")

    def run(task: str, name: str, flags: dict[str, object]) -> None:
        report = runner.run(name, **flags)
        results.add(task, name, report)
        shown = f"{report['imagesPerSecond']:.4g} images/s" if "imagesPerSecond" in report else ""
        progress.say(f"{task}: {name} {shown}")

    def measure_families(turn: int) -> None:
        for task, flags in FAMILY_TASKS.items():
            sides = list(FAMILIES.items())
            for name, shape in sides if turn % 2 == 0 else reversed(sides):
                run(task, name, flags | shape)

    def measure_small(turn: int) -> None:
        tasks = list(small.TASKS.items())
        for task, flags in tasks if turn % 2 == 0 else reversed(tasks):
            run(task, "ours", flags)
        report = small.demo_report(runner)
        results.add("the demo", "ours", report)
        progress.say(f"the demo: {report['imagesPerSecond']:.4g} images/s")

    peers = [name for name in runs.CPU_PEERS if not arguments.quick or "malloc" in name]
    behind: set[tuple[str, str]] = set()
    for turn in range(1 if arguments.quick else arguments.turns):
        run("product", "ours", {"task": "product", "rounds": 10})
        if arguments.small or not (arguments.only or arguments.families):
            measure_small(turn)
        if arguments.families or not (arguments.only or arguments.small):
            measure_families(turn)
        if arguments.families or arguments.small:
            continue
        for task, (flags, ours) in TASKS.items():
            if arguments.only and task not in arguments.only:
                continue
            if arguments.quick:
                flags = flags | {"rounds": 1}
            sides = [(name, flags | own) for name, own in ours.items()]
            sides += [(name, flags) for name in peers if (task, name) not in behind]
            for name, own in sides if turn % 2 == 0 else reversed(sides):
                run(task, name, own)
            if turn == 0:
                behind |= {(task, name) for name in results.behind(task)}
        if not arguments.only or "train P" in arguments.only:
            run("calls", "ours", CALLS_ALONE)
    run("product", "ours", {"task": "product", "rounds": 10})
    return results


def update_best(found: list[Row], best: dict | None, head: dict) -> None:
    """Better is what gains over all rows, in the geometric mean."""
    missing = [what for what in (best or {}).get("ratios", {}) if what not in {row.what for row in found}]
    if missing:
        sys.exit(f"bench: {BEST.name} stays: this run lacks {', '.join(missing)}")
    gains = [row.gain(best["ratios"][row.what]) for row in found if best and row.what in best["ratios"]]
    if gains and statistics.geometric_mean(gains) <= 1:
        sys.exit(f"bench: {BEST.name} stays: this run is {statistics.geometric_mean(gains) - 1:+.1%} in the mean")
    runs.write_json(BEST, head | {"ratios": {row.what: round(row.ratio, 4) for row in found}})
    print(f"{BEST.relative_to(runs.ROOT)} is now this run")


def read(path: Path) -> dict | None:
    return json.loads(path.read_text()) if path.exists() else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one turn, the peers with malloc set up alone")
    parser.add_argument("--turns", type=int, default=3, help="how often both sides take turns (default 3)")
    parser.add_argument("--only", choices=TASKS, action="append", help="measure this task alone; repeat for several")
    parser.add_argument("--families", action="store_true", help="measure MaskedGlow beside Glow alone: two minutes, no peers")
    parser.add_argument("--small", action="store_true", help="measure small models alone: two minutes a turn, no peers")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--prefix", default="", help="a command to put before each process, such as 'taskset -c 0,1'")
    parser.add_argument("--markdown", action="store_true", help="print the last run's table again, in Markdown")
    parser.add_argument("--update-best", action="store_true", help="keep this run in best.json if it is better")
    arguments = parser.parse_args()

    if arguments.markdown:
        latest = read(LATEST) or sys.exit(f"bench: no {LATEST.relative_to(runs.ROOT)} yet: run `make bench` first")
        results = Results(latest["reports"])
    else:
        try:
            results = measure(arguments)
        except runs.RunError as error:
            sys.exit(f"bench: {error}")
        product = results.reports["product"]["ours"][0]
        head = {
            "date": runs.today(), "machine": runs.machine(), "threads": product["threads"],
            "libtorchVersion": product["libtorchVersion"], "quick": arguments.quick}
        latest = head | {"reports": results.reports}
        runs.write_json(LATEST, latest)
    best = read(BEST)
    found, found_small = rows(results), small_rows(results)
    machine = latest["machine"]
    print(
        f"{latest['date']}, {machine['processor']}, {latest['threads']} threads of {machine['cores']} cores, libtorch "
        f"{latest['libtorchVersion']}" + (", a quick run" if latest["quick"] else ""), end="\n\n")
    if found:
        print(report_table(found, best, arguments.markdown))
    if found_small:
        print(("\n" if found else "") + small_table(found_small, best, arguments.markdown))
    if results.has(*FAMILY_TASKS):
        print(("\n" if found or found_small else "") + family_table(results, arguments.markdown))
    if arguments.update_best and latest["quick"]:
        sys.exit(f"bench: {BEST.name} stays: a quick run is not kept")
    if arguments.update_best:
        update_best(found + found_small, best, {key: latest[key] for key in ("date", "machine", "threads", "libtorchVersion")})


if __name__ == "__main__":
    main()
