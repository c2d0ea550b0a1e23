"""Runs of `glow bench` and of its PyTorch peers, each in a process of its own."""

import argparse
import datetime
import json
import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Peer:
    """A script in peers/, and what its processes get beside the flags of the task."""

    script: str
    environment: dict[str, str] = field(default_factory=dict)
    flags: dict[str, object] = field(default_factory=dict)


CPU_PEERS = {
    "plain PyTorch": Peer("plain_glow.py"),
    "plain PyTorch, malloc set up": Peer("plain_glow.py", KEEP_FREED_MEMORY),
    "normflows": Peer("normflows_glow.py"),
    "normflows, malloc set up": Peer("normflows_glow.py", KEEP_FREED_MEMORY),
}
GPU_PEERS = {
    "plain PyTorch": Peer("plain_glow.py"),
    "plain PyTorch, channels last": Peer("plain_glow.py", flags={"memory_format": "channels-last"}),
    "normflows": Peer("normflows_glow.py"),
}
PEERS = CPU_PEERS | GPU_PEERS


class Runner:
    """Starts the processes, one at a time.

    prefix: a command to put before each, such as `taskset -c 0,1`.
    glow, python: our program, and the interpreter of the peers.
    """

    def __init__(self, threads: int, prefix: str = "", glow: Path = GLOW, python: Path = PYTHON):
        self.threads = threads
        self.prefix = shlex.split(prefix)
        self.program = glow
        self.python = python

    def run(self, name: str, **flags: object) -> dict:
        """A peer of that name, else ours under any name."""
        return self.peer(name, **flags) if name in PEERS else self.glow(**flags)

    def glow(self, **flags: object) -> dict:
        return self._run([str(self.program), "bench", "--quiet"], flags, {})

    def command(self, *arguments: str) -> None:
        """Another command of ours."""
        done = subprocess.run(self.prefix + [str(self.program), *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise RunError(
                f"glow {shlex.join(arguments)} ended with {done.returncode}: {done.stderr.strip()[-2000:]}",
                complaint(done.stderr))

    def peer(self, name: str, **flags: object) -> dict:
        peer = PEERS[name]
        script = ROOT / "Benchmarks/peers" / peer.script
        return self._run([str(self.python), "-W", "ignore", str(script)], flags | peer.flags, peer.environment)

    def _run(self, command: list[str], flags: dict[str, object], environment: dict[str, str]) -> dict:
        flags = {"threads": self.threads} | flags
        for flag, value in flags.items():
            command += ["--" + flag.replace("_", "-"), str(value)]
        try:
            done = subprocess.run(self.prefix + command, env=os.environ | environment, capture_output=True, text=True)
        except OSError as error:
            reason = f"could not be started: {error.strerror}"
            raise RunError(f"{shlex.join(command)} {reason}", reason) from error
        if done.returncode != 0:
            ended = f"ended with {done.returncode}"
            text = f"{shlex.join(command)} {ended}: {done.stderr.strip()[-2000:]}"
            raise RunError(text, complaint(done.stderr) or ended)
        return json.loads(done.stdout)


class RunError(Exception):
    """A process that gave no figures.

    reason: why, in a sentence or less.
    """

    def __init__(self, text: str, reason: str):
        super().__init__(text)
        self.reason = reason


def complaint(errors: str) -> str:
    """The line of what a process wrote to standard error that says what went wrong."""
    if "out of memory" in errors.lower():
        return "out of memory"
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    refusals = [line.split("rror: ", 1)[1] for line in lines if re.match(r"(Error|\w+\.py: error): ", line)]
    return (refusals or lines or [""])[-1]


def multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for products of bfloat16."""
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


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
