"""What the client of `glow serve` sends and gets: pictures and files. The standard library alone."""

from __future__ import annotations

import base64
import importlib
import io
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Union

_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_COLORS = {1: 0, 3: 2, 4: 6}


class Blob(bytes):
    """The content of a file."""

    def save(self, file: str | os.PathLike[str]) -> None:
        Path(file).write_bytes(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} bytes)"


class Png(Blob):
    """A picture, as the content of a PNG file."""

    def to_pil(self) -> Any:
        """A `PIL.Image.Image`; needs Pillow."""
        return importlib.import_module("PIL.Image").open(io.BytesIO(self))

    def to_numpy(self) -> Any:
        """Bytes `[height, width]` of a gray picture, else `[height, width, channel]`; needs Pillow and NumPy."""
        return importlib.import_module("numpy").array(self.to_pil())


class SavedPicture(Protocol):
    """What writes itself into a file, as the images of Pillow."""

    def save(self, fp: Any, format: Any = ..., /) -> Any: ...


class ArrayPicture(Protocol):
    """Bytes `[height, width]` or `[height, width, channel]`, as the arrays of NumPy."""

    @property
    def shape(self) -> Any: ...
    @property
    def dtype(self) -> Any: ...
    def tobytes(self) -> bytes: ...


@dataclass(frozen=True)
class Kept:
    """A picture that was sent before: `name` is `kept` among the `inputs` of the answer."""

    name: str


@dataclass(frozen=True)
class Labeled:
    """A picture with a label of the model."""

    picture: Picture
    label: int


# A PNG, JPEG or WebP as bytes or as a path; the number of an image in the server's data set; an image of Pillow; an array.
Picture = Union[bytes, str, "os.PathLike[str]", int, Kept, Labeled, SavedPicture, ArrayPicture]
Images = Union[Picture, Sequence[Picture]]
# As bytes or as a path.
File = Union[bytes, str, "os.PathLike[str]"]


def picture_list(pictures: Images) -> list[dict[str, Any]]:
    """As requests hold them; one picture is a list of one."""
    many: Sequence[Picture] = pictures if isinstance(pictures, (list, tuple)) else [pictures]  # type: ignore[list-item]
    return [picture_json(picture) for picture in many]


def picture_json(picture: Picture) -> dict[str, Any]:
    if isinstance(picture, Labeled):
        return picture_json(picture.picture) | {"label": picture.label}
    if isinstance(picture, Kept):
        return {"kept": picture.name}
    if isinstance(picture, int) and not isinstance(picture, bool):
        return {"index": picture}
    return {"data": in_base64(_picture_bytes(picture))}


def file_bytes(file: File) -> bytes:
    return file if isinstance(file, bytes) else Path(file).read_bytes()


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _picture_bytes(picture: Any) -> bytes:
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return bytes(picture)
    if isinstance(picture, (str, os.PathLike)):
        return Path(picture).read_bytes()
    if hasattr(picture, "tobytes") and hasattr(picture, "shape"):
        return _png(picture)
    if hasattr(picture, "save"):
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        return buffer.getvalue()
    raise TypeError(
        f"a picture is of type {type(picture).__name__}, expected bytes, a path, a number, an image of Pillow or an array")


def _png(array: ArrayPicture) -> bytes:
    shape = tuple(array.shape)
    height, width, channels = (*shape, 1) if len(shape) == 2 else shape if len(shape) == 3 else (0, 0, 0)
    if str(array.dtype) != "uint8" or channels not in _PNG_COLORS or height * width == 0:
        raise TypeError(
            f"a picture is an array {list(shape)} of {array.dtype}, "
            "expected uint8 [height, width] or [height, width, channel] of 1, 3 or 4 channels")
    pixels, row = array.tobytes(), width * channels
    rows = b"".join(b"\0" + pixels[start:start + row] for start in range(0, height * row, row))
    header = struct.pack(">2I5B", width, height, 8, _PNG_COLORS[channels], 0, 0, 0)
    return _PNG_START + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
