"""Latents as the server takes them: safetensors files, written by hand."""

import array
import json
import random
import struct
import sys


def latents(shapes: list[list[int]], count: int, classes: int, temperature: float, seed: int = 0) -> bytes:
    """Of `count` images: `level1` and so on of these shapes, from a Gaussian; with labels if there are classes."""
    dice = random.Random(seed)
    tensors = {
        f"level{number}": ("F32", [count, *shape], "f", [
            dice.gauss(0, temperature) for _ in range(count * shape[0] * shape[1] * shape[2])])
        for number, shape in enumerate(shapes, 1)
    }
    if classes:
        tensors["labels"] = ("I64", [count], "q", [dice.randrange(classes) for _ in range(count)])
    return _safetensors(tensors)


def _safetensors(tensors: dict[str, tuple[str, list[int], str, list]]) -> bytes:
    header, data = {}, b""
    for name, (dtype, shape, code, values) in tensors.items():
        numbers = array.array(code, values)
        if sys.byteorder == "big":
            numbers.byteswap()
        content = numbers.tobytes()
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data
