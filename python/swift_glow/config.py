"""What `config.json` says of a model: a dataclass a family, with the fields of the file in Python's spelling.

Every field of the file is read into one of these. A field that is not known here is an error, because a model that is built
without it would be another one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from ._version import VERSION
from .errors import ModelError


@dataclass(frozen=True)
class Exclusion:
    """What goes with an attribute in the images of a training: a hat hides the hair."""

    attribute: str
    # Those that no image with it has.
    absent: tuple[str, ...]
    # Those that are not known of images with it.
    unknown: tuple[str, ...]
    # Whether every image has it or one of these.
    is_choice: bool


@dataclass(frozen=True)
class GlowConfig:
    """The shape of a Glow (Kingma & Dhariwal 2018)."""

    kind: ClassVar[str] = "glow"

    # Pixels; multiples of 2^levels.
    height: int
    width: int
    channels: int
    # Bits per channel of the data, 1 to 8.
    bits: int
    # L, and K steps of flow a level.
    levels: int
    steps: int
    # Channels of the couplings' networks.
    hidden: int
    # reverse, shuffle, conv1x1 or conv1x1LU.
    permutation: str
    # additive or affine.
    coupling: str
    # Of affine couplings: sigmoid, exponential or bounded.
    scale: str
    # The lower bound a of the sigmoid scale a + (1 - a) sigmoid(raw + 2).
    minimum_scale: float
    # Whether 3x3 convolutions see a channel that is 1 on the padding and 0 inside.
    edge_channel: bool
    # What ActNorm's stored log-scale is multiplied by.
    log_scale_factor: float
    # Whether mean and deviation of the last latent are learned.
    learn_top: bool
    # Labels, in order; none for a model without.
    class_names: tuple[str, ...]
    # Where the condition is told: prior (the last one), priors (all), everywhere (also the couplings).
    label_conditioning: str
    # Whether a head predicts the label from the last latent.
    classifier: bool
    # Attributes, in order; a model has labels or attributes, not both.
    attributes: tuple[str, ...] | None = None
    exclusions: tuple[Exclusion, ...] | None = None
    # The attributes of some training images, a word each: `+` with, `-` without, `.` not known.
    examples: tuple[str, ...] | None = None
    # learned (also None) or diagonal.
    priors: str | None = None
    # The most that the log standard deviation of a split's prior may be away from 0; None for no limit.
    deviation_limit: float | None = None

    @property
    def condition_count(self) -> int:
        """Numbers that say an image's condition: one a label, or one an attribute."""
        return len(self.class_names) + len(self.attributes or ())

    def latent_shape(self, level: int) -> tuple[int, int, int]:
        """`(height, width, channel)` of the latent of a level, from 1 on."""
        channels = self.channels << (level + 1)
        return (
            self.height >> level, self.width >> level, channels if level == self.levels else channels // 2)

    def validate(self) -> None:
        _require(1 <= self.levels <= 16, "levels", self.levels, "1 to 16")
        _require(1 <= self.steps <= 4096, "steps", self.steps, "1 to 4096")
        _require(1 <= self.hidden <= 65536, "hidden", self.hidden, "1 to 65536")
        _require(1 <= self.channels <= 4, "channels", self.channels, "1 to 4")
        _require(1 <= self.bits <= 8, "bits", self.bits, "1 to 8")
        for field, size in (("height", self.height), ("width", self.width)):
            _require(0 < size <= 1 << 16 and size % (1 << self.levels) == 0, field, size,
                     f"a multiple of {1 << self.levels}, since each of the {self.levels} levels halves it")
        _require(0 <= self.minimum_scale < 1, "minimumScale", self.minimum_scale, "at least 0 and below 1")
        _require(0 < self.log_scale_factor <= 100, "logScaleFactor", self.log_scale_factor, "above 0, up to 100")
        is_diagonal, limit, names = self.priors == "diagonal", self.deviation_limit, self.attributes or ()
        _require(limit is None or 0 < limit <= 100 and not is_diagonal, "deviationLimit", limit,
                 "above 0, up to 100, and none where the priors are diagonal")
        _require(len(set(self.class_names)) == len(self.class_names), "classNames", self.class_names, "names that differ")
        _require(not self.classifier or len(self.class_names) > 1 and self.label_conditioning == "prior", "classifier",
                 self.classifier, "false unless there are two labels or more, told to the last prior alone")
        _require(self.attributes != () and len(set(names)) == len(names) and not (names and self.class_names),
                 "attributes", names, "names that differ, and none where there are labels")
        _require(not names or not is_diagonal, "attributes", names, "none where the priors are diagonal")
        told = {name for one in self.exclusions or () for name in (one.attribute, *one.absent, *one.unknown)}
        _require(told <= set(names), "exclusions", sorted(told - set(names)), "none but of the attributes")
        _require(all(len(word) == len(names) and set(word) <= set("+-.") for word in self.examples or ()), "examples",
                 self.examples, f"words of {len(names)} characters, each +, - or .")
        _require(not is_diagonal or not self.class_names or self.label_conditioning != "prior", "labelConditioning",
                 self.label_conditioning, "priors or everywhere where the priors are diagonal and there are labels")


@dataclass(frozen=True)
class RealNVPConfig:
    """The shape of a RealNVP (Dinh, Sohl-Dickstein & Bengio 2017), which takes no labels."""

    kind: ClassVar[str] = "realnvp"
    class_names: ClassVar[tuple[str, ...]] = ()
    attributes: ClassVar[None] = None
    exclusions: ClassVar[None] = None
    examples: ClassVar[None] = None
    condition_count: ClassVar[int] = 0

    # Pixels; multiples of 2^(levels - 1).
    height: int
    width: int
    channels: int
    bits: int
    # All but the last end with a squeeze and couplings of channels (section 3.6).
    levels: int
    # Couplings of each kind a level; the last level has one more checkerboard.
    couplings: int
    # Residual blocks of each coupling's network.
    blocks: int
    # Channels of the networks at the first level before its squeeze; each squeeze doubles them.
    hidden: int
    # Of the logit transform.
    alpha: float

    def latent_shape(self, level: int) -> tuple[int, int, int]:
        """`(height, width, channel)` of the latent of a level, from 1 on."""
        last = level == self.levels
        halvings = level - 1 if last else level
        return (self.height >> halvings, self.width >> halvings, self.channels << halvings)

    def validate(self) -> None:
        _require(1 <= self.levels <= 16, "levels", self.levels, "1 to 16")
        _require(1 <= self.couplings <= 256, "couplings", self.couplings, "1 to 256")
        _require(0 <= self.blocks <= 256, "blocks", self.blocks, "0 to 256")
        widest = min(1 << 16, 1 << (20 - self.levels))
        _require(1 <= self.hidden <= widest, "hidden", self.hidden, f"1 to {widest}")
        _require(1 <= self.channels <= 4, "channels", self.channels, "1 to 4")
        _require(1 <= self.bits <= 8, "bits", self.bits, "1 to 8")
        unit = 1 << (self.levels - 1)
        for field, size in (("height", self.height), ("width", self.width)):
            _require(2 * unit <= size <= 1 << 16 and size % unit == 0, field, size,
                     f"a multiple of {unit} and {2 * unit} or more, since all but the last of {self.levels} levels halve it")
        _require(0 < self.alpha < 0.5, "alpha", self.alpha, "above 0 and below 0.5")


@dataclass(frozen=True)
class MaskedGlowConfig:
    """The shape of a MaskedGlow: masked autoregressive steps on the pixels, then a Glow."""

    kind: ClassVar[str] = "masked-glow"

    # Masked steps before the first squeeze, and the channels of their networks.
    pixel_steps: int
    pixel_hidden: int
    # What comes after them; of the image's own size.
    glow: GlowConfig

    @property
    def height(self) -> int:
        return self.glow.height

    @property
    def width(self) -> int:
        return self.glow.width

    @property
    def channels(self) -> int:
        return self.glow.channels

    @property
    def bits(self) -> int:
        return self.glow.bits

    @property
    def levels(self) -> int:
        return self.glow.levels

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.glow.class_names

    @property
    def attributes(self) -> tuple[str, ...] | None:
        return self.glow.attributes

    @property
    def exclusions(self) -> tuple[Exclusion, ...] | None:
        return self.glow.exclusions

    @property
    def examples(self) -> tuple[str, ...] | None:
        return self.glow.examples

    @property
    def condition_count(self) -> int:
        return self.glow.condition_count

    def latent_shape(self, level: int) -> tuple[int, int, int]:
        """`(height, width, channel)` of the latent of a level, from 1 on."""
        return self.glow.latent_shape(level)

    def validate(self) -> None:
        _require(1 <= self.pixel_steps <= 256, "pixelSteps", self.pixel_steps, "1 to 256")
        _require(1 <= self.pixel_hidden <= 4096, "pixelHidden", self.pixel_hidden, "1 to 4096")
        self.glow.validate()


FlowConfig = GlowConfig | RealNVPConfig | MaskedGlowConfig


def parse(header: object, path: str) -> FlowConfig:
    """The configuration that the JSON of a `config.json` holds.

    Args:
        header: the decoded JSON.
        path: where it is from, for errors.
    """
    try:
        if not isinstance(header, dict):
            raise ModelError("holds no JSON object")
        _expect(header, "format", "swift-glow")
        _expect(header, "version", 1)
        kinds = {cls.kind: cls for cls in (GlowConfig, RealNVPConfig, MaskedGlowConfig)}
        kind = header.get("model")
        if kind not in kinds:
            raise ModelError(f"field model is {kind!r}, expected " + " or ".join(map(repr, kinds)))
        _refuse_strangers(header, {"format", "version", "writtenBy", "model", kind}, "")
        config: FlowConfig = _object(kinds[kind], header.get(kind), kind)
        config.validate()
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    return config


def as_json(config: FlowConfig) -> dict[str, Any]:
    """What `config.json` holds of a configuration, as JSON's types."""
    return {
        "format": "swift-glow", "version": 1, "writtenBy": f"swift-glow for Python {VERSION}", "model": config.kind,
        config.kind: _json(config),
    }


# From JSON.

_Reader = Callable[[Any, str], Any]


def _checked(expected: str, is_right: Callable[[Any], bool], made: Callable[[Any], Any] = lambda value: value) -> _Reader:
    def read(value: Any, name: str) -> Any:
        if not is_right(value):
            raise ModelError(f"field {name} is {value!r}, expected {expected}")
        return made(value)
    return read


def _word(*words: str) -> _Reader:
    return _checked(" or ".join(words), lambda value: isinstance(value, str) and value in words)


def _list(element: _Reader) -> _Reader:
    def read(value: Any, name: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ModelError(f"field {name} is {value!r}, expected a list")
        return tuple(element(one, f"{name}[{number}]") for number, one in enumerate(value))
    return read


_integer = _checked("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool))
_number = _checked("a number", lambda value: isinstance(value, (int, float)) and not isinstance(value, bool), float)
_toggle = _checked("true or false", lambda value: isinstance(value, bool))
_text = _checked("a string", lambda value: isinstance(value, str))
_names = _list(_text)

_READERS: dict[type, dict[str, _Reader]] = {
    Exclusion: {"attribute": _text, "absent": _names, "unknown": _names, "is_choice": _toggle},
    GlowConfig: {
        "height": _integer, "width": _integer, "channels": _integer, "bits": _integer, "levels": _integer,
        "steps": _integer, "hidden": _integer, "permutation": _word("reverse", "shuffle", "conv1x1", "conv1x1LU"),
        "coupling": _word("additive", "affine"), "scale": _word("sigmoid", "exponential", "bounded"),
        "minimum_scale": _number, "edge_channel": _toggle, "log_scale_factor": _number, "learn_top": _toggle,
        "class_names": _names, "label_conditioning": _word("prior", "priors", "everywhere"), "classifier": _toggle,
        "attributes": _names, "exclusions": _list(lambda value, name: _object(Exclusion, value, name)),
        "examples": _names, "priors": _word("learned", "diagonal"), "deviation_limit": _number,
    },
    RealNVPConfig: {
        "height": _integer, "width": _integer, "channels": _integer, "bits": _integer, "levels": _integer,
        "couplings": _integer, "blocks": _integer, "hidden": _integer, "alpha": _number,
    },
    MaskedGlowConfig: {
        "pixel_steps": _integer, "pixel_hidden": _integer,
        "glow": lambda value, name: _object(GlowConfig, value, name),
    },
}


def _object(cls: Any, value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        raise ModelError(f"field {name} is {value!r}, expected an object")
    readers = _READERS[cls]
    _refuse_strangers(value, {_camel(field) for field in readers}, name + ".")
    found = {}
    for field in fields(cls):
        key = _camel(field.name)
        if value.get(key) is not None:
            found[field.name] = readers[field.name](value[key], f"{name}.{key}")
        elif field.default is not None:
            # Those with a default may be missing, and their default is None.
            raise ModelError(f"field {name}.{key} is missing")
    return cls(**found)


def _refuse_strangers(value: dict[str, Any], known: set[str], prefix: str) -> None:
    if strangers := sorted(set(value) - known):
        raise ModelError(
            f"field {prefix}{strangers[0]} is not known to this reader; the model would be another one without it")


def _expect(header: dict[str, Any], field: str, expected: object) -> None:
    if header.get(field) != expected:
        raise ModelError(f"field {field} is {header.get(field)!r}, expected {expected!r}")


def _require(is_right: bool, field: str, value: object, expected: str) -> None:
    if not is_right:
        raise ModelError(f"field {field} is {value!r}, expected {expected}")


# To JSON.

def _json(value: Any) -> Any:
    if type(value) in _READERS:
        found = {_camel(field.name): getattr(value, field.name) for field in fields(value)}
        return {key: _json(one) for key, one in found.items() if one is not None}
    return [_json(one) for one in value] if isinstance(value, tuple) else value


def _camel(name: str) -> str:
    return re.sub("_([a-z])", lambda match: match[1].upper(), name)
