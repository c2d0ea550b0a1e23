"""What the page does when the server wants a token, is busy, or is gone; and how its tabs are reached by keyboard."""

from urllib.parse import urlsplit

from browser import Watched, require
from page_sample import wait_until_drawn

BUSY = '{"type": "about:blank", "title": "Too Many Requests", "status": 429, "detail": "too many images wait"}'


def check_tabs(watch: Watched) -> None:
    page = watch.page
    page.goto(watch.address)
    wait_until_drawn(watch)
    watch.eventually(lambda: urlsplit(page.url).fragment.startswith("sample?"), f"the page opens at {page.url}")
    page.keyboard.press("Tab")
    require(page.evaluate("document.activeElement.id") == "skip-link", "the first stop is not the link to the content")
    page.keyboard.press("Enter")
    require(page.evaluate("document.activeElement.id") == "main", "the link to the content does not lead there")
    page.focus("#tab-sample")
    for key, tab in [("ArrowRight", "edit"), ("End", "about"), ("ArrowRight", "sample"), ("ArrowLeft", "about")]:
        page.keyboard.press(key)
        page.wait_for_selector(f"#panel-{tab}:not([hidden])")
        require(page.evaluate("document.activeElement.id") == f"tab-{tab}", f"{key} does not move the focus to {tab}")
        require(page.title().startswith(watch.text(f"#tab-{tab}")), f"the title on {tab} is {page.title()}")


def check_busy(watch: Watched) -> None:
    """A server that is busy once is asked again after the time that it names."""
    answers = [BUSY]

    def answer(route) -> None:
        if answers:
            headers = {"Retry-After": "1"}
            route.fulfill(status=429, body=answers.pop(), headers=headers, content_type="application/problem+json")
        else:
            route.continue_()

    watch.page.route("**/v1/sample", answer)
    with watch.refused():
        watch.open("sample")
        wait_until_drawn(watch)
    require(watch.text("#sample-status") == "", "the page complains of a server that was busy once")
    watch.page.unroute("**/v1/sample")


def check_gone(watch: Watched) -> None:
    """A server that does not answer is named, and tried again when told to."""
    watch.page.route("**/v1/sample", lambda route: route.abort())
    with watch.refused():
        watch.page.click("#sample-draw")
        watch.wait_for_text("#sample-status", "The server does not answer.")
    watch.require_accessible("Sample without a server")
    watch.page.unroute("**/v1/sample")
    watch.page.click("#sample-status .retry")
    watch.wait("document.querySelector('#sample-status').innerText === ''")


def check_token(watch: Watched, token: str) -> None:
    page = watch.page
    with watch.refused():
        page.goto(watch.address)
        page.wait_for_selector("#token-dialog[open]")
        watch.require_accessible("The dialog that asks for a token")
        page.click("#token-cancel")
        watch.wait_for_text("#server-status", "The server needs a token.")
        page.click("#server-status .retry")
        page.fill("#token", "another token than that")
        page.keyboard.press("Enter")
        watch.wait("document.querySelector('#token-status').innerText !== ''")
        page.fill("#token", token)
        page.keyboard.press("Enter")
        wait_until_drawn(watch)
    page.reload()
    wait_until_drawn(watch)


def check_token_in_address(watch: Watched, token: str) -> None:
    watch.page.goto(f"{watch.address}/#token={token}")
    wait_until_drawn(watch)
    watch.eventually(
        lambda: urlsplit(watch.page.url).fragment.startswith("sample?"), f"the address stays {watch.page.url}")
    require(token not in watch.page.url, "the token stays in the address")
