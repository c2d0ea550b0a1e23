"""What is measured beside likelihoods: the time of sampling, what a classifier recognizes, and JPEG XL's bytes."""

import json
import shutil
import time

from study.families import BITS, DATA, PAINTERS
from study.program import GLOW, ROOT, fail, glow, run

BATCH = 64
TORCH_PYTHON = ".libtorch/venv/bin/python"
PICTURES_PYTHON = ".venv-pictures/bin/python"


class Meter:
    def __init__(self, size, folder, notes, runs):
        self.size, self.folder, self.notes, self.runs = size, folder, notes, runs

    def sampling(self):
        """Of each picture model, and of the first seed's models of the ablation of masked steps."""
        wanted = [run for run in self.runs if run["section"] == "pictures" or (run["section"] == "pixels" and run["seed"] == 0)]
        return [{"run": run["name"], **self.notes.remember(f"sampling of {run['command']}", lambda run=run: self.speed(run))}
                for run in wanted]

    def speed(self, run):
        return {"imagesPerSecond": divided(BATCH, self.block(run, BATCH, 4)), "latency": self.block(run, 1, 32)}

    def block(self, run, count, blocks):
        """The seconds that a block of so many samples takes: a process with one thread draws blocks one after the other, and
        what it takes for one block, which includes the program's start, is subtracted. None where too short to measure."""
        out = (self.folder / "sampling.png").relative_to(ROOT)

        def seconds(number):
            start = time.monotonic()
            glow("sample", "--model", run["run"], "--threads", 1, "--count", count, "--out", out,
                 *["--temperature", 0.7] * number)
            return time.monotonic() - start

        more = min(seconds(1 + blocks) for _ in range(3)) - min(seconds(1) for _ in range(3))
        return more / blocks if more > 0 else None

    def recognition(self):
        """The share of samples that a classifier recognizes, of the families' picture models of Fashion-MNIST."""
        made = []
        for family in PAINTERS:
            model = next(run for run in self.runs if run["name"] == f"fashion-mnist-pictures-{family}")
            found = self.notes.remember(f"recognition of {self.size.recognized} of {model['command']}", lambda: self.recognized(model))
            made.append({"architecture": family, **found})
        return made

    def recognized(self, model):
        folder = self.folder / "recognition"
        shutil.rmtree(folder, ignore_errors=True)
        glow("sample", "--model", model["run"], "--temperature", 0.7, "--count", self.size.recognized, "--files", "--out",
             folder.relative_to(ROOT))
        found = json.loads(run(TORCH_PYTHON, "Scripts/recognition.py", "--samples", folder.relative_to(ROOT), "--cache",
                               ".data/recognition", "--json"))
        return {"recognized": found["recognized"], "samples": found["samples"], "realAccuracy": found["real_accuracy"]}

    def jpegxl(self, sets):
        """The bits per dimension of JPEG XL's files of the test images."""
        limit = ["--limit", self.size.test_images] if self.size.test_images else []
        made = []
        for data in sets:
            bits = ["--bits", BITS[data]] if data in BITS else []
            command = [PICTURES_PYTHON, "Scripts/jpegxl.py", DATA[data], *bits, *limit]
            made.append({"data": data, **self.notes.remember(
                " ".join(map(str, command)), lambda command=command: json.loads(run(*command)))})
        return made


def divided(number, seconds):
    return number / seconds if seconds else None


def require_tools():
    """Says what is missing before the hours of training, not after them."""
    for python, modules in [(TORCH_PYTHON, "numpy, torch"), (PICTURES_PYTHON, "numpy, PIL")]:
        if not (ROOT / python).exists():
            fail(f"there is no {python}: run `make report`, which sets it up (with a libtorch of your own, without LIBTORCH_DIR once)")
        run(python, "-c", f"import {modules}")
    if not shutil.which("cjxl"):
        fail("there is no cjxl, JPEG XL's encoder: run `make report`, which installs it")
    if not (ROOT / GLOW).exists():
        fail(f"there is no {GLOW}: run `make build`")
