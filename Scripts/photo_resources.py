"""Reads the resource files (.rcc) that Qt programs keep their pictures in.

After a head with the offsets of three tables, big-endian throughout: a tree of files and folders, their names in
UTF-16, and each file's length and bytes.
"""

import functools
import struct
import zlib
from pathlib import Path

MAGIC = b"qres"
COMPRESSED_WITH_ZLIB, IS_FOLDER, COMPRESSED_WITH_ZSTD = 1, 2, 4


@functools.lru_cache(maxsize=1)
def members(file):
    """The files inside a resource file: path -> (flags, bytes as they are stored)."""
    data = Path(file).read_bytes()
    try:
        magic, version, tree, contents, names = struct.unpack_from(">4s4I", data)
        if magic != MAGIC or not 1 <= version <= 3:
            raise ValueError
        node_size = 14 if version == 1 else 22
        return dict(walk(data, tree, contents, names, node_size, 0, ""))
    except (struct.error, ValueError, RecursionError):
        raise SystemExit(f"photo_patches: {file} is not a Qt resource file of version 1 to 3") from None


def walk(data, tree, contents, names, node_size, node, path):
    """Yields (path, (flags, bytes)) of the files at and below a node of the tree."""
    at = tree + node * node_size
    name, flags = struct.unpack_from(">IH", data, at)
    if node > 0:
        (length,) = struct.unpack_from(">H", data, names + name)
        start = names + name + 6  # behind the length and a hash
        path += "/" + data[start : start + 2 * length].decode("utf-16-be")
    if flags & IS_FOLDER:
        count, first = struct.unpack_from(">II", data, at + 6)
        for child in range(first, first + count):
            yield from walk(data, tree, contents, names, node_size, child, path)
    else:
        (offset,) = struct.unpack_from(">I", data, at + 10)
        (length,) = struct.unpack_from(">I", data, contents + offset)
        start = contents + offset + 4
        yield path, (flags, data[start : start + length])


def read(file, path):
    """One file inside a resource file, or None if it has none of that path."""
    flags, data = members(file).get(path, (0, None))
    if flags & COMPRESSED_WITH_ZSTD:
        raise SystemExit(f"photo_patches: {path} in {file} is compressed with zstd, which is not read here")
    return zlib.decompress(data[4:]) if flags & COMPRESSED_WITH_ZLIB else data  # behind the length in full
