"""The tab "Edit"."""

import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Route

from browser import Watched, largest_difference, pixels, require
from page_crop import use_middle

# Of a pixel's value, between an image and what its latents give back.
ROUND_TRIP = 1


def check(watch: Watched, model: dict, files: Path) -> None:
    watch.open("edit")
    check_choosing(watch)
    check_sliders(watch, model)
    check_likelihood(watch, model)
    check_grid(watch, model)
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


def check_likelihood(watch: Watched, model: dict) -> None:
    """It is shown of both pictures, and follows the sliders."""
    page = watch.page
    watch.wait_for_text("#edit-after-percentile", "percentile")
    for what in ("bits", "percentile"):
        watch.eventually(
            lambda what=what: watch.text(f"#edit-after-{what}") == watch.text(f"#edit-before-{what}"),
            "an image that is not edited has not the likelihood that it had")
    require("bits/dim" in watch.text("#edit-before-bits"), "the likelihood has no unit")
    watch.wait_for_text("#edit-reference-name", f"{model['reference']['count']} reference images")
    require(page.get_attribute("#edit-reference", "d").startswith("M0 1V"), "the reference images are not drawn")
    bodies = watch.requests_to("/v1/edit")
    bits = watch.text("#edit-after-bits")
    place = page.evaluate("document.getElementById('edit-after-mark').style.left")
    page.locator("#edit-attributes input").first.press("Home")
    watch.eventually(
        lambda: page.evaluate("document.getElementById('edit-after-mark').style.left") != place, "the mark of the edit stays")
    require(any(body.get("score") for body in bodies), "no scores are asked for")
    page.click("#edit-reset")
    watch.wait_for_text("#edit-after-bits", bits)


def check_leaving(watch: Watched) -> None:
    """An edit that the model does not know is told beside the slider, and on its track where that begins."""
    page = watch.page
    watch.open("edit?image=0")
    watch.wait_for_text("#edit-after-percentile", "percentile")
    page.locator("#panel-edit [data-attribute=bright]").press("Home")
    slider = page.locator("#panel-edit .slider", has=page.locator("[data-attribute=bright]"))
    warning = slider.locator("#edit-leaving")
    watch.eventually(lambda: warning.count() == 1 and "leaves what the model knows" in warning.inner_text(), "nothing is said")
    page.wait_for_selector("#panel-edit [data-attribute=bright].is-marked")
    low, high = (
        float(page.locator("#panel-edit [data-attribute=bright]").evaluate("(input, name) => input.style.getPropertyValue(name)", name))
        for name in ("--low", "--high"))
    require(-1 < low < 0 and high > 1, f"the track is marked at {low} and {high}")
    watch.require_accessible("An edit that the model does not know")
    page.locator("#panel-edit [data-attribute=warm]").press("ArrowLeft")
    watch.eventually(
        lambda: page.locator("#panel-edit .slider:has([data-attribute=warm]) #edit-leaving").count() == 1,
        "the warning is not beside the slider that moved last")
    watch.eventually(lambda: "by.warm" in page.evaluate("location.hash"), "the address does not hold the slider")
    page.reload()
    page.wait_for_selector("#edit-likelihood #edit-leaving")
    page.click("#edit-reset")
    watch.eventually(lambda: page.locator("#edit-leaving").count() == 0, "the warning stays where nothing is edited")


def check_slow_scores(watch: Watched) -> None:
    """Where scoring takes long, the picture is asked for first."""

    def hold(route: Route) -> None:
        if route.request.post_data_json.get("score"):
            time.sleep(0.3)
        route.continue_()

    page = watch.page
    page.route("**/v1/edit", hold)
    bodies = watch.requests_to("/v1/edit")
    watch.open("edit?image=0")
    watch.wait_for_text("#edit-after-percentile", "percentile")
    bodies.clear()
    shown = watch.text("#edit-after-bits")
    page.locator("#edit-attributes input").first.press("End")
    watch.eventually(lambda: watch.text("#edit-after-bits") != shown, "the likelihood stays")
    scored = [body.get("score", False) for body in bodies[:2]]
    require(scored == [False, True], f"the page asks for scores in this order: {scored}")


