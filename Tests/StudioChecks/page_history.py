"""What was made lately, pictures large, and the models' cards."""

from browser import Watched, require
from page_address import fields, wait_for_field
from page_sample import GRID, enter, wait_until_drawn

THUMBS = "#history-list img"


def check(watch: Watched) -> None:
    page = watch.page
    watch.open("sample")
    wait_until_drawn(watch)
    page.wait_for_selector("#pin:not([disabled])")
    first = watch.sources(GRID)
    require(not page.is_visible("#history"), "there is a history of one result")
    for seed in (1, 2):
        enter(watch, "#sample-seed", seed)
        wait_until_drawn(watch)
        watch.eventually(lambda: len(watch.sources(THUMBS)) == seed + 1, f"the result of seed {seed} is not kept")
    names = page.eval_on_selector_all(THUMBS, "images => images.map(image => image.alt)")
    require(names == [f"16 samples, seed {seed}" for seed in (0, 1, 2)], f"the results are called {names}")
    require(page.locator("#history-list [aria-current]").count() == 1, "the result that is shown is not marked")
    watch.require_accessible("A history of results")
    check_comparing(watch)
    check_going_back(watch, first)
    check_pinning(watch)
    check_large(watch)


def check_comparing(watch: Watched) -> None:
    page = watch.page
    page.click("#history-list li:nth-child(1) button")
    page.wait_for_selector("#compare[open]")
    said = [watch.text(f"#compare-{place}-name") for place in ("then", "now")]
    require(said == ["Then: 16 samples, seed 0", "Now: 16 samples, seed 2"], f"side by side are {said}")
    watch.require_accessible("Two results side by side")


def check_going_back(watch: Watched, first: list[str]) -> None:
    page = watch.page
    page.click("#compare-return")
    wait_for_field(watch, "seed", "0")
    watch.wait_for_source(GRID, first[0])
    wait_until_drawn(watch)
    page.click("#undo")
    wait_for_field(watch, "seed", "2")
    wait_until_drawn(watch)


def check_pinning(watch: Watched) -> None:
    """A pinned result comes first and outlives twenty others; a reload forgets none."""
    page = watch.page
    page.click("#pin")
    pinned = page.get_attribute("#history-list li:nth-child(1) img", "alt")
    require(pinned == "16 samples, seed 2", f"the first in the strip is {pinned}")
    page.evaluate("""() => {
        const all = JSON.parse(sessionStorage.getItem("glow-studio-history"));
        for (let seed = 100; seed < 125; seed += 1) all.push({ ...all[0], isPinned: false, name: `seed ${seed}`, hash: `#sample?seed=${seed}` });
        sessionStorage.setItem("glow-studio-history", JSON.stringify(all));
    }""")
    page.reload()
    wait_until_drawn(watch)
    enter(watch, "#sample-seed", 3)
    wait_until_drawn(watch)
    watch.eventually(lambda: len(watch.sources(THUMBS)) == 21, "the strip does not hold twenty results and the pinned one")
    names = page.eval_on_selector_all(THUMBS, "images => images.map(image => image.alt)")
    require(names[0] == pinned and names[-1] == "16 samples, seed 3", f"the strip holds {names}")


def check_large(watch: Watched) -> None:
    """A second click on a sample shows it large; the arrow keys go on to the others."""
    page = watch.page
    sources = watch.sources(GRID)
    for _ in range(2):
        page.click("#sample-grid button:nth-child(3)")
    page.wait_for_selector("#enlarged[open]")
    require(watch.source("#enlarged-picture") == sources[2], "another picture is large")
    page.keyboard.press("ArrowRight")
    require(watch.source("#enlarged-picture") == sources[3], "the arrow key does not go on to the next picture")
    require(watch.text("#enlarged-name") == "Sample 4", f"it is called {watch.text('#enlarged-name')}")
    page.check("#enlarged-smooth")
    require(page.is_checked("#smooth"), "smooth pictures are smooth in one place only")
    require(not page.evaluate("document.documentElement.classList.contains('is-pixelated')"), "they stay hard")
    page.uncheck("#enlarged-smooth")
    watch.require_accessible("A large picture")
    page.keyboard.press("Escape")
    require(not page.is_visible("#enlarged"), "Escape does not close it")


def check_cards(watch: Watched, models: list[dict]) -> None:
    """A card for each model; one takes to it."""
    page = watch.page
    watch.open("models")
    watch.eventually(
        lambda: page.locator("#model-cards img:visible").count() == len(models), "the models' samples do not come")
    titles = page.locator("#model-cards h3").all_inner_texts()
    require(titles == [model["name"] for model in models], f"the cards are those of {titles}")
    require(page.locator("#model-cards button:disabled").count() == 1, "not one model is in use")
    watch.require_accessible("The models' cards")
    other = models[1]["name"]
    page.click(f"#model-cards li[data-model='{other}'] button")
    watch.eventually(lambda: page.title() == f"Models · {other} · Glow Studio", "the card does not take to its model")
    require(page.input_value("#model") == other, "the choice of a model does not follow the cards")
    watch.eventually(lambda: fields(watch).get("model") == other, "the address does not name the model")
