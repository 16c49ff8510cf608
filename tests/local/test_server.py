"""How the local server turns HTTP into calls of functions, and back."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from local.functions import FunctionError, RunningFunction
from local.gateway import LONGEST_BODY, Router
from local.server import Server
from local.template import Cors, Route


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
    routes = [Route(method, "/echo", "Echo") for method in ("POST", "GET", "HEAD")]
    return Server(Router(routes), {"Echo": function}, Cors(["https://a.example"], ["POST"], ["x-b"], ["x-a"], 60))


def call(
    server: Server,
    *chunks: bytes,
    method: str = "POST",
    path: bytes = b"/echo",
    headers: Sequence[tuple[bytes, bytes]] = (),
    cut_short: bool = False,
    host: bytes = b"127.0.0.1:3000",
) -> list[dict[str, Any]]:
    """Call an ASGI application, and return the messages that it sends."""
    scope = {
        "type": "http",
        "method": method,
        "raw_path": path,
        "query_string": b"",
        "headers": [(b"host", host), (b"content-type", b"text/plain"), *headers],
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


def test_head_gets_all_but_the_body_and_is_told_its_length(server: Server, function: Echo) -> None:
    function.result = {"statusCode": 200, "headers": {"etag": '"1"'}, "body": "four"}
    start, body = call(server, method="HEAD")
    got, _ = call(server, method="GET")
    assert dict(start["headers"]).items() >= {b"content-length": b"4", b"etag": b'"1"'}.items()
    assert [name for name, _ in start["headers"]] == [name for name, _ in got["headers"]]
    assert body["body"] == b""


@pytest.mark.parametrize("status", [204, 304])
def test_what_can_have_no_body_has_no_length(server: Server, function: Echo, status: int) -> None:
    function.result = {"statusCode": status}
    start, body = call(server)
    assert (start["status"], body["body"]) == (status, b"")
    assert b"content-length" not in dict(start["headers"])


def test_a_page_of_a_named_origin_may_call(server: Server, function: Echo) -> None:
    origin = (b"origin", b"https://a.example")
    start, _ = call(server, headers=[origin])
    assert dict(start["headers"])[b"access-control-allow-origin"] == b"https://a.example"
    assert dict(start["headers"])[b"access-control-expose-headers"] == b"x-a"
    function.result = AssertionError("called")
    asked, _ = call(server, method="OPTIONS", headers=[origin, (b"access-control-request-method", b"POST")])
    assert asked["status"] == 204
    assert dict(asked["headers"])[b"access-control-allow-headers"] == b"x-b"


def test_a_page_may_read_also_what_the_gateway_itself_answers(server: Server) -> None:
    start, _ = call(server, path=b"/else", headers=[(b"origin", b"https://a.example")])
    assert start["status"] == 404
    assert dict(start["headers"])[b"access-control-allow-origin"] == b"https://a.example"


@pytest.mark.parametrize("host", [b"localhost", b"localhost:3000", b"127.0.0.1", b"[::1]:3000"])
def test_it_answers_to_its_own_names_and_their_pages(server: Server, host: bytes) -> None:
    for origin in ([], [(b"origin", b"http://" + host)]):
        assert call(server, host=host, headers=origin)[0]["status"] == 201


@pytest.mark.parametrize("host", [b"rebound.example", b"rebound.example:3000", b"127.0.0.1.example", b"", b"0.0.0.0"])
def test_a_name_that_somebody_points_at_this_machine_is_not_answered_to(
    server: Server, function: Echo, host: bytes
) -> None:
    function.result = AssertionError("called")
    assert call(server, host=host, headers=[(b"origin", b"http://" + host)])[0]["status"] == 403


@pytest.mark.parametrize("origin", [b"https://b.example", b"null", b"http://127.0.0.1:8000", b"https://127.0.0.1:3000"])
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS"])
def test_a_page_of_another_origin_can_make_a_browser_send_nothing_that_takes_effect(
    server: Server, function: Echo, method: str, origin: bytes
) -> None:
    function.result = AssertionError("called")
    assert call(server, method=method, headers=[(b"origin", origin)])[0]["status"] == 403


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
