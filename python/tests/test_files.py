"""Models and latents on disk, and what is refused."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

import swift_glow
from swift_glow import ModelError
from swift_glow.config import as_json, parse

from .random_models import CONFIGS, GLOW, LABELED, TOLD, random_images, random_labels, random_model


class FileTests(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_models_come_back(self) -> None:
        for name, config in CONFIGS.items():
            with self.subTest(name):
                model = random_model(config, dtype=torch.float32)
                swift_glow.save(model, self.folder / name)
                back = swift_glow.load(self.folder / name)
                self.assertEqual(back.config, config)
                self.assertEqual(back.fingerprint, model.fingerprint)
                images, labels = random_images(config, 2), random_labels(config, 2)
                torch.testing.assert_close(back.bits_per_dim(images, labels), model.bits_per_dim(images, labels))

    def test_a_run_is_its_newest_checkpoint(self) -> None:
        for images in (960, 80, 1920):
            swift_glow.save(random_model(GLOW, seed=images, dtype=torch.float32), self.folder / f"checkpoints/images-{images}")
        newest = swift_glow.load(self.folder / "checkpoints/images-1920").fingerprint
        self.assertEqual(swift_glow.load(self.folder).fingerprint, newest)

    def test_every_field_is_read_or_refused(self) -> None:
        for name, config in CONFIGS.items():
            header = as_json(config)
            self.assertEqual(parse(header, "f"), config, name)
            for field in self._fields(header[config.kind]):
                with self.subTest(name, field=field):
                    changed = json.loads(json.dumps(header))
                    place = changed[config.kind]
                    for key in field[:-1]:
                        place = place[key]
                    place[field[-1]] = {"no": "value of any field"}
                    with self.assertRaisesRegex(ModelError, str(field[-1])):
                        parse(changed, "f")
                    place["new" + str(field[-1])] = 1
                    del place[field[-1]]
                    with self.assertRaises(ModelError):
                        parse(changed, "f")

    def _fields(self, value: Any) -> list[tuple[str, ...]]:
        found: list[tuple[str, ...]] = []
        for key, own in value.items():
            found += [(key, *inner) for inner in self._fields(own)] if isinstance(own, dict) else [(key,)]
        return found

    def test_what_is_wrong_with_a_model_is_named(self) -> None:
        swift_glow.save(random_model(GLOW, dtype=torch.float32), self.folder)
        config, weights = self.folder / "config.json", self.folder / "model.safetensors"
        header, tensors = json.loads(config.read_text()), load_file(weights)

        def refuses(text: str, header: object = header, tensors: dict[str, torch.Tensor] = tensors) -> None:
            config.write_text(json.dumps(header))
            save_file(tensors, weights)
            with self.assertRaisesRegex(ModelError, text):
                swift_glow.load(self.folder)

        refuses("config.json: field model is 'flow', expected 'glow'", header | {"model": "flow"})
        refuses("config.json: field version is 2", header | {"version": 2})
        refuses("field glow.shear is not known", header | {"glow": header["glow"] | {"shear": 1}})
        refuses("field glow.scale is 'cubic'", header | {"glow": header["glow"] | {"scale": "cubic"}})
        refuses("field height is 6, expected a multiple of 4", header | {"glow": header["glow"] | {"height": 6}})
        name = "level1.step1.actnorm.bias"
        refuses(f"tensor {name} is missing", tensors={key: one for key, one in tensors.items() if key != name})
        refuses(f"tensor {name} has shape", tensors=tensors | {name: torch.zeros(3)})
        refuses(f"tensor {name} holds a value that is not finite", tensors=tensors | {name: tensors[name] * torch.nan})
        refuses("tensor other belongs to no layer", tensors=tensors | {"other": torch.zeros(1)})

    def test_latents_come_back_to_their_model_alone(self) -> None:
        file = self.folder / "z.safetensors"
        for name, config in CONFIGS.items():
            with self.subTest(name):
                model = random_model(config, dtype=torch.float32)
                labels = random_labels(config, 2)
                latents = model.encode(random_images(config, 2), labels)
                swift_glow.write_latents(file, latents, model, labels)
                back, told = swift_glow.read_latents(file, model)
                for one, other in zip(back, latents):
                    torch.testing.assert_close(one, other.detach())
                self.assertEqual(None if told is None else told.tolist(), None if labels is None else labels.tolist())
                with self.assertRaisesRegex(ModelError, "latents of another model"):
                    swift_glow.read_latents(file, random_model(config, seed=1, dtype=torch.float32))

    def test_what_does_not_fit_a_model_is_refused(self) -> None:
        plain, labeled, told = (random_model(config) for config in (GLOW, LABELED, TOLD))
        images = random_images(GLOW, 2)
        for text, call in {
            "takes no labels": lambda: plain.bits_per_dim(images, [0, 1]),
            "needs a label": lambda: labeled.encode(images),
            "out of range": lambda: labeled.log_prob(labeled.dequantize(images), [0, 3]),
            "expected dequantized images": lambda: plain.log_prob(images),
            "expected uint8": lambda: plain.bits_per_dim(images.float()),
            "do not fit the model": lambda: plain.bits_per_dim(images[:, :2]),
            "no classifier head": lambda: plain.classify(plain.dequantize(images)),
            "temperatures for 2 levels": lambda: plain.sample(1, [1.0, 1.0, 1.0]),
            "none of the model's": lambda: told.attribute_rows(1, {"beard": 1}),
            "expected -10 to 10": lambda: told.attribute_rows(1, {"hat": 11}),
            "not conditioned on attributes": lambda: plain.attribute_rows(1),
            "latents of 1 levels": lambda: plain.decode(plain.noise(1)[:1]),
        }.items():
            with self.subTest(text), self.assertRaisesRegex(ModelError, text):
                call()


if __name__ == "__main__":
    unittest.main()