def check_grid(watch: Watched, model: dict) -> None:
    """Two attributes at once, in one request: a picture of the grid is taken by a click or a key."""
    page = watch.page
    cells = "#edit-grid-cells button"
    page.locator("#edit-attributes input").first.press("End")
    bodies = watch.requests_to("/v1/edit")
    page.click("#edit-grid summary")
    page.wait_for_selector("#edit-grid-download:not([disabled])")
    asked = [body for body in bodies if isinstance(body["edits"], list) and not body.get("score")]
    count = page.locator(cells).count()
    require(len(asked) == 1 and len(asked[0]["edits"]) == count in (25, 49), f"a grid of {count} takes {len(asked)} requests")
    across, up = (page.input_value(f"#edit-grid-{axis}").removeprefix("by.") for axis in "xy")
    first = page.locator("#edit-attributes input").first.get_attribute("data-attribute")
    require(across == first, f"the attribute that was changed, {first}, is not in the grid of {across} and {up}")
    require(asked[0]["edits"][0] == {across: -1.5, up: 1.5}, f"the grid begins with {asked[0]['edits'][0]}")
    middle = count // 2
    require(asked[0]["edits"][middle] == {}, f"the middle of the grid is {asked[0]['edits'][middle]}")
    require(watch.text("#edit-grid-columns-name") == across.replace("_", " "), "the axis across has no name")
    watch.require_accessible("Edit with a grid")

    value = {axis: page.locator(f"#panel-edit [data-attribute='{axis}']") for axis in (across, up)}
    with page.expect_response("**/v1/edit"):
        page.locator(cells).first.click()
    watch.eventually(
        lambda: page.locator(cells).first.get_attribute("aria-pressed") == "true", "the picture that was taken is not marked")
    require(
        [value[axis].input_value() for axis in (across, up)] == ["-1.5", "1.5"], "a picture's strengths are not taken into the sliders")
    watch.wait_for_source("#edit-after", watch.source(f"{cells}:first-child img"))
    page.locator(cells).first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    side = round(count ** 0.5)
    watch.eventually(
        lambda: page.locator(cells).nth(side + 1).get_attribute("aria-pressed") == "true", "the arrow keys lead elsewhere")
    watch.wait_for_source("#edit-after", watch.source(f"{cells}:nth-child({side + 2}) img"))

    # The axes change places, and the grid follows.
    corner = watch.source(f"{cells}:first-child img")
    page.select_option("#edit-grid-y", page.input_value("#edit-grid-x"))
    require(page.input_value("#edit-grid-x") == f"by.{up}", "both axes have one attribute")
    opposite = f"{cells}:last-child img"
    watch.wait_for_source(opposite, corner)
    picture = Image.open(watch.downloaded("#edit-grid-download").path())
    require(picture.format == "PNG" and min(picture.size) > side * model["width"], f"the grid downloads as {picture.size}")
    watch.eventually(lambda: f"x=by.{up}" in page.evaluate("location.hash"), "the address does not hold the axes")
    page.reload()
    page.wait_for_selector("#edit-grid-download:not([disabled])")
    watch.wait_for_source(opposite, corner)
    page.click("#edit-grid summary")
    page.click("#edit-reset")
    watch.eventually(lambda: page.is_disabled("#edit-reset"), "the sliders are not reset")


def check_told_grid(watch: Watched, model: dict) -> None:
    """What the model is told is with, as it is, and without: a request for each of these."""
    page = watch.page
    x, y = model["conditions"][:2]
    bodies = watch.requests_to("/v1/edit")
    watch.open(f"edit?image=0&x=told.{x}&y=told.{y}")
    page.wait_for_selector("#edit-grid-download:not([disabled])")
    asked = [body for body in bodies if isinstance(body["edits"], list)]
    told = [body.get("conditions", {}) for body in asked]
    require(len(told) == 9 and {x: 2, y: -2} in told and {} in told, f"the grid asks for {told}")
    page.locator("#edit-grid-cells button").last.click()
    page.wait_for_selector(f"#edit-conditions [data-condition={x}][aria-pressed=true]")
    page.wait_for_selector(f"#edit-conditions [data-condition={y}][aria-pressed=false]")
    bodies.clear()
    page.select_option("#edit-grid-y", f"by.{y}")
    watch.eventually(lambda: page.locator("#edit-grid-cells button").count() in (15, 21), "an axis of strengths has no pictures")
    watch.eventually(
        lambda: page.get_attribute("#edit-grid-cells", "aria-busy") is None, "the grid is never done")
    asked = [body for body in bodies if isinstance(body["edits"], list)]
    require(len(asked) == 3, f"a grid of three conditions takes {len(asked)} requests")
    watch.require_accessible("Edit with a grid of what the model is told")


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
    use_middle(watch)
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
