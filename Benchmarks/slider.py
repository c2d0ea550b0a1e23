#!/usr/bin/env python3
"""How long after a slider of the Studio's Edit tab moves the new image is on the page, in headless Chromium: the median and
the 99th percentile of 200 moves, one after the other. Needs .venv-studio (Scripts/setup-studio-checks.sh)."""

import argparse
import statistics
import sys
from pathlib import Path

import runs

sys.path.insert(0, str(runs.ROOT / "Tests/StudioChecks"))
from browser import launch
from playwright.sync_api import Page, sync_playwright
from server import CheckFailure, serving

MOVES = 200
WARM_UP = 10

# Moves the first slider and waits until the image that belongs to it is decoded and about to be painted; milliseconds.
MOVE = """strength => new Promise((done) => {
  const slider = document.querySelector('[data-attribute]');
  const after = document.querySelector('#edit-after');
  const before = after.src;
  const start = performance.now();
  new MutationObserver(async (_, observer) => {
    if (after.src === before) return;
    observer.disconnect();
    await after.decode();
    requestAnimationFrame(() => done(performance.now() - start));
  }).observe(after, { attributes: true, attributeFilter: ['src'] });
  slider.value = strength;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
})"""


def moves(page: Page) -> list[float]:
    # No two that follow each other are the same.
    strengths = [(number % 29 + 1) / 20 * (-1) ** number for number in range(WARM_UP + MOVES)]
    return [page.evaluate(MOVE, strength) for strength in strengths][WARM_UP:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="runs/demo/run", help="with attributes.safetensors beside it (default: make demo's)")
    arguments = parser.parse_args()
    try:
        with serving(arguments.model) as server, sync_playwright() as playwright:
            server.wait_for_reference()
            page = launch(playwright).new_page()
            page.goto(f"{server.address}/#edit")
            page.wait_for_function("() => document.querySelector('#edit-after').src.startsWith('data:')")
            found = moves(page)
    except CheckFailure as failure:
        sys.exit(f"slider: {failure}")
    machine = runs.machine()
    p99 = statistics.quantiles(found, n=100)[98]
    print(f"{runs.today()}, {machine['processor']}, {machine['cores']} cores, {Path(arguments.model)}: "
          f"{statistics.median(found):.0f} ms, 99th percentile {p99:.0f} ms, longest {max(found):.0f} ms")


if __name__ == "__main__":
    main()
