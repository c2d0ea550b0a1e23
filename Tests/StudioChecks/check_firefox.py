#!/usr/bin/env python3
"""Opens every tab of the page in Debian's Firefox, on a desktop and on a phone, light and dark, and does one thing in each. Fails on
whatever is not as it should be, and on any error or warning on the console. Where there is no Firefox it says so and checks nothing."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import firefox
from firefox import Page
from make_model import models
from server import CheckFailure, Server, serving

VIEWPORTS = {"desktop": (1440, 900), "phone": (390, 844)}


def changes(page: Page, expression: str, act: Callable[[], None], what: str) -> None:
    """Waits until what somebody does has changed something."""
    before = page.value(expression)
    act()
    page.wait(f"({expression}) !== {json.dumps(before)}", what)


def try_sample(page: Page) -> None:
    third = "#sample-grid button:nth-child(3)"
    page.click(third)
    page.wait("document.querySelector('#sample-variations img[src]')", "a sample is not varied")
    page.click(third)
    page.wait("document.querySelector('#enlarged[open] img')?.naturalWidth > 0", "a second click does not enlarge a sample")
    picture = "document.querySelector('#enlarged-picture').src"
    changes(page, picture, lambda: page.press("#enlarged-next", "ArrowRight"), "no next sample is shown")
    page.press("#enlarged-close", "Escape")
    page.wait("!document.querySelector('#enlarged[open]')", "Esc does not close the picture")


def try_edit(page: Page) -> None:
    page.wait("document.querySelector('#edit-attributes input')", "there are no sliders")
    picture = "document.querySelector('#edit-after').src"
    changes(page, picture, lambda: page.press("#edit-attributes input", "End"), "a slider edits nothing")


def try_mix(page: Page) -> None:
    page.wait("document.querySelector('#mix-legs img[src]')", "the way is not drawn")
    picture = "document.querySelector('#mix-picture').src"
    changes(page, picture, lambda: page.drag("#mix-track", (0.5, 0.5), (0.75, 0.75)), "a drag of the handle mixes nothing")
    page.wait("document.querySelector('#mix-weights').innerText.includes('D 56%')", "the handle is not where it was dragged")


def try_score(page: Page) -> None:
    page.click("#score-data")
    page.wait("document.querySelectorAll('#score-rows .number').length >= 16 * 4", "images of the data set are not scored")
    page.wait("document.querySelector('#score-histogram .bars')", "there is no histogram")
    page.click("#score-rows tr:nth-child(2) .open-row")
    page.wait("document.querySelector('#score-stage.has-map')", "a row does not open")


def try_training(page: Page) -> None:
    page.wait("document.querySelector('#training-film-picture[src]')", "there is no film")
    place = "document.querySelector('#training-bits .place').innerText"
    changes(page, place, lambda: page.point("#training-bits .plot"), "pointing at a chart reads nothing")


def try_models(page: Page) -> None:
    page.wait("document.querySelector('#model-cards .facts')", "there is no card")


def try_about(page: Page) -> None:
    page.wait("!document.querySelector('#about-play').disabled", "the way is not there")
    changes(page, "document.querySelector('#about-at').value", lambda: page.click("#about-play"), "Play moves nothing")


# The tabs, what is there once they have loaded, and what is done in them.
TABS = {
    "sample": ("#sample-grid img[src]", try_sample),
    "edit": ("#edit-after[src]", try_edit),
    "mix": ("#mix-picture[src]", try_mix),
    "score": ("#score-empty", try_score),
    "training": ("#training-bits svg[role=img]", try_training),
    "models": ("#model-cards img[src]", try_models),
    "about": ("#about-sample-play:not([disabled])", try_about),
}


def check(server: Server, scheme: str, screenshots: Path | None) -> None:
    with firefox.firefox(server.address, scheme) as page:
        for device, size in VIEWPORTS.items():
            start = time.monotonic()
            page.resize(*size)
            for tab, (sign, act) in TABS.items():
                where = f"{tab} in Firefox on a {scheme} {device}"
                page.open(f"{server.address}/#{tab}")
                page.wait(f"document.querySelector('#panel-{tab}:not([hidden]) {sign}')", f"{where}: {sign} does not come")
                if page.value("matchMedia('(prefers-color-scheme: dark)').matches") != (scheme == "dark"):
                    raise CheckFailure(f"{where}: the theme is another one")
                act(page)
                if screenshots:
                    page.screenshot(screenshots / f"{tab}-{device}-{scheme}.png")
                overflow = page.value("document.documentElement.scrollWidth - innerWidth")
                if overflow > 0:
                    raise CheckFailure(f"{where} is {overflow} pixels wider than the window")
                if page.complaints:
                    raise CheckFailure(f"{where}: {'; '.join(page.complaints)}")
            print(f"Firefox, a {scheme} {device}: passed in {time.monotonic() - start:.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--screenshots", type=Path, metavar="FOLDER", help="also write a PNG of each tab")
    arguments = parser.parse_args()
    if not firefox.is_there():
        print("The page was NOT checked in Firefox: there is no firefox-esr here (Scripts/setup-studio-checks.sh installs it on Debian)")
        return
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    try:
        with models() as made, serving(made.color, "--model", made.gray, "--runs", made.runs) as server:
            server.wait_for_reference()
            for scheme in firefox.SCHEMES:
                check(server, scheme, arguments.screenshots)
    except CheckFailure as failure:
        sys.exit(f"check_firefox: {failure}")


if __name__ == "__main__":
    main()
