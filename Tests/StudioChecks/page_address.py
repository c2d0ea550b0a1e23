"""The page's address: a reload, Back, Forward and a copied link bring back what was shown."""

from pathlib import Path
from urllib.parse import parse_qs

from browser import Watched, require
from page_crop import use_middle
from page_sample import wait_until_drawn


def fields(watch: Watched) -> dict[str, str]:
    """What the address says behind the tab's name."""
    _, _, query = watch.page.evaluate("location.hash").partition("?")
    return {name: values[0] for name, values in parse_qs(query).items()}


def wait_for_field(watch: Watched, name: str, value: str | None) -> None:
    watch.eventually(lambda: fields(watch).get(name) == value, f"the address does not say {name}={value}: {fields(watch)}")


def check(watch: Watched, files: Path) -> None:
    check_sample(watch)
    check_edit(watch, files)
    check_mix(watch)
    check_tabs(watch)
    check_link(watch)


def check_sample(watch: Watched) -> None:
    page = watch.page
    watch.open("sample")
    wait_until_drawn(watch)
    wait_for_field(watch, "seed", "0")
    first = watch.source("#sample-grid img")
    require(page.is_disabled("#undo") and page.is_disabled("#redo"), "there is something to undo at first")
    page.fill("#sample-seed", "7")
    page.press("#sample-seed", "Tab")
    second = watch.wait_for_other("#sample-grid img", first)
    wait_for_field(watch, "seed", "7")
    page.reload()
    watch.wait_for_source("#sample-grid img", second)
    require(page.input_value("#sample-seed") == "7", "a reload forgets the seed")
    page.click("#undo")
    watch.wait_for_source("#sample-grid img", first)
    require(page.input_value("#sample-seed") == "0", "Undo leaves the seed")
    page.click("#redo")
    watch.wait_for_source("#sample-grid img", second)
    page.go_back()
    watch.wait_for_source("#sample-grid img", first)


def check_edit(watch: Watched, files: Path) -> None:
    page = watch.page
    watch.open("edit?image=2")
    watch.wait_for_text("#edit-note", "Image 2")
    plain = watch.source("#edit-after")
    slider = page.locator("#edit-attributes input").first
    name = f"by.{slider.get_attribute('data-attribute')}"
    slider.press("End")
    edited = watch.wait_for_other("#edit-after", plain)
    wait_for_field(watch, name, "1.5")
    page.reload()
    watch.wait_for_source("#edit-after", edited)
    require(page.locator("#edit-attributes input").first.input_value() == "1.5", "a reload forgets the slider")
    page.go_back()
    watch.wait_for_source("#edit-after", plain)
    require(page.locator("#edit-attributes input").first.input_value() == "0", "Back leaves the slider")
    # A picture that was sent: the server keeps it.
    page.set_input_files("#edit-file", files / "large.jpg")
    use_middle(watch)
    watch.wait_for_text("#edit-note", "large.jpg")
    watch.eventually(lambda: fields(watch).get("image", "").startswith("kept-"), "the address names no kept picture")
    sent = watch.source("#edit-after")
    page.reload()
    watch.wait_for_source("#edit-after", sent)
    page.go_back()
    watch.wait_for_source("#edit-after", plain)
    page.go_forward()
    watch.wait_for_source("#edit-after", sent)
    # One that it has no more.
    with watch.refused():
        watch.open("edit?image=kept-0123456789abcdef0123456789abcdef")
        watch.wait_for_text("#edit-choose-status", "The image is not there any more")


def check_mix(watch: Watched) -> None:
    page = watch.page
    watch.open("mix?images=3,5,7&path=straight&at=0.5,0.4")
    watch.wait_for_text("#mix-weights", "A 60%")
    require(page.is_checked("#mix-count-3"), "the address's three corners are not shown")
    require(page.input_value("#mix-path") == "straight", "the address's path is not shown")
    mixed = watch.source("#mix-picture")
    page.focus("#mix-handle")
    page.keyboard.press("Home")
    watch.wait_for_text("#mix-weights", "A 100%")
    wait_for_field(watch, "at", "0.5,0")
    page.go_back()
    watch.wait_for_source("#mix-picture", mixed)


def check_tabs(watch: Watched) -> None:
    page = watch.page
    watch.open("sample?seed=3&count=4")
    wait_until_drawn(watch)
    page.click("#tab-score")
    watch.eventually(lambda: page.evaluate("location.hash") == "#score", "the address does not name the tab")
    page.go_back()
    watch.eventually(lambda: page.is_visible("#panel-sample"), "Back does not return to the tab")
    require(page.input_value("#sample-seed") == "3", "Back forgets what the tab was set to")


def check_link(watch: Watched) -> None:
    watch.page.click("#copy-link")
    watch.eventually(lambda: "link" in watch.page.inner_text("#copied"), "nothing is said of the link")
