"""Files of latents, as `glow encode` writes and `glow decode` reads them."""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from .errors import ModelError
from .model import FlowModel, Labels


def write_latents(
    path: str | os.PathLike[str], latents: Sequence[Tensor], model: FlowModel, labels: Labels = None
) -> None:
    """Writes latents of a model, and the labels or attributes that they were encoded under.

    Args:
        latents: one a level, `[count, height, width, channel]`.
        labels: numbers `[count]`, or rows `[count, attributes]`; what the model was told in `encode`.
    """
    model._check_shapes(latents)
    tensors = {f"level{level}": latent.detach().cpu().contiguous() for level, latent in enumerate(latents, 1)}
    if model.config.class_names:
        told = torch.as_tensor(labels if labels is not None else [])
        if told.is_floating_point() or told.shape != (len(latents[0]),):
            raise ModelError(f"a file of latents needs a label's number for each of the {len(latents[0])} images")
        tensors["labels"] = told.cpu().long()
    elif labels is not None:
        rows = model._rows(labels, len(latents[0]))
        assert rows is not None
        tensors["attributes"] = rows.detach().cpu().contiguous()
    save_file(tensors, path, {"format": "swift-glow latents", "model": model.fingerprint})


def read_latents(path: str | os.PathLike[str], model: FlowModel) -> tuple[list[Tensor], Tensor | None]:
    """The latents of a file, and the labels or attributes they were encoded under, as the model's `decode` takes them.

    Raises:
        ModelError: for latents of another model, naming the file.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from None
    if "model" in metadata and metadata["model"] != model.fingerprint:
        raise ModelError(
            f"{path}: holds latents of another model ({metadata['model']}, this one is {model.fingerprint})")
    names = [f"level{level}" for level in range(1, model.config.levels + 1)]
    condition = "labels" if model.config.class_names else "attributes"
    if missing := [name for name in names if name not in tensors]:
        raise ModelError(f"{path}: tensor {missing[0]} is missing")
    known = names + [condition] * (model.config.condition_count > 0)
    if strangers := sorted(set(tensors) - set(known)):
        raise ModelError(f"{path}: holds a tensor {strangers[0]}, expected {', '.join(known)}")
    latents, labels = [tensors[name] for name in names], tensors.get(condition)
    try:
        model._check_shapes(latents)
        model._rows(labels, len(latents[0]))
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    return [latent.to(model._like) for latent in latents], labels
