#!/usr/bin/env python3
"""Load on `glow serve` with the shipped model, over loopback: what batching gives at 1 to 64 connections, what waiting
for others costs, how fast an edit is, and what memory stays.

A server that batches and one that does not take turns in 5 seconds of load each; the medians over the turns count.
Needs wrk, the Debian package of that name, and Fashion-MNIST (`make data`). Prints tables, writes
Benchmarks/out/studio.json.
"""

import argparse
import contextlib
import gzip
import http.client
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import runs

sys.path[:0] = [str(runs.ROOT / "Tests/StudioChecks"), str(runs.ROOT / "Scripts")]
from odd_pictures import SIDE, TEST_IMAGES, png
from server import CheckFailure, Server, glow, serving

MODEL = "fashion-mnist"
CONNECTIONS = [1, 2, 4, 8, 16, 32, 64]
FEW_CONNECTIONS = [1, 2, 4]
BATCHED = "batched"
ALONE = "one at a time"
FLAGS = {BATCHED: [], ALONE: ["--batch", 1, "--batch-wait", 0]}
WAITS = [0, 2, 10]
# Many times as many as a server keeps the latents of; each load begins elsewhere among them.
PICTURES = 10_000
STRIDE = 2503
EDITS = 100

# A request each time with another number `n`, from the argument on, and at the end one line of JSON.
SCRIPT = """
local n
function init(arguments) n = tonumber(arguments[1]) end
%s
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"rate": %%.17g, "p50": %%.17g, "p99": %%.17g, "errors": %%d}\\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""
SAMPLE = """
function request()
  n = n + 1
  return wrk.format("POST", "/v1/sample", {["Content-Type"] = "application/json"}, '{"count": 1, "seed": ' .. n .. '}')
