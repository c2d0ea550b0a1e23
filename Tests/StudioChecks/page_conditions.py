"""The tabs "Sample", "Edit" and "Mix" of a model that is told attributes."""

from browser import Watched, require
from page_sample import GRID, drawn, wait_until_drawn

USUAL = 2  # how strongly the page tells the model, at first


def check(watch: Watched, model: dict) -> None:
    names = model["conditions"]
    require(len(names) > 1, f"the model is told {names}, expected some attributes")
    check_samples(watch, *names[:2])
    check_edits(watch, names[0])
    check_mixes(watch, names[0])


def press(watch: Watched, tab: str, name: str) -> str:
    """Clicks a button, and gives back what it says then."""
    button = f"#{tab}-conditions [data-condition={name}]"
    watch.page.click(button)
    return watch.page.get_attribute(button, "aria-label")


def check_samples(watch: Watched, first: str, second: str) -> None:
    page = watch.page
    watch.open("sample")
    wait_until_drawn(watch)
    bodies = watch.requests_to("/v1/sample")
    silent = watch.sources(GRID)
    sheets = [drawn(watch, lambda: press(watch, "sample", first)) for _ in range(2)]
    require(sheets[0] != silent and sheets[1] not in (silent, sheets[0]), "what the model is told changes no samples")
    drawn(watch, lambda: press(watch, "sample", second))
    require(
        [body["conditions"] for body in bodies] == [{first: USUAL}, {first: -USUAL}, {first: -USUAL, second: USUAL}],
        f"the page asks for {bodies}")
    require(drawn(watch, lambda: press(watch, "sample", first)) != silent, "only one attribute was taken back")
    page.locator(GRID).nth(1).click()
    page.wait_for_selector("#sample-variations img")
    require(bodies[-1]["like"]["sample"]["conditions"] == {second: USUAL}, "variations are told something else than their sample")
    weak = watch.sources(GRID)
    require(drawn(watch, lambda: page.fill("#sample-condition-strength", "3")) != weak, "strength changes no samples")
    require(bodies[-1]["conditions"] == {second: 3}, f"the page asks for {bodies[-1]} at strength 3")
    watch.require_accessible("Sample with attributes")


def check_edits(watch: Watched, name: str) -> None:
    page = watch.page
    watch.open("edit")
    page.wait_for_selector("#edit-after[src]")
    require(not page.is_visible("#edit-no-attributes"), "the page says that there is nothing to edit")
    require(page.is_disabled("#edit-reset"), "there is something to reset at first")
    # Attributes that images hardly tell are folded away.
    page.evaluate("document.getElementById('edit-condition-more').open = true")
    before = page.get_attribute("#edit-after", "src")
    bodies = watch.requests_to("/v1/edit")
    words = []
    for _ in range(2):
        with page.expect_response("**/v1/edit"):
            words.append(press(watch, "edit", name))
    require(words == [f"{name}: with", f"{name}: without"], f"the button says {words}")
    require([body["conditions"] for body in bodies] == [{name: USUAL}, {name: -USUAL}], f"the page asks for {bodies}")
    watch.require_accessible("Edit with attributes")
    with page.expect_response("**/v1/edit"):
        page.click("#edit-reset")
    watch.eventually(lambda: page.get_attribute("#edit-after", "src") == before, "a reset leaves the edit")
    require("conditions" not in bodies[-1], "a reset tells the model something")


def check_mixes(watch: Watched, name: str) -> None:
    """Every mix is told the same, also those of the lattice and of the way."""
    page = watch.page
    watch.open("mix")
    page.wait_for_selector("#mix-legs img")
    page.evaluate("document.getElementById('mix-condition-more').open = true")
    plain, way = watch.source("#mix-picture"), watch.sources("#mix-legs img")
    bodies = watch.requests_to("/v1/interpolate")
    press(watch, "mix", name)
    watch.wait_for_other("#mix-picture", plain)
    watch.eventually(lambda: watch.sources("#mix-legs img") != way, "the way is told nothing")
    require(all(body["conditions"] == {name: USUAL} for body in bodies), f"the page asks for {bodies}")
    watch.require_accessible("Mix with attributes")
    page.click("#mix-reset")
    watch.wait_for_source("#mix-picture", plain)
