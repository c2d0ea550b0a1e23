"""Running the program, and noting what came of it."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
GLOW = ".build/release/glow"


def fail(message):
    sys.exit(f"study: {message}")


def run(*command):
    """Runs a command in the repository's root and returns its standard output."""
    command = [str(part) for part in command]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        said = (result.stderr or "").strip().splitlines()[-1:] or ["no message"]
        fail(f"`{' '.join(command)}` failed with status {result.returncode}: {said[0]}")
    return result.stdout


def glow(*arguments):
    return run(GLOW, *arguments)


def multiplies_bfloat16():
    """Whether the processor multiplies bfloat16 matrices."""
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def written(command):
    """A command as a reader would type it."""
    return "glow " + " ".join(map(str, command))


def as_arguments(flags):
    """Flags by name as the program takes them; true and false are --NAME and --no-NAME."""
    arguments = []
    for name, value in flags.items():
        arguments += [f"--{name}" if value else f"--no-{name}"] if isinstance(value, bool) else [f"--{name}", value]
    return arguments


def as_text(flags):
    return " ".join(map(str, as_arguments(flags)))


def training_seconds(folder):
    """The time that a run spent on training steps, without validations and checkpoints."""
    seconds, before = 0, 0
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        record = json.loads(line)
        seconds += (record["images"] - before) / record["imagesPerSecond"]
        before = record["images"]
    return seconds


class Notes:
    """The results so far, in a file: work that is noted is not done again."""

    def __init__(self, folder):
        self.file = folder / "notes.json"
        self.notes = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.noting = threading.Lock()
        self.started, self.earlier = time.monotonic(), self.notes.get("seconds", 0)

    def remember(self, key, work):
        """The result of `work`, which is done once for each key."""
        if key not in self.notes:
            self.note(key, work())
        return self.notes[key]

    def note(self, key, value):
        with self.noting:
            self.notes[key] = value
            self.notes["seconds"] = self.earlier + time.monotonic() - self.started
            part = self.file.with_suffix(".part")
            part.write_text(json.dumps(self.notes, indent=1, sort_keys=True))
            part.replace(self.file)

    def get(self, key):
        return self.notes.get(key)

    @property
    def hours(self):
        return self.notes["seconds"] / 3600
