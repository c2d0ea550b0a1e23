#!/usr/bin/env python3
"""Does the work behind docs/measurements/report: trains the models that it compares, measures and uses them, and notes everything in
study.json, from which study-report (Sources/study-report) writes the pages.

Each piece of work leaves a file, and what is there is not done again: after an interruption the same command goes on.
Every run trains on one thread, as many runs at once as there are cores: small models gain little from a second thread.
"""

import argparse
import csv
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GLOW = ".build/release/glow"

DATA = {
    "fashion-mnist": "fashion-mnist",
    "photo-patches-32": ".data/photo-patches-32",
    "emoji-32": ".data/emoji-32",
}
LEVELS = {"fashion-mnist": 2, "photo-patches-32": 3, "emoji-32": 3}
# Models of one shape are of one size and speed.
SHAPES = {"fashion-mnist": "28x28x1", "photo-patches-32": "32x32x3", "emoji-32": "32x32x3"}
BATCH = 32


@dataclass
class Size:
    """How much work the study is."""
    steps: int  # of flow per level
    hidden: int
    minutes: float  # of training for each model of the comparison
    picture_minutes: float | None  # for a model a data set from which pictures are drawn; without, from the first seed's
    ablation_steps: int
    ablation_hidden: int
    ablation_images: int
    seeds: int
    test_images: int | None


QUICK = Size(steps=6, hidden=48, minutes=1.1, picture_minutes=None, ablation_steps=4, ablation_hidden=32, ablation_images=12_000,
             seeds=3, test_images=1000)
TOY = Size(steps=2, hidden=16, minutes=0.08, picture_minutes=None, ablation_steps=1, ablation_hidden=8, ablation_images=960,
           seeds=1, test_images=100)
FULL = Size(steps=8, hidden=96, minutes=3, picture_minutes=15, ablation_steps=8, ablation_hidden=64, ablation_images=12_000,
            seeds=3, test_images=None)

# Edited in section 4, each with the images on which it is tried, those that have the second attribute; and the attributes of
# which an image has to have one to count, so that a skin tone's direction is not that from food and flags to people.
SKIN = ["skin-light", "skin-medium-light", "skin-medium", "skin-medium-dark", "skin-dark"]
HAIR = ["hair-red", "hair-curly", "hair-white", "hair-blond", "bald"]
EDITS = [("skin-dark", "skin-light", SKIN), ("hair-white", "hair-red", HAIR), ("woman", "man", ["woman", "man"]),
         ("smiling", "face", ["face"])]

PERMUTATIONS = ["reverse", "shuffle", "conv1x1"]
COUPLINGS = ["additive", "affine"]


def fail(message):
    sys.exit(f"study: {message}")


def glow(*arguments, quiet=True):
    """Runs the program and returns its standard output."""
    command = [GLOW, *map(str, arguments)]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True,
                            stderr=subprocess.PIPE if quiet else None)
    if result.returncode != 0:
        said = (result.stderr or "").strip().splitlines()[-1:] or ["no message"]
        fail(f"`glow {' '.join(command[1:])}` failed with status {result.returncode}: {said[0]}")
    return result.stdout


def written(command):
    """A command as a reader would type it."""
    return "glow " + " ".join(map(str, command))


@dataclass
class Run:
    """One training run of the study."""
    name: str
    section: str
    data: str
    architecture: str
    seed: int
    flags: list = field(default_factory=list)
    labels: dict = field(default_factory=dict)
    images: int = 0


