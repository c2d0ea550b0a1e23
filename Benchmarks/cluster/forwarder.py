#!/usr/bin/env python3
"""A network between two namespaces in user space that delays every packet: for kernels that have no netem.

Makes a TUN device in each namespace, and hands packets from one to the other after the delay. Ends with its parent.

    forwarder.py NAMESPACE ADDRESS NAMESPACE ADDRESS MILLISECONDS
"""

import ctypes
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections import deque

TUNSETIFF, TUN_WITHOUT_HEADER, NAME = 0x400454CA, 0x1001, b"delayed"
# Large packets: the forwarder's cost is by the packet.
MTU = 32000
CLONE_NEWNET, PR_SET_PDEATHSIG = 0x40000000, 1
libc = ctypes.CDLL(None, use_errno=True)


def device(namespace: str, address: str) -> int:
    """A TUN device in a namespace, with an address of a /24; packets are read and written by the descriptor."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    with open(f"/var/run/netns/{namespace}") as target:
        if libc.setns(target.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", NAME, TUN_WITHOUT_HEADER))
        for command in (f"addr add {address}/24 dev", f"link set mtu {MTU} txqueuelen 1000 up dev"):
            subprocess.run(["ip", *command.split(), NAME.decode()], check=True)
        libc.setns(own, CLONE_NEWNET)
    return tun


def forward(one: int, other: int, delay: float) -> None:
    peers, queues = {one: other, other: one}, {one: deque(), other: deque()}
    while True:
        now = time.monotonic()
        due = [queue[0][0] for queue in queues.values() if queue]
        ready, _, _ = select.select([one, other], [], [], max(0, min(due) - now) if due else None)
        now = time.monotonic()
        for source in ready:
            while True:
                try:
                    queues[peers[source]].append((now + delay, os.read(source, MTU + 100)))
                except BlockingIOError:
                    break
        now = time.monotonic()
        for target, queue in queues.items():
            while queue and queue[0][0] <= now:
                os.write(target, queue.popleft()[1])


if __name__ == "__main__":
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    first, first_address, second, second_address, milliseconds = sys.argv[1:]
    devices = device(first, first_address), device(second, second_address)
    print("ready", flush=True)
    forward(*devices, float(milliseconds) / 1000)
