"""Pictures of the page for the documentation: the shipped faces, and a run on Fashion-MNIST; light, 1200 pixels wide."""

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from browser import DESKTOP, Watched, require, watched
from server import glow, serving

MOST_BYTES = 120_000
MOST_PIXELS_DOWN = 1080
# The most that a file has room for are taken.
COLORS = [128, 64, 48, 32]
TRAINING = ["--images", 20_000, "--validate-every", 2000, "--checkpoint-every", 10_000]


def write(browser: Browser, folder: Path) -> None:
    """A file of each tab, named after it."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        runs = Path(name) / "runs"
        glow("train", "--preset", "toy", "--out", runs / "fashion", *TRAINING)
        with serving("faces", "--runs", runs) as server:
            server.wait_for_reference()
            with watched(browser, server.address) as watch:
                for tab, prepare in PREPARATIONS.items():
                    watch.open(tab)
                    prepare(watch)
                    save(watch, folder / f"{tab}.png")


def save(watch: Watched, file: Path) -> None:
    """The page, or the top of a long one, as small as a documentation's picture should be."""
    # What has been pointed at or has the focus looks different.
    watch.page.mouse.move(0, 0)
    watch.page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    height = min(watch.page.evaluate("document.documentElement.scrollHeight"), MOST_PIXELS_DOWN)
    watch.page.set_viewport_size({"width": DESKTOP["width"], "height": height})
    image = Image.open(io.BytesIO(watch.page.screenshot())).convert("RGB")
    watch.page.set_viewport_size(DESKTOP)
    for colors in COLORS:
        image.quantize(colors, dither=Image.Dither.NONE).save(file, optimize=True)
        size = file.stat().st_size
        if size <= MOST_BYTES:
            break
    require(size <= MOST_BYTES, f"{file} has {size} bytes, more than {MOST_BYTES}")
    print(f"{file}: {image.width}x{image.height}, {colors} colors, {size / 1000:.0f} kB")


def prepare_sample(watch: Watched) -> None:
    watch.page.wait_for_selector("#sample-grid img")
    watch.page.click("#sample-grid button:nth-child(8)")
    watch.page.wait_for_selector("#sample-variations img")


def prepare_edit(watch: Watched) -> None:
    watch.wait_for_text("#edit-note", "Image 0")
    before = watch.source("#edit-after")
    watch.page.click("#edit-conditions [data-condition=eyeglasses]")
    with_glasses = watch.wait_for_other("#edit-after", before)
    watch.page.click("#edit-conditions [data-condition=smiling]")
    watch.wait_for_other("#edit-after", with_glasses)


def prepare_mix(watch: Watched) -> None:
    watch.page.wait_for_selector("#mix-legs img")


def prepare_score(watch: Watched) -> None:
    watch.page.click("#score-data")
    watch.wait(
        "document.querySelectorAll('#score-rows tr').length === 16"
        " && document.querySelector('#score-progress-field').hidden")
    watch.page.click("#score-sort-2")
    watch.page.click("#score-rows .open-row")
    watch.page.wait_for_selector("#score-stage.has-map")
    watch.page.click("#score-measure")
    watch.page.wait_for_selector("#score-detail-sizes:not([hidden])")


def prepare_training(watch: Watched) -> None:
    watch.wait_for_text("#training-state", "Finished")
    watch.page.wait_for_selector("#training-film-picture[src]")
    watch.page.wait_for_selector("#training-bits svg[role=img]")


def prepare_about(watch: Watched) -> None:
    watch.page.wait_for_selector("#about-sample-play:not([disabled])")
    watch.page.locator(".flow-step").nth(12).click()
    watch.page.focus("#about-sample-at")
    watch.page.keyboard.press("End")


PREPARATIONS = {
    "sample": prepare_sample, "edit": prepare_edit, "mix": prepare_mix, "score": prepare_score,
    "training": prepare_training, "about": prepare_about,
}
