#!/usr/bin/env python3
"""Drives the page in headless Chromium, as people do: every tab, light and dark, on a desktop and on a phone, with a
model of each kind. Fails on whatever is not as it should be, on any error on the console and on any violation that axe
finds."""

import argparse
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

import page_about
import page_address
import page_conditions
import page_crop
import page_edit
import page_history
import page_mix
import page_models
import page_names
import page_sample
import page_score
import page_training
import page_trouble
import page_words
import screenshots
from browser import PHONE, launch, watched
from make_model import Models, models
from pictures import encoded, picture
from server import CheckFailure, Server, serving

# The tabs, and what is there once they have loaded.
TABS = {
    "sample": "#sample-grid img", "edit": "#edit-after[src]", "mix": "#mix-picture[src]", "score": "#score-empty",
    "training": "#training-bits svg[role=img]", "about": "#about-sample-play:not([disabled])",
}
TOKEN = "a-token-for-the-checks"


# With --keep-going what has failed so far; None to stop at the first.
failures: list[str] | None = None


@contextmanager
def group(name: str):
    """Checks that belong together: a line when they have passed, and their name before what is wrong."""
    start = time.monotonic()
    try:
        yield
    except CheckFailure as failure:
        if failures is None:
            raise CheckFailure(f"{name}: {failure}") from failure
        failures.append(f"{name}: {failure}")
        print(f"{name}: {failure}", flush=True)
        return
    print(f"{name}: passed in {time.monotonic() - start:.1f} s", flush=True)


def write_files(folder: Path) -> None:
    """What people might choose."""
    small = picture(40, 40, seed=1)
    (folder / "small.png").write_bytes(encoded(small))
    (folder / "again.png").write_bytes(encoded(small))
    (folder / "same.webp").write_bytes(encoded(small, "image/webp"))
    (folder / "large.jpg").write_bytes(encoded(picture(1000, 700, seed=2), "image/jpeg"))
    for number in range(3):
        (folder / f"photograph-{number}.jpg").write_bytes(encoded(picture(4000, 3000, seed=number), "image/jpeg"))
    (folder / "damaged.png").write_bytes(b"not a picture")
    (folder / "words.txt").write_text("words\n")


def check_tools(name: str, browser: Browser, server: Server, models: Models, files: Path, **look: object) -> None:
    """What every tab does."""
    model = server.model
    for tab, check_tab in [
        ("Sample", lambda watch: page_sample.check(watch, model)),
        ("Edit", lambda watch: page_edit.check(watch, model, files)),
        ("The part of a picture", lambda watch: page_crop.check(watch, model, files)),
        ("Mix", lambda watch: page_mix.check(watch, model, files)),
        ("Score", lambda watch: page_score.check(watch, files)),
        ("Training", lambda watch: page_training.check(watch, models)),
        ("About", lambda watch: page_about.check(watch, model, files)),
        ("Words", page_words.check),
    ]:
        with group(f"{tab}, {name}"), watched(browser, server.address, **look) as watch:
            check_tab(watch)


def check_looks(name: str, browser: Browser, server: Server, **look: object) -> None:
    """Every tab as it opens."""
    with group(f"All tabs, {name}"), watched(browser, server.address, **look) as watch:
        for tab, sign in TABS.items():
            watch.open(tab)
            watch.page.wait_for_selector(sign)
            watch.require_accessible(tab)


