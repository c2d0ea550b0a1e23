"""Runs of every family, trained in seconds with the program's own commands, and the images of their test splits."""

import csv
import random
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from program import glow

CLASSES = 3
ATTRIBUTES = ["bright", "warm"]
COUNTS = {"train": 200, "validation": 24, "test": 24}
TRAINING = [
    "--images", 480, "--batch", 16, "--levels", 2, "--hidden", 12, "--lr", 0.003, "--warmup", 64,
    "--validate-every", 240, "--checkpoint-every", 240, "--seed", 1, "--threads", 1]
# By name: the data and the flags.
RUNS = {
    "glow, labels everywhere": ("labeled", ["--preset", "toy", "--labels", "everywhere", "--bits", 5]),
    "glow, classifier": ("labeled", [
        "--preset", "toy", "--labels", "prior", "--classifier", "--edge-channel", "--permutation", "conv1x1"]),
    "glow, labels in all priors": ("labeled", [
        "--preset", "toy", "--labels", "priors", "--coupling", "additive", "--permutation", "shuffle", "--no-learn-top"]),
    "glow, attributes": ("told", [
        "--preset", "toy", "--condition", "all", "--scale", "exponential", "--deviation-limit", 2, "--edge-channel"]),
    "glow, bounded": ("told", ["--preset", "toy", "--condition", "none", "--scale", "bounded", "--permutation", "reverse"]),
    "glow, minimum scale": ("told", ["--preset", "toy", "--condition", "none", "--minimum-scale", 0.1, "--bits", 3]),
    "masked-glow, attributes": ("told", [
        "--preset", "masked-glow-toy", "--model", "masked-glow", "--condition", "all", "--pixel-steps", 4]),
    "masked-glow": ("labeled", ["--preset", "masked-glow-toy", "--model", "masked-glow", "--labels", "none"]),
    "realnvp, gray": ("labeled", ["--preset", "realnvp-toy", "--model", "realnvp", "--labels", "none"]),
    "realnvp, color": ("told", ["--preset", "realnvp-toy", "--model", "realnvp", "--blocks", 2, "--bits", 6]),
}


@dataclass
class Data:
    source: str
    # The test split: uint8 [count, height, width, channel], and its labels [count] or attributes [count, 2].
    images: np.ndarray
    labels: np.ndarray


def train(name: str, data: dict[str, Data], folder: Path) -> Path:
    source, flags = RUNS[name]
    run = folder / name.replace(", ", "-").replace(" ", "-")
    of_glow = [] if "realnvp" in name else ["--steps", 2, "--average", 160]
    glow("train", "--data", data[source].source, "--out", run, *flags, *of_glow, *TRAINING)
    return run


def make_data(folder: Path) -> dict[str, Data]:
    return {"labeled": _labeled(folder / "labeled"), "told": _told(folder / "told")}


def _labeled(folder: Path) -> Data:
    """Gray 8x8, in the format of MNIST: the label is which part is bright."""
    folder.mkdir()
    dice = np.random.default_rng(1)
    ys, xs = np.mgrid[:8, :8]
    bright = np.stack([ys < 4, xs < 4, abs(xs - 4) + abs(ys - 4) < 4])
    for prefix, count in (("train", 300), ("t10k", 24)):
        labels = (np.arange(count) % CLASSES).astype(np.uint8)
        noise = dice.integers(0, 30, (count, 1, 1)) + dice.integers(0, 20, (count, 8, 8))
        images = (np.where(bright[labels], 190, 30) + noise).astype(np.uint8)
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, count, 8, 8) + images.tobytes())
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + labels.tobytes())
    return Data(f"idx:{folder}", images[..., None], labels.astype(np.int64))


def _told(folder: Path) -> Data:
    """Color 8x12, with attributes: bright or dark, warm or cold."""
    images, rows = [], []
    for split, count in COUNTS.items():
        (folder / split).mkdir(parents=True)
        dice, images, rows = random.Random(split), [], []
        for number in range(count):
            states = [dice.randrange(2) for _ in ATTRIBUTES]
            color = np.array([190, 110, 60] if states[1] else [60, 110, 190]) + (40 if states[0] else -40)
            noise = np.random.default_rng(dice.randrange(1 << 30)).integers(-15, 16, (8, 12, 3))
            images.append(np.clip(color + noise, 0, 255).astype(np.uint8))
            rows.append(states)
            Image.fromarray(images[-1]).save(folder / split / f"{number:03}.png")
        with open(folder / split / "attributes.csv", "w", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["file", *ATTRIBUTES])
            table.writerows([f"{number:03}.png", *states] for number, states in enumerate(rows))
    return Data(str(folder), np.stack(images), np.array(rows) * 2.0 - 1)