end
"""
ENCODE = """
local file = io.open("%s", "rb")
local pictures = {}
for _, length in ipairs({%s}) do pictures[#pictures + 1] = file:read(length) end
file:close()
function request()
  n = n %% #pictures + 1
  return wrk.format("POST", "/v1/encode", {["Content-Type"] = "image/png"}, pictures[n])
end
"""


class Load:
    """The scripts that wrk runs, in a folder, and runs of them."""

    def __init__(self, folder: Path, seconds: int):
        self.seconds = seconds
        self.loads = 0
        self.scripts = {"sample": self._write(folder / "sample.lua", SAMPLE)}
        pictures = test_pictures()
        (folder / "pictures").write_bytes(b"".join(pictures))
        encode = ENCODE % (folder / "pictures", ", ".join(str(len(picture)) for picture in pictures))
        self.scripts["encode"] = self._write(folder / "encode.lua", encode)

    def _write(self, file: Path, request: str) -> Path:
        file.write_text(SCRIPT % request)
        return file

    def run(self, server: Server, task: str, connections: int) -> dict[str, float]:
        self.loads += 1
        flags = ["-t", 1, "-c", connections, "-d", f"{self.seconds}s", "-s", self.scripts[task], server.address]
        start = self.loads * STRIDE % PICTURES
        done = subprocess.run(["wrk", *map(str, flags), "--", str(start)], capture_output=True, text=True)
        if done.returncode != 0:
            raise CheckFailure(f"wrk ended with {done.returncode}: {done.stderr.strip()}")
        figures = json.loads(done.stdout.splitlines()[-1])
        if figures["errors"]:
            raise CheckFailure(f"{figures['errors']:.0f} requests of {task} at {connections} connections failed")
        return figures


def test_pictures() -> list[bytes]:
    """PNGs of the first images of Fashion-MNIST's test split."""
    size = SIDE * SIDE
    try:
        with gzip.open(TEST_IMAGES) as file:
            pixels = file.read()[16:]
    except OSError as error:
        raise CheckFailure(f"{error}: `make data` installs Fashion-MNIST") from error
    return [png(pixels[start:start + size]) for start in range(0, PICTURES * size, size)]


def resident(server: Server) -> float:
    """Megabytes."""
    for line in Path(f"/proc/{server.process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    raise CheckFailure("the server has ended")


def median(figures: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(one[key] for one in figures) for key in figures[0]}


def compare(
    load: Load, servers: dict[str, Server], task: str, connections: list[int], turns: int, progress: runs.Progress
) -> dict[int, dict[str, dict[str, float]]]:
    """The servers' medians, by connections and server; they take turns, in the opposite order every second time."""
    found = {}
    for count in connections:
        figures: dict[str, list[dict[str, float]]] = {name: [] for name in servers}
        for turn in range(turns):
            for name in list(servers)[:: 1 if turn % 2 == 0 else -1]:
                figures[name].append(load.run(servers[name], task, count))
        found[count] = {name: median(one) for name, one in figures.items()}
        progress.say(f"{task}, {count} connections")
    return found


def edit_latency(server: Server) -> dict[str, float]:
    """Milliseconds of what the page asks for while a slider is moved, one request after the other."""
    attribute = server.model["attributes"][0]["name"]
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc)
    times = []
    for number in range(EDITS):
        body = {"images": [{"index": 0}], "edits": {attribute: 1.5 * number / EDITS}, "direction": "mean"}
        start = time.perf_counter()
        connection.request("POST", "/v1/edit", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        times.append(1000 * (time.perf_counter() - start))
        if answer.status != 200:
            raise CheckFailure(f"an edit is answered {answer.status}")
    connection.close()
    ranks = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50": ranks[49], "p99": ranks[98]}


def measure(load: Load, turns: int, folder: Path) -> dict:
    progress = runs.Progress()
    attributes = folder / "attributes.safetensors"
    glow(
        "attributes", "fit", "--model", MODEL, "--out", attributes, "--limit", 2000, "--held-out-limit", 500)
    reports: dict = {}
    common = ["--attributes", attributes, "--reference-limit", 0]
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(serving(MODEL, *flags, *common)) for name, flags in FLAGS.items()}
        reports["edit"] = edit_latency(servers[BATCHED])
        reports["resident before"] = {name: resident(server) for name, server in servers.items()}
        for task in load.scripts:
            reports[task] = compare(load, servers, task, CONNECTIONS, turns, progress)
        reports["resident after"] = {name: resident(server) for name, server in servers.items()}
    with contextlib.ExitStack() as stack:
        waiting = {
            f"{wait} ms": stack.enter_context(serving(MODEL, "--batch-wait", wait, *common)) for wait in WAITS}
        reports["wait"] = compare(load, waiting, "sample", FEW_CONNECTIONS, turns, progress)
    return reports


def table(title: str, found: dict[int, dict[str, dict[str, float]]], markdown: bool) -> str:
    """A row for each number of connections: the rates of all servers, then their latencies."""
    names = list(next(iter(found.values())))
    rows = [[title, *(f"images/s, {name}" for name in names), *(f"ms, {name}" for name in names)]]
    for count, figures in found.items():
        rows.append([
            f"{count} connection{'s' if count > 1 else ''}", *(f"{figures[name]['rate']:.0f}" for name in names),
            *(f"{figures[name]['p50']:.1f} / {figures[name]['p99']:.1f}" for name in names)])
    return runs.table(rows, markdown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5, help="of each load (default 5)")
    parser.add_argument("--turns", type=int, default=3, help="how often the servers take turns (default 3)")
    parser.add_argument("--markdown", action="store_true", help="print the tables in Markdown")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("studio: wrk, which makes the load, is missing: sudo apt-get install wrk")
    try:
        with tempfile.TemporaryDirectory() as name:
            reports = measure(Load(Path(name), arguments.seconds), arguments.turns, Path(name))
    except CheckFailure as failure:
        sys.exit(f"studio: {failure}")
    machine = runs.machine()
    runs.write_json(runs.OUT / "studio.json", {"date": runs.today(), "machine": machine, "reports": reports})
    print(f"{runs.today()}, {machine['processor']}, {machine['cores']} cores; ms: median / 99th percentile\n")
    titles = {"sample": "sampling, count 1", "encode": "encoding a PNG", "wait": "sampling, --batch-wait"}
    for task, title in titles.items():
        print(table(title, reports[task], arguments.markdown), end="\n\n")
    print(f"An edit of one image, one after the other: {reports['edit']['p50']:.1f} / {reports['edit']['p99']:.1f} ms")
    for name in FLAGS:
        print(
            f"Resident memory, {name}: {reports['resident before'][name]:.0f} MB before all load, "
            f"{reports['resident after'][name]:.0f} MB after")


if __name__ == "__main__":
    main()
