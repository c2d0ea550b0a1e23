"""How the benchmark's plots look."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib import ticker

COLORS = {
    "reversible": "#0b6e99", "keep": "#d9730d", "plain PyTorch, malloc set up": "#7a7a7a", "swift-glow": "#0b6e99",
    "plain PyTorch": "#7a7a7a", "normflows": "#d9730d",
}
LABELS = {
    "reversible": "swift-glow, reversible",
    "keep": "swift-glow, keeping activations",
    "plain PyTorch, malloc set up": "plain PyTorch",
}


def panels(count: int):
    """A figure and a list of axes in a row."""
    figure, axes = plt.subplots(1, count, figsize=(7.5 if count == 1 else 4.2 * count, 4.2), squeeze=False)
    for axis in axes[0]:
        axis.grid(True, color="#e3e3e3", linewidth=0.8)
        axis.set_axisbelow(True)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    return figure, list(axes[0])


def line(axis, name: str, points: dict[int, float]) -> None:
    axis.plot(list(points), list(points.values()), marker="o", linewidth=2, color=COLORS[name], label=LABELS.get(name, name))


def ticks_at(axis, values: list[int]) -> None:
    axis.set_xticks(values, [str(value) for value in values])
    axis.minorticks_off()


def logarithmic(axis) -> None:
    """The y axis, with 1, 2 and 5 of each decade written out."""
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(ticker.ScalarFormatter())


def save(figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)
