"""The question marks beside words, which explain them."""

from browser import Watched, require

BUBBLE = "#term-bubble"
# What is explained on a tab as it opens, of any model.
EXPLAINED = {"sample": ["temperature", "seed"], "edit": ["AUC"], "mix": ["spherical"], "training": ["bits/dim"], "about": ["latent"]}


def check(watch: Watched) -> None:
    for tab, terms in EXPLAINED.items():
        watch.open(tab)
        check_tab(watch, tab, terms)
    check_keyboard(watch)


def check_tab(watch: Watched, tab: str, terms: list[str]) -> None:
    page = watch.page
    for term in terms:
        page.wait_for_selector(f"#panel-{tab} [data-explains='{term}']")
    lacking = page.evaluate(
        "[...document.querySelectorAll('[data-term]')].map(element => element.dataset.term)"
        ".filter(term => !document.querySelector(`[data-explains='${term}']`))")
    require(not lacking, f"nothing explains {lacking}")
    buttons = page.locator(f"#panel-{tab} .term:visible")
    for number in range(buttons.count()):
        button = buttons.nth(number)
        button.press("Enter")
        require(button.get_attribute("aria-expanded") == "true", f"a question mark of {tab} does not say that it is open")
        require_one_within(watch)
    watch.require_accessible(f"An explanation in {tab}")
    page.keyboard.press("Escape")
    buttons.first.click()
    buttons.first.click()
    require(not page.is_visible(BUBBLE), "a second click leaves the explanation")


def require_one_within(watch: Watched) -> None:
    """One explanation, all of it within the window, and not over its question mark."""
    page = watch.page
    require(page.locator(".term[aria-expanded=true]").count() == 1, "more than one explanation is open")
    box, opened = page.locator(BUBBLE).bounding_box(), page.locator(".term[aria-expanded=true]").bounding_box()
    size = page.evaluate("({ width: document.documentElement.clientWidth, height: document.documentElement.clientHeight })")
    require(
        box["x"] >= 0 and box["y"] >= 0 and box["x"] + box["width"] <= size["width"] and box["y"] + box["height"] <= size["height"],
        f"an explanation leaves the window: {box} in {size}")
    require(
        box["y"] >= opened["y"] + opened["height"] or box["y"] + box["height"] <= opened["y"],
        f"an explanation covers its question mark: {box}, {opened}")
    require(opened["width"] >= 24 and opened["height"] >= 24, f"a question mark is too small: {opened}")
    require(page.locator(f"{BUBBLE} svg path").count() > 0, "an explanation lacks its picture")
    require(watch.text(BUBBLE).endswith("."), f"an explanation says: {watch.text(BUBBLE)}")


def check_keyboard(watch: Watched) -> None:
    page = watch.page
    watch.open("sample")
    button = "#sample-temperature .term"
    page.focus(button)
    page.keyboard.press("Enter")
    page.wait_for_selector(BUBBLE)
    page.keyboard.press("Escape")
    require(not page.is_visible(BUBBLE), "Escape leaves the explanation")
    require(page.locator(button).evaluate("button => button === document.activeElement"), "Escape takes the focus away")
    page.keyboard.press("Space")
    page.wait_for_selector(BUBBLE)
    page.keyboard.press("Tab")
    require(not page.is_visible(BUBBLE), "an explanation stays when the focus has gone on")
    group = page.get_attribute("#sample-temperature", "aria-label")
    require(group == "Temperature", f"the group of temperatures is named {group}")
