"""Stands between a client and the ledger, and lets a part of all requests come to grief, each in its own way.

What it draws is fixed by a seed and the order in which requests come.
"""

import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

FAULTS = (
    "connection lost before",
    "connection lost after",
    "half an answer after",
    "delayed",
    "429 before",
    "503 before",
    "500 before",
    "500 after",
    "502 after",
    "504 after",
    "not JSON after",
)
"""What happens to a request: before it reaches the ledger, or after the ledger has acted."""

MESSAGES = {429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}
DELAY_S = 0.05

_HOP = {"connection", "content-length", "host", "transfer-encoding"}


class Answer(NamedTuple):
    """An answer of the ledger, or one that is put in its place."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Proxy:
    """A proxy that is running.

    Attributes
    ----------
    url
        Where it listens.
    seen
        How often each fault was played, and `none`.
    share
        The part of all requests that come to grief.
    """

    def __init__(self, upstream: str, share: float, seed: int) -> None:
        self.seen: Counter[str] = Counter()
        self.share = share
        self.url = ""
        self._upstream = urlsplit(upstream).netloc
        self._rng = random.Random(seed)
        self._lock = threading.Lock()

    def draw(self) -> str:
        """Choose what happens to the next request."""
        with self._lock:
            fault = self._rng.choice(FAULTS) if self._rng.random() < self.share else "none"
            self.seen[fault] += 1
        return fault

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Have the ledger answer."""
        connection = http.client.HTTPConnection(self._upstream, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
            return Answer(answer.status, kept, answer.read())
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: Proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of callers that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._play()

    def do_POST(self) -> None:
        self._play()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that is overridden
        """Log nothing."""

    def _play(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.proxy.draw()
        what, _, when = fault.rpartition(" ")
        if when == "before":
            self._fail(what, None)
            return
        if fault == "delayed":
            time.sleep(DELAY_S)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        answer = self.server.proxy.forward(self.command, self.path, headers, body)
        if when == "after":
            self._fail(what, answer)
        else:
            self._write(answer)

    def _fail(self, what: str, answer: Answer | None) -> None:
        if what == "half an answer" and answer:
            self._write(answer, len(answer.body) // 2)
            self._reset()
        elif what == "not JSON":
            self._write(Answer(200, [("content-type", "text/html")], b"<html>Who are you?</html>"))
        elif what.isdigit():
            text = f'{{"message":"{MESSAGES.get(int(what), "Gateway Timeout")}"}}'
            retry = [("retry-after", "0")] if what == "429" else []
            self._write(Answer(int(what), [("content-type", "application/json"), *retry], text.encode()))
        else:
            self._reset()

    def _write(self, answer: Answer, as_far_as: int | None = None) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[:as_far_as])

    def _reset(self) -> None:
        """End the connection as a crash does."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


@contextmanager
def faulty(upstream: str, *, share: float = 1 / 3, seed: int = 1) -> Iterator[Proxy]:
    """Run a proxy in front of the ledger at `upstream`."""
    proxy = Proxy(upstream, share, seed)
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.proxy = proxy
        proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
