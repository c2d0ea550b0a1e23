"""Trainings in one or two processes of one thread each, and how long a step took."""

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import hosts

ROOT = Path(__file__).resolve().parents[2]
GLOW = ROOT / ".build/release/glow"


@dataclass(frozen=True)
class Model:
    name: str
    flags: str
    parameters: int

    @property
    def gradient_bytes(self) -> int:
        return 4 * self.parameters


@dataclass
class Step:
    """A step of training: seconds, the part of it that rank 0 waited, and the bytes that a rank gave to be reduced."""

    seconds: float
    waiting: float
    bytes: int

    def json(self) -> dict:
        return asdict(self)


def train(model: Model, ranks: int, batch: int, steps: int, network: bool = False, flags: str = "") -> Step:
    """Trains for `steps` steps of `batch` images in all, on this host or with a rank in each namespace."""
    folder = Path(tempfile.mkdtemp(prefix="glow-cluster-"))
    never = 10**9
    command = [
        str(GLOW), "train", *model.flags.split(), *flags.split(), "--batch", str(batch), "--images", str(batch * steps),
        "--init-images", "32", "--average", "0", "--warmup", str(batch * steps * 10), "--validate-every", str(never),
        "--checkpoint-every", str(never), "--threads", "1", "--out", str(folder / "run"),
    ]  # fmt: skip
    processes = []
    for rank in range(ranks):
        place = {"RANK": rank, "WORLD_SIZE": ranks, "LOCAL_RANK": rank, "MASTER_PORT": 29617,
                 "MASTER_ADDR": hosts.ADDRESSES[0] if network else "127.0.0.1"}  # fmt: skip
        environment = os.environ | ({name: str(value) for name, value in place.items()} if ranks > 1 else {})
        log = open(folder / f"{rank}.log", "w")
        start = hosts.inside(rank, command) if network else command
        processes.append(subprocess.Popen(start, env=environment, cwd=ROOT, stdout=log, stderr=log))
    codes = [process.wait(timeout=1200) for process in processes]
    if any(codes):
        raise RuntimeError(f"status {codes}: {(folder / '0.log').read_text()[-2000:]}")
    lines = [json.loads(line) for line in (folder / "run/metrics.jsonl").read_text().splitlines()]
    shutil.rmtree(folder)
    last = lines[-1]
    return Step(batch / last["imagesPerSecond"], last.get("waitingShare", 0.0), last.get("bytesReducedPerStep", 0))
