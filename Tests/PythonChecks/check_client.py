#!/usr/bin/env python3
"""Asks a server of tiny models by every method of the Python client. `make python-checks` runs it.

    .venv-python/bin/python Tests/PythonChecks/check_client.py

Also: that python/swift_glow/client.py is what Scripts/make-client.py makes of this program's description, whichever models
it is asked about; that mypy finds nothing wrong; and that the examples run.
"""

import contextlib
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np
from PIL import Image

from program import ROOT

sys.path[:0] = [str(ROOT / "python"), str(ROOT / "Tests/StudioChecks")]
import make_model  # noqa: E402
from server import serving  # noqa: E402
from swift_glow.client import Client, GlowError, Kept, Labeled, Likelihood, SampleOrigin  # noqa: E402

# Between the pictures of one PNG, and around them.
GAP = 2
TOKEN = "a-token-of-24-characters"
FLAGS = ["--reference-limit", 40, "--threads", 1]


class Asked:
    """Passes everything on to a client, and keeps the names of its methods."""

    names: set[str] = set()

    def __init__(self, client):
        self.client = client

    def __getattr__(self, name):
        self.names.add(name)
        return getattr(self.client, name)


class ClientChecks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.models = cls.stack.enter_context(make_model.models())
        cls.folder = Path(cls.stack.enter_context(tempfile.TemporaryDirectory(prefix="glow-client-")))
        more = [*FLAGS, "--model", cls.models.told, "--model", cls.models.color, "--runs", cls.models.runs]
        cls.server = cls.stack.enter_context(serving(cls.models.gray, *more, token=TOKEN))
        cls.server.wait_for_reference()
        cls.client = Asked(Client(cls.server.address, TOKEN))
        cls.told, cls.color = (Asked(Client(f"{cls.server.address}/#token={TOKEN}", model=name)) for name in ("told", "color"))

    def test_models(self):
        models = self.client.list_models().models
        self.assertEqual([model.name for model in models], ["gray", "told", "color"])
        gray, color = self.client.get_model(), self.color.get_model()
        self.assertEqual((gray, color), (models[0], models[2]))
        self.assertEqual((gray.width, gray.labels, color.width), (8, make_model.CLASSES, 16))
        self.assertEqual([attribute.name for attribute in color.attributes], make_model.ATTRIBUTES)
        self.assertEqual(self.told.get_model().conditions, make_model.ATTRIBUTES)
        self.assertEqual(self.client.get_model_picture().to_pil().width, 3 * (8 + GAP) + GAP)
        self.assertEqual(self.client.get_model_picture(model="color").to_numpy().shape[2], 3)
        reference = self.client.get_reference()
        self.assertEqual([sum(reference.corrected.counts), reference.count], 2 * [gray.reference.count])
        self.assertEqual(len(reference.corrected.edges), len(reference.corrected.counts) + 1)

    def test_server(self):
        self.assertEqual(self.client.get_health().status, "ok")
        self.assertIn("glow_models_loaded 3", self.client.get_metrics())
        self.assertIn("/v1/sample", self.client.get_description()["paths"])

    def test_images_of_the_data_set(self):
        page = self.client.list_images(from_=2, count=3, label=1)
        self.assertEqual([image.label for image in page.images], [1, 1, 1])
        self.assertEqual(page.images[0].image.to_pil().size, (8, 8))
        warm = self.color.list_images(attribute="warm").images
        self.assertTrue(warm and all("warm" in image.attributes for image in warm))

    def test_samples(self):
        drawn = self.client.sample(count=3, labels=[2, 0, 1], temperature=[0.5, 0.7], seed=3)
        self.assertEqual((len(drawn.images), drawn.labels), (3, [2, 0, 1]))
        self.assertEqual(self.client.sample(labels=np.array([2, 0, 1]), temperature=(0.5, 0.7), seed=3), drawn)
        in_rows = self.client.sample_png(labels=[2, 0, 1], temperature=[0.5, 0.7], seed=3).to_numpy()
        self.assertGreater(in_rows.shape[1], 3 * 8)
        origin = SampleOrigin(1, label=0, seed=3, temperature=[0.5, 0.7])
        self.assertEqual(self.client.sample(like=origin, levels=[]).images[0], drawn.images[1])
        self.assertEqual(self.client.sample(like=Labeled(drawn.images[1], 0), levels=[]).images[0], drawn.images[1])
        told = self.told.sample(count=2, conditions={"bright": 1, "warm": -1}, others=0)
        self.assertNotEqual(told, self.told.sample(count=2, conditions={"bright": -1}, others=0))

    def test_samples_as_they_are_made(self):
        events = list(self.client.sample_events(count=64, seed=3))
        self.assertEqual((events[0].event, events[-1].event), ("queue", "end"))
        drawn = [event.data for event in events if event.event == "images"]
        self.assertEqual([data.from_ for data in drawn], list(np.cumsum([0, *(len(data.images) for data in drawn)])[:-1]))
        self.assertEqual([png for data in drawn for png in data.images], self.client.sample(count=64, seed=3).images)
        self.assertTrue(all(data.total == 64 and data.seconds_left >= 0 for data in drawn))
        with self.assertRaises(GlowError):
            list(self.client.sample_events(count=65))

    def test_an_event_holds_what_its_class_knows(self):
        # The description does not say it.
        path = {"model": None}
        for event in self.client._connection.events("POST", "/v1/sample", path, {"count": 4, "temperature": 100}):
            known = {"queue": {"ahead"}, "images": {"from", "total", "images", "labels", "strayed", "secondsLeft"}, "end": set()}
            self.assertLessEqual(set(event["data"]), known[event["event"]])

    def test_pictures_in_every_form(self):
        png = self.client.sample(seed=5).images[0]
        file = self.folder / "picture.png"
        png.save(file)
        scores = self.client.score([png, file, str(file), png.to_pil(), png.to_numpy(), bytes(png)]).scores
        self.assertEqual(len({score.bits_per_dimension for score in scores}), 1)
        self.assertEqual(self.client.score(png).scores, scores[:1])
        kept = self.client.edit(png).inputs[0].kept
        self.assertEqual(self.client.score(Kept(kept)).scores, scores[:1])
        self.assertNotEqual(self.client.score([0, 1]).scores[0], scores[0])

    def test_scores(self):
        [score] = self.color.score(0, map=True).scores
        self.assertEqual((score.width, score.is_fitted, [level.level for level in score.map]), (16, False, [1, 2]))
        bits = sum(sum(level.bits) for level in score.map) / (16 * 16 * 3)
        self.assertAlmostEqual(bits, score.bits_per_dimension, places=3)
        self.assertTrue(0 <= score.percentile <= 100)
        self.assertIsNone(self.color.score(0).scores[0].map)

    def test_edits(self):
        ways = [{"bright": 1}, {"bright": -1, "warm": 2}, {}]
        edited = self.color.edit([0, 1], edits=ways, direction="discriminant", score=True)
        self.assertEqual((len(edited.images), len(edited.scores), len(edited.inputs)), (6, 6, 2))
        self.assertIsInstance(edited.input_scores[0], Likelihood)
        self.assertEqual(edited.images[2], edited.inputs[0].image)
        self.assertNotEqual(self.client.edit(0, label=2).images, self.client.edit(0).images)
        self.assertNotEqual(self.told.edit(0, conditions={"bright": 3}).images, self.told.edit(0).images)
        self.assertEqual(self.color.edit_png(0, edits={"warm": 1}), self.color.edit(0, edits={"warm": 1}).images[0])

    def test_between_images(self):
        path = self.color.interpolate([0, 1], steps=3, path="straight")
        self.assertEqual((len(path.images), path.images[0]), (3, path.inputs[0].image))
        mixes = self.color.interpolate([0, 1, 2], weights=[[0, 0, 1], [1, 1, 1]])
        self.assertEqual((len(mixes.images), mixes.images[0]), (2, mixes.inputs[2].image))
        edited = self.color.interpolate_png([0, 1], steps=3, edits={"bright": 1}, direction="regression")
        self.assertNotEqual(edited, self.color.interpolate_png([0, 1], steps=3))

    def test_latents(self):
        encoded = self.color.encode([0, 1])
        file = self.folder / "z.safetensors"
        encoded.latents.save(file)
        images = [picture.image for picture in encoded.inputs]
        self.assertEqual(self.color.decode(encoded.latents).images, images)
        self.assertEqual(self.color.decode(file).images, images)
        self.assertEqual(self.color.decode_png(file).to_pil().size, (2 * (16 + GAP) + GAP, 16 + 2 * GAP))
        steps = self.color.get_steps(1, frames=6)
        self.assertEqual((steps.image, steps.differing), (images[1], 0))
        self.assertTrue(len(steps.forward) > 2 and steps.back[-1].error >= 0)

    def test_archives(self):
        archive = self.color.compress([0, 1])
        self.assertEqual((len(archive.archive), len(archive.images)), (archive.bytes, 2))
        self.assertEqual(archive.raw_bytes, 2 * 16 * 16 * 3)
        self.assertGreater(archive.images[0].png, 0)

    def test_runs(self):
        runs = self.client.list_runs().runs
        self.assertEqual([run["id"] for run in runs], ["color", "gray"])
        events = list(self.client.get_run_metrics("color"))
        self.assertEqual((events[0].event, events[-1].event), ("summary", "end"))
        self.assertTrue(any("trainBitsPerDimension" in event.data for event in events if event.event == "metrics"))
        self.assertGreater(self.client.get_run_samples("color").to_pil().width, 16)
        film = self.client.get_run_film("color", count=2)
        self.assertEqual([frame.images for frame in film.frames], [320, 1920])

    def test_refusals(self):
        for ask, expected in [
            (lambda: self.client.sample(temperature=[1, -1]), (400, "temperature[1]")),
            (lambda: self.client.score([0, b"no picture"]), (422, "images[1].data")),
            (lambda: self.client.get_model(model="nobody's"), (404, "model")),
            (lambda: self.client.get_run_samples("no/such"), (404, None)),
            (lambda: self.client.score(bytes(9_000_000)), (413, None)),
            (lambda: Client(self.server.address, "another-token-altogether").list_models(), (401, None)),
        ]:
            with self.assertRaises(GlowError) as caught:
                ask()
            self.assertEqual((caught.exception.status, caught.exception.field), expected)

    def test_through_a_socket(self):
        file = self.folder / "glow.sock"
        with serving(self.models.gray, "--reference-limit", 0, "--threads", 1, "--socket", file):
            client = Client(f"unix:{file}")
            self.assertEqual(client.get_model().name, "gray")
            self.assertEqual(client.sample(seed=3), self.client.sample(seed=3))
            self.assertEqual(len(list(client.sample_events(count=2))), 3)

    def test_the_example_scripts(self):
        strip = self.folder / "strip.png"
        address = f"{self.server.address}/#token={TOKEN}"
        done = self.python(ROOT / "python/examples/client.py", "--server", address, "--model", "color", "--out", strip)
        self.assertEqual(done.count("bits/dim"), 2)
        with Image.open(strip) as picture:
            self.assertEqual(picture.width, 5 * (16 + GAP) + GAP)

    def test_the_examples_of_the_pages(self):
        # With the server's address, token and attributes in place of those of the text.
        page = (ROOT / "docs/python.md").read_text().split("## From a server")[1].split("\n## ")[0]
        for text in (Client.__doc__, page):
            code = "\n".join(re.findall(r"^ *```python\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE))
            code = re.sub("^    ", "", code, flags=re.MULTILINE) if text is Client.__doc__ else code
            self.assertIn("Client(", code)
            code = code.replace('"http://127.0.0.1:8080"', f'"{self.server.address}/#token={TOKEN}", model="color"')
            code = code.replace('"smiling"', '"bright"')
            self.python("-c", code)

    def test_the_client_is_what_the_description_says(self):
        loading = importlib.util.spec_from_file_location("make_client", ROOT / "Scripts/make-client.py")
        make_client = sys.modules["make_client"] = importlib.util.module_from_spec(loading)
        loading.loader.exec_module(make_client)
        told = make_client.descriptions(self.server.address, TOKEN)
        with serving(self.models.long, "--reference-limit", 0, "--threads", 1) as server:
            [long] = make_client.descriptions(server.address, None)
        expected = make_client.CLIENT.read_text()
        for found in (told[:2], told[1::-1], [*told, long], [told[1], long]):
            with self.subTest([description["info"]["description"] for description in found]):
                self.assertEqual(make_client.client_of(found), expected, "run Scripts/make-client.py")

    def test_mypy_finds_nothing(self):
        files = [ROOT / f"python/swift_glow/{name}.py" for name in ("answers", "client", "connection", "pictures")]
        files += [ROOT / "python/examples/client.py", ROOT / "Scripts/make-client.py"]
        # Without what is installed: PyTorch, which the rest of the package needs, takes minutes to read.
        subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--no-site-packages", "--follow-imports=silent", "--python-version", "3.10",
             "--cache-dir", self.folder / "mypy", *files], check=True, cwd=ROOT / "Tests/StudioChecks", stdout=subprocess.DEVNULL,
            env={"MYPYPATH": str(ROOT / "python")})

    def python(self, *arguments):
        done = subprocess.run(
            [sys.executable, *map(str, arguments)], cwd=self.folder, env={"PYTHONPATH": str(ROOT / "python")}, capture_output=True,
            text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    @classmethod
    def tearDownClass(cls):
        methods = {name for name in vars(Client) if not name.startswith("_") and callable(vars(Client)[name])}
        assert methods <= Asked.names, f"no check asks by {sorted(methods - Asked.names)}"


if __name__ == "__main__":
    start = time.monotonic()
    done = unittest.main(exit=False)
    print(f"{time.monotonic() - start:.0f} seconds")
    sys.exit(not done.result.wasSuccessful())