class Study:
    def __init__(self, size, folder):
        self.size, self.folder = size, folder
        self.notes_file = folder / "notes.json"
        self.notes = json.loads(self.notes_file.read_text()) if self.notes_file.exists() else {}
        self.noting = threading.Lock()
        self.started, self.earlier = time.monotonic(), self.notes.get("seconds", 0)

    def remember(self, key, work):
        """The result of `work`, which is done once for each key."""
        if key not in self.notes:
            result = work()
            with self.noting:
                self.notes[key] = result
                self.notes["seconds"] = self.earlier + time.monotonic() - self.started
                part = self.notes_file.with_suffix(".part")
                part.write_text(json.dumps(self.notes, indent=1, sort_keys=True))
                part.replace(self.notes_file)
        return self.notes[key]

    def trial(self, data, architecture, flags):
        """Parameters, and images a second, of a few steps of training: the best of three, the first reads cold files."""
        folder = self.folder / "trial"
        rates = []
        for _ in range(3):
            shutil.rmtree(folder, ignore_errors=True)
            said = glow("train", "--data", DATA[data], "--out", folder.relative_to(ROOT), "--images", 30 * BATCH, "--batch",
                        BATCH, *settings(architecture), *flags)
            rates.append(30 * BATCH / training_seconds(folder))
        return {"parameters": int(re.search(r"(\d+) parameters", said).group(1)), "rate": max(rates)}

    def parameters(self, data, hidden):
        """Of a RealNVP with so many hidden channels."""
        folder = self.folder / "trial"
        shutil.rmtree(folder, ignore_errors=True)
        said = glow("train", "--preset", "realnvp-toy", "--data", DATA[data], "--out", folder.relative_to(ROOT), "--images", 1,
                    "--batch", 1, *realnvp(hidden))
        return int(re.search(r"(\d+) parameters", said).group(1))

    def like_sized(self, data, flags):
        """The number of hidden channels with which RealNVP has about as many parameters as Glow with `flags`."""
        wanted = self.remember(trial(data, "glow"), lambda: self.trial(data, "glow", flags))["parameters"]

        def search():
            # Parameters grow with the square of the width: bisect.
            low, high = 2, 256
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if self.parameters(data, middle) <= wanted else (low, middle)
            return {"hidden": low, **self.trial(data, "realnvp", realnvp(low))}

        return self.remember(trial(data, "realnvp"), search)

    def plan(self):
        runs = self.picture_runs()
        for data in DATA:
            flags = ["--levels", LEVELS[data], "--steps", self.size.steps, "--hidden", self.size.hidden]
            like = self.like_sized(data, flags)
            rates = {"glow": self.notes[trial(data, "glow")]["rate"], "realnvp": like["rate"]}
            for architecture in ["glow", "realnvp"]:
                own = flags if architecture == "glow" else realnvp(like["hidden"])
                images = int(rates[architecture] * self.size.minutes * 60) // BATCH * BATCH
                for seed in range(self.size.seeds):
                    runs.append(Run(f"{data}-{architecture}-{seed}", "likelihood", data, architecture, seed, own,
                                    images=images))
        for permutation in PERMUTATIONS:
            for coupling in COUPLINGS:
                flags = ["--levels", 3, "--steps", self.size.ablation_steps, "--hidden", self.size.ablation_hidden,
                         "--permutation", permutation, "--coupling", coupling]
                for seed in range(self.size.seeds):
                    runs.append(Run(f"ablation-{permutation}-{coupling}-{seed}", "ablation", "photo-patches-32", "glow", seed,
                                    flags, {"permutation": permutation, "coupling": coupling},
                                    images=self.size.ablation_images))
        return runs

    def picture_runs(self):
        if not self.size.picture_minutes:
            return []
        runs = []
        for data in DATA:
            flags = ["--levels", LEVELS[data], "--steps", 12, "--hidden", 128]
            key = trial(data, "pictures")
            rate = self.remember(key, lambda: self.trial(data, "glow", flags))["rate"]
            runs.append(Run(f"{data}-pictures", "pictures", data, "glow", 0, flags,
                            images=int(rate * self.size.picture_minutes * 60) // BATCH * BATCH))
        return runs

    def painter(self, data):
        """The run folder of the model that draws pictures."""
        return (self.folder / (f"{data}-pictures" if self.size.picture_minutes else f"{data}-glow-0")).relative_to(ROOT)

    def train(self, run):
        folder = self.folder / run.name
        path = folder.relative_to(ROOT)
        command = ["train", "--data", DATA[run.data], "--out", path, "--images", run.images, "--seed", run.seed, "--batch",
                   BATCH, "--validate-every", max(BATCH, run.images // 10), "--checkpoint-every", max(BATCH, run.images // 4),
                   *settings(run.architecture), *run.flags]

        def work():
            if any(folder.glob("checkpoints/images-*")):
                glow("resume", path)
            else:
                shutil.rmtree(folder, ignore_errors=True)
                glow(*command)
            limit = ["--limit", self.size.test_images] if self.size.test_images else []
            evaluation = json.loads(glow("eval", "--model", path, "--json", "--baseline", "--threads", 1, *limit))
            return {
                "seconds": training_seconds(folder),
                "evaluation": evaluation["evaluation"], "histogramBaseline": evaluation["histogramBaseline"],
            }

        result = self.remember(f"run {written(command)}", work)
        return {
            "name": run.name, "section": run.section, "data": run.data, "architecture": run.architecture,
            "seed": run.seed, "labels": run.labels, "images": run.images, "run": str(path),
            "parameters": self.parameters_of(run),
            "command": written(command), **result}

    def parameters_of(self, run):
        kinds = {"likelihood": run.architecture, "pictures": "pictures"}
        return self.notes[trial(run.data, kinds[run.section])]["parameters"] if run.section in kinds else None

    def picture(self, name, section, caption, *command):
        """Has the program make a picture; returns where it is and how it came about."""
        file = self.folder / "pictures" / f"{name}.png"
        file.parent.mkdir(exist_ok=True)
        command = [*command, "--out", file.relative_to(ROOT)]
        if not file.exists():
            glow(*command)
        return {"name": name, "section": section, "file": str(file.relative_to(ROOT)), "caption": caption,
                "command": written(command)}

    def pictures(self):
        made = self.samples()
        for data in DATA:
            model, last = self.painter(data), test_images(data) - 1
            indices = ",".join(str(number * last // 5) for number in range(6))
            for path in ["straight", "spherical"]:
                made.append(self.picture(
                    f"{data}-{path}", "interpolation", f"{data}: along {path} paths", "interpolate", "--model", model,
                    "--indices", indices, "--steps", 9, "--path", path))
        return made + self.edits()

    def attributes(self, name, among):
        """The direction of an attribute of the emoji model."""
        file = self.folder / f"attributes-{name}.safetensors"
        if not file.exists():
            glow("attributes", "fit", "--model", self.painter("emoji-32"), "--out", file.relative_to(ROOT), "--attribute", name,
                 *sum([["--among", other] for other in among], []))
        return file.relative_to(ROOT)

    def separability(self):
        """How separable each attribute is."""
        made = []
        for name, _, among in EDITS:
            found = json.loads(glow("attributes", "list", self.attributes(name, among), "--json"))["attributes"][0]
            made.append({"attribute": name, "positives": found["with"], "negatives": found["without"],
                         "auc": found["areaUnderROC"].get("mean")})
        return made

    def edits(self):
        made = []
        for attribute, shown, among in EDITS:
            split, numbers = emoji_with(shown)
            made.append(self.picture(
                f"emoji-{attribute}", "edits", f"Emoji of the {split} split with {shown}, moved along {attribute} from -1 to 1",
                "attributes", "apply", "--model", self.painter("emoji-32"), "--attributes", self.attributes(attribute, among),
                f"--attribute={attribute}", "--split", split,
                "--indices", ",".join(str(numbers[number * (len(numbers) - 1) // 5]) for number in range(6))))
        return made

    def samples(self):
        made = []
        for data in DATA:
            model = self.painter(data)
            flags = ["--model", model, "--enlarge", 2]
            made.append(self.picture(
                f"{data}-samples", "samples", f"{data}: samples at temperature 0.7", "sample", *flags, "--count", 64,
                "--columns", 16, "--temperature", 0.7))
            made.append(self.picture(
                f"{data}-temperatures", "samples",
                f"{data}: the same draws at temperatures 0.3, 0.5, 0.7, 0.9 and 1, a row each", "sample", *flags, "--count", 16,
                "--columns", 16, *sum([["--temperature", t] for t in (0.3, 0.5, 0.7, 0.9, 1.0)], [])))
            rival = (self.folder / f"{data}-realnvp-0").relative_to(ROOT)
            made.append(self.picture(
                f"{data}-realnvp", "samples", f"{data}: samples of RealNVP at temperature 0.7", "sample", "--model", rival,
                "--enlarge", 2, "--count", 64, "--columns", 16, "--temperature", 0.7))
        return made


def test_images(data):
    """How many images the test split has."""
    if data == "fashion-mnist":
        return 10_000
    return len(list((ROOT / DATA[data] / "test").glob("*.png")))


def emoji_with(attribute):
    """The numbers of the emoji that have an attribute, in the order of their files' names: of the test split, or of the
    training split where no other has any."""
    for split in ["test", "train"]:
        with open(ROOT / DATA["emoji-32"] / split / "attributes.csv", newline="") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: row["file"])
        numbers = [number for number, row in enumerate(rows) if row[attribute] == "1"]
        if numbers:
            return split, numbers
    fail(f"no emoji has the attribute {attribute}")


def trial(data, architecture):
    """The name of the note on a trial."""
    return f"trial {SHAPES[data]} {architecture}"


def training_seconds(folder):
    """The time that a run spent on training steps, without validations and checkpoints."""
    seconds, before = 0, 0
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        record = json.loads(line)
        seconds += (record["images"] - before) / record["imagesPerSecond"]
        before = record["images"]
    return seconds


def realnvp(hidden):
    return ["--levels", 2, "--steps", 3, "--blocks", 1, "--hidden", hidden]


def settings(architecture):
    """The training of both, chosen once for all data sets."""
    if architecture == "glow":
        return ["--preset", "demo", "--labels", "none", "--threads", 1]
    return ["--preset", "realnvp", "--threads", 1]


def machine():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = "an unknown processor"
    return f"{os.cpu_count()} cores of {name}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="half an hour on two cores instead of one and a half")
    size.add_argument("--toy", action="store_true", help="minutes, to try the study itself")
    options = parser.parse_args()
    name = "study-toy" if options.toy else "study-quick" if options.quick else "study"
    folder = ROOT / "runs" / name
    folder.mkdir(parents=True, exist_ok=True)
    study = Study(TOY if options.toy else QUICK if options.quick else FULL, folder)
    plan = study.plan()
    runs = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, result in enumerate(pool.map(study.train, plan), 1):
            runs.append(result)
            print(f"{number}/{len(plan)} {result['name']}: {result['evaluation']['bitsPerDimension']:.3f} bits/dim, "
                  f"{result['seconds']:.0f} s", flush=True)
    separability = study.separability()
    pictures = study.pictures()
    text = json.dumps({
        "quick": options.quick or options.toy, "machine": machine(), "date": str(datetime.date.today()),
        "hours": study.notes["seconds"] / 3600, "runs": runs, "pictures": pictures,
        "separability": separability}, indent=1, sort_keys=True)
    (folder / "study.json").write_text(text + "\n")
    print(f"study: {len(runs)} runs and {len(pictures)} pictures noted in {folder.relative_to(ROOT)}/study.json")


if __name__ == "__main__":
    main()
