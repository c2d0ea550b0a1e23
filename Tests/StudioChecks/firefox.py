"""Drives a headless Firefox as Debian ships it, by WebDriver BiDi, which Playwright does not speak."""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

from server import CheckFailure

FIREFOX = os.environ.get("FIREFOX", "firefox-esr")
START_SECONDS = 60
PATIENCE = 30  # seconds, on a busy machine
POLL = 0.05
SCHEMES = ["dark", "light"]  # in the order of their numbers in Firefox
EVENTS = ["log.entryAdded", "network.responseCompleted"]
LEFT_BUTTON = 0
KEYS = {"ArrowRight": "\ue014", "End": "\ue010", "Escape": "\ue00c", "Home": "\ue011"}


def is_there() -> bool:
    return shutil.which(FIREFOX) is not None


class Page:
    """A window of Firefox, and all complaints about what it shows."""

    def __init__(self, socket: ClientConnection, origin: str):
        self._socket = socket
        self._number = 0
        self._origin = urlsplit(origin).netloc
        self.complaints: list[str] = []
        self._send("session.new", capabilities={})
        self._context = self._send("browsingContext.getTree")["contexts"][0]["context"]
        self._send("session.subscribe", events=EVENTS)

    def _send(self, method: str, **parameters: object) -> dict:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            try:
                message = json.loads(self._socket.recv(PATIENCE))
            except TimeoutError as error:
                raise CheckFailure(f"Firefox does not answer {method}") from error
            if message.get("type") == "event":
                self._note(message["method"], message["params"])
            elif message.get("id") == self._number:
                if message["type"] == "error":
                    raise CheckFailure(f"Firefox does not {method}: {message['message']}")
                return message["result"]

    def _note(self, event: str, told: dict) -> None:
        if event == "log.entryAdded":
            if told["level"] in ("error", "warn"):
                self.complaints.append(f"on the console: {told['text']}")
            return
        url, status = told["request"]["url"], told["response"]["status"]
        if status >= 400:
            self.complaints.append(f"{url} answers {status}")
        address = urlsplit(url)
        if address.scheme in ("http", "https") and address.netloc != self._origin:
            self.complaints.append(f"a request to another site: {url}")

    def open(self, address: str) -> None:
        # Another fragment alone would not load the page.
        self._send("browsingContext.navigate", context=self._context, url="about:blank", wait="complete")
        self._send("browsingContext.navigate", context=self._context, url=address, wait="complete")

    def resize(self, width: int, height: int) -> None:
        viewport = {"width": width, "height": height}
        self._send("browsingContext.setViewport", context=self._context, viewport=viewport)

    def value(self, expression: str) -> object:
        """Of JavaScript, as JSON has it."""
        found = self._send(
            "script.evaluate", expression=f"JSON.stringify({expression})", target={"context": self._context}, awaitPromise=True)
        if found["type"] == "exception":
            raise CheckFailure(f"{expression}: {found['exceptionDetails']['text']}")
        return json.loads(found["result"].get("value", "null"))

    def wait(self, condition: str, what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self.value(f"Boolean({condition})"):
            if time.monotonic() > end:
                raise CheckFailure("; ".join([what, *self.complaints]))
            time.sleep(POLL)

    def _place(self, selector: str, across: float, down: float) -> dict:
        """In the window, after the element has been brought there."""
        element = f"document.querySelector({json.dumps(selector)})"
        self.wait(element, f"there is no {selector}")
        left, top, width, height = self.value(
            f"(() => {{ const one = {element}; one.scrollIntoView({{ block: 'center', behavior: 'instant' }});"
            " const { left, top, width, height } = one.getBoundingClientRect(); return [left, top, width, height]; })()")
        return {"type": "pointerMove", "x": round(left + across * width), "y": round(top + down * height)}

    def _point(self, *actions: dict) -> None:
        source = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": list(actions)}
        self._send("input.performActions", context=self._context, actions=[source])

    def point(self, selector: str, across: float = 0.5, down: float = 0.5) -> None:
        self._point(self._place(selector, across, down))

    def click(self, selector: str) -> None:
        press, release = ({"type": kind, "button": LEFT_BUTTON} for kind in ("pointerDown", "pointerUp"))
        self._point(self._place(selector, 0.5, 0.5), press, release)

    def drag(self, selector: str, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Between two places of an element, as parts of its size."""
        self._point(self._place(selector, *start), {"type": "pointerDown", "button": LEFT_BUTTON})
        self._point(self._place(selector, *end) | {"duration": 200}, {"type": "pointerUp", "button": LEFT_BUTTON})

    def press(self, selector: str, key: str) -> None:
        self.value(f"document.querySelector({json.dumps(selector)}).focus()")
        actions = [{"type": kind, "value": KEYS[key]} for kind in ("keyDown", "keyUp")]
        self._send("input.performActions", context=self._context, actions=[{"type": "key", "id": "keys", "actions": actions}])

    def screenshot(self, file: Path) -> None:
        shot = self._send("browsingContext.captureScreenshot", context=self._context, origin="document")
        file.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def firefox(origin: str, scheme: str) -> Iterator[Page]:
    """A page of a Firefox of its own, with a profile that is removed at the end. `origin` is the only site that it may ask."""
    with tempfile.TemporaryDirectory(prefix="glow-firefox-", ignore_cleanup_errors=True) as profile:
        preferences = {"layout.css.prefers-color-scheme.content-override": SCHEMES.index(scheme), "app.update.enabled": False}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()]
        Path(profile, "user.js").write_text("".join(lines))
        command = [FIREFOX, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank"]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=os.environ | {"HOME": profile})
        try:
            # What Firefox writes may be more than a pipe holds.
            address = _address(process)
            threading.Thread(target=process.stderr.read, daemon=True).start()
            with connect(f"{address}/session", max_size=None, open_timeout=START_SECONDS) as socket:
                yield Page(socket, origin)
        finally:
            process.terminate()
            try:
                process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process: subprocess.Popen) -> str:
    """From the line that Firefox writes once it listens."""
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    try:
        for line in process.stderr:
            if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
                return found[1]
    finally:
        watchdog.cancel()
    raise CheckFailure("Firefox did not start")
