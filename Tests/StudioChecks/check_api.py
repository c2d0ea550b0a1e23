#!/usr/bin/env python3
"""Sends requests of all kinds, right and wrong, to every address of the server's own description, and holds the answers
against it: schemathesis with all of its default checks, on two tiny models, on one beside another, and once where a
token is wanted."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from make_model import models
from server import CheckFailure, Server, serving

FOLDER = Path(__file__).resolve().parent
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
TOKEN = "a-token-for-the-checks"


def check(name: str, server: Server, examples: int, seed: int, phases: str, number: int) -> None:
    """Of the server's model of that number. Prints what schemathesis found if it found anything."""
    model = server.models[number]["name"]
    flags = [
        "--phases", phases, "--max-examples", examples, "--seed", seed, "--generation-deterministic",
        "--continue-on-failure", "--no-color",
    ]
    for header, value in server.headers.items():
        flags += ["--header", f"{header}: {value}"]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "api_hooks", "PYTHONPATH": str(FOLDER), "STUDIO_ADDRESS": server.address,
        "GLOW_TOKEN": server.token or "", "STUDIO_MODEL": model}
    start = time.monotonic()
    # It leaves files where it runs.
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [SCHEMATHESIS, "run", f"{server.address}/openapi.json?model={model}", *map(str, flags)], cwd=folder, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout)
        raise CheckFailure(f"the API of {name} does not keep to its description")
    print(f"API of {name}: {cases(done.stdout)} in {time.monotonic() - start:.0f} s", flush=True)


def cases(report: str) -> str:
    """The line of the summary that counts them."""
    return next((line.strip() for line in report.splitlines() if "generated" in line), "passed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=40, help="for each operation, at most (default 40)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    everything = "examples,coverage,fuzzing,stateful"
    try:
        with models() as made:
            for name, models_of_server, token, phases in [
                ("a gray model with classes", [made.gray], None, everything),
                ("a color model", [made.color], None, everything),
                ("a color model beside another", [made.gray, "--model", made.color], None, "examples,coverage"),
                ("a color model behind a token", [made.color], TOKEN, "examples,coverage"),
            ]:
                with serving(*models_of_server, "--runs", made.runs, token=token) as server:
                    server.wait_for_reference()
                    check(name, server, arguments.examples, arguments.seed, phases, number=-1)
    except CheckFailure as failure:
        sys.exit(f"check_api: {failure}")


if __name__ == "__main__":
    main()
