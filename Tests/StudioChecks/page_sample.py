"""The tab "Sample"."""

import json
import re
import subprocess
import zipfile
from collections.abc import Callable

from PIL import Image
from playwright.sync_api import Route

from browser import Watched, pixels, require

GRID = "#sample-grid img"
VARIATIONS = "#sample-variations img"


def wait_until_drawn(watch: Watched) -> None:
    """All samples that were asked for are there."""
    watch.page.wait_for_selector(GRID)
    watch.wait("!document.querySelector('#sample-grid').hasAttribute('aria-busy')")


def check(watch: Watched, model: dict) -> None:
    watch.open("sample")
    wait_until_drawn(watch)
    check_stream(watch)
    check_drawing(watch, model)
    check_fields(watch, model)
    check_taking_along(watch)
    check_more_like_this(watch, model)
    watch.require_accessible("Sample")
    check_sending(watch)


def drawn(watch: Watched, act: Callable[[], None]) -> list[str]:
    """The samples after something that draws them anew."""
    with watch.page.expect_response("**/v1/sample"):
        act()
    watch.wait("!document.querySelector('#sample-grid').hasAttribute('aria-busy')")
    return watch.sources(GRID)


def check_stream(watch: Watched) -> None:
    """Samples come one after the other, and what is not wanted any more is given up."""
    page = watch.page
    before = watch.sources(GRID)
    held = []
    page.route("**/v1/sample", lambda route: held.append(route))
    page.click("#sample-new-seed")
    watch.eventually(lambda: held, "no samples are asked for")
    watch.wait_for_text("#sample-status", "Drawing…")
    require(watch.sources(GRID) == before, "the earlier samples go before others come")
    require(page.is_enabled("#sample-cancel"), "what is being drawn cannot be given up")
    body = 'event: queue\ndata: {"ahead": 3}\n\nevent: images\ndata: ' + json.dumps(
        {"from": 0, "total": 16, "images": [before[5].split(",", 1)[1]], "secondsLeft": 42}) + "\n\n"
    held[0].fulfill(status=200, content_type="text/event-stream", body=body)
    watch.wait_for_text("#sample-status", "The server broke off.")
    require(watch.source(GRID) == before[5], "the sample that came is not shown")
    held.clear()
    page.click("#sample-draw")
    watch.eventually(lambda: held, "no samples are asked for")
    page.click("#sample-cancel")
    watch.wait_for_text("#sample-status", "Stopped after 1 sample.")
    require(page.is_disabled("#sample-cancel"), "there is something to give up after all was given up")
    require(len(watch.sources(GRID)) == 1, "samples stay that were not drawn")
    held[0].abort()
    page.unroute("**/v1/sample")
    enter(watch, "#sample-seed", 0)
    wait_until_drawn(watch)
    require(watch.sources(GRID) == before, "the samples do not come back")


def enter(watch: Watched, field: str, value: object) -> None:
    watch.page.fill(field, str(value))
    watch.page.press(field, "Enter")


def check_taking_along(watch: Watched) -> None:
    """All samples in a zip, and the request for a terminal."""
    page = watch.page
    shown = [pixels(source).tobytes() for source in watch.sources(GRID)]
    with zipfile.ZipFile(watch.downloaded("#sample-download-all").path()) as archive:
        require(archive.testzip() is None, "a file of the zip is damaged")
        packed = [Image.open(archive.open(name)).convert("RGB").tobytes() for name in archive.namelist()]
    require(packed == shown, "the zip holds other pictures than the page shows")
    page.click("#sample-recipe summary")
    curl, swift = page.locator("#sample-recipe code").all_inner_texts()
    answer = subprocess.run(["bash", "-c", curl], capture_output=True, text=True, check=True).stdout
    again = [pixels(f"data:image/png;base64,{image}").tobytes() for image in json.loads(answer)["images"]]
    require(again == shown, "what the page says of curl draws other pictures")
    require(f"model.sample(count: {len(shown)}, " in swift, f"the page says of Swift: {swift}")


