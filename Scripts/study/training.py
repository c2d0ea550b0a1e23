"""The training runs of the study: which there are, and how each is trained and evaluated."""

import json
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from study.families import (ABLATED, DATA, FAMILIES, PAINTERS, SETS, SHAPES, coupling_rows, likelihood_flags, picture_flags,
                            pixel_rows)
from study.program import ROOT, as_arguments, as_text, glow, training_seconds, written

TRIAL_IMAGES = 640


@dataclass
class Run:
    """One training run of the study."""
    name: str
    section: str
    data: str
    family: str
    seed: int
    flags: dict
    images: int
    labels: dict = field(default_factory=dict)
    rate: float | None = None  # images a second of its trial, by which its time is counted


class Trainer:
    def __init__(self, size, folder, notes):
        self.size, self.folder, self.notes = size, folder, notes

    def plan(self):
        runs = self.likelihood(SETS)
        for data in SETS:
            for family in PAINTERS:
                flags = picture_flags(family, data, self.size.name)
                runs.append(self.timed(f"{data}-pictures-{family}", "pictures", data, family, 0, flags, self.size.picture_minutes))
        # The shortest last, so that no core is left alone for long.
        for name, flags, labels in coupling_rows(self.size.name):
            runs += self.ablated(f"ablation-{name}", "ablation", "glow", flags, labels, self.size.ablation_images)
        for name, family, flags, labels in pixel_rows(self.size.name):
            runs += self.ablated(name, "pixels", family, flags, labels, self.size.pixel_images)
        return runs

    def likelihood(self, sets):
        """The runs that compare the families."""
        runs = []
        for data in sets:
            for family in FAMILIES:
                flags = likelihood_flags(family, data, self.size.name)
                if family == "realnvp":
                    flags = {**flags, "hidden": self.like_sized(data)}
                runs += [self.timed(f"{data}-{family}-{seed}", "likelihood", data, family, seed, flags, self.size.minutes)
                         for seed in range(self.size.seeds)]
        return runs

    def timed(self, name, section, data, family, seed, flags, minutes):
        """A run of so many minutes at the speed of its trial: what else the machine does meanwhile changes nothing."""
        rate = self.trial(data, flags)["rate"]
        images = max(1, int(rate * minutes * 60) // flags["batch"]) * flags["batch"]
        return Run(name, section, data, family, seed, flags, images, rate=rate)

    def ablated(self, name, section, family, flags, labels, images):
        """A run of each seed on the same number of images."""
        return [Run(f"{name}-{seed}", section, ABLATED, family, seed, flags, images, labels)
                for seed in range(self.size.seeds)]

    def try_out(self, name, data, flags, images):
        """Trains for a moment: parameters, and images a second."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        said = glow("train", "--data", DATA[data], "--out", folder.relative_to(ROOT), "--images", images, *as_arguments(flags))
        found = parameters_in(said), images / training_seconds(folder)
        shutil.rmtree(folder)
        return found

    def trial(self, data, flags):
        """Parameters, and images a second of a few steps of training on each core at once, as the runs are trained: the
        best of three, since the first reads cold files."""
        images = max(1, TRIAL_IMAGES // flags["batch"]) * flags["batch"]

        def work():
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                rates = []
                for _ in range(3):
                    found = list(pool.map(lambda core: self.try_out(f"trial-{core}", data, flags, images), range(os.cpu_count())))
                    rates.append(min(rate for _, rate in found))
            return {"parameters": found[0][0], "rate": max(rates)}

        # A learning rate changes no speed: models that differ in it alone see as many images.
        shape = {name: value for name, value in flags.items() if name != "lr"}
        return self.notes.remember(f"trial {SHAPES[data]} {as_text(shape)}", work)

    def like_sized(self, data):
        """The number of hidden channels with which RealNVP has about as many parameters as Glow."""
        wanted = self.trial(data, likelihood_flags("glow", data, self.size.name))["parameters"]
        # Of the same layers, and quick to train for an image.
        flags = {**likelihood_flags("realnvp", data, self.size.name), "preset": "realnvp-toy", "batch": 1}

        def fits(hidden):
            return self.try_out("trial", data, {**flags, "hidden": hidden}, 1)[0] <= wanted

        def search():
            # Parameters grow with the square of the width: double, then bisect, as wide models are slow to try.
            low, high = 2, 4
            while fits(high):
                low, high = high, 2 * high
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if fits(middle) else (low, middle)
            return low

        return self.notes.remember(f"width {SHAPES[data]} {wanted} {as_text(flags)}", search)

    def train(self, run):
        folder = self.folder / run.name
        path, batch = folder.relative_to(ROOT), run.flags["batch"]
        command = ["train", "--data", DATA[run.data], "--out", path, "--images", run.images, "--seed", run.seed,
                   "--validate-every", max(batch, run.images // 10), "--checkpoint-every", max(batch, run.images // 4),
                   *as_arguments(run.flags)]

        def work():
            # What was begun with other flags is not gone on with.
            if self.notes.get(f"begun {path}") != written(command):
                shutil.rmtree(folder, ignore_errors=True)
                self.notes.note(f"begun {path}", written(command))
            said = glow(*command, "--continue")
            limit = ["--limit", self.size.test_images] if self.size.test_images else []
            evaluation = json.loads(glow("eval", "--model", path, "--json", "--baseline", "--threads", 1, *limit))
            return {
                # Nothing is said of a run that was finished and not evaluated.
                "parameters": parameters_in(said) or self.try_out(f"{run.name}-trial", run.data, run.flags, batch)[0],
                "seconds": training_seconds(folder),
                "evaluation": evaluation["evaluation"], "histogramBaseline": evaluation["histogramBaseline"],
            }

        result = self.notes.remember(f"run {written(command)}", work)
        return {
            "name": run.name, "section": run.section, "data": run.data, "architecture": run.family, "seed": run.seed,
            "labels": run.labels, "images": run.images, "run": str(path), "rate": run.rate,
            "command": written(command), **result, **({"seconds": run.images / run.rate} if run.rate else {})}


def parameters_in(said):
    found = re.search(r"(\d+) parameters", said)
    return int(found.group(1)) if found else None
