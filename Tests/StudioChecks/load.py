#!/usr/bin/env python3
"""What the worst requests do to `glow serve`: each kind is sent to a server of its own on this machine, while `/healthz` is
asked fifty times a second. Prints a table with the answers, the time that `/healthz` took, the processor time of the
server, and how long it took to end on SIGTERM in the middle of it. Needs nothing but Python; takes about four minutes.

    python3 Tests/StudioChecks/load.py --glow .build/release/glow --model fashion-mnist
"""

import argparse
import http.client
import os
import re
import signal
import socket
import statistics
import struct
import subprocess
import threading
import time
import zlib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Nothing here lasts longer.
SECONDS = 12
PATIENCE = 90
PROBE_INTERVAL = 0.02


class Server:
    """A server, what is asked of its health, and what it costs."""

    def __init__(self, glow: Path, model: str, flags: list[str]):
        command = [glow, "serve", "--model", model, "--port", "0", "--reference-limit", "0", *flags]
        self.process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        found = re.match(r"Studio: http://127\.0\.0\.1:(\d+)/", line)
        if not found:
            raise SystemExit(f"the server printed {line!r} and no address")
        self.port = int(found[1])
        self.isProbed = True
        self.times: list[float] = []
        self.failures = 0
        self.prober = threading.Thread(target=self._probe, daemon=True)

    def _probe(self) -> None:
        while self.isProbed:
            start = time.monotonic()
            try:
                if self.ask("GET", "/healthz", timeout=10)[0] != 200:
                    self.failures += 1
            except OSError:
                self.failures += 1
            self.times.append(time.monotonic() - start)
            time.sleep(PROBE_INTERVAL)

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "", timeout: float = PATIENCE) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body or None, {"Content-Type": kind} if kind else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    @property
    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> tuple[float, str]:
        """Seconds from SIGTERM to the end, and the status."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = str(self.process.wait(PATIENCE))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = "killed"
        return time.monotonic() - start, status


# What is sent


def answer(server: Server, path: str, body: bytes, kind: str) -> str:
    """The status of the answer, or what came instead."""
    try:
        return str(server.ask("POST", path, body, kind)[0])
    except OSError as error:
        return type(error).__name__


def together(server: Server, count: int, path: str, body: bytes, kind: str, limit: float = SECONDS) -> Counter:
    """The answers to so many equal requests at once, as far as they come in time."""
    answers: Counter = Counter()

    def send() -> None:
        answers[answer(server, path, body, kind)] += 1

    threads = [threading.Thread(target=send, daemon=True) for _ in range(count)]
    end = time.monotonic() + limit
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    answers["still open"] = sum(thread.is_alive() for thread in threads)
    return +Counter(answers)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, stream: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", stream) + chunk(b"IEND", b"")


def large_png(width: int = 8000, height: int = 5500) -> bytes:
    """44 megapixels of a gradient, each row filtered against the one above."""
    row = bytes(x * 255 // width for x in range(width) for _ in range(3))
    packer = zlib.compressobj(1)
    rows = packer.compress(b"\0" + row)
    above = b"\2" + bytes([1]) * (3 * width)
    return png(width, height, rows + b"".join(packer.compress(above) for _ in range(height - 1)) + packer.flush())


def bomb() -> bytes:
    """A picture of four pixels whose data goes on for 7.5 GB."""
    packer = zlib.compressobj(9)
    start = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    more = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return png(2, 2, start + more * (7_500_000 // len(more)))


def nested(server: Server) -> Counter:
    body = b"[" + b",".join([b"[" * 499 + b"]" * 499] * 5) + b"]"
    return together(server, 4, "/v1/sample", body, "application/json")


def odd_json(server: Server) -> Counter:
    answers: Counter = Counter()
    run = "\u0316\u0301"
    keys = ",".join(f'"{n}{run * 60}": 1' for n in range(30_000))
    edit = f'{{"images": [{{"index": 0}}], "edits": {{{keys}}}}}'
    part = f'--b\r\nContent-Disposition: form-data; name="{run * 1900}"\r\n\r\n\r\n'
    form = "multipart/form-data; boundary=b"
    answers += together(server, 2, "/v1/edit", edit.encode(), "application/json", SECONDS / 4)
    answers += together(server, 2, "/v1/score", (part * 250 + "--b--").encode(), form, SECONDS / 4)
    many = "{" + ",".join(f'"{n}\u0316\u0301": 1' for n in range(300_000)) + "}"
    marks = '{"count": "' + "\u0301\u0316" * 1_900_000 + '"}'
    for body in [many, marks, '{"count": ' + "9" * 7_000_000 + "}", '{"a":' * 1_000_000]:
        answers += together(server, 2, "/v1/sample", body.encode(), "application/json", SECONDS / 4)
    return answers


def large_pictures(server: Server) -> Counter:
    return together(server, 16, "/v1/score", large_png(), "image/png", 4 * SECONDS)


def small_beside_large(server: Server) -> Counter:
    """The answers to small pictures while many large ones wait, and the longest that one took."""
    large = threading.Thread(
        target=together, args=(server, 64, "/v1/score", large_png(5000, 4900), "image/png", 4 * SECONDS), daemon=True)
    large.start()
    time.sleep(1)
    small = png(28, 28, zlib.compress((b"\0" + bytes(3 * 28)) * 28))
    answers: Counter = Counter()
    longest = 0.0
    for _ in range(6):
        start = time.monotonic()
        answers[f"small {answer(server, '/v1/score', small, 'image/png')}"] += 1
        longest = max(longest, time.monotonic() - start)
    large.join()
    answers[f"{longest:.1f} s at most"] = 1
    return answers


def stalled_bodies(server: Server) -> Counter:
    """What a small request and a picture of 200 kB get while 16 bodies of nearly 8 MB stall."""
    head = b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 8000000\r\n\r\n"
    sockets = [server.connect() for _ in range(16)]
    for one in sockets:
        try:
            one.sendall(head + bytes(7_999_990))
        except OSError:
            pass
    answers: Counter = Counter()
    picture = large_png(400, 300) + bytes(200_000)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        answers[f"small {answer(server, '/v1/sample', b'{}', 'application/json')}"] += 1
        answers[f"picture {answer(server, '/v1/score', picture, 'image/png')}"] += 1
        time.sleep(1)
    answers["sockets held"] = sum(is_open(one) for one in sockets)
    return +answers


def bombs(server: Server) -> Counter:
    return together(server, 2, "/v1/score", bomb(), "image/png")


def large_samples(server: Server) -> Counter:
    return together(server, 8, "/v1/sample", b'{"count": 64}', "application/json")


def strangers(server: Server, sockets: list[socket.socket], again: bytes) -> Counter:
    """What others get while these sockets are held, and `again` is written to them once a second."""
    answers: Counter = Counter()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        for open_socket in sockets:
            try:
                if again:
                    open_socket.send(again)
            except OSError:
                pass
        try:
            answers[server.ask("GET", "/v1/models", timeout=2)[0]] += 1
        except OSError as error:
            answers[type(error).__name__] += 1
        time.sleep(1)
    answers["sockets held"] = sum(is_open(one) for one in sockets)
    return +answers


def is_open(one: socket.socket) -> bool:
    """Whether the server has not closed its side."""
    one.setblocking(False)
    try:
        while one.recv(1 << 16):
            pass
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def idle_sockets(server: Server) -> Counter:
    return strangers(server, [server.connect() for _ in range(256)], b"")


def slow_heads(server: Server) -> Counter:
    sockets = [server.connect() for _ in range(256)]
    for one in sockets:
        one.send(b"GET / HTTP/1.1\r\nX: ")
    return strangers(server, sockets, b"x")


def slow_bodies(server: Server) -> Counter:
    sockets = [server.connect() for _ in range(256)]
    head = b"POST /v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
    for one in sockets:
        one.send(head)
    return strangers(server, sockets, b" ")


LARGE = ["--pixel-limit", "100000000", "--body-limit", "100MB"]
KINDS = {
    "nothing": (lambda server: time.sleep(3) or Counter(), []),
    "5 kB of JSON nested 500 deep, 4 at once": (nested, []),
    "JSON of odd keys, marks, digits": (odd_json, []),
    "16 PNGs of 44 megapixels": (large_pictures, LARGE),
    "64 PNGs of 24 megapixels, 6 small": (small_beside_large, []),
    "16 bodies of 8 MB that stall": (stalled_bodies, []),
    "2x2 PNG of 7.5 GB, 2 at once": (bombs, []),
    "8 times 64 samples": (large_samples, []),
    "256 idle sockets": (idle_sockets, []),
    "256 slow heads": (slow_heads, []),
    "256 slow bodies": (slow_bodies, []),
}


def measure(glow: Path, model: str, name: str) -> str:
    send, flags = KINDS[name]
    server = Server(glow, model, flags)
    try:
        time.sleep(1)
        before = server.cpu_seconds
        server.prober.start()
        answers = send(server)
        server.isProbed = False
        server.prober.join(15)
        cpu = server.cpu_seconds - before
        # Again, to be ended in the middle.
        again = threading.Thread(target=lambda: send(server), daemon=True)
        again.start()
        time.sleep(1)
    finally:
        seconds, status = server.end()
    times = sorted(1000 * one for one in server.times)
    shown = ", ".join(f"{count} x {answer}" for answer, count in answers.items()) or "-"
    return (f"| {name} | {shown} | {statistics.median(times):.1f} | {times[-1]:.0f} | {server.failures} of {len(times)} "
            f"| {cpu:.1f} | {seconds:.1f} ({status}) |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--glow", type=Path, default=ROOT / ".build/release/glow", help="the program (default: the built one)")
    parser.add_argument("--model", default="fashion-mnist", help="default: the shipped one")
    parser.add_argument("--only", help="the kinds whose names hold this")
    arguments = parser.parse_args()
    print("| sent | answers | /healthz, median ms | longest ms | failed | CPU s | SIGTERM s (status) |")
    print("|---|---|--:|--:|--:|--:|--:|", flush=True)
    for name in KINDS:
        if not arguments.only or arguments.only in name:
            print(measure(arguments.glow, arguments.model, name), flush=True)


if __name__ == "__main__":
    main()
