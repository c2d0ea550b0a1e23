"""JSON read as the classes of `client`."""

from __future__ import annotations

import base64
import dataclasses
import functools
import keyword
import re
import types
import typing
from typing import Any, Literal, TypeVar, cast

T = TypeVar("T")


def snake_case(name: str) -> str:
    """What Python calls a field or an operation: `areaUnderROC` is `area_under_roc`, and `from` is `from_`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z][A-Za-z])", "_", name).lower()
    return f"{words}_" if keyword.iskeyword(words) else words


def read(kind: type[T], json: Any) -> T:
    """Fields that the class does not know are left out: a newer server may have them.

    Raises:
        ValueError: naming the field that is missing or of another type.
    """
    return cast(T, _read(kind, json, kind.__name__))


def _read(kind: Any, json: Any, place: str) -> Any:
    if kind is Any:
        return json
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        [kind] = [part for part in parts if part is not type(None)]
        return _read(kind, json, place)
    if origin is list and isinstance(json, list):
        return [_read(parts[0], value, f"{place}[{number}]") for number, value in enumerate(json)]
    if origin is dict and isinstance(json, dict):
        return {name: _read(parts[1], value, f"{place}.{name}") for name, value in json.items()}
    # What a newer server says in place of one of these is let pass.
    if origin is Literal and isinstance(json, str):
        return json
    if dataclasses.is_dataclass(kind) and isinstance(json, dict):
        return _read_object(kind, json, place)
    if isinstance(kind, type) and issubclass(kind, bytes) and isinstance(json, str):
        return kind(base64.b64decode(json))
    if kind is float and isinstance(json, (int, float)) and not isinstance(json, bool):
        return float(json)
    if kind in (int, str, bool) and type(json) is kind:
        return json
    raise ValueError(f"the server's answer has {str(json)[:40]!r} at {place}, expected {getattr(kind, '__name__', kind)}")


def _read_object(kind: Any, json: dict[str, Any], place: str) -> Any:
    values, hints = {snake_case(name): value for name, value in json.items()}, _hints(kind)
    for field in dataclasses.fields(kind):
        if field.name not in values and field.default is dataclasses.MISSING:
            raise ValueError(f"the server's answer has no {field.name} at {place}")
    return kind(**{name: _read(hints[name], value, f"{place}.{name}") for name, value in values.items() if name in hints})


@functools.lru_cache(maxsize=None)
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
