"""A headless browser whose pages are watched: whatever goes wrong in one that was not expected fails the check."""

import base64
import io
import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Download, Error, Page, Playwright, Request

from server import CheckFailure

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DESKTOP = {"width": 1200, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE = 15_000  # milliseconds, on a busy machine


def launch(playwright: Playwright, *more: str) -> Browser:
    if not Path(CHROMIUM).exists():
        raise CheckFailure(f"{CHROMIUM} is missing: Scripts/setup-studio-checks.sh installs it")
    # Chromium's sandbox does not work for root.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*flags, *more])


def require(is_so: object, what: str) -> None:
    if not is_so:
        raise CheckFailure(what)


class Watched:
    """A page of the server and all complaints about it."""

    def __init__(self, page: Page, address: str):
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        self.refusals: list[str] = []
        self._origin = urlsplit(address).netloc
        page.set_default_timeout(PATIENCE)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(f"an error in the page: {error}"))
        page.on("request", self._on_request)
        page.on("requestfailed", self._on_failure)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        # What Chromium says of every answer with an error status, and of every request without an answer.
        is_refusal = message.text.startswith("Failed to load resource")
        (self.refusals if is_refusal else self.complaints).append(f"on the console: {message.text}")

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.netloc != self._origin:
            self.complaints.append(f"a request to another site: {request.url}")

    def _on_failure(self, request: Request) -> None:
        # The page itself gives up the stream of a run, and what was asked of a model, that is no longer looked at; the browser the
        # icon, which it asks for again whenever the address changes, when it leaves the page.
        is_of_page = "/v1/" in request.url or request.url.startswith("blob:") or request.url.endswith("/icon.svg")
        is_given_up = request.failure == "net::ERR_ABORTED" and is_of_page
        if not is_given_up:
            self.refusals.append(f"a request failed, {request.failure}: {request.url}")

    @contextmanager
    def refused(self):
        """Within, the server refuses something, as it should."""
        self.require_quiet()
        yield
        require(self.refusals, "nothing was refused")
        self.refusals.clear()

    def require_quiet(self) -> None:
        found = self.complaints + self.refusals
        require(not found, "; ".join(found))

    def open(self, tab: str) -> None:
        self.page.goto(f"{self.address}/#{tab}")
        self.page.wait_for_selector(f"#panel-{tab.partition('?')[0]}:not([hidden])")

    def show(self, tab: str) -> None:
        self.page.click(f"#tab-{tab}")
        self.page.wait_for_selector(f"#panel-{tab}:not([hidden])")

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector).strip()

    def source(self, selector: str) -> str:
        return self.page.get_attribute(selector, "src")

    def sources(self, selector: str) -> list[str]:
        return self.page.eval_on_selector_all(selector, "images => images.map(image => image.src)")

    def eventually(self, holds: Callable[[], bool], what: str) -> None:
        """Waits until what the page makes the browser do has been done."""
        end = time.monotonic() + PATIENCE / 1000
        while not holds():
            require(time.monotonic() < end, what)
            self.page.wait_for_timeout(50)

    def wait(self, condition: str, argument: object = None) -> None:
        """Until a condition in JavaScript holds.

        Playwright's own waiting evaluates text within the page, which the page's security policy forbids.
        """
        self.eventually(lambda: self.page.evaluate(condition, argument), f"this does not come true: {condition}")

    def wait_for_text(self, selector: str, words: str) -> None:
        self.eventually(lambda: words in self.text(selector), f"{selector} does not say: {words}")

    def wait_for_source(self, selector: str, source: str) -> None:
        self.eventually(lambda: self.source(selector) == source, f"{selector} does not show the picture that it should")

    def wait_for_other(self, selector: str, source: str) -> str:
        """The picture that an image shows in place of that of `source`."""
        self.eventually(lambda: self.source(selector) != source, f"{selector} goes on to show the same picture")
        return self.source(selector)

    def downloaded(self, selector: str) -> Download:
        """What a click downloads."""
        with self.page.expect_download() as download:
            self.page.click(selector)
        return download.value

    def requests_to(self, path: str) -> list[dict]:
        """The bodies of the requests to an address from now on."""
        bodies: list[dict] = []

        def note(request: Request) -> None:
            if request.url.endswith(path):
                bodies.append(request.post_data_json)

        self.page.on("request", note)
        return bodies

    def require_accessible(self, where: str) -> None:
        """Of one width with the window, and without a violation that axe finds."""
        overflow = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        require(overflow <= 0, f"{where} is {overflow} pixels wider than the window")
        for violation in Axe().run(self.page).response["violations"]:
            nodes = ", ".join(node["html"][:160] for node in violation["nodes"][:3])
            raise CheckFailure(f"{where}: axe says {violation['id']}, {violation['help']}: {nodes}")


@contextmanager
def watched(browser: Browser, address: str, viewport: dict = DESKTOP, scheme: str = "light"):
    """A page that has not been opened yet; at the end nothing may have gone wrong in it."""
    context = browser.new_context(viewport=viewport, color_scheme=scheme)
    watch = Watched(context.new_page(), address)
    try:
        yield watch
        watch.require_quiet()
    except Error as error:
        raise CheckFailure("; ".join([error.message, *watch.complaints, *watch.refusals])) from error
    finally:
        context.close()


def pixels(source: str) -> Image.Image:
    """The picture of a data URL."""
    return Image.open(io.BytesIO(base64.b64decode(source.split(",", 1)[1]))).convert("RGB")


def largest_difference(one: str, other: str) -> int:
    """Between the values of two pictures' pixels, 0 to 255."""
    pairs = zip(pixels(one).tobytes(), pixels(other).tobytes(), strict=True)
    return max(abs(a - b) for a, b in pairs)
