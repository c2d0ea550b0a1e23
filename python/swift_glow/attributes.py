"""What samples are told of their attributes (`Sources/ModelImages/FlowConfiguration+Attributes.swift`)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .config import FlowConfig
from .errors import ModelError
from .noise import ATTRIBUTES, choice

# Of the attributes that samples are told though nobody named them.
OTHERS = 1.5
# Beyond it no image is left.
STRONGEST = 10


def drawn_rows(
    config: FlowConfig, count: int, told: Mapping[str, float], *, seed: int = 0, others: float = OTHERS
) -> np.ndarray:
    """What `glow sample` tells of each image: what some image of the training has, with what is asked for in its place.

    Examples with what that excludes are passed over, unless all have some of it.

    Args:
        told: strengths by name: 1 with, -1 without, more to exaggerate.
        others: how strongly attributes are told that `told` does not name; 0 for not at all.

    Returns:
        float32 `[count, attributes]`.
    """
    names = config.attributes or ()
    changes = _changes(names, told)
    if not config.examples or others == 0:
        row = np.zeros(len(names), np.float32)
        for attribute, strength in changes.items():
            row[attribute] = strength
        return np.tile(row, (count, 1))
    signs = {"+": 1, "-": -1, ".": 0}
    examples = [np.array([signs[sign] for sign in word], np.float32) for word in config.examples]
    fitting = [row for row in examples if not _implied(config, changes, row)]
    rows = []
    for number in range(count):
        pool = fitting or examples
        own = pool[choice(len(pool), ATTRIBUTES, seed, number)]
        row = changed(config, own, told)
        rows.append([value if place in changes else value * np.float32(others) for place, value in enumerate(row)])
    return np.array(rows, np.float32)


def changed(config: FlowConfig, own: np.ndarray, told: Mapping[str, float]) -> np.ndarray:
    """What is told of an image, `[attributes]`, when some of it is changed: with what is asked for, what that implies.

    Of an image that is told to have an attribute, those that exclude it are told to be absent, and nothing is said of those
    that are not known beside it. Of one that is told not to have what it had, nothing is said of the others where each
    image has one of them.
    """
    changes = _changes(config.attributes or (), told)
    row = own.copy()
    for attribute, strength in [*_implied(config, changes, own), *changes.items()]:
        row[attribute] = strength
    return row


def _changes(names: tuple[str, ...], told: Mapping[str, float]) -> dict[int, float]:
    for name, strength in told.items():
        if name not in names:
            raise ModelError(f"attribute {name} is none of the model's: {', '.join(names) or 'it has none'}")
        if not abs(strength) <= STRONGEST:
            raise ModelError(f"attribute {name} has the strength {strength}, expected -{STRONGEST} to {STRONGEST}")
    return {names.index(name): strength for name, strength in told.items()}


def _implied(config: FlowConfig, changes: dict[int, float], own: np.ndarray) -> list[tuple[int, float]]:
    names, found = config.attributes or (), []
    for attribute, strength in changes.items():
        exclusion = next((one for one in config.exclusions or () if one.attribute == names[attribute]), None)
        if exclusion is None:
            continue
        wanted: list[tuple[str, float]] = []
        if strength > 0:
            wanted += [(name, -1.0) for name in exclusion.absent if own[names.index(name)] > 0]
            wanted += [(name, 0.0) for name in exclusion.unknown if own[names.index(name)] != 0]
        elif strength < 0 and exclusion.is_choice and own[attribute] > 0:
            others = exclusion.absent + exclusion.unknown
            wanted += [(name, 0.0) for name in others if own[names.index(name)] < 0]
        force = min(1.0, abs(strength))
        for name, value in wanted:
            place = names.index(name)
            if place not in changes:
                found.append((place, float(own[place]) + force * (value - float(own[place]))))
    return found
