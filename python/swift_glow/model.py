"""A model: log-likelihoods, samples and latents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Union

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import attributes, pixels
from .config import FlowConfig
from .errors import ModelError
from .families import Level, layers
from .fingerprint import rounded_fingerprint
from .layers.bijection import Rows
from .layers.priors import Gaussian
from .noise import evaluation_noise

# The condition of images. Of a model with labels: their numbers, `[batch]`, or rows `[batch, labels]` that may be blends. Of
# a model with attributes: rows `[batch, attributes]`, 1 for one that the image has, -1 for one that it has not, 0 where
# nothing is said. None of any other model.
Labels = Union[Tensor, np.ndarray, Sequence[int], None]


class FlowModel(nn.Module):
    """A multi-scale flow (RealNVP, section 3.6; Glow, figure 2b), with the parameters that `model.safetensors` names.

    Images that the model describes, `x`, are `[batch, height, width, channel]`, dequantized to -1/2 ..< 1/2. Latents are a
    list of tensors `[batch, height, width, channel]`, one a level, the finest first, each number N(0, 1) under the model.

    `swift_glow.load` makes one; the weights of one made here are not set.
    """

    def __init__(self, config: FlowConfig):
        super().__init__()
        self.config = config
        parts = layers(config)
        if parts.pixels is not None:
            self.pixels = parts.pixels
        for number, level in enumerate(parts.levels, 1):
            self.add_module(f"level{number}", level)
        self.prior = parts.prior
        self.classifier = parts.classifier
        self._reads_labels_below_prior = parts.reads_labels_below_prior

    @property
    def dimensions(self) -> int:
        """D, the numbers of an image."""
        return self.config.height * self.config.width * self.config.channels

    @property
    def fingerprint(self) -> str:
        """The 16 digits that files of latents know the model by."""
        return rounded_fingerprint(self.config, self.named_parameters(), self.named_buffers())

    # Likelihood.

    def forward(self, x: Tensor, labels: Labels = None) -> Tensor:
        """As `log_prob`."""
        return self.log_prob(x, labels)

    def log_prob(self, x: Tensor, labels: Labels = None) -> Tensor:
        """log p(x), or log p(x | label), in nats per image, `[batch]`; differentiable.

        Of a model with labels, None gives log p(x) with the mean of p over all labels, each as likely; of one with attributes,
        it says nothing of any.

        Args:
            x: `[batch, height, width, channel]`, dequantized. See `dequantize`.
        """
        if labels is None and self.config.class_names:
            return self.log_prob_per_label(x).logsumexp(1) - math.log(len(self.config.class_names))
        x, rows = self._input(x), self._rows(labels, len(x))
        latent, log_prob = self._pass(x, rows)
        return log_prob + self.prior.distribution(latent, rows).log_prob(latent)

    def log_prob_per_label(self, x: Tensor) -> Tensor:
        """log p(x | label) in nats for every label, `[batch, labels]`."""
        count = len(self.config.class_names)
        if count == 0:
            raise ModelError("the model has no labels")
        x = self._input(x)
        columns = []
        latent, log_prob = x, x
        for label in range(count):
            rows = self._rows([label] * len(x), len(x))
            if label == 0 or self._reads_labels_below_prior:
                latent, log_prob = self._pass(x, rows)
            columns.append(log_prob + self.prior.distribution(latent, rows).log_prob(latent))
        return torch.stack(columns, 1)

    @torch.no_grad()
    def bits_per_dim(
        self, images: Tensor | np.ndarray, labels: Labels = None, *, seed: int = 0, first: int = 0, draws: int = 1,
        noise: Tensor | np.ndarray | None = None, batch_size: int = 100,
    ) -> Tensor:
        """Bits per dimension of each image, `-log p(x) / (D ln 2) + n`, as `glow score` and `glow eval` give them.

        `glow score` takes no labels, `glow eval` the images' own.

        Args:
            images: uint8 `[count, height, width, channel]`.
            seed: of the dequantization noise, which depends on it, the image's place and the draw.
            first: the place of the first image.
            draws: of the noise per image; log p is their log-mean-exp.
            noise: u in [0, 1), of the images' shape, in place of all that.

        Returns:
            float64 `[count]` on the CPU.
        """
        images = self._bytes(images)
        labels = None if labels is None else torch.as_tensor(labels)
        values = []
        for start in range(0, len(images), batch_size):
            batch = images[start:start + batch_size]
            told = None if labels is None else labels[start:start + batch_size]
            draw_values = []
            for draw in range(draws if noise is None else 1):
                if noise is None:
                    shape = (self.config.height, self.config.width, self.config.channels)
                    u = torch.from_numpy(
                        evaluation_noise(shape, len(batch), seed=seed, first=first + start, draw=draw))
                else:
                    u = torch.as_tensor(noise)[start:start + batch_size]
                draw_values.append(self.log_prob(self.dequantize(batch, u), told).cpu().double())
            values.append(torch.stack(draw_values).logsumexp(0) - math.log(len(draw_values)))
        return torch.cat(values) / (-self.dimensions * math.log(2)) + self.config.bits

    def classify(self, x: Tensor) -> Tensor:
        """The classifier head's logits, `[batch, labels]`."""
        if self.classifier is None:
            raise ModelError("the model has no classifier head")
        logits: Tensor = self.classifier(self._pass(self._input(x), None)[0])
        return logits

    # Latents.

    def encode(self, images: Tensor | np.ndarray, labels: Labels = None) -> list[Tensor]:
        """The latents of images.

        Args:
            images: uint8, which are taken in the centers of their cells so that they come back to the pixel, or
                dequantized; `[count, height, width, channel]`.
        """
        images = torch.as_tensor(images)
        x = self.dequantize(images) if images.dtype == torch.uint8 else self._input(images)
        rows = self._rows(labels, len(x))
        if self._has_pixels:
            x = self.pixels(x, rows)[0]
        latents = []
        for level in self._levels:
            x = level(x, rows)[0]
            if level.split is None:
                latents.append(self.prior.distribution(x, rows).standardize(x))
            else:
                x, latent = x.chunk(2, -1)
                latents.append(level.split.distribution(x, rows).standardize(latent))
        return latents

    def decode(self, latents: Sequence[Tensor], labels: Labels = None) -> Tensor:
        """The images of latents, `[count, height, width, channel]`: the inverse of `encode` with the same labels; differentiable."""
        self._check_shapes(latents)
        latents = [latent.to(self._like) for latent in latents]
        rows = self._rows(labels, len(latents[0]))
        y = latents[-1]
        y = self.prior.distribution(y, rows).restore(y)
        for level, latent in zip(reversed(self._levels), reversed(latents)):
            if level.split is not None:
                y = torch.cat([y, level.split.distribution(y, rows).restore(latent)], -1)
            y = level.inverse(y, rows)
        return self.pixels.inverse(y, rows) if self._has_pixels else y

    @torch.no_grad()
    def sample(
        self, count: int, temperature: float | Sequence[float] = 1.0, labels: Labels = None,
        generator: torch.Generator | None = None, *, batch_size: int = 64,
    ) -> Tensor:
        """Images drawn from the model, `[count, height, width, channel]`; `pictures` makes bytes of them.

        With a generator of the CPU that was seeded with S, and the same version of libtorch, they are those of
        `glow sample --files --seed S`.

        Args:
            temperature: what every Gaussian's standard deviation is multiplied by; or one a level, the finest first.
            labels: None for labels in turn, or for attributes of the training's images.
        """
        if labels is None and self.config.class_names:
            labels = [number % len(self.config.class_names) for number in range(count)]
        elif labels is None and self.config.attributes:
            labels = self.attribute_rows(count, seed=0 if generator is None else generator.initial_seed())
        latents = self.noise(count, generator)
        temperatures = [temperature] * len(latents) if isinstance(temperature, (int, float)) else list(temperature)
        if len(temperatures) != len(latents):
            raise ModelError(f"{len(temperatures)} temperatures for {len(latents)} levels")
        latents = [latent * own for latent, own in zip(latents, temperatures)]
        labels = None if labels is None else torch.as_tensor(labels)
        parts = []
        for start in range(0, count, batch_size):
            batch = slice(start, start + batch_size)
            parts.append(self.decode([latent[batch] for latent in latents], None if labels is None else labels[batch]))
        return torch.cat(parts)

    def noise(self, count: int, generator: torch.Generator | None = None) -> list[Tensor]:
        """Standard normal latents, drawn image after image."""
        device = "cpu" if generator is None else generator.device
        shapes = [self.config.latent_shape(level) for level in range(1, self.config.levels + 1)]
        images = [
            [torch.randn(1, *shape, generator=generator, dtype=torch.float32, device=device) for shape in shapes]
            for _ in range(count)]
        return [torch.cat(level).to(self._like) for level in zip(*images)]

    # Labels.

    @torch.no_grad()
    def most_likely_labels(self, x: Tensor) -> Tensor:
        """The label under which each image is most likely, int64 `[batch]`."""
        return self.log_prob_per_label(x).argmax(1)

    @torch.no_grad()
    def most_likely_attributes(self, x: Tensor) -> Tensor:
        """Of each attribute by itself, 1 where the image is more likely with it than without, else -1, `[batch, attributes]`."""
        names = self.config.attributes
        if not names:
            raise ModelError("the model is not conditioned on attributes")
        unit = torch.eye(len(names)).to(self._like)
        columns = [
            self.log_prob(x, one.expand(len(x), -1)) > self.log_prob(x, -one.expand(len(x), -1)) for one in unit]
        return torch.stack(columns, 1).to(self._like) * 2 - 1

    def attribute_rows(
        self, count: int, told: Mapping[str, float] | None = None, *, seed: int = 0, others: float = attributes.OTHERS
    ) -> Tensor:
        """What `glow sample` tells the model of its attributes, `[count, attributes]`.

        Args:
            told: strengths by name, as `--with` and `--without` give them: 1 with, -1 without, 2 to exaggerate.
            seed: which training images the others come from.
            others: how strongly those are told that `told` does not name; 0 to say nothing of them.
        """
        if not self.config.attributes:
            raise ModelError("the model is not conditioned on attributes")
        rows = attributes.drawn_rows(self.config, count, told or {}, seed=seed, others=others)
        return torch.from_numpy(rows).to(self._like)

    # Pixels.

    def dequantize(self, images: Tensor | np.ndarray, noise: Tensor | None = None) -> Tensor:
        """uint8 images as the model takes them, `(floor(pixel / 2^(8-n)) + u) / 2^n - 1/2`.

        Args:
            images: `[count, height, width, channel]`.
            noise: u in [0, 1), of the same shape; None for the centers of the cells.
        """
        like = self._like
        return pixels.dequantize(self._bytes(images).to(like.device), self.config.bits, noise, like.dtype)

    def quantized(self, x: Tensor) -> Tensor:
        """Images that the model gave as uint8 of the same shape on the CPU: the lower end of each cell, `v 2^(8-n)`."""
        return pixels.quantize(x.detach().cpu(), self.config.bits)

    def pictures(self, x: Tensor) -> Tensor:
        """As `quantized`, but the middle of each cell, which is what pictures of fewer than 8 bits show."""
        return pixels.shown(self.quantized(x), self.config.bits)

    # What all of these share.

    @property
    def _levels(self) -> list[Level]:
        return [getattr(self, f"level{number}") for number in range(1, self.config.levels + 1)]

    @property
    def _has_pixels(self) -> bool:
        return "pixels" in self._modules

    @property
    def _like(self) -> Tensor:
        """A tensor of the model's type and device."""
        return next(self.parameters())

    def _pass(self, x: Tensor, rows: Rows) -> tuple[Tensor, Tensor]:
        """The last latent as it is, not standardized; and all of log p(x) but its own, `[batch]`."""
        log_prob = x.new_zeros(len(x))
        if self._has_pixels:
            x, log_prob = self.pixels(x, rows)
        for level in self._levels:
            x, log_det = level(x, rows)
            log_prob = log_prob + log_det
            if level.split is not None:
                x, latent = x.chunk(2, -1)
                log_prob = log_prob + level.split.distribution(x, rows).log_prob(latent)
        return x, log_prob

    def _rows(self, labels: Labels, count: int) -> Rows:
        """The condition of each image, `[count, conditions]`; None for a model without."""
        conditions, like = self.config.condition_count, self._like
        if conditions == 0:
            if labels is not None:
                raise ModelError("the model is not conditional: it takes no labels")
            return None
        if labels is None:
            if self.config.class_names:
                raise ModelError(f"the model is conditional: it needs a label for each of the {count} images")
            return like.new_zeros(count, conditions)
        told = torch.as_tensor(labels, device=like.device)
        if told.is_floating_point() and told.shape == (count, conditions):
            return told.to(like.dtype)
        if self.config.class_names and not told.is_floating_point() and told.shape == (count,):
            if not bool(((0 <= told) & (told < conditions)).all()):
                raise ModelError(f"a label is out of range: the model has 0 to {conditions - 1}")
            return F.one_hot(told.long(), conditions).to(like.dtype)
        raise ModelError(
            f"labels are {told.dtype} of shape {tuple(told.shape)}, the model takes "
            + (f"numbers of shape ({count},) or " if self.config.class_names else "")
            + f"floating-point rows of shape {(count, conditions)}")

    def _input(self, x: Tensor) -> Tensor:
        if not x.is_floating_point():
            raise ModelError(f"x is {x.dtype}, expected dequantized images: see dequantize")
        self._check_images(x)
        return x.to(self._like)

    def _bytes(self, images: Tensor | np.ndarray) -> Tensor:
        images = torch.as_tensor(images)
        if images.dtype != torch.uint8:
            raise ModelError(f"images are {images.dtype}, expected uint8")
        self._check_images(images)
        return images

    def _check_images(self, images: Tensor) -> None:
        expected = (self.config.height, self.config.width, self.config.channels)
        if images.ndim != 4 or images.shape[1:] != expected:
            raise ModelError(f"images of shape {tuple(images.shape)} do not fit the model, which takes [count] + {expected}")

    def _check_shapes(self, latents: Sequence[Tensor]) -> None:
        if len(latents) != self.config.levels:
            raise ModelError(f"latents of {len(latents)} levels, the model has {self.config.levels}")
        for level, latent in enumerate(latents, 1):
            expected = (len(latents[0]), *self.config.latent_shape(level))
            if latent.shape != expected:
                raise ModelError(f"level {level}'s latents have shape {tuple(latent.shape)}, expected {expected}")
