"""The tab "About"."""

from math import prod
from pathlib import Path

from browser import Watched, largest_difference, require
from page_address import wait_for_field
from page_crop import use_middle

PICTURE, SAMPLE = "#about-picture", "#about-sample"
SLIDER = "#about-at"


def check(watch: Watched, model: dict, files: Path) -> None:
    check_way(watch, model)
    watch.require_accessible("About")
    check_play(watch)
    check_diagram(watch)
    check_address(watch)
    check_files(watch, files)
    check_sample(watch)


def drawn(watch: Watched, canvas: str) -> str:
    return watch.page.evaluate("canvas => document.querySelector(canvas).toDataURL()", canvas)


def require_drawn(watch: Watched, image: str, what: str) -> None:
    difference = largest_difference(drawn(watch, PICTURE), f"data:image/png;base64,{image}")
    require(difference == 0, f"{what} is {difference} off")


def require_place(watch: Watched, title: str, way: str) -> None:
    """What the page says of where the slider is."""
    said = f"{watch.text('#about-place')} {watch.text('#about-way')}"
    require(said == f"{title} {way}", f"the page says {said}, expected {title} {way}")
    spoken = watch.page.get_attribute(SLIDER, "aria-valuetext")
    require(spoken.endswith(f": {title}"), f"the slider says {spoken}, expected {title}")
    require(watch.text("#about-caption").endswith("."), f"nothing explains {title}")


def open_tab(watch: Watched, place: str = "") -> dict:
    """The server's answer to what the tab asks."""
    with watch.page.expect_response("**/v1/steps*") as response:
        watch.open(f"about{place}")
    watch.page.wait_for_selector(f"{SLIDER}:not([disabled])")
    return response.value.json()


def check_way(watch: Watched, model: dict) -> None:
    """There and back by the keyboard, place by place."""
    page = watch.page
    answer = open_tab(watch)
    forward, back = answer["forward"], answer["back"]
    require_place(watch, "The image", "there →")
    require_drawn(watch, forward[0]["image"], "the image")
    page.focus(SLIDER)
    for frame in forward[1:]:
        page.keyboard.press("ArrowRight")
        require_place(watch, f"Level {frame['level']}, step {frame['step']} of {frame['steps']}", "there →")
        require_drawn(watch, frame["image"], f"step {frame['step']} of level {frame['level']}")
        is_split = frame["step"] == frame["steps"] and frame["level"] < len(model["latentShapes"])
        require(is_split == watch.text("#about-caption").startswith("Split"), f"the page says of {frame['level']}: {watch.text('#about-caption')}")
    page.keyboard.press("ArrowRight")
    require_place(watch, "The latents", "there →")
    require_drawn(watch, answer["latents"], "the latents")
    for frame in back[:-1]:
        page.keyboard.press("ArrowLeft")
        require_place(watch, f"Level {frame['level']}, step {frame['step']} of {frame['steps']}", "← back")
        require_drawn(watch, frame["image"], f"step {frame['step']} of level {frame['level']} on the way back")
        require(float(watch.text("#about-error")) >= 0, "an error on the way back is none")
    page.keyboard.press("ArrowLeft")
    require_place(watch, "The image again", "← back")
    require_drawn(watch, forward[0]["image"], "the image after the way back")
    require("not one value differs" in watch.text("#about-caption"), f"after the way back the page says {watch.text('#about-caption')}")
    dimensions = model["width"] * model["height"] * model["channels"]
    require(sum(map(prod, model["latentShapes"])) == dimensions, "the latents are not as many as the image's values")
    for words in ("#about-differing", "#about-latents"):
        require(f"{dimensions:,}" in watch.text(words), f"{words} says {watch.text(words)}, expected {dimensions:,}")
    require(watch.text("#about-differing").startswith("0 of "), f"values differ: {watch.text('#about-differing')}")
    watch.wait_for_text("#about-bits", "bits/dim")


def check_play(watch: Watched) -> None:
    page = watch.page
    page.click("#about-play")
    watch.eventually(lambda: int(page.input_value(SLIDER)) >= 2, "playing moves nothing")
    page.click("#about-play")
    require(watch.text("#about-play") == "Play", "it goes on to play")


def check_diagram(watch: Watched) -> None:
    page = watch.page
    steps = page.locator(".flow-step")
    require(steps.count() == int(page.get_attribute(SLIDER, "max")), "the diagram has not a bar for each place")
    page.focus(SLIDER)
    page.keyboard.press("Home")
    steps.nth(2).click()
    require(page.locator(".flow-step.is-here").count() == 1, "the diagram lights not one place")
    place, bar = page.input_value(SLIDER), page.locator(".flow-step.is-here").bounding_box()
    slider = page.locator(SLIDER).bounding_box()
    thumb = slider["x"] + 9 + (slider["width"] - 18) * int(place) / int(page.get_attribute(SLIDER, "max"))
    require(abs(bar["x"] + bar["width"] / 2 - thumb) <= 1, f"the bar that is lit, {bar}, is not above the slider's thumb, {thumb}")


def check_address(watch: Watched) -> None:
    page = watch.page
    open_tab(watch, "?image=3&at=2&way=back")
    watch.wait_for_text("#about-note", "Image 3")
    place = watch.text("#about-place")
    require(watch.text("#about-way") == "← back", "the address forgets the way")
    page.focus(SLIDER)
    page.keyboard.press("ArrowLeft")
    wait_for_field(watch, "at", "1")
    page.click("#undo")
    watch.wait_for_text("#about-place", place)
    page.reload()
    page.wait_for_selector(f"{SLIDER}:not([disabled])")
    require(watch.text("#about-place") == place, "a reload forgets the place")


def check_files(watch: Watched, files: Path) -> None:
    page = watch.page
    page.set_input_files("#about-file", files / "large.jpg")
    use_middle(watch)
    watch.wait_for_text("#about-note", "large.jpg · 1000×700: cropped")
    with watch.refused():
        page.set_input_files("#about-file", files / "damaged.png")
        watch.wait_for_text("#about-status", "not a picture")
    require("large.jpg" in watch.text("#about-note"), "a file that is refused replaces the image")


def check_sample(watch: Watched) -> None:
    page = watch.page
    slider = "#about-sample-at"
    page.wait_for_selector(f"{slider}:not([disabled])")
    latents = drawn(watch, SAMPLE)
    page.focus(slider)
    page.keyboard.press("End")
    require(watch.text("#about-sample-place") == "The sample", f"at the end the page says {watch.text('#about-sample-place')}")
    require(drawn(watch, SAMPLE) != latents, "a sample looks like its latents")
    page.click("#about-sample-new")
    watch.wait_for_text("#about-sample-place", "Latents of the sample")
    require(drawn(watch, SAMPLE) != latents, "another sample has the same latents")
    wait_for_field(watch, "seed", "1")
