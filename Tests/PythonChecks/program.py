"""The program that the reader is compared with."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GLOW = Path(os.environ.get("GLOW_BINARY", ROOT / ".build/release/glow"))


def glow(*arguments: object) -> str:
    """Runs the program in the repository's folder and returns what it prints."""
    done = subprocess.run([GLOW, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"glow {' '.join(map(str, arguments))} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
