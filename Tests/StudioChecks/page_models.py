"""A server of several models: the choice, and that every tab follows it."""

from browser import Watched, require
from page_edit import open_gallery
from page_sample import GRID, wait_until_drawn


def check(watch: Watched, color: dict, gray: dict) -> None:
    """A color model first, then a gray one with classes."""
    page = watch.page
    watch.open("sample")
    wait_until_drawn(watch)
    options = page.locator("#model option").all_text_contents()
    require(options == [color["name"], gray["name"]], f"the models to choose from are {', '.join(options)}")
    require_model(watch, color)
    first = watch.sources(GRID)
    choose(watch, gray)
    require_model(watch, gray)
    require(not set(watch.sources(GRID)) & set(first), "another model draws the same samples")
    check_tabs(watch, gray)
    watch.require_accessible("A choice of models")

    page.reload()
    page.wait_for_selector("#training-run option", state="attached")
    require(page.input_value("#model") == gray["name"], "the choice of a model is forgotten")
    watch.show("sample")
    wait_until_drawn(watch)
    require_model(watch, gray)
    choose(watch, color)
    require_model(watch, color)
    require(watch.sources(GRID) == first, "the first model draws other samples after a choice of another")
    check_late_answer(watch, color, gray)


def choose(watch: Watched, model: dict) -> None:
    """From the tab "Sample"."""
    watch.page.select_option("#model", model["name"])
    watch.eventually(lambda: model["name"] in watch.page.title(), "another model is not shown")
    wait_until_drawn(watch)


def require_model(watch: Watched, model: dict) -> None:
    """What the tabs hold is this model's."""
    page = watch.page
    require(page.title() == f"Sample · {model['name']} · Glow Studio", f"the title is {page.title()}")
    require(model["summary"] in watch.text("#model-facts"), f"the header does not tell of {model['name']}")
    size = page.eval_on_selector(GRID, "image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])")
    require(size == [model["width"], model["height"]], f"the samples are of {size}")
    require(page.is_visible("#sample-class-field") == bool(model["labels"]), "the choice of class is not the model's")
    levels = page.locator("#sample-levels input").count()
    require(levels == len(model["latentShapes"]), f"there are {levels} levels")


def check_tabs(watch: Watched, model: dict) -> None:
    page = watch.page
    bodies = watch.requests_to(f"/v1/edit?model={model['name']}")
    watch.show("edit")
    watch.wait_for_text("#edit-note", "Image 0")
    require(bodies, "an edit is asked of another model")
    sliders = page.locator("#edit-attributes input").count()
    require(sliders == len(model["attributes"]), f"there are {sliders} sliders of attributes")
    open_gallery(watch, "edit")
    require(model["data"]["name"] in watch.text("#edit-gallery summary"), "the images are those of another model")
    watch.show("mix")
    page.wait_for_selector("#mix-picture[src]")
    watch.show("score")
    page.click("#score-data")
    watch.wait("document.querySelectorAll('#score-rows td.number').length === 16 * 4")
    watch.show("training")
    page.wait_for_selector("#training-run option", state="attached")


def check_late_answer(watch: Watched, color: dict, gray: dict) -> None:
    """What was asked of a model before another was chosen is not shown as the other's."""
    held = []
    watch.page.route(f"**/v1/sample?model={color['name']}", lambda route: held.append(route))
    watch.page.click("#sample-new-seed")
    watch.eventually(lambda: held, "no samples are asked for")
    choose(watch, gray)
    for route in held:
        route.abort()
    watch.page.unroute(f"**/v1/sample?model={color['name']}")
    require_model(watch, gray)


def check_attributes(watch: Watched, models: list[dict]) -> None:
    """What the page says of models without attributes: none, stale ones, and those of another."""
    page = watch.page
    watch.open("edit")
    for model, kind, words in zip(
            models, ["none", "stale", "otherModel"],
            ["holds no attributes.safetensors", "directions are stale", "those of another model"], strict=True):
        page.select_option("#model", model["name"])
        watch.wait_for_text("#edit-attributes-problem", words)
        problem = model["attributesProblem"]
        require(problem["kind"] == kind, f"the attributes of {model['name']} are {problem['kind']}, expected {kind}")
        require(watch.text("#edit-attributes-command") == problem["command"], "the page gives another command")
        watch.require_accessible(f"Edit where attributes are {kind}")


def check_one(watch: Watched) -> None:
    """A server of one model has no choice to make."""
    bodies = watch.requests_to("/v1/sample")
    watch.open("sample")
    wait_until_drawn(watch)
    require(not watch.page.is_visible("#model-field"), "there is a choice of one model")
    require(bodies, "a server of one model is asked for it by name")
