#!/usr/bin/env python3
"""Serves the page and the API through nginx, with the configuration of docs/studio.md: over a socket, and over a port with a token.
Also lets a page of another site use the API, as that page says.

Of the configuration only the port, the folder of the socket and that of the certificate are others. nginx runs on high ports as
whoever runs this. Where there is none, Debian's is fetched into .build/nginx, and not installed; without one this is skipped."""

import contextlib
import fcntl
import http.server
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from browser import DESKTOP, Watched, launch, require
from make_model import write_run
from server import ROOT, CheckFailure, serving

sys.path.insert(0, str(ROOT / "python"))
from swift_glow.client import Client, GlowError  # noqa: E402

PAGE = ROOT / "docs/studio.md"
FETCHED = ROOT / ".build/nginx"
NAME = "glow.example.org"
TOKEN = "a-token-for-the-checks"
# Whose samples take seconds, and come in several events.
MODEL = "faces"
FLAGS = ["--reference-limit", 0, "--threads", 1]
PATIENCE = 10
# The server looks twice a second.
LATE = 5

AROUND = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
{user}
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{configuration}
}}
"""


# nginx

def found_nginx() -> str | None:
    """Its program; None where there is none, and none can be had."""
    if found := shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"):
        return found
    program = FETCHED / "usr/sbin/nginx"
    if not program.exists() and shutil.which("apt-get") and shutil.which("dpkg"):
        FETCHED.mkdir(parents=True, exist_ok=True)
        fetched = subprocess.run(["apt-get", "download", "-qq", "nginx"], cwd=FETCHED, capture_output=True)
        for package in FETCHED.glob("nginx_*.deb") if fetched.returncode == 0 else []:
            subprocess.run(["dpkg", "-x", package, FETCHED], capture_output=True)
            package.unlink()
    works = program.exists() and subprocess.run([program, "-v"], capture_output=True).returncode == 0
    return str(program) if works else None


def block(language: str) -> str:
    """The only example of the page in a language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return found


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        require(text.count(old) == 1, f"{PAGE.name} has {old} {text.count(old)} times, expected once")
        text = text.replace(old, new)
    return text


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def make_certificate(folder: Path) -> None:
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1", "-keyout", folder / "glow.key", "-out",
         folder / "glow.crt"], capture_output=True, text=True)
    require(made.returncode == 0, f"openssl made no certificate: {made.stderr}")


