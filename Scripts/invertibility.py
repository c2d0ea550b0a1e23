#!/usr/bin/env python3
"""Does the work behind docs/measurements/invertibility.md: trains small Glows on Fashion-MNIST for tens of thousands of steps at learning
rates from the usual to the absurd, with plain 1x1 convolutions and with LU ones, without guards, clipping or averaging, and
draws how condition numbers and round-trip errors go. What is there is not done again."""

import argparse
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GLOW = ROOT / ".build/release/glow"
RUNS = Path("runs/invertibility")

BATCH = 8
RATES = [0.001, 0.01, 0.05, 0.2]
FORMS = {"plain": "conv1x1", "LU": "conv1x1LU"}
NO_GUARDS = ["--max-condition", 0, "--max-scale", 0, "--max-round-trip", 0, "--roll-backs", 0]


def settings(form, rate, seed, steps):
    images = steps * BATCH
    return ["--preset", "demo", "--optimizer", "adam", "--labels", "none", "--levels", 2, "--steps", 4, "--hidden", 32,
            "--batch", BATCH, "--images", images,
            "--lr", rate, "--warmup", 2000, "--decay", "none", "--average", 0, "--clip", 0, "--permutation", FORMS[form], "--seed", seed,
            "--validate-every", images // 40, "--checkpoint-every", images, "--threads", 1, *NO_GUARDS]


def train(run):
    form, rate, seed, steps = run
    folder = RUNS / f"{form}-{rate}-{seed}"
    outcome = folder / "outcome.json"
    if not (ROOT / outcome).exists():
        subprocess.run(["rm", "-rf", folder], cwd=ROOT, check=True)
        command = [GLOW, "train", "--out", folder, *settings(*run)]
        result = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
        if result.returncode not in (0, 3):
            raise SystemExit(f"invertibility: {result.stderr.strip().splitlines()[-1]}")
        end = result.stderr.strip().splitlines()[-1] if result.returncode == 3 else "finished"
        (ROOT / outcome).write_text(json.dumps({"form": form, "rate": rate, "seed": seed, "end": end}) + "\n")
    return folder


def row(folder):
    outcome = json.loads((ROOT / folder / "outcome.json").read_text())
    lines = [json.loads(line) for line in (ROOT / folder / "metrics.jsonl").read_text().splitlines()]
    measured = [line for line in lines if "roundTripError" in line]
    if not measured:
        return outcome, None
    return outcome, {
        "step": measured[-1]["step"], "condition": float(measured[-1]["worstConditionNumber"]),
        "worst": max(float(line["worstConditionNumber"]) for line in measured),
        "error": max(float(line["roundTripError"]) for line in measured),
        "bits": float(measured[-1]["validationBitsPerDimension"])}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=2)
    options = parser.parse_args()
    runs = [(form, rate, seed, options.steps) for seed in range(options.seeds) for rate in RATES for form in FORMS]
    with ThreadPoolExecutor(options.at_once) as pool:
        folders = list(pool.map(train, runs))
    print("| W | learning rate | seed | steps | condition number, last | largest | round-trip error, largest | bits/dim | end |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|---|")
    for folder in sorted(folders, key=lambda folder: (float(folder.name.split("-")[1]), folder.name)):
        outcome, found = row(folder)
        figures = (f"{found['step']:,} | {found['condition']:.3g} | {found['worst']:.3g} | {found['error']:.1e} | {found['bits']:.2f}"
                   if found else "0 | | | |")
        end = "finished" if outcome["end"] == "finished" else outcome["end"].removeprefix("Error: ").split(";")[0]
        print(f"| {outcome['form']} | {outcome['rate']} | {outcome['seed']} | {figures} | {end} |")


if __name__ == "__main__":
    main()
