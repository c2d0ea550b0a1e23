#!/usr/bin/env python3
"""Checks that the symbol of `ct_release` is that of the rest of CTorch.h: a CRC-32 of it. With --fix, writes it."""

import re
import sys
import zlib
from pathlib import Path

HEADER = Path(__file__).resolve().parent.parent / "Sources/CTorch/include/CTorch.h"
SYMBOL = re.compile(r"ct_release_[0-9a-f]{8}")

text = HEADER.read_text()
expected = f"ct_release_{zlib.crc32(SYMBOL.sub('', text).encode()):08x}"
if len(SYMBOL.findall(text)) != 1:
    sys.exit(f"{HEADER.name}: expected one symbol such as {expected}")
if expected not in text:
    if "--fix" not in sys.argv[1:]:
        sys.exit(f"{HEADER.name} has changed: run Scripts/check-interface.py --fix, which names its symbol {expected}")
    HEADER.write_text(SYMBOL.sub(expected, text))
