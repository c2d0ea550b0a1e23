#!/usr/bin/env python3
"""Training on a folder of 12-megapixel JPEGs beside the same set packed: images a second, and their ratios.

Makes 202 JPEGs of 4000x3000 pixels (every fourth stands upright by its Exif orientation) in a temporary folder:
Debian's wallpapers that Scripts/photo_sources.py names, enlarged, with a little noise as of a sensor. A tiny model is
trained on them at --size 32 for one epoch and for several, in processes of their own:

- packed, and later epochs: by the run's own clock, after its first hundred steps, about ten epochs.
- the first epoch: by the clock on the wall, with all decoding before the first step (fingerprints, initialization),
  less what a run on the packed set takes to start.

--before names an older program, which takes turns with ours; its second epoch is its later one. If it decodes JPEGs
whole, the last line says by how much the pixels differ at 32x32.

Needs numpy and Pillow:
    .venv-pictures/bin/python Benchmarks/photographs.py
    .venv-pictures/bin/python Benchmarks/photographs.py --before OLDER/glow --rounds 3
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Scripts"))

try:
    import numpy as np
    from PIL import Image
except ImportError as error:
    sys.exit(f"photographs: {error}: run this with numpy and Pillow, as .venv-pictures/bin/python has them")

import photo_sources  # noqa: E402

WIDTH, HEIGHT = 4000, 3000
EXIF_ORIENTATION, TURNED_LEFT = 0x0112, 8
MODEL = ["--levels", "2", "--steps", "2", "--hidden", "16", "--batch", "20", "--average", "0", "--init-images", "20"]
# One thread for the model: waiting for a second one that other work holds up would be most of what is measured.
QUIET = ["--threads", "1", "--validate-every", "1000000", "--checkpoint-every", "1000000"]


def photograph(number: int, noise: np.ndarray) -> Image.Image:
    """A photograph, or a gradient where Debian's are not installed."""
    wallpapers = [source for source in photo_sources.PHOTOGRAPHS if source.source != "gcompris"]
    known = [source for source in wallpapers if Path(source.file).is_file()]
    if known:
        picture = known[number % len(known)].open().convert("RGB")
        # Another part of the picture each time that it comes.
        zoom = max(WIDTH / picture.width, HEIGHT / picture.height) * (1 + number // len(known) / 10)
        picture = picture.resize((round(picture.width * zoom), round(picture.height * zoom)), Image.LANCZOS)
        picture = picture.crop((0, 0, WIDTH, HEIGHT))
    else:
        y, x = np.mgrid[:HEIGHT, :WIDTH] / 16
        waves = [128 + 100 * np.sin((x * (1 + c) + y * (3 - c)) / (20 + number)) for c in range(3)]
        picture = Image.fromarray(np.stack(waves, axis=2).astype(np.uint8))
    values = np.asarray(picture).astype(np.int16) + np.roll(noise, 977 * number)[:, :, None]
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def make_photographs(folder: Path, count: int) -> None:
    noise = np.random.default_rng(0).normal(0, 3, (HEIGHT, WIDTH)).round().astype(np.int16)

    def make(number: int) -> None:
        exif = Image.Exif()
        picture = photograph(number, noise)
        if number % 4 == 0:
            exif[EXIF_ORIENTATION] = TURNED_LEFT
        split = "train" if number < count - 2 else "validation"
        picture.save(folder / split / f"{number:04}.jpg", quality=92, exif=exif)

    for split in ("train", "validation"):
        (folder / split).mkdir(parents=True)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(make, range(count)))


class Program:
    """One of the programs, and its figures in each round."""

    def __init__(self, file: Path, work: Path, data: Path, images: int, epochs: int):
        self.file, self.work, self.data, self.images, self.epochs = file, work, data, images, epochs
        self.packed = work / "packed"
        self.pack()
        self.rounds: list[tuple[float, float, float]] = []

    def pack(self) -> None:
        self.run("data", "pack", str(self.data), "--size", "32", "--out", str(self.packed))

    def run(self, *words: str) -> float:
        start = time.monotonic()
        done = subprocess.run([str(self.file), *words], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"photographs: {self.file} {' '.join(words)}: {done.stderr}")
        return time.monotonic() - start

    def train(self, data: Path, epochs: int) -> tuple[float, float | None]:
        """The seconds of a run, and the images a second after its first line of metrics where others follow."""
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            seconds = self.run(
                "train", "--data", str(data), "--size", "32", *MODEL, *QUIET, "--images", str(epochs * self.images),
                "--out", f"{folder}/run")
            lines = [json.loads(line) for line in Path(folder, "run/metrics.jsonl").read_text().splitlines()]
        first, last = lines[0], lines[-1]
        if last["images"] == first["images"]:
            return seconds, None
        return seconds, (last["images"] - first["images"]) / (last["seconds"] - first["seconds"])

    def measure(self) -> None:
        packed, _ = self.train(self.packed, 1)
        _, packed_rate = self.train(self.packed, 40)
        first, _ = self.train(self.data, 1)
        all_epochs, later = self.train(self.data, self.epochs)
        self.rounds.append((
            packed_rate, self.images / (first - packed + self.images / packed_rate),
            later or (self.epochs - 1) * self.images / (all_epochs - first)))

    def rates(self) -> tuple[float, ...]:
        """Images a second: packed, of the first epoch, of those after it."""
        return tuple(statistics.median(values) for values in zip(*self.rounds))

    def pixels(self) -> np.ndarray:
        """Of the packed training images."""
        (shard,) = self.packed.glob("train-*.safetensors")
        contents = shard.read_bytes()
        size = int.from_bytes(contents[:8], "little")
        start, end = json.loads(contents[8 : 8 + size])["pixels"]["data_offsets"]
        return np.frombuffer(contents[8 + size + start : 8 + size + end], np.uint8).astype(int)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--glow", type=Path, default=ROOT / ".build/release/glow")
    parser.add_argument("--before", type=Path, help="an older program, to compare with")
    parser.add_argument("--count", type=int, default=202, help="JPEGs, two of them for validation")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="photographs-") as folder:
        data = Path(folder) / "photographs"
        make_photographs(data, arguments.count)
        sizes = [file.stat().st_size for file in data.glob("*/*.jpg")]
        print(f"{len(sizes)} JPEGs of {WIDTH}x{HEIGHT}, {statistics.mean(sizes) / 1e6:.1f} MB each")

        programs: dict[str, Program] = {}
        for name, file, epochs in [("before", arguments.before, 2), ("glow", arguments.glow, 40)]:
            if file:
                (Path(folder) / name).mkdir()
                programs[name] = Program(file.resolve(), Path(folder) / name, data, arguments.count - 2, epochs)
        for _ in range(arguments.rounds):
            for program in programs.values():
                program.measure()

        print("\n| images/s | packed | first epoch | later epochs | later / packed |\n|---|---|---|---|---|")
        for name, program in programs.items():
            packed, first, later = program.rates()
            print(f"| {name} | {packed:.0f} | {first:.1f} | {later:.1f} | {later / packed:.2f} |")
        if "before" in programs:
            (_, before, _), (_, now, _) = programs["before"].rates(), programs["glow"].rates()
            print(f"\nThe first epoch is {now / before:.1f} times as fast as before.")
            levels = np.abs(programs["glow"].pixels() - programs["before"].pixels())
            print(
                f"At 32x32, pixels differ from before by {levels.mean():.3f} of 255 levels on average and {levels.max()} at "
                f"most; {(levels == 0).mean():.1%} are equal.")


if __name__ == "__main__":
    main()
