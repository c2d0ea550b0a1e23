"""The client before servers that are made up: what it sends, and what it makes of odd answers. No program is needed."""

from __future__ import annotations

import contextlib
import json
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from swift_glow.answers import read, snake_case
from swift_glow.client import Client, GlowError, Kept, Labeled, Pictures, Png, Scores
from swift_glow.pictures import picture_json, picture_list

ROOT = Path(__file__).resolve().parents[2]
PROBLEM = {"type": "about:blank", "status": 429, "title": "Too Many Requests", "detail": "the queue is full", "field": "count"}
HEALTH = {"status": "ok"}


class Answers(ThreadingHTTPServer):
    """Answers with each of a list in turn: the status, the headers, and the body."""

    def __init__(self, answers: list[tuple[int, dict[str, str], bytes]]):
        self.answers, self.requests = list(answers), list[tuple[str, dict[str, str], bytes]]()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Answers

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.path, dict(self.headers), body))
        status, headers, content = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextlib.contextmanager
def answering(*answers: tuple[int, dict[str, str], Any]) -> Iterator[Answers]:
    server = Answers([(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())
                      for status, headers, body in answers])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class ClientTests(unittest.TestCase):
    def client(self, server: Answers, **more: Any) -> Client:
        return Client(f"http://127.0.0.1:{server.server_port}", **more)

    def test_it_imports_the_standard_library_alone(self) -> None:
        code = "import sys; before = set(sys.modules); import swift_glow.client; print(*(set(sys.modules) - before))"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "python", capture_output=True, text=True, check=True)
        names = {name.split(".")[0] for name in done.stdout.split()} - {"swift_glow"}
        self.assertEqual(names - set(sys.stdlib_module_names), set())

    def test_a_busy_server_is_asked_once_more(self) -> None:
        busy = (429, {"Retry-After": "1"}, PROBLEM)
        with answering(busy, (200, {}, HEALTH)) as server:
            start = time.monotonic()
            self.assertEqual(self.client(server).get_health().status, "ok")
            self.assertGreater(time.monotonic() - start, 0.9)
        with answering(busy, busy, (200, {}, HEALTH)) as server, self.assertRaises(GlowError) as caught:
            self.client(server).get_health()
        error = caught.exception
        self.assertEqual((error.status, error.title, error.detail, error.field), tuple(PROBLEM[name] for name in (
            "status", "title", "detail", "field")))
        with answering((429, {}, PROBLEM), (200, {}, HEALTH)) as server, self.assertRaises(GlowError):
            self.client(server).get_health()

    def test_an_error_of_a_proxy_has_no_problem(self) -> None:
        for body in (b"<html>", b"", b"[1]", b'{"status": 7}'):
            with answering((502, {}, body)) as server, self.assertRaises(GlowError) as caught:
                self.client(server).get_health()
            self.assertEqual((caught.exception.status, caught.exception.title), (502, "Bad Gateway"))
            self.assertIsNone(caught.exception.field)

    def test_what_is_sent(self) -> None:
        with answering(*[(200, {}, {"images": []})] * 3) as server:
            client = self.client(server, token="a token", model="one & two")
            client.sample(count=2, labels=np.array([0, 3]), temperature=np.float32(0.5))
            client.edit([4, Kept("name"), Labeled(b"ab", 2)], edits={"smiling": 1}, model="other")
            client.sample()
        [(path, headers, body), (edit_path, _, edit), (_, _, nothing)] = server.requests
        self.assertEqual(path, "/v1/sample?model=one%20%26%20two")
        self.assertEqual(headers["Authorization"], "Bearer a token")
        self.assertEqual(headers["Accept"], "application/json")
        self.assertEqual(json.loads(body), {"count": 2, "labels": [0, 3], "temperature": 0.5})
        self.assertEqual(edit_path, "/v1/edit?model=other")
        images = [{"index": 4}, {"kept": "name"}, {"data": "YWI=", "label": 2}]
        self.assertEqual(json.loads(edit), {"images": images, "edits": {"smiling": 1}})
        self.assertEqual(json.loads(nothing), {})

    def test_addresses(self) -> None:
        with answering(*[(200, {}, HEALTH)] * 2) as server:
            address = f"http://127.0.0.1:{server.server_port}"
            Client(f"{address}/glow/").get_health()
            Client(f"{address}/#token=made+up").get_health()
        self.assertEqual([path for path, _, _ in server.requests], ["/glow/healthz", "/healthz"])
        self.assertEqual(server.requests[1][1]["Authorization"], "Bearer made up")
        for address in ("127.0.0.1:8080", "", "ftp://host", "unix:", "http:///v1"):
            with self.assertRaisesRegex(ValueError, "expected one as"):
                Client(address)
        with self.assertRaises(OSError):
            Client("unix:/nowhere/glow.sock").get_health()

    def test_events(self) -> None:
        stream = b': a comment\n\nevent: queue\ndata: {"ahead": 3}\n\nevent: images\r\ndata: {"from": 0,\r\ndata: "total": 1}\r\n\r\n'
        with answering(*[(200, {}, stream + end) for end in (
            b"event: end\ndata: {}\n\nevent: queue\ndata: {}\n\n", b"event: queue\n",
            b"event: problem\ndata: " + json.dumps(PROBLEM).encode() + b"\n\n")]) as server:
            client = self.client(server)
            events = list(client.sample_events())
            self.assertEqual([event.event for event in events], ["queue", "images", "end"])
            self.assertEqual((events[0].data.ahead, events[1].data.from_, events[1].data.total), (3, 0, 1))
            with self.assertRaisesRegex(ConnectionError, "broke off"):
                list(client.sample_events())
            with self.assertRaisesRegex(GlowError, "the queue is full"):
                list(client.sample_events())
            self.assertEqual(server.requests[0][1]["Accept"], "text/event-stream")

    def test_pictures(self) -> None:
        pixels = np.random.default_rng(1).integers(0, 256, (5, 3, 3), dtype=np.uint8)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "picture.png"
            Image.fromarray(pixels).save(path)
            sent = [picture_json(picture) for picture in (
                path, str(path), path.read_bytes(), memoryview(path.read_bytes()), Image.open(path), pixels)]  # type: ignore
            Png(path.read_bytes()).save(path)
        for number, json_ in enumerate(sent):
            png = read(Pictures, {"images": [json_["data"]]}).images[0]
            np.testing.assert_array_equal(png.to_numpy(), pixels, str(number))
        for shape in ((4, 6), (4, 6, 1), (4, 6, 4)):
            pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
            png = read(Pictures, {"images": [picture_json(pixels)["data"]]}).images[0]
            np.testing.assert_array_equal(png.to_numpy(), pixels.squeeze())
            # A view that is not contiguous.
            png = read(Pictures, {"images": [picture_json(pixels[::2, ::-1])["data"]]}).images[0]
            np.testing.assert_array_equal(png.to_numpy(), pixels[::2, ::-1].squeeze())
        self.assertEqual(repr(png), f"Png({len(png)} bytes)")
        for wrong in (None, 1.5, True, np.zeros((2, 2)), np.zeros((2, 2, 2), np.uint8), np.zeros(4, np.uint8)):
            with self.assertRaises(TypeError):
                picture_list(wrong)  # type: ignore[arg-type]

    def test_answers(self) -> None:
        score = {"width": 1, "height": 1, "isFitted": False, "bitsPerDimension": 3, "pngBitsPerDimension": 4.5, "corrected": 1.5}
        scores = read(Scores, {"scores": [score], "ofTomorrow": [1]})
        self.assertEqual((scores.scores[0].bits_per_dimension, scores.scores[0].percentile), (3.0, None))
        for change, message in [
            ({"width": "1"}, r"'1' at Scores.scores\[0\].width, expected int"), ({"isFitted": 1}, "expected bool"),
            ({"corrected": None}, "expected float"), ({"map": {}}, "expected list"),
        ]:
            with self.assertRaisesRegex(ValueError, message):
                read(Scores, {"scores": [score | change]})
        del score["width"]
        with self.assertRaisesRegex(ValueError, r"no width at Scores.scores\[0\]"):
            read(Scores, {"scores": [score]})

    def test_names(self) -> None:
        for name, expected in {
            "bitsPerDimension": "bits_per_dimension", "areaUnderROC": "area_under_roc", "webP": "webp", "jpegXL": "jpeg_xl",
            "isFitted": "is_fitted", "from": "from_", "with": "with_", "count": "count", "getRunFilm": "get_run_film",
        }.items():
            self.assertEqual(snake_case(name), expected)

    def test_a_certificate_that_nobody_vouches_for(self) -> None:
        with answering((200, {}, HEALTH)) as server:
            with self.assertRaises(OSError):
                Client(f"https://127.0.0.1:{server.server_port}", context=ssl.create_default_context()).get_health()


if __name__ == "__main__":
    unittest.main()
