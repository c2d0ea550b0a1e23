#!/usr/bin/env python3
"""Images a second in training against batch, width and image size, around L=3, K=8, 512 hidden, 32x32x3, batch 32.

Prints a table, writes Benchmarks/out/scaling.json and draws docs/images/scaling.png.
"""

import plots
import runs

PEER = "plain PyTorch, malloc set up"
SWEEPS = {
    "batch": ("batch", [1, 8, 32, 64, 128]),
    "hidden": ("hidden channels", [64, 128, 256, 512]),
    "size": ("pixels a side", [16, 32, 64]),
}


def measure(runner: runs.Runner) -> dict[str, dict[str, dict[int, dict]]]:
    """The reports by sweep, side and value."""
    progress = runs.Progress()
    reports: dict[str, dict[str, dict[int, dict]]] = {}
    for flag, (_, values) in SWEEPS.items():
        sides: dict[str, dict[int, dict]] = {"reversible": {}, "keep": {}, PEER: {}}
        for value in values:
            flags = {"task": "train", "shape": "cifar10", "steps_of_flow": 8, "warmup": 1, "rounds": 2} | {flag: value}
            for policy in ("reversible", "keep"):
                sides[policy][value] = runner.glow(**flags, memory=policy)
            sides[PEER][value] = runner.peer(PEER, **flags)
            progress.say(f"{flag} {value}")
        reports[flag] = sides
    return reports


def draw(reports: dict[str, dict[str, dict[int, dict]]]) -> None:
    figure, axes = plots.panels(len(SWEEPS))
    for axis, (flag, (title, values)) in zip(axes, SWEEPS.items()):
        for name, by_value in reports[flag].items():
            plots.line(axis, name, {value: report["imagesPerSecond"] for value, report in by_value.items()})
        axis.set_xscale("log", base=2)
        if flag == "batch":
            axis.set_ylim(bottom=0)
        else:
            plots.logarithmic(axis)
        plots.ticks_at(axis, values)
        axis.set_xlabel(title)
    axes[0].set_ylabel("images a second")
    axes[0].legend(frameon=False, fontsize=9)
    figure.suptitle("Training, around L=3, K=8, 512 hidden, 32x32x3, batch 32", fontsize=11)
    plots.save(figure, runs.ROOT / "docs/images/scaling.png")


def main() -> None:
    reports, markdown = runs.sweep("scaling", __doc__, measure)
    rows = [["images/s", "", *plots.LABELS.values(), "reversible / plain", "keeping / plain"]]
    for flag, (title, values) in SWEEPS.items():
        for value in values:
            rates = [by_value[value]["imagesPerSecond"] for by_value in reports[flag].values()]
            ratios = [f"{rate / rates[2]:.2f}" for rate in rates[:2]]
            rows.append([title, str(value), *(f"{rate:.4g}" for rate in rates), *ratios])
    print(runs.table(rows, markdown))
    draw(reports)


if __name__ == "__main__":
    main()
