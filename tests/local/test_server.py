"""How the local server turns HTTP into calls of functions, and back."""

import asyncio
from typing import Any

import pytest

from local.functions import FunctionError, RunningFunction
from local.gateway import LONGEST_BODY, Router
from local.server import Server
from local.template import Route


class Echo(RunningFunction):
    """A function that runs nowhere: it answers with the event."""

    def __init__(self) -> None:
        self.result: Any = None

    async def invoke(self, event: dict[str, Any]) -> Any:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result or {"statusCode": 201, "headers": {"X-A": "b"}, "body": event.get("body", "")}


@pytest.fixture
def function() -> Echo:
    return Echo()


@pytest.fixture
def server(function: Echo) -> Server:
    return Server(Router([Route("POST", "/echo", "Echo")]), {"Echo": function})


def call(server: Server, *chunks: bytes, path: bytes = b"/echo", cut_short: bool = False) -> list[dict[str, Any]]:
    """Call an ASGI application, and return the messages that it sends."""
    scope = {
        "type": "http",
        "method": "POST",
        "raw_path": path,
        "query_string": b"",
        "headers": [(b"host", b"here"), (b"content-type", b"text/plain")],
        "http_version": "1.1",
        "client": ("127.0.0.1", 9),
    }
    incoming = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    incoming.append(
        {"type": "http.disconnect"} if cut_short else {"type": "http.request", "body": b"", "more_body": False}
    )
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return incoming.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(server(scope, receive, send))
    return sent


def test_a_result_becomes_a_response(server: Server) -> None:
    start, body = call(server, b"one, ", b"two")
    headers = dict(start["headers"])
    assert start["status"] == 201
    assert headers[b"x-a"] == b"b"
    assert headers[b"content-length"] == b"8"
    assert headers[b"apigw-requestid"]
    assert body["body"] == b"one, two"


def test_a_line_is_printed_for_each_request(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    call(server, path=b"/echo")
    call(server, path=b"/no%0Ane")
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("POST /echo 201 ")
    assert second.startswith("POST /no%0Ane 404 ")


def test_an_unknown_route_is_not_found(server: Server) -> None:
    start, body = call(server, path=b"/else")
    assert (start["status"], body["body"]) == (404, b'{"message":"Not Found"}')


@pytest.mark.parametrize(
    "result", [FunctionError("KeyError: 'x'"), {"statusCode": "many"}, {"statusCode": 200, "body": 1}]
)
def test_a_failure_shows_nothing_but_to_the_terminal(
    server: Server, function: Echo, capsys: pytest.CaptureFixture[str], result: Any
) -> None:
    function.result = result
    start, body = call(server)
    assert (start["status"], body["body"]) == (500, b'{"message":"Internal Server Error"}')
    assert len(capsys.readouterr().out.split("ms", 1)[1]) > 5


@pytest.mark.parametrize(("size", "status"), [(LONGEST_BODY, 201), (LONGEST_BODY + 1, 413), (LONGEST_BODY * 2, 413)])
def test_a_body_over_ten_megabytes_is_too_large(server: Server, size: int, status: int) -> None:
    chunk = b"x" * 2**20
    start, _ = call(server, *[chunk] * (size // 2**20), b"x" * (size % 2**20))
    assert start["status"] == status


def test_a_request_that_breaks_off_is_never_handed_on(
    server: Server, function: Echo, capsys: pytest.CaptureFixture[str]
) -> None:
    function.result = AssertionError("called")
    assert call(server, b"half", cut_short=True) == []
    assert capsys.readouterr().out == ""
