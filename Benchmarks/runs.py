"""Runs of `glow bench` and of its PyTorch peers, each in a process of its own."""

import argparse
import datetime
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "Benchmarks/out"
GLOW = ROOT / ".build/release/glow"
PYTHON = ROOT / ".venv-peers/bin/python"

# glibc set up to keep what is freed for the next step, as our program's allocator does.
KEEP_FREED_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(2000 << 20),
    "MALLOC_TOP_PAD_": str(64 << 20),
}

PEERS = {
    "plain PyTorch": ("plain_glow.py", {}),
    "plain PyTorch, malloc set up": ("plain_glow.py", KEEP_FREED_MEMORY),
    "normflows": ("normflows_glow.py", {}),
    "normflows, malloc set up": ("normflows_glow.py", KEEP_FREED_MEMORY),
}


class Runner:
    """Starts the processes, one at a time.

    prefix: a command to put before each, such as `taskset -c 0,1`.
    """

    def __init__(self, threads: int, prefix: str = ""):
        self.threads = threads
        self.prefix = shlex.split(prefix)

    def glow(self, **flags: object) -> dict:
        return self._run([str(GLOW), "bench", "--quiet"], flags, {})

    def peer(self, name: str, **flags: object) -> dict:
        script, environment = PEERS[name]
        return self._run([str(PYTHON), "-W", "ignore", str(ROOT / "Benchmarks/peers" / script)], flags, environment)

    def _run(self, command: list[str], flags: dict[str, object], environment: dict[str, str]) -> dict:
        flags = {"threads": self.threads} | flags
        for flag, value in flags.items():
            command += ["--" + flag.replace("_", "-"), str(value)]
        done = subprocess.run(self.prefix + command, env=os.environ | environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise RunError(f"{shlex.join(command)} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
        return json.loads(done.stdout)


class RunError(Exception):
    pass


def machine() -> dict[str, object]:
    """What the figures depend on beside the code."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
    except OSError:
        model = "unknown"
    return {"processor": model, "cores": os.cpu_count()}


def today() -> str:
    return datetime.date.today().isoformat()


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def sweep(name: str, description: str, measure: Callable[["Runner"], dict]) -> tuple[dict, bool]:
    """What a script measures with the command line's flags, written to a file, and whether its table is to be Markdown."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--prefix", default="", help="a command to put before each process, such as 'taskset -c 0,1'")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    arguments = parser.parse_args()
    try:
        reports = measure(Runner(arguments.threads, arguments.prefix))
    except RunError as error:
        sys.exit(f"{name}: {error}")
    write_json(OUT / f"{name}.json", {"date": today(), "machine": machine(), "reports": reports})
    return reports, arguments.markdown


class Progress:
    """A line on standard error for each process."""

    def __init__(self) -> None:
        self.start = time.monotonic()

    def say(self, text: str) -> None:
        seconds = int(time.monotonic() - self.start)
        print(f"[{seconds // 60}:{seconds % 60:02}] {text}", file=sys.stderr, flush=True)


def table(rows: list[list[str]], markdown: bool = False) -> str:
    """Columns under the first row's heads; all but the first are aligned to the right."""
    if markdown:
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join([lines[0], "|---|" + "---:|" * (len(rows[0]) - 1)] + lines[1:])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]).rstrip()
        for row in rows)
