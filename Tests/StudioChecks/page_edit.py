"""The tab "Edit"."""

from pathlib import Path

from PIL import Image

from browser import Watched, largest_difference, pixels, require

# Of a pixel's value, between an image and what its latents give back.
ROUND_TRIP = 1


def check(watch: Watched, model: dict, files: Path) -> None:
    watch.open("edit")
    check_choosing(watch)
    check_sliders(watch, model)
    check_looks(watch)
    watch.require_accessible("Edit")
    check_files(watch, model, files)


def open_gallery(watch: Watched, tab: str) -> None:
    """It is closed on small screens."""
    if watch.page.get_attribute(f"#{tab}-gallery", "open") is None:
        watch.page.click(f"#{tab}-gallery summary")


def check_choosing(watch: Watched) -> None:
    page = watch.page
    watch.wait_for_text("#edit-note", "Image 0")
    open_gallery(watch, "edit")
    page.click("#edit-data button:nth-child(3)")
    watch.wait_for_text("#edit-note", "Image 2")
    watch.wait_for_source("#edit-before", watch.source("#edit-data button:nth-child(3) img"))
    difference = largest_difference(watch.source("#edit-before"), watch.source("#edit-after"))
    require(difference <= ROUND_TRIP, f"an image that is not edited comes back {difference} off")
    page.click("#edit-data-next")
    watch.wait_for_text("#edit-data-range", "25–48 of ")
    page.click("#edit-data-previous")
    watch.wait_for_text("#edit-data-range", "1–24 of ")


def check_sliders(watch: Watched, model: dict) -> None:
    page = watch.page
    before, plain = watch.source("#edit-before"), watch.source("#edit-after")
    slider = page.locator("#edit-attributes input").first
    name = slider.get_attribute("data-attribute")
    names = [attribute["name"] for attribute in model["attributes"]]
    require(page.locator("#edit-attributes input").count() == len(names), "not every attribute has a slider")

    slider.press("End")
    edited = watch.wait_for_other("#edit-after", plain)
    require(watch.source("#edit-before") == before, "editing changes the image before")
    require(int(page.get_attribute("#edit-latency", "data-latency")) >= 0, "the latency is not told")
    page.select_option("#edit-direction", "discriminant")
    watch.wait_for_other("#edit-after", edited)
    check_dragging(watch, slider, name)

    if model["labels"]:
        shown = watch.source("#edit-after")
        page.select_option("#edit-label", "1")
        watch.wait_for_other("#edit-after", shown)
    page.click("#edit-reset")
    watch.wait_for_source("#edit-after", plain)
    require(slider.input_value() == "0", "a slider is not reset")
    require(page.is_disabled("#edit-reset"), "there is something to reset where nothing is edited")


def check_looks(watch: Watched) -> None:
    """A picture is enlarged by a click, and shown with hard pixels or smoothed."""
    page = watch.page
    page.click("#edit-after")
    page.wait_for_selector("#enlarged[open]")
    require(watch.source("#enlarged-picture") == watch.source("#edit-after"), "another picture is enlarged")
    watch.require_accessible("An enlarged picture")
    page.keyboard.press("Escape")
    require(not page.is_visible("#enlarged"), "an enlarged picture stays")
    is_pixelated = "document.documentElement.classList.contains('is-pixelated')"
    require(page.evaluate(is_pixelated), "small pictures are smoothed at first")
    page.check("#smooth")
    require(not page.evaluate(is_pixelated), "pictures are not smoothed")
    page.uncheck("#smooth")
    require(page.evaluate(is_pixelated), "pictures stay smoothed")


def check_dragging(watch: Watched, slider, name: str) -> None:
    """Of the values that a slider passes, the last one is shown."""
    bodies = watch.requests_to("/v1/edit")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    watch.page.mouse.move(box["x"] + box["width"] * 0.95, middle)
    watch.page.mouse.down()
    watch.page.mouse.move(box["x"] + box["width"] * 0.2, middle, steps=30)
    watch.page.mouse.up()
    value = float(slider.input_value())
    require(value < 0, f"dragging the slider leaves it at {value}")
    watch.eventually(
        lambda: bodies and bodies[-1]["edits"].get(name) == value,
        "the value that a slider is left at is not asked for")


def check_files(watch: Watched, model: dict, files: Path) -> None:
    page = watch.page
    note = f"1000×700: cropped in the middle and resized to {model['width']}×{model['height']}"
    page.set_input_files("#edit-file", files / "large.jpg")
    watch.wait_for_text("#edit-note", f"large.jpg · {note}")
    require(
        pixels(watch.source("#edit-before")).size == (model["width"], model["height"]),
        "the image before is not of the model's size")
    with watch.refused():
        page.set_input_files("#edit-file", files / "damaged.png")
        watch.wait_for_text("#edit-choose-status", "not a picture")
    page.set_input_files("#edit-file", files / "words.txt")
    watch.wait_for_text("#edit-choose-status", "words.txt is not a PNG, JPEG or WebP image.")
    require("large.jpg" in watch.text("#edit-note"), "a file that is refused replaces the image")
    download = watch.downloaded("#edit-download")
    require(download.suggested_filename == "glow-edit.png", f"an edit downloads as {download.suggested_filename}")
    require(Image.open(download.path()).format == "PNG", "the edit that was downloaded is no PNG")
