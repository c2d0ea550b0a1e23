#!/usr/bin/env python3
"""Trains across two hosts, which are network namespaces, and does to them what networks do. Needs root and iproute2.

    python3 Tests/ClusterChecks/check_hosts.py [--if-possible]      # which only says so where no namespaces can be made
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks/cluster"))
import hosts  # noqa: E402

GLOW = ROOT / ".build/release/glow"
TINY = (
    "--preset demo --levels 1 --steps 2 --hidden 4 --batch 8 --average 64 --warmup 64 --init-images 16 --threads 1 "
    "--validate-every 400 --checkpoint-every 400 --rank-timeout 4").split()
TRACES = ("frame #", "Exception raised", "Fatal error", "Stack dump", "[c10d]")


class Job:
    """A rank in each of two namespaces."""

    def __init__(self, folder: Path, name: str, flags: list[str], master: str = hosts.ADDRESSES[0], **environment: str):
        self.run = folder / name
        self.processes, self.logs = [], []
        for rank in range(2):
            place = {"RANK": rank, "WORLD_SIZE": 2, "LOCAL_RANK": 0, "MASTER_ADDR": master, "MASTER_PORT": 29655}
            variables = os.environ | {key: str(value) for key, value in place.items()} | environment
            command = [str(GLOW), "train", *TINY, *flags, "--out", str(self.run)]
            self.start(folder / f"{name}-{rank}.log", hosts.inside(rank, command), variables)

    def start(self, log: Path, command: list[str], variables: dict[str, str]) -> None:
        self.logs.append(log)
        with open(log, "w") as output:
            self.processes.append(subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, stderr=output))

    def wait_for_checkpoint(self, images: int) -> None:
        while not (self.run / f"checkpoints/images-{images}/checksums.json").exists():
            assert all(process.poll() is None for process in self.processes), self.texts()
            time.sleep(0.01)

    def end(self, limit: float = 60) -> list[int]:
        codes = [process.wait(timeout=limit) for process in self.processes]
        for text in self.texts():
            assert not any(trace in text for trace in TRACES), text
        return codes

    def texts(self) -> list[str]:
        return [log.read_text() for log in self.logs]

    def errors(self) -> list[str]:
        """What each rank says is wrong: one line each."""
        lines = [[line for line in text.splitlines() if line.startswith("Error: ")] for text in self.texts()]
        assert all(len(own) == 1 for own in lines), self.texts()
        return [own[0] for own in lines]


def last_validation(run: Path) -> float:
    return json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])["validationBitsPerDimension"]


def trains_as_on_one_host(folder: Path) -> None:
    job = Job(folder, "two-hosts", ["--images", "800"])
    assert job.end() == [0, 0], job.texts()
    assert "Done: 800 images" in job.texts()[0] and not job.texts()[1], job.texts()
    one = [str(GLOW), "launch", "-n", "2", "--", "train", *TINY, "--images", "800", "--out", str(folder / "one-host")]
    subprocess.run(one, cwd=ROOT, check=True, capture_output=True)
    assert last_validation(job.run) == last_validation(folder / "one-host")


def launches_on_each_host(folder: Path) -> None:
    run = folder / "launched"
    job = Job.__new__(Job)
    job.run, job.processes, job.logs = run, [], []
    for host in range(2):
        command = [str(GLOW), "launch", "-n", "1", "--machines", "2", "--machine", str(host), "--master",
                   f"{hosts.ADDRESSES[0]}:29656", "--", "train", *TINY, "--images", "800", "--out", str(run)]  # fmt: skip
        job.start(folder / f"launched-{host}.log", hosts.inside(host, command), dict(os.environ))
    assert job.end() == [0, 0], job.texts()
    assert "[0] Done: 800 images" in job.texts()[0], job.texts()


def a_name_that_leads_to_loopback_on_its_own_host(folder: Path) -> None:
    for name, address in zip(hosts.NAMES, ("127.0.1.1", hosts.ADDRESSES[0])):
        table = Path("/etc/netns") / name / "hosts"
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text(f"127.0.0.1 localhost\n{address} first-host\n")
    try:
        job = Job(folder, "named", ["--images", "80"], master="first-host")
        assert job.end() == [0, 0], job.texts()
    finally:
        for name in hosts.NAMES:
            shutil.rmtree(Path("/etc/netns") / name)


def an_interface_that_is_not_there(folder: Path) -> None:
    job = Job(folder, "interface", ["--images", "80"], GLOO_SOCKET_IFNAME="eth7")
    assert job.end() == [1, 1], job.texts()
    assert all("GLOO_SOCKET_IFNAME" in error for error in job.errors()), job.texts()


def a_cable_that_is_pulled(folder: Path) -> None:
    job = Job(folder, "cut", ["--images", "40000000"])
    job.wait_for_checkpoint(400)
    hosts.ip("-n", hosts.NAMES[1], "link", "set", "eth0", "down")
    start = time.monotonic()
    codes, seconds = job.end(), time.monotonic() - start
    first, second = job.errors()
    assert codes == [5, 5], job.texts()
    assert "rank 1 (process " in first and "no longer answers" in first, first
    assert "keeps the job's keys" in second and "no longer answers" in second or "rank 0 (process " in second, second
    print(f"  both knew after {seconds:.0f} s:\n  {first}\n  {second}")


CHECKS = [
    trains_as_on_one_host, launches_on_each_host, a_name_that_leads_to_loopback_on_its_own_host,
    an_interface_that_is_not_there, a_cable_that_is_pulled,
]  # fmt: skip

if __name__ == "__main__":
    try:
        with hosts.pair():
            pass
    except (subprocess.CalledProcessError, OSError) as error:
        message = f"check_hosts: no network namespaces can be made here ({error}): run it as root, where that is allowed"
        if "--if-possible" not in sys.argv:
            sys.exit(message)
        print(message + "; nothing was checked")
        sys.exit()
    with tempfile.TemporaryDirectory() as folder:
        for check in CHECKS:
            start = time.monotonic()
            with hosts.pair():
                check(Path(folder))
            print(f"{check.__name__.replace('_', ' ')}: passed, {time.monotonic() - start:.1f} s", flush=True)
