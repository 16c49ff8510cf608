"""The local server over HTTP: HEAD, methods that a route does not take, paths that are none, pages of other origins."""

import http.client
import json
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.serving import serving

ORIGIN = "https://shop.example"


class Answer(NamedTuple):
    """What a caller gets; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Return a function that sends a request to a server that pages of one other origin may call."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORS_ORIGINS", ORIGIN)
        with serving() as url:
            yield lambda method, path, **headers: send(url, method, path, headers)


def send(url: str, method: str, path: str, headers: dict[str, str]) -> Answer:
    """Send a request; `access_control_request_method` and the like become headers."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize("path", [
    "/balance", "/account", "/lots", "/holds", "/pending", "/transactions", "/accounts/ann/balance", "/transactions/7",
    "/", "/docs", "/openapi.json", "/assets/docs.css",
])  # fmt: skip
def test_head_is_get_without_the_body(ask: Ask, path: str) -> None:
    got, headed = ask("GET", path), ask("HEAD", path)
    changing = {"date", "apigw-requestid"}
    assert got.body
    assert headed.body == b""
    assert headed.status == got.status
    assert {name: value for name, value in headed.headers.items() if name not in changing} == {
        name: value for name, value in got.headers.items() if name not in changing
    }


@pytest.mark.parametrize(("method", "path", "allow"), [
    ("PUT", "/balance", "GET, HEAD, OPTIONS"),
    ("GET", "/add", "OPTIONS, POST"),
    ("HEAD", "/spend", "OPTIONS, POST"),
    ("DELETE", "/accounts/ann/holds", "GET, HEAD, OPTIONS, POST"),
])  # fmt: skip
def test_a_route_says_which_methods_it_takes(ask: Ask, method: str, path: str, allow: str) -> None:
    refused = ask(method, path)
    assert (refused.status, refused.headers["allow"]) == (405, allow)
    assert refused.headers["content-type"] == "application/problem+json"
    options = ask("OPTIONS", path)
    assert (options.status, options.headers["allow"], options.body) == (204, allow, b"")


@pytest.mark.parametrize(("path", "detail"), [
    ("/balance/", "The route is /balance, without the trailing slash."),
    ("/accounts/ann%40x/holds/", "The route is /accounts/ann@x/holds, without the trailing slash."),
    ("/nothing", "No route has this path."),
    ("/accounts/a%2Fb/balance", "No route has this path."),
])  # fmt: skip
def test_a_path_that_is_no_route_gets_a_problem(ask: Ask, path: str, detail: str) -> None:
    refused = ask("GET", path)
    assert (refused.status, refused.headers["content-type"]) == (404, "application/problem+json")
    assert json.loads(refused.body)["detail"] == detail


@pytest.mark.parametrize("path", ["/add", "/accounts/ann/holds/7/capture", "/balance", "/nothing"])
def test_a_page_may_send_what_the_calls_take(ask: Ask, path: str) -> None:
    headers = "authorization,content-type,idempotency-key,if-match,if-none-match"
    asked = ask(
        "OPTIONS",
        path,
        origin=ORIGIN,
        access_control_request_method="POST",
        access_control_request_headers=headers,
    )
    assert (asked.status, asked.body) == (204, b"")
    assert {name: value for name, value in asked.headers.items() if name.startswith("access-control-")} == {
        "access-control-allow-origin": ORIGIN,
        "access-control-allow-methods": "GET,HEAD,POST",
        "access-control-allow-headers": headers,
        "access-control-max-age": "3600",
    }


@pytest.mark.parametrize("path", ["/balance", "/transactions/7", "/openapi.json", "/nothing", "/balance/"])
def test_a_page_may_read_every_answer(ask: Ask, path: str) -> None:
    answer = ask("GET", path, origin=ORIGIN)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert (
        answer.headers["access-control-expose-headers"]
        == "content-location,etag,idempotency-replayed,retry-after,settled"
    )


def test_pages_of_others_and_other_callers_are_told_nothing_of_it(ask: Ask) -> None:
    preflight = ask("OPTIONS", "/add", origin="https://other.example", access_control_request_method="POST")
    answers = [preflight, ask("GET", "/balance", origin="https://other.example"), ask("GET", "/balance")]
    assert not [name for answer in answers for name in answer.headers if name.startswith("access-control-")]
