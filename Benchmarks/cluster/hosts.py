"""Network namespaces as hosts: two of them, joined by a link of a given rate, or by one with a given delay."""

import contextlib
import subprocess
import sys
from pathlib import Path

ADDRESSES = ("10.77.0.1", "10.77.0.2")
NAMES = ("glow-a", "glow-b")


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


@contextlib.contextmanager
def pair(megabits: float | None = None, delay: float | None = None):
    """Two hosts. The link is limited to `megabits` a second in each direction (tc tbf), or goes through a forwarder that
    delays packets by `delay` milliseconds each way; with neither it is as fast as the kernel."""
    for name in NAMES:
        subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    forwarder = None
    try:
        if delay is None:
            cable(megabits)
        else:
            command = [sys.executable, str(Path(__file__).parent / "forwarder.py")]
            for name, address in zip(NAMES, ADDRESSES):
                command += [name, address]
            forwarder = subprocess.Popen([*command, str(delay)], stdout=subprocess.PIPE, text=True)
            if forwarder.stdout.readline() != "ready\n":
                raise RuntimeError("the forwarder did not start")
        yield
    finally:
        if forwarder:
            forwarder.terminate()
            forwarder.wait()
        for name in NAMES:
            subprocess.run(["ip", "netns", "del", name], check=False)


def cable(megabits: float | None) -> None:
    ip("link", "add", "eth0", "netns", NAMES[0], "type", "veth", "peer", "name", "eth0", "netns", NAMES[1])
    for name, address in zip(NAMES, ADDRESSES):
        ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        if megabits:
            # The bucket holds what a clock tick of 4 ms lets through, and at least a few packets.
            burst = max(32_000, int(megabits * 1e6 / 8 / 250))
            limit = f"rate {megabits}mbit burst {burst} latency 200ms"
            subprocess.run(
                ["tc", "-n", name, "qdisc", "add", "dev", "eth0", "root", "tbf", *limit.split()], check=True)


def inside(host: int, command: list[str]) -> list[str]:
    return ["ip", "netns", "exec", NAMES[host], *command]
