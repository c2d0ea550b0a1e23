"""The 16 digits by which files of latents know their model (`Sources/FlowModels/Storage/FlowModel+Fingerprint.swift`)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .config import FlowConfig, as_json

_OFFSET = 0xCBF29CE484222325
_PRIME = 0x100000001B3
_MASK = (1 << 64) - 1


def rounded_fingerprint(
    config: FlowConfig, parameters: Iterable[tuple[str, Tensor]], buffers: Iterable[tuple[str, Tensor]]
) -> str:
    """FNV-1a, 64 bits, over the configuration, the names, the parameters rounded to float16, and the buffers."""
    parameters, buffers = list(parameters), list(buffers)
    names = "\n".join(name for name, _ in parameters + buffers)
    parts = [config.kind.encode(), _swift_json(as_json(config)[config.kind]).encode(), names.encode()]
    parts += [_float32_bytes(value.detach().to(torch.float16)) for _, value in parameters]
    parts += [_float32_bytes(value) for _, value in buffers]
    value = _OFFSET
    for part in parts:
        value = fnv1a(part, value)
    return f"{value:016x}"


def _float32_bytes(tensor: Tensor) -> bytes:
    return tensor.to("cpu", torch.float32).contiguous().numpy().astype("<f4").tobytes()


def _swift_json(value: Any) -> str:
    """As Swift's JSONEncoder writes it with sorted keys: no spaces, slashes escaped, whole numbers without a point."""
    text = json.dumps(_whole(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.replace("/", "\\/")


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def fnv1a(data: bytes, value: int = _OFFSET, chunk: int = 1 << 20) -> int:
    """The hash after `data`, which goes on from `value`: `value = (value ^ byte) * prime` for each byte.

    A byte changes the lowest eight bits alone, before each product. So these are found first, bit by bit: bit k of the next
    value is bit k of the last one, of the byte, and of what the lower bits carry. With them known, every step is
    `value = (value + difference) * prime`, and the sum of all is taken at once, modulo 2^64.
    """
    for start in range(0, len(data), chunk):
        part = np.frombuffer(data[start:start + chunk], np.uint8)
        mixed = _low_bytes(part, value & 0xFF)
        low = mixed ^ part
        differences = (mixed.astype(np.int64) - low.astype(np.int64)).astype(np.uint64)
        powers = np.full(len(part), _PRIME, np.uint64).cumprod()
        total = int((differences * powers[::-1]).sum())
        value = (value * int(powers[-1]) + total) & _MASK
    return value


def _low_bytes(data: np.ndarray, low: int) -> np.ndarray:
    """The lowest byte of `value ^ byte` at every step, from the lowest byte of the first value."""
    mixed = np.zeros(len(data), np.uint8)
    for bit in range(8):
        # Without its own bit k, a product's bit k is what the lower bits carry into it; the prime is odd.
        carried = (mixed * np.uint8(_PRIME & 0xFF) >> bit & 1).astype(np.uint8)
        changes = data >> bit & 1
        changes[1:] ^= carried[:-1]
        changes[0] ^= low >> bit & 1
        mixed |= np.bitwise_xor.accumulate(changes) << bit
    return mixed