def check_drawing(watch: Watched, model: dict) -> None:
    page = watch.page
    first = watch.sources(GRID)
    require(len(first) == 16, f"{len(first)} samples at first, expected 16")
    tops = page.eval_on_selector_all("#sample-grid button", "buttons => buttons.map(button => button.offsetTop)")
    require(len({tops.count(top) for top in tops}) == 1, f"a row of samples is not full: {tops}")
    require(drawn(watch, lambda: page.click("#sample-draw")) == first, "the same seed draws other pixels")
    other = drawn(watch, lambda: enter(watch, "#sample-seed", 1))
    require(not set(other) & set(first), "another seed draws the same pixels")
    require(drawn(watch, lambda: enter(watch, "#sample-seed", 0)) == first, "the first seed draws other pixels now")

    hotter = drawn(watch, lambda: page.fill("#sample-temperature-all", "1.2"))
    require(not set(hotter) & set(first), "another temperature draws the same pixels")
    check_remark(watch)
    coldest = drawn(watch, lambda: page.fill("#sample-temperature-all", "0"))
    require(len(set(coldest)) == max(1, len(model["labels"])), "samples differ where the temperature is 0")

    levels = len(model["latentShapes"])
    drawn(watch, lambda: page.uncheck("#sample-temperature-shared"))
    shown = page.locator("#sample-temperature-sliders input:visible").count()
    require(shown == levels, f"{shown} sliders, expected one for each of {levels} levels")
    drawn(watch, lambda: page.fill(f"#sample-temperature-{levels}", "0.7"))
    drawn(watch, lambda: page.fill("#sample-temperature-1", "0.7"))
    require(watch.sources(GRID) == first, "the temperature of all levels, given for each, draws other pixels")


def check_remark(watch: Watched) -> None:
    """What the page says where the answer says that pictures are none any more."""
    def strayed(route: Route) -> None:
        answer = route.fetch()
        text = re.sub(r'"strayed":\[[0-9,]*\],', "", answer.text())
        require('"from":0,' in text, "the first samples do not come first")
        route.fulfill(response=answer, body=text.replace('"from":0,', '"from":0,"strayed":[0,3],'))

    watch.page.route("**/v1/sample", strayed)
    drawn(watch, lambda: watch.page.click("#sample-draw"))
    watch.page.unroute("**/v1/sample")
    said = watch.page.text_content("#sample-status")
    expected = "2 of 16 pictures left the model's range: expect noise or burnt-out colors. Take a lower temperature."
    require(said == expected, f"of pictures that strayed the page says {said!r}")


def check_fields(watch: Watched, model: dict) -> None:
    page = watch.page
    enter(watch, "#sample-count", 999)
    watch.wait_for_text("#sample-status", f"Count must be a whole number from 1 to {model['limits']['count']}.")
    samples = drawn(watch, lambda: enter(watch, "#sample-count", 9))
    require(len(samples) == 9, f"{len(samples)} samples where 9 are asked for")
    require(watch.text("#sample-status") == "", "an error stays after it has been put right")
    require(page.is_visible("#sample-class") == bool(model["labels"]), "the choice of class does not fit the model")
    if model["labels"]:
        drawn(watch, lambda: page.select_option("#sample-class", "2"))
        alt = page.get_attribute(GRID, "alt")
        require(alt == f"Sample 1, {model['labels'][2]}", f"a sample is called {alt}")


def check_more_like_this(watch: Watched, model: dict) -> None:
    page = watch.page
    columns = page.eval_on_selector_all(
        "#sample-grid button",
        "buttons => buttons.filter((button) => button.offsetTop === buttons[0].offsetTop).length")
    page.focus("#sample-grid button")
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    name = watch.text("#sample-picked-name")
    require(name.split(",")[0] == f"Sample {columns + 2}", f"the keyboard picks {name}, not the one right and down")
    page.wait_for_selector(VARIATIONS)
    fine = watch.sources(VARIATIONS)
    require(len(set(fine)) == 12, f"{len(set(fine))} different variations, expected 12")

    page.uncheck("#sample-level-1")
    require(page.is_disabled("#sample-vary"), "variations can be drawn without a level")
    watch.wait("document.querySelectorAll('#sample-variations img').length === 0")
    page.check(f"#sample-level-{len(model['latentShapes'])}")
    page.wait_for_selector(VARIATIONS)
    coarse = watch.sources(VARIATIONS)
    require(not set(coarse) & set(fine), "another level drawn anew gives the same variations")
    page.click("#sample-vary")
    watch.wait_for_other(VARIATIONS, coarse[0])

    page.click("#sample-variations button:nth-child(2)")
    require(watch.text("#sample-picked-name").startswith("Variation 2 "), "a variation cannot be picked")
    download = watch.downloaded("#sample-download")
    require(download.suggested_filename == "glow-sample.png", f"a sample downloads as {download.suggested_filename}")
    size = Image.open(download.path()).size
    require(size == (model["width"], model["height"]), f"the sample that was downloaded is of {size}")


def check_sending(watch: Watched) -> None:
    picked = watch.source("#sample-picked")
    watch.page.click("#sample-to-edit")
    watch.wait_for_text("#edit-note", "Variation 2")
    require(watch.page.is_visible("#panel-edit"), "sending a sample to Edit does not show that tab")
    watch.wait_for_source("#edit-before", picked)