def check(playwright: Playwright, browser: Browser, models: Models, files: Path) -> None:
    with serving(models.color, "--runs", models.runs) as server:
        server.wait_for_reference()
        check_tools("a color model on a light desktop", browser, server, models, files)
        with group("An edit that the model does not know"), watched(browser, server.address) as watch:
            page_edit.check_leaving(watch)
        with group("Scores that take long"), watched(browser, server.address) as watch:
            page_edit.check_slow_scores(watch)
        with group("A camera"):
            page_crop.check_camera(playwright, server.address)
        with group("No camera"), watched(browser, server.address) as watch:
            page_crop.check_no_camera(watch)
        with group("Bad files among many"), watched(browser, server.address) as watch:
            page_score.check_many(watch, files)
        with group("Images without an answer"), watched(browser, server.address) as watch:
            page_score.check_stalled(watch, files)
        with group("One model"), watched(browser, server.address) as watch:
            page_models.check_one(watch)
        with group("Runs over each other"), watched(browser, server.address) as watch:
            page_training.check_compared(watch, models)
        with group("Curves by pointer and keyboard"), watched(browser, server.address) as watch:
            page_training.check_curves(watch, models)
        with group("A run in training"), watched(browser, server.address) as watch:
            page_training.check_live(watch, models)
        with group("The address"), watched(browser, server.address) as watch:
            page_address.check(watch, files)
        with group("What was made lately"), watched(browser, server.address) as watch:
            page_history.check(watch)
        with group("The keyboard"), watched(browser, server.address) as watch:
            page_trouble.check_tabs(watch)
        with group("A busy server, and none"), watched(browser, server.address) as watch:
            page_trouble.check_busy(watch)
            page_trouble.check_gone(watch)
        check_looks("a dark desktop", browser, server, scheme="dark")
        check_looks("a light phone", browser, server, viewport=PHONE)
    with serving(models.gray, "--runs", models.runs) as server:
        server.wait_for_reference()
        look = {"viewport": PHONE, "scheme": "dark"}
        check_tools("a gray model with classes on a dark phone", browser, server, models, files, **look)
    with serving(models.color, "--model", models.gray, "--runs", models.runs) as server:
        for name, look in [("a desktop", {}), ("a phone", {"viewport": PHONE})]:
            with group(f"Two models on {name}"), watched(browser, server.address, **look) as watch:
                page_models.check(watch, *server.models)
        with group("The models' cards"), watched(browser, server.address) as watch:
            page_history.check_cards(watch, server.models)
    with serving(models.told, "--runs", models.told.parent) as server:
        for name, look in [("a desktop", {}), ("a dark phone", {"viewport": PHONE, "scheme": "dark"})]:
            with group(f"A model that is told attributes on {name}"), watched(browser, server.address, **look) as watch:
                page_conditions.check(watch, server.model)
                page_about.check_way(watch, server.model)
                page_edit.check_told_grid(watch, server.model)
    lacking = [models.without, "--model", models.stale, "--model", models.others]
    with serving(*lacking, "--runs", models.runs) as server:
        with group("Models without attributes"), watched(browser, server.address, viewport=PHONE) as watch:
            page_models.check_attributes(watch, server.models)
    with serving(models.long, "--model", models.gray, "--runs", models.long.parent) as server:
        with group("Long names on a phone"), watched(browser, server.address, viewport=PHONE) as watch:
            page_names.check(watch, files)
    with serving(models.gray, "--runs", models.runs) as server:
        for name, look in [("a desktop", {}), ("a phone", {"viewport": PHONE})]:
            with group(f"Charts of little on {name}"), watched(browser, server.address, **look) as watch:
                page_training.check_charts(watch, models)
                page_training.check_backwards(watch, models)
    with serving(models.gray, "--runs", models.runs, token=TOKEN) as server:
        for name, check_token in [
            ("A token that is asked for", page_trouble.check_token),
            ("A token in the address", page_trouble.check_token_in_address),
        ]:
            with group(name), watched(browser, server.address) as watch:
                check_token(watch, TOKEN)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--screenshots", type=Path, metavar="FOLDER",
        help="check nothing: write a PNG of each tab with the shipped faces (needs `make data faces`)")
    parser.add_argument("--keep-going", action="store_true", help="go on after a group that fails")
    arguments = parser.parse_args()
    global failures
    failures = [] if arguments.keep_going else None
    try:
        with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
            browser = launch(playwright)
            if arguments.screenshots:
                screenshots.write(browser, arguments.screenshots)
            else:
                write_files(Path(folder))
                with models() as made:
                    check(playwright, browser, made, Path(folder))
            browser.close()
    except CheckFailure as failure:
        sys.exit(f"check_page: {failure}")
    if failures:
        sys.exit(f"check_page: {len(failures)} groups of checks failed")


if __name__ == "__main__":
    main()
