#!/usr/bin/env python3
"""Compares the Python reader with the program, model by model: every family and option. `make python-checks` runs it.

    .venv-python/bin/python Tests/PythonChecks/check_reader.py

Prints the largest differences of each model; docs/python.md says what they are.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from program import GLOW, ROOT, glow

sys.path.insert(0, str(ROOT / "python"))
import swift_glow  # noqa: E402
import tiny_runs  # noqa: E402
from tests.random_models import CONFIGS, random_images, random_model  # noqa: E402

# Bits/dim.
CLOSE = 1e-5
# The latents are numbers of size 1.
CLOSE_LATENTS = 1e-3
# The share of a sample's values; one at the border of two cells may fall into either.
FEW = 0.01
COUNT = 3


class ReaderChecks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        # Models of this size compute no faster with threads of their own.
        cls.pool = ThreadPoolExecutor(2)
        cls.addClassCleanup(cls.pool.shutdown)
        print(f"{'':55}{'bits/dim':>10}{'latents':>10}{'samples':>10}")

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glow-python-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_the_version_is_the_programs(self):
        said = subprocess.run([str(GLOW), "--version"], check=True, capture_output=True, text=True).stdout
        self.assertEqual(said.strip(), f"glow {swift_glow.__version__}")

    def test_random_weights_in_every_option(self):
        def check(name):
            model = random_model(CONFIGS[name], dtype=torch.float32)
            folder = self.folder / name.replace(" ", "-")
            swift_glow.save(model, folder / "model")
            return self.compare(folder / "model", random_images(model.config, COUNT), folder)

        # Picture files have 1 or 3 channels.
        self.check_all([name for name, config in CONFIGS.items() if config.channels in (1, 3)], check)

    def test_trained_models(self):
        data = tiny_runs.make_data(self.folder)

        def check(name):
            run = tiny_runs.train(name, data, self.folder)
            images = data[tiny_runs.RUNS[name][0]]
            found = self.compare(run, torch.from_numpy(images.images[:COUNT]), self.folder / name)
            model = swift_glow.load(run)
            labels = torch.from_numpy(images.labels) if model.config.condition_count else None
            accuracy = ["--accuracy"] if model.config.class_names else []
            theirs = json.loads(glow("eval", "--model", run, "--seed", 3, "--draws", 2, *accuracy, "--json", "--threads", 1))
            ours = model.bits_per_dim(images.images, labels, seed=3, draws=2)
            found["bits/dim"] = max(found["bits/dim"], abs(theirs["evaluation"]["bitsPerDimension"] - float(ours.mean())))
            if accuracy:
                shape = images.images.shape
                x = model.dequantize(images.images, torch.from_numpy(swift_glow.evaluation_noise(shape[1:], shape[0], seed=3)))
                guesses = model.classify(x).argmax(1) if model.config.classifier else model.most_likely_labels(x)
                self.assertAlmostEqual(theirs["evaluation"]["accuracy"], float((guesses == labels).double().mean()), places=6)
            self.assertEqual(theirs["weights"], "raw" if "realnvp" in name else "averaged")
            return found

        self.check_all(tiny_runs.RUNS, check)

    def test_shipped_models(self):
        def check(name):
            pictures = self.folder / name / "shipped"
            glow("sample", "--model", name, "--count", COUNT, "--seed", 7, "--files", "--out", pictures)
            return self.compare(ROOT / "Models" / name, read_pictures(pictures), self.folder / name)

        self.check_all(["fashion-mnist", "faces", "photos"], check)

    def test_a_model_in_half_precision(self):
        glow("export", "--model", ROOT / "Models/photos", "--precision", "float16", "--out", self.folder / "half")
        whole, half = swift_glow.load(ROOT / "Models/photos"), swift_glow.load(self.folder / "half")
        self.assertEqual(half.fingerprint, whole.fingerprint)
        images = random_images(half.config, 1)
        self.assertLess(float((half.bits_per_dim(images) - whole.bits_per_dim(images)).abs()), 0.01)

    def test_attributes_that_samples_are_told(self):
        model = swift_glow.load(ROOT / "Models/faces")
        glow("sample", "--model", "faces", "--with", "hat=2", "--without", "smiling", "--others", 1, "--seed", 4, "--count", COUNT,
             "--threads", 1, "--files", "--out", self.folder / "samples")
        rows = model.attribute_rows(COUNT, {"hat": 2, "smiling": -1}, seed=4, others=1)
        drawn = model.pictures(model.sample(COUNT, 0.7, rows, torch.Generator().manual_seed(4)))
        self.assertLess((read_pictures(self.folder / "samples") != drawn).double().mean(), FEW)

    def test_the_notebook(self):
        run = tiny_runs.train("glow, attributes", tiny_runs.make_data(self.folder), self.folder)
        latents = self.folder / "latents.safetensors"
        glow("encode", "--model", run, "--limit", 8, "--out", latents)
        notebook = json.loads((ROOT / "python/examples/notebook.ipynb").read_text())
        self.assertFalse(any(cell.get("outputs") for cell in notebook["cells"]), "the notebook's outputs are to be stripped")
        code = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
        places = {"GLOW_RUN": str(run), "GLOW_LATENTS": str(latents), "MPLBACKEND": "agg", "PYTHONPATH": str(ROOT / "python")}
        subprocess.run([sys.executable, "-c", code], env=os.environ | places, check=True, stdout=subprocess.DEVNULL)
        glow("decode", "--model", run, self.folder / "calmer-latents.safetensors", "--out", self.folder / "calmer.png")

    def test_the_examples_of_the_page(self):
        (self.folder / "Models").symlink_to(ROOT / "Models")
        glow("sample", "--model", "faces", "--count", 4, "--files", "--out", self.folder / "pictures")
        # check_client.py runs the part about servers.
        before, _, after = (ROOT / "docs/python.md").read_text().partition("## From a server")
        code = "\n".join(re.findall("^```python\n(.*?)^```", before + after.partition("\n## ")[2], re.DOTALL | re.MULTILINE))
        subprocess.run(
            [sys.executable, "-c", code], cwd=self.folder, env=os.environ | {"PYTHONPATH": str(ROOT / "python")}, check=True,
            stdout=subprocess.DEVNULL)
        glow("decode", "--model", "faces", self.folder / "z.safetensors", "--files", "--out", self.folder / "back")
        self.assertTrue(torch.equal(read_pictures(self.folder / "back"), read_pictures(self.folder / "pictures")))
        glow("score", "--model", self.folder / "tuned", *sorted((self.folder / "pictures").glob("*.png")))

    def test_pip_installs_the_package(self):
        # pip leaves files beside what it installs.
        shutil.copytree(ROOT / "python", self.folder / "clone", ignore=shutil.ignore_patterns("__pycache__"))
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
        subprocess.run([*pip, "--target", self.folder / "site", self.folder / "clone"], check=True)
        code = "import swift_glow; print(swift_glow.load('Models/photos').fingerprint)"
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(self.folder / "site")}, check=True,
            stdout=subprocess.DEVNULL)
        self.assertTrue((self.folder / "site/swift_glow/py.typed").exists())

    def check_all(self, names, check):
        running = {name: self.pool.submit(check, name) for name in names}
        for name, job in running.items():
            with self.subTest(name):
                found = job.result()
                print(f"{name:55}" + "".join(f"{found[kind]:10.1e}" for kind in ("bits/dim", "latents", "samples")))
                self.assertLess(found["bits/dim"], CLOSE)
                self.assertLess(found["latents"], CLOSE_LATENTS)
                self.assertLess(found["samples"], FEW)

    def compare(self, location, images, folder):
        """The largest differences between the two sides; what has to be equal is checked."""
        model = swift_glow.load(location)
        of_model = ["--model", location, "--threads", 1]
        files = write_pictures(images.numpy(), folder / "images")

        lines = glow("score", *of_model, "--json", "--seed", 9, *files).splitlines()
        theirs = torch.tensor([json.loads(line)["bitsPerDimension"] for line in lines], dtype=torch.float64)
        bits = (theirs - model.bits_per_dim(images, seed=9)).abs().max()

        file = folder / "theirs.safetensors"
        glow("encode", *of_model, *files, "--out", file)
        latents, labels = swift_glow.read_latents(file, model)
        with torch.no_grad():
            own = model.encode(images, labels)
        apart = max((one - other).abs().max() for one, other in zip(latents, own))

        swift_glow.write_latents(folder / "ours.safetensors", own, model, labels)
        glow("decode", *of_model, folder / "ours.safetensors", "--files", "--out", folder / "back")
        cells = model.quantized(model.dequantize(images))
        back = read_pictures(folder / "back") >> (8 - model.config.bits)
        self.assertTrue(torch.equal(back, cells >> (8 - model.config.bits)), f"{location}: glow decode gives other images")
        with torch.no_grad():
            self.assertTrue(torch.equal(model.quantized(model.decode(latents, labels)), cells), location)

        glow("sample", *of_model, "--count", COUNT, "--seed", 5, "--temperature", 0.7, "--files", "--out", folder / "samples")
        drawn = model.pictures(model.sample(COUNT, 0.7, generator=torch.Generator().manual_seed(5)))
        steps = (read_pictures(folder / "samples").int() - drawn.int()).abs() >> (8 - model.config.bits)
        self.assertLessEqual(int(steps.max()), 1)
        return {"bits/dim": float(bits), "latents": float(apart), "samples": float((steps > 0).double().mean())}


def write_pictures(images, folder):
    folder.mkdir(parents=True)
    files = [folder / f"{number}.png" for number in range(len(images))]
    for image, file in zip(images, files):
        Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(file)
    return files


def read_pictures(folder):
    """Those of the program, named NUMBER.png or LABEL-NUMBER.png: uint8 `[count, height, width, channel]`."""
    files = sorted(folder.glob("*.png"), key=lambda file: int(file.stem.rsplit("-", 1)[-1]))
    images = [np.array(Image.open(file)) for file in files]
    return torch.from_numpy(np.stack(images).reshape(len(images), *images[0].shape[:2], -1))


if __name__ == "__main__":
    start = time.monotonic()
    done = unittest.main(exit=False)
    print(f"{time.monotonic() - start:.0f} seconds")
    sys.exit(not done.result.wasSuccessful())
