"""How the client speaks to `glow serve`: requests, errors and events. The standard library alone."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

from .pictures import Png

JSON, PNG, EVENTS, TEXT = "application/json", "image/png", "text/event-stream", "text/plain"
_BUSY = (429, 503)
_LONGEST_WAIT = 60.0
# The server gives a stream ten times the time of another answer.
_STREAM_PATIENCE = 10


class GlowError(Exception):
    """What the server refuses, or could not do.

    Attributes:
        status: of HTTP, such as 422.
        title: the status in words.
        detail: what is wrong, in one sentence.
        field: the field of the request that is to blame, such as `temperature[1]`; None where none is.
    """

    def __init__(self, status: int, title: str, detail: str, field: str | None = None):
        super().__init__(f"{detail} ({status} {title})")
        (self.status, self.title, self.detail, self.field) = (status, title, detail, field)


class _SocketConnection(http.client.HTTPConnection):
    """Through the file of a Unix socket."""

    def __init__(self, file: str, timeout: float):
        super().__init__("localhost", timeout=timeout)
        self._file = file

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._file)


class Connection:
    """A server, one of its models, and the token that it wants. Each request has a connection of its own, so that threads may
    share this."""

    def __init__(
        self, address: str, token: str | None, model: str | None, timeout: float, context: ssl.SSLContext | None
    ):
        (self._token, self.model, self._timeout, self._context) = (token, model, timeout, context)
        parts = urllib.parse.urlsplit(address)
        self._scheme, self._host, self._base = parts.scheme, parts.netloc, parts.path.rstrip("/")
        if self._scheme == "unix" and parts.path:
            self._host, self._base = parts.path, ""
        elif self._scheme not in ("http", "https") or not self._host:
            raise ValueError(f"the address is {address}, expected one as http://127.0.0.1:8080 or unix:/run/glow.sock")
        if self._token is None:
            # As the address has it that the server prints.
            self._token = dict(urllib.parse.parse_qsl(parts.fragment)).get("token")

    def json(self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None = None) -> Any:
        return json.loads(self._content(method, path, query, body, JSON))

    def png(self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None = None) -> Png:
        return Png(self._content(method, path, query, body, PNG))

    def text(self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None = None) -> str:
        return self._content(method, path, query, body, TEXT).decode()

    def _content(
        self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None, accept: str
    ) -> bytes:
        connection, answer = self._answer(method, path, query, body, accept, self._timeout)
        try:
            return answer.read()
        finally:
            connection.close()

    def events(
        self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Events and their data until `end`, which is the last; the request is sent when the first is asked for.

        Raises:
            GlowError: at the event `problem`.
            ConnectionError: if the server breaks off.
        """
        connection, answer = self._answer(method, path, query, body, EVENTS, _STREAM_PATIENCE * self._timeout)
        try:
            for name, data in _events(answer):
                if name == "problem":
                    raise _error(answer.status, answer.reason, data)
                yield {"event": name, "data": json.loads(data)}
                if name == "end":
                    return
        finally:
            connection.close()
        raise ConnectionError("the server broke off before the end")

    def _answer(
        self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None, accept: str, timeout: float
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """A server that is busy is asked once more, when it says."""
        has_waited = False
        while True:
            connection = self._connection(timeout)
            try:
                answer = self._send(connection, method, path, query, body, accept)
                if answer.status == 200:
                    return connection, answer
                wait = answer.headers.get("Retry-After", "")
                error = _error(answer.status, answer.reason, answer.read())
            except BaseException:
                connection.close()
                raise
            connection.close()
            if has_waited or answer.status not in _BUSY or not wait.isdecimal():
                raise error
            has_waited = True
            time.sleep(min(float(wait), _LONGEST_WAIT))

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if self._scheme == "unix":
            return _SocketConnection(self._host, timeout)
        if self._scheme == "https":
            return http.client.HTTPSConnection(self._host, timeout=timeout, context=self._context)
        return http.client.HTTPConnection(self._host, timeout=timeout)

    def _send(
        self, connection: http.client.HTTPConnection, method: str, path: str, query: Mapping[str, Any],
        body: Mapping[str, Any] | None, accept: str
    ) -> http.client.HTTPResponse:
        given = {name: value for name, value in query.items() if value is not None}
        target = self._base + path + ("?" + urllib.parse.urlencode(given, quote_via=urllib.parse.quote) if given else "")
        headers = {"Accept": accept, "Connection": "close"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        content = None
        if body is not None:
            headers["Content-Type"] = JSON
            content = json.dumps(without_none(body), default=_plain).encode()
        try:
            connection.request(method, target, content, headers)
        except (BrokenPipeError, ConnectionResetError):
            # The server did not read all of the body: its answer says why.
            pass
        return connection.getresponse()


def without_none(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _plain(value: Any) -> Any:
    """Numbers and arrays of NumPy, and what else is no type of JSON."""
    if isinstance(value, Mapping):
        return dict(value)
    return value.tolist() if hasattr(value, "tolist") else list(value)


def _error(status: int, reason: str, content: bytes | str) -> GlowError:
    """From a problem (RFC 9457), or of a proxy from its status."""
    try:
        problem = json.loads(content)
        return GlowError(problem["status"], problem["title"], problem["detail"], problem.get("field"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return GlowError(status, reason, "the answer does not say what is wrong")


def _events(lines: Iterator[bytes] | http.client.HTTPResponse) -> Iterator[tuple[str, str]]:
    """Server-sent events: their names and their data."""
    name, data = "message", list[str]()
    for line in lines:
        field, _, value = line.decode().rstrip("\r\n").partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif line in (b"\n", b"\r\n"):
            if data:
                yield name, "\n".join(data)
            name, data = "message", []