@contextlib.contextmanager
def proxying(program: str, folder: Path, *changes: tuple[str, str]) -> Iterator[int]:
    """nginx with the page's configuration, changed. Gives its port."""
    port = free_port()
    configuration = replaced(
        block("nginx"), ("listen 443", f"listen 127.0.0.1:{port}"), ("/etc/ssl/glow.crt", str(folder / "glow.crt")),
        ("/etc/ssl/glow.key", str(folder / "glow.key")), *changes)
    file = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    file.write_text(AROUND.format(folder=folder, user=user, configuration=configuration))
    log = folder / "nginx.log"
    with log.open("w") as output:
        process = subprocess.Popen([program, "-e", "stderr", "-p", folder, "-c", file], stdout=output, stderr=output)
    try:
        end = time.monotonic() + PATIENCE
        while True:
            require(process.poll() is None, f"nginx ended: {log.read_text()}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            require(time.monotonic() < end, f"nginx does not listen: {log.read_text()}")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


# What goes through it

def check_api(port: int, certificate: Path, token: str | None, run: Path) -> None:
    context = ssl.create_default_context(cafile=certificate)
    # A stream is given up after ten times as long.
    client = Client(f"https://127.0.0.1:{port}", token, timeout=6, context=context)
    require(client.get_model().name == MODEL, "the proxy shows another model")
    check_samples(client)
    check_run(client, run)

    def status(origin: str) -> int:
        headers = {"Origin": origin, "Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(f"https://127.0.0.1:{port}/v1/sample", b'{"count": 1}', headers)
        try:
            with urllib.request.urlopen(request, timeout=60, context=context) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    require(status(f"https://127.0.0.1:{port}") == 200, "its own page is refused")
    for origin in ("https://evil.example", f"http://127.0.0.1:{port + 1}", "null"):
        require(status(origin) == 403, f"a page of {origin} is let in")

    # Of nginx's own refusals nobody knows what is wrong.
    for size, expected in ((5_900_000, "no picture"), (6_050_000, "larger than")):
        try:
            client.score(bytes(size))
            raise CheckFailure(f"{size} zeros are scored")
        except GlowError as error:
            require(error.detail != "" and "does not say" not in error.detail, f"nginx refuses {size} bytes: {error}")
            is_large = error.status == 413
            require(is_large == (expected == "larger than"), f"{size} bytes are refused as {error}")


def check_samples(client: Client) -> None:
    """The first come long before the last."""
    start = time.monotonic()
    times = [time.monotonic() - start for event in client.sample_events(count=64) if event.event == "images"]
    whole = time.monotonic() - start
    require(len(times) > 2, f"all samples came in {len(times)} events")
    require(times[0] < 0.6 * times[-1], f"of samples in {whole:.1f} s the first came after {times[0]:.1f} s: events are held back")


def check_run(client: Client, run: Path) -> None:
    """Of a run in training each line comes when it is written, and small as it is."""
    lock = os.open(run / "checkpoints", os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    events = client.get_run_metrics(run.name)
    metrics = run / "metrics.jsonl"
    try:
        before = metrics.read_text()
        for event in events:
            if event.event == "metrics":
                break
        for number in range(3):
            written = time.monotonic()
            with metrics.open("a") as file:
                file.write(before.replace('"images": 100', f'"images": {200 + number}'))
            event = next(event for event in events if event.event == "metrics")
            late = time.monotonic() - written
            require(event.data["images"] == 200 + number and late < LATE, f"a line of a run comes after {late:.1f} s")
    except OSError as error:
        raise CheckFailure(f"the events of a run are held back: {error}") from error
    finally:
        events.close()
        os.close(lock)
        metrics.write_text(before)


def check_page(browser: Browser, port: int, token: str | None) -> None:
    context = browser.new_context(viewport=DESKTOP, ignore_https_errors=True)
    watch = Watched(context.new_page(), f"https://{NAME}:{port}")
    watch.page.goto(f"{watch.address}/" + (f"#token={token}" if token else ""))
    watch.page.wait_for_selector("#sample-grid img")
    watch.require_quiet()
    protocol = watch.page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol")
    require(protocol == "h2", f"the browser speaks {protocol}, expected h2")
    # It has the camera, and can make films.
    require(watch.page.evaluate("isSecureContext"), "the page is in no secure context")
    context.close()


# Another site

class Blank(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Another site</title><link rel=icon href=data:,>")

    def log_message(self, *_: object) -> None:
        pass


def check_other_site(browser: Browser) -> None:
    """The example of the page, from a site that is let in and from one that is not."""
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    allowed, other = (f"http://{host}:{site.server_port}" for host in ("127.0.0.1", "localhost"))
    with serving(MODEL, *FLAGS, "--allow-origin", allowed) as server:
        code = replaced(block("js"), ("http://127.0.0.1:8080", server.address))
        page = browser.new_page()
        page.goto(allowed)
        count = page.evaluate(f"async () => {{ {code}\nreturn images.length; }}")
        require(count == 4, f"another site gets {count} images, expected 4")
        page.goto(other)
        failed = page.evaluate(f"async () => {{ try {{ {code}\nreturn false; }} catch (error) {{ return error instanceof TypeError; }} }}")
        require(failed, f"{other} is let in, where only {allowed} is")
        page.close()
    site.shutdown()


def main() -> None:
    start = time.monotonic()
    nginx = found_nginx()
    if nginx is None:
        print("Proxy: skipped, for there is no nginx, and Debian's cannot be fetched")
    try:
        with tempfile.TemporaryDirectory(prefix="glow-proxy-") as name, sync_playwright() as playwright:
            folder = Path(name)
            browser = launch(playwright, f"--host-resolver-rules=MAP {NAME} 127.0.0.1")
            check_other_site(browser)
            if nginx is not None:
                make_certificate(folder)
                run = write_run(folder / "runs/live", [3.5])
                (run / "checkpoints").mkdir()
                flags = [*FLAGS, "--runs", run.parent]
                file = folder / "glow.sock"
                with serving(MODEL, *flags, "--socket", file), proxying(nginx, folder, ("/run/glow/glow.sock", str(file))) as port:
                    check_api(port, folder / "glow.crt", None, run)
                    check_page(browser, port, None)
                with serving(MODEL, *flags, token=TOKEN) as server:
                    place = server.address.removeprefix("http://")
                    with proxying(nginx, folder, ("unix:/run/glow/glow.sock", place)) as port:
                        check_api(port, folder / "glow.crt", TOKEN, run)
                        check_page(browser, port, TOKEN)
            browser.close()
    except CheckFailure as failure:
        sys.exit(f"check_proxy: {failure}")
    if nginx is not None:
        print(f"Proxy: page, events and refusals through nginx, over a socket and over a port, in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
