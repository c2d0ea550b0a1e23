"""The program under test, and a server of it on a free port of this machine for as long as a check needs one."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GLOW = Path(os.environ.get("GLOW_BINARY", ROOT / ".build/release/glow"))
START_SECONDS = 60
END_SECONDS = 30


class CheckFailure(Exception):
    """What the program does not do as it should, in a sentence."""


@dataclass(frozen=True)
class Server:
    """Where it answers, without a slash at the end, and the token that it wants; its process number."""

    address: str
    token: str | None
    process: int

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def get(self, path: str) -> dict:
        request = urllib.request.Request(self.address + path, headers=self.headers)
        with urllib.request.urlopen(request, timeout=END_SECONDS) as answer:
            return json.load(answer)

    def post(self, path: str, body: dict) -> dict:
        headers = self.headers | {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(self.address + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=END_SECONDS) as answer:
            return json.load(answer)

    @property
    def models(self) -> list[dict]:
        return self.get("/v1/models")["models"]

    @property
    def model(self) -> dict:
        return self.models[0]

    def wait_for_reference(self) -> None:
        """Until the server has scored the images that percentiles are of."""
        end = time.monotonic() + START_SECONDS
        while not all("reference" in model for model in self.models):
            if time.monotonic() > end:
                raise CheckFailure(f"the server has no reference scores after {START_SECONDS} s")
            time.sleep(0.1)


def glow(*arguments: object) -> None:
    """Runs a command of the program to its end."""
    done = subprocess.run([GLOW, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise CheckFailure(f"glow {arguments[0]} ended with {done.returncode}: {done.stderr.strip()}")


@contextmanager
def serving(model: object, *flags: object, token: str | None = None):
    """A server of `model`. It must end on SIGTERM with status 0, and write nothing but notes to standard error."""
    command = [GLOW, "serve", "--model", str(model), "--port", "0", *map(str, flags)]
    environment = os.environ | {"GLOW_TOKEN": token or ""}
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
        try:
            yield Server(_address(process), token, process.pid)
        finally:
            status = _end(process)
            errors.seek(0)
            complaints = [line.rstrip() for line in errors if not line.startswith("Note: ")]
            print(*complaints, sep="\n", end="\n" if complaints else "", file=sys.stderr)
        if status != 0 or complaints:
            raise CheckFailure(f"the server ended with {status} and wrote {len(complaints)} lines of complaint")


def _address(process: subprocess.Popen) -> str:
    """From the line that the server prints once it listens."""
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            if line.startswith("Studio: "):
                return line.removeprefix("Studio: ").split("#")[0].strip().rstrip("/")
    finally:
        watchdog.cancel()
    raise CheckFailure("the server did not print its address")


def _end(process: subprocess.Popen) -> int:
    process.terminate()
    try:
        return process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
    finally:
        process.stdout.close()
