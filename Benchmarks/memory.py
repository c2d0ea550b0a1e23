#!/usr/bin/env python3
"""Peak memory of training against depth: P (L=3, 512 hidden, batch 32) with K = 8, 16, 32 and 64 steps of flow.

Prints a table, writes Benchmarks/out/memory.json and draws docs/images/memory.png.
"""

import plots
import runs

DEPTHS = [8, 16, 32, 64]
PEER = "plain PyTorch, malloc set up"
PEER_DEPTHS = [8, 16, 32]


def beyond_state(report: dict) -> float:
    return (report["peakBytes"] - report["stateBytes"]) / 1e6


def beyond_idle(report: dict) -> float:
    return beyond_state(report) - report["idleBytes"] / 1e6


def growth(values: list[float]) -> float:
    return max(values) / min(values) - 1


def measure(runner: runs.Runner) -> dict[str, dict[int, dict]]:
    progress = runs.Progress()
    reports: dict[str, dict[int, dict]] = {"reversible": {}, "keep": {}, PEER: {}}
    for depth in DEPTHS:
        flags = {"task": "train", "shape": "cifar10", "steps_of_flow": depth, "warmup": 1, "rounds": 1}
        for policy in ("reversible", "keep"):
            reports[policy][depth] = runner.glow(**flags, memory=policy)
        if depth in PEER_DEPTHS:
            reports[PEER][depth] = runner.peer(PEER, **flags)
        progress.say(f"K = {depth}")
    return reports


def draw(reports: dict[str, dict[int, dict]]) -> None:
    figure, (axis,) = plots.panels(1)
    for name, by_depth in reports.items():
        plots.line(axis, name, {depth: beyond_idle(report) / 1000 for depth, report in by_depth.items()})
    plots.ticks_at(axis, DEPTHS)
    axis.set_ylim(bottom=0)
    axis.set_xlabel("K, steps of flow per level")
    axis.set_ylabel("GB beyond weights, gradients, moments\nand the idle process")
    axis.set_title("Peak memory of training (L=3, 512 hidden, batch 32)", fontsize=11)
    axis.legend(frameon=False)
    plots.save(figure, runs.ROOT / "docs/images/memory.png")


def main() -> None:
    reports, markdown = runs.sweep("memory", __doc__, measure)
    rows = [["MB", "K", "peak", "beyond state", "beyond state and idle process"]]
    for name, by_depth in reports.items():
        for depth, report in by_depth.items():
            rows.append([
                plots.LABELS[name], str(depth), f"{report['peakBytes'] / 1e6:.0f}", f"{beyond_state(report):.0f}",
                f"{beyond_idle(report):.0f}"])
    print(runs.table(rows, markdown))
    reversible = list(reports["reversible"].values())
    state = growth([beyond_state(report) for report in reversible])
    idle = growth([beyond_idle(report) for report in reversible])
    print(
        f"\nReversible, K = {DEPTHS[0]} to {DEPTHS[-1]}: beyond state, the largest is {state:.1%} above the smallest "
        f"(goal 3%, floor 10%); beyond the idle process too, {idle:.1%}")
    draw(reports)


if __name__ == "__main__":
    main()
