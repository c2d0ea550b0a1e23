"""That every family and option is a flow: exact inverses, the change of variables, gradients."""

from __future__ import annotations

import math
import unittest

import torch
from torch import Tensor

from .random_models import CONFIGS, random_images, random_labels, random_model


class DensityTests(unittest.TestCase):
    def test_log_prob_is_that_of_the_latents_and_the_jacobian(self) -> None:
        for name, config in CONFIGS.items():
            with self.subTest(name):
                model, labels = random_model(config), random_labels(config, 1)
                x = model.dequantize(random_images(config, 1))

                def latents(x: Tensor) -> Tensor:
                    return torch.cat([level.flatten() for level in model.encode(x, labels)])

                eps = latents(x)
                jacobian = torch.autograd.functional.jacobian(latents, x).reshape(len(eps), -1)
                normal = -0.5 * eps.square() - 0.5 * math.log(2 * math.pi)
                expected = normal.sum() + jacobian.slogdet().logabsdet
                self.assertAlmostEqual(float(model.log_prob(x, labels).detach()), float(expected.detach()), places=8)

    def test_decode_inverts_encode(self) -> None:
        for name, config in CONFIGS.items():
            with self.subTest(name), torch.no_grad():
                model, images, labels = random_model(config), random_images(config, 3), random_labels(config, 3)
                x = model.dequantize(images)
                back = model.decode(model.encode(x, labels), labels)
                torch.testing.assert_close(back, x, atol=1e-9, rtol=0)
                again = model.quantized(model.decode(model.encode(images, labels), labels))
                torch.testing.assert_close(again >> (8 - config.bits), images >> (8 - config.bits))

    def test_gradients_are_those_of_small_differences(self) -> None:
        for name, config in CONFIGS.items():
            with self.subTest(name):
                model, labels = random_model(config), random_labels(config, 2)
                x = model.dequantize(random_images(config, 2)).requires_grad_()
                generator = torch.Generator().manual_seed(3)
                leaves = [x, *model.parameters()]
                gradients = torch.autograd.grad(
                    model.log_prob(x, labels).sum(), leaves, allow_unused=True, materialize_grads=True)
                ways = [torch.randn(leaf.shape, generator=generator, dtype=torch.float64) for leaf in leaves]
                ways[0] = ways[0] * 0.1
                found = sum(float((gradient * way).sum()) for gradient, way in zip(gradients, ways))

                def at(step: float) -> float:
                    with torch.no_grad():
                        for leaf, way in zip(leaves, ways):
                            leaf += step * way
                        value = float(model.log_prob(x, labels).sum())
                        for leaf, way in zip(leaves, ways):
                            leaf -= step * way
                    return value

                step = 1e-6
                expected = (at(step) - at(-step)) / (2 * step)
                self.assertLess(abs(found - expected), 1e-5 * max(1.0, abs(expected)), name)

    def test_decode_is_differentiable(self) -> None:
        for name in ("glow", "masked-glow", "realnvp"):
            with self.subTest(name):
                model = random_model(CONFIGS[name])
                latents = [level.requires_grad_() for level in model.noise(1, torch.Generator().manual_seed(1))]
                self.assertTrue(torch.autograd.gradcheck(lambda *levels: model.decode(levels), latents))

    def test_none_is_the_mean_over_all_labels(self) -> None:
        for name, config in CONFIGS.items():
            if not config.class_names:
                continue
            with self.subTest(name), torch.no_grad():
                model = random_model(config)
                x = model.dequantize(random_images(config, 2))
                each = torch.stack([model.log_prob(x, [label] * 2) for label in range(3)], 1)
                torch.testing.assert_close(model.log_prob_per_label(x), each)
                torch.testing.assert_close(model.log_prob(x), each.exp().mean(1).log())
                blend = torch.tensor([[0.5, 0.5, 0.0]] * 2)
                self.assertFalse(torch.equal(model.log_prob(x, blend), each[:, 0]))

    def test_single_and_double_precision_agree(self) -> None:
        for name, config in CONFIGS.items():
            with self.subTest(name), torch.no_grad():
                model, labels = random_model(config), random_labels(config, 4)
                images = random_images(config, 4)
                double = model.bits_per_dim(images, labels, seed=1)
                single = model.float().bits_per_dim(images, labels, seed=1)
                torch.testing.assert_close(single, double, atol=1e-5, rtol=0)


if __name__ == "__main__":
    unittest.main()
