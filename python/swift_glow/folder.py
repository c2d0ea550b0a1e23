"""Models on disk: a folder with `config.json` and `model.safetensors`, or a run with such folders as checkpoints."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from .config import as_json, parse
from .errors import ModelError
from .model import FlowModel

CONFIG, WEIGHTS = "config.json", "model.safetensors"


def load(
    location: str | os.PathLike[str], *, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
) -> FlowModel:
    """The model in a folder, or of the newest checkpoint of a run. A checkpoint's weights are their average over training.

    Args:
        location: a model folder, a run folder, a checkpoint, or the name of a model in `Models`.
        dtype: float32 or float64.

    Raises:
        ModelError: naming the file, and the field or tensor that is wrong.
    """
    folder = find(location)
    config = parse(_read_json(folder / CONFIG), str(folder / CONFIG))
    # Without memory, until it is known that the weights fit.
    with torch.device("meta"):
        model = FlowModel(config)
    path = folder / WEIGHTS
    try:
        weights = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from None
    expected = model.state_dict()
    for name, value in expected.items():
        if name not in weights:
            raise ModelError(f"{path}: tensor {name} is missing")
        found = weights[name]
        if found.shape != value.shape:
            raise ModelError(
                f"{path}: tensor {name} has shape {list(found.shape)}, the configuration beside it asks for {list(value.shape)}")
        if found.is_floating_point() != value.is_floating_point():
            raise ModelError(f"{path}: tensor {name} is of type {found.dtype}, expected {value.dtype}")
        if not bool(found.isfinite().all()):
            raise ModelError(f"{path}: tensor {name} holds a value that is not finite")
    if strangers := sorted(set(weights) - set(expected)):
        raise ModelError(f"{path}: tensor {strangers[0]} belongs to no layer of the configuration beside it")
    model.load_state_dict(
        {name: value.to(dtype if value.is_floating_point() else torch.int64) for name, value in weights.items()},
        assign=True)
    return model.to(device)


def save(model: FlowModel, folder: str | os.PathLike[str]) -> None:
    """Writes a model as a folder that `glow` reads."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / WEIGHTS)
    # Last: a folder with a configuration counts as a model.
    (folder / CONFIG).write_text(json.dumps(as_json(model.config), indent=2, sort_keys=True, ensure_ascii=False))


def find(location: str | os.PathLike[str]) -> Path:
    """The folder that a location means.

    Raises:
        ModelError: where there is none.
    """
    given = Path(location)
    if (given / CONFIG).is_file():
        return given
    if found := checkpoints(given):
        return found[-1]
    shipped = Path("Models") / given
    if len(given.parts) == 1 and (shipped / CONFIG).is_file():
        return shipped
    raise ModelError(f"{given}: holds no model: expected {CONFIG}, or a run's checkpoints folder")


def checkpoints(run: str | os.PathLike[str]) -> list[Path]:
    """The checkpoints of a run folder, oldest first."""
    folders = [folder for folder in Path(run).glob("checkpoints/images-*") if (folder / CONFIG).is_file()]
    numbered = [(folder.name.removeprefix("images-"), folder) for folder in folders]
    return [folder for _, folder in sorted((int(images), folder) for images, folder in numbered if images.isdigit())]


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ModelError(f"{path}: is no JSON: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, no key of which stands there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found
