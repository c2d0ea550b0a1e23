"""The tab "Mix"."""

from pathlib import Path

from browser import Watched, largest_difference, require
from page_crop import use_middle
from page_edit import ROUND_TRIP


def check(watch: Watched, files: Path) -> None:
    watch.open("mix")
    watch.page.wait_for_selector("#mix-picture[src]")
    check_four(watch)
    check_three(watch)
    watch.require_accessible("Mix")
    check_two(watch, files)


def weights(watch: Watched, words: str) -> None:
    """Waits for the mix of these weights."""
    watch.wait_for_text("#mix-weights", words)
    told = watch.page.get_attribute("#mix-handle", "aria-valuetext")
    require(told == words, f"the handle says {told}, the mix {words}")


def press(watch: Watched, key: str, times: int = 1) -> None:
    watch.page.focus("#mix-handle")
    for _ in range(times):
        watch.page.keyboard.press(key)


def require_corner(watch: Watched, number: int) -> None:
    """The mix is the image of one corner."""
    difference = largest_difference(watch.source("#mix-picture"), watch.source(f"#mix-corner-{number} img"))
    require(difference <= ROUND_TRIP, f"all of corner {number} is {difference} off its image")


def check_four(watch: Watched) -> None:
    page = watch.page
    weights(watch, "A 25%, B 25%, C 25%, D 25%")
    press(watch, "Home")
    weights(watch, "A 100%, B 0%, C 0%, D 0%")
    require_corner(watch, 1)
    press(watch, "End")
    weights(watch, "A 0%, B 0%, C 0%, D 100%")
    require_corner(watch, 4)
    press(watch, "ArrowLeft", 4)
    weights(watch, "A 0%, B 0%, C 20%, D 80%")
    press(watch, "Shift+ArrowUp", 10)
    weights(watch, "A 2%, B 8%, C 18%, D 72%")
    page.locator("#mix-track").scroll_into_view_if_needed()
    track = page.locator("#mix-track").bounding_box()
    page.mouse.move(track["x"] + track["width"] / 2, track["y"] + track["height"] / 2)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"] * 0.75, track["y"] + track["height"] * 0.75, steps=10)
    page.mouse.up()
    weights(watch, "A 6%, B 19%, C 19%, D 56%")


def check_three(watch: Watched) -> None:
    watch.page.check("#mix-count-3")
    weights(watch, "A 33%, B 33%, C 33%")
    press(watch, "ArrowUp", 30)
    weights(watch, "A 100%, B 0%, C 0%")
    require_corner(watch, 1)
    press(watch, "ArrowDown", 30)
    press(watch, "ArrowLeft", 30)
    weights(watch, "A 0%, B 100%, C 0%")
    require_corner(watch, 2)


def check_two(watch: Watched, files: Path) -> None:
    page = watch.page
    page.check("#mix-count-2")
    weights(watch, "A 50%, B 50%")
    page.click("#mix-corner-2")
    require(watch.text("#mix-choose-title") == "Image for corner B", "choosing a corner does not say which")
    page.set_input_files("#mix-file", files / "large.jpg")
    use_middle(watch)
    watch.wait_for_text("#mix-corner-note", "large.jpg · 1000×700: cropped")
    with watch.refused():
        page.set_input_files("#mix-file", files / "damaged.png")
        watch.wait_for_text("#mix-choose-status", "not a picture")
    require("large.jpg" in watch.text("#mix-corner-note"), "a file that is refused replaces a corner")
    spherical = watch.source("#mix-picture")
    page.select_option("#mix-path", "straight")
    watch.wait_for_other("#mix-picture", spherical)
    page.click("#mix-strip")
    page.wait_for_selector("#mix-strip-pictures img")
    strip = watch.sources("#mix-strip-pictures img")
    require(len(strip) == 9, f"the strip has {len(strip)} images, expected 9")
    for end, corner in ((0, 1), (-1, 2)):
        difference = largest_difference(strip[end], watch.source(f"#mix-corner-{corner} img"))
        require(difference <= ROUND_TRIP, f"an end of the strip is {difference} off corner {corner}")
    download = watch.downloaded("#mix-download")
    require(download.suggested_filename == "glow-mix.png", f"a mix downloads as {download.suggested_filename}")
    mixed = watch.source("#mix-picture")
    page.click("#mix-to-edit")
    watch.wait_for_source("#edit-before", mixed)
    watch.show("mix")
