#!/usr/bin/env python3
"""Trains for an hour, with a validation and a checkpoint every few seconds, and tells whether the process's memory and its
live tensors stay as they were: their range over each sixth of the time. Needs `make build`."""

import argparse
import json
import shutil
import signal
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GLOW = ROOT / ".build/release/glow"
RUN = Path("runs/soak")
FLAGS = ["--preset", "demo", "--optimizer", "adam", "--levels", 2, "--steps", 4, "--hidden", 32, "--images", 1_000_000_000,
         "--validate-every", 8000, "--checkpoint-every", 4000, "--threads", 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args()
    shutil.rmtree(ROOT / RUN, ignore_errors=True)
    with open(ROOT / "runs/soak.log", "w") as log:
        process = subprocess.Popen(list(map(str, [GLOW, "train", "--out", RUN, *FLAGS])), cwd=ROOT, stdout=log, stderr=log)
        try:
            process.wait(options.minutes * 60)
            raise SystemExit(f"soak: training ended by itself with status {process.returncode}, see runs/soak.log")
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.wait()
    lines = [json.loads(line) for line in (ROOT / RUN / "metrics.jsonl").read_text().splitlines()]
    events = [json.loads(line) for line in (ROOT / RUN / "log.jsonl").read_text().splitlines()]
    checkpoints = sum(event["message"] == "checkpoint written" for event in events)
    validations = sum("validationBitsPerDimension" in line for line in lines)
    print(f"{lines[-1]['seconds'] / 60:.0f} minutes, {lines[-1]['step']:,} steps, {validations} validations, {checkpoints} checkpoints")
    print("| minutes | resident MB | live tensors |\n|--:|--:|--:|")
    end = lines[-1]["seconds"]
    for part in range(6):
        some = [line for line in lines if part * end / 6 <= line["seconds"] <= (part + 1) * end / 6]
        memory, tensors = [line["residentBytes"] / 1e6 for line in some], [line["liveTensors"] for line in some]
        print(f"| {part * end / 360:.0f} to {(part + 1) * end / 360:.0f} | {min(memory):.0f} to {max(memory):.0f} "
              f"| {min(tensors)} to {max(tensors)} |")


if __name__ == "__main__":
    main()
