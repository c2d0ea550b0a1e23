"""Tiny models to serve, made in seconds with the program's own commands, and runs to look at."""

import csv
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from server import GLOW, CheckFailure, glow

CLASSES = ["0", "1", "2"]
GRAY_SIDE = 8
COLOR_SIDE = 16
SPLITS = {"train": 240, "validation": 60, "test": 60}
ATTRIBUTES = ["bright", "warm", "disc"]
# Sixty characters, and nowhere to break a line.
LONG_NAMES = [f"{word}{'OfAVeryLongNameWithoutASingleSpaceToBreakALineAtAll':x<{60 - len(word)}}" for word in ("Dark", "Bright")]
MODEL = ["--levels", 2, "--steps", 2, "--hidden", 16, "--batch", 16, "--seed", 1, "--threads", 1]
TRAINING = ["--lr", 0.005, "--warmup", 64, "--decay", "none", "--average", 160]
FINISHED = ["--images", 1920, "--validate-every", 320, "--checkpoint-every", 960]
SHORT = ["--images", 320, "--validate-every", 160, "--checkpoint-every", 160]
LIVE = ["--images", 100_000_000, "--validate-every", 8000, "--checkpoint-every", 8000]


@dataclass(frozen=True)
class Models:
    """Runs below one folder, each with directions of attributes beside its checkpoints."""

    runs: Path
    # Gray, told what to draw by a class.
    gray: Path
    # Color, with attributes.
    color: Path
    color_data: Path
    # Color, told attributes.
    told: Path
    # Copies of the gray model without attributes, with those that it had before it was trained further, and with another's.
    without: Path
    stale: Path
    others: Path
    # Color, with names too long for a phone: its own, those of its classes, and those of its attributes.
    long: Path

    @contextmanager
    def training(self, name: str):
        """A run of that name that is being trained meanwhile, on and on."""
        command = [GLOW, "train", "--preset", "toy", "--data", self.color_data, "--out", self.runs / name]
        process = subprocess.Popen(
            [*map(str, command + MODEL + TRAINING + LIVE)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        # The status of a training that was stopped on request and has saved.
        if process.returncode != 130:
            raise CheckFailure(f"glow train ended with {process.returncode}, expected 130: {errors.strip()}")


@contextmanager
def models():
    """Made in a temporary folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="glow-studio-") as name:
        folder = Path(name)
        runs = folder / "runs"
        gray, color = runs / "gray", runs / "color"
        _train(f"idx:{_write_idx(folder / 'idx')}", gray)
        data = _write_pictures(folder / "shapes")
        _train(data, color)
        # Beside the runs that the page looks at.
        told = folder / "told"
        _train(data, told, [*SHORT, "--model", "masked-glow", "--preset", "masked-glow-toy", "--condition", "all"])
        without, stale, others = (folder / name for name in ("without", "stale", "others"))
        newest, older = (gray / f"checkpoints/images-{images}" for images in (1920, 960))
        for model, checkpoint in [(without, newest), (stale, older), (others, newest)]:
            shutil.copytree(checkpoint, model)
        shutil.copy(gray / "attributes.safetensors", stale)
        shutil.copy(color / "attributes.safetensors", others)
        long = folder / LONG_NAMES[0]
        _train(_write_classes(folder / LONG_NAMES[1]), long, SHORT)
        yield Models(runs, gray, color, data, told, without, stale, others, long)


def _train(data: object, run: Path, length: list = FINISHED) -> None:
    glow("train", "--preset", "toy", "--data", data, "--out", run, *MODEL, *TRAINING, *length)
    glow("attributes", "fit", "--model", run, "--out", run / "attributes.safetensors")


def write_run(run: Path, bits_per_dimension: list[float], events: Sequence[dict] = (), **changes: list) -> Path:
    """A run with nothing but these bits/dim in its metrics, one in a hundred images, written long ago. `changes` are other values of
    the lines, by their names; None leaves one out. `events` are those of its log."""
    run.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "images": 100 * number, "step": 10 * number, "seconds": number, "trainBitsPerDimension": bits,
            "gradientNorm": 2.5, "learningRate": 0.001, "imagesPerSecond": 100,
        } for number, bits in enumerate(bits_per_dimension, 1)]
    for name, values in changes.items():
        for row, value in zip(rows, values, strict=True):
            row |= {} if value is None else {name: value}
    (run / "log.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    file = run / "metrics.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    os.utime(file, (1e9, 1e9))
    return run


# The gray images: their class is which part is bright.

def _write_idx(folder: Path) -> Path:
    folder.mkdir()
    for prefix, count, seed in [("train", 300, 1), ("t10k", 60, 2)]:
        dice = random.Random(seed)
        labels = [number % len(CLASSES) for number in range(count)]
        pixels = b"".join(_gray_image(label, dice) for label in labels)
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(
            struct.pack(">4I", 0x803, count, GRAY_SIDE, GRAY_SIDE) + pixels)
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + bytes(labels))
    return folder


def _gray_image(label: int, dice: random.Random) -> bytes:
    half = GRAY_SIDE // 2

    def is_bright(x: int, y: int) -> bool:
        return [y < half, x < half, abs(x - half) + abs(y - half) < half][label]

    level = dice.randrange(30)
    return bytes(
        (190 if is_bright(x, y) else 30) + level + dice.randrange(20)
        for y in range(GRAY_SIDE) for x in range(GRAY_SIDE))


# The color images: a disc or a box on a ground, bright or dark, warm or cold.

def _write_pictures(folder: Path) -> Path:
    for seed, (split, count) in enumerate(SPLITS.items()):
        (folder / split).mkdir(parents=True)
        dice = random.Random(seed)
        with open(folder / split / "attributes.csv", "w", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["file", *ATTRIBUTES])
            for number in range(count):
                states = [dice.randrange(2) for _ in ATTRIBUTES]
                _shape(*states, dice).save(folder / split / f"{number:03}.png")
                rows.writerow([f"{number:03}.png", *states])
    return folder


def _shape(is_bright: int, is_warm: int, is_disc: int, dice: random.Random) -> Image.Image:
    level = dice.randrange(40)
    ground = [(level + (150 if is_bright else 30))] * 3
    image = Image.new("RGB", (COLOR_SIDE, COLOR_SIDE), tuple(ground))
    drawing = ImageDraw.Draw(image)
    left, top = dice.randrange(2, 6), dice.randrange(2, 6)
    color = (220, 120, level) if is_warm else (level, 120, 220)
    shape = drawing.ellipse if is_disc else drawing.rectangle
    shape([left, top, left + 7, top + 7], fill=color)
    return image


def _write_classes(folder: Path) -> Path:
    """Dark and bright pictures in folders of long names."""
    dice = random.Random(7)
    for split, count in (("train", 40), ("validation", 12), ("test", 12)):
        for is_bright, name in enumerate(LONG_NAMES):
            place = folder / split / name
            place.mkdir(parents=True)
            for number in range(count):
                _shape(is_bright, number % 2, number // 2 % 2, dice).save(place / f"{number:03}.png")
    return folder
