"""A page of another origin calls the API: the browser asks first, and only what is allowed gets through."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.serving import serving

CALL = """
  ([url, method, headers]) =>
    fetch(url, {method, headers, body: method === "GET" ? undefined : '{"points": 1}'}).then(
      async answer => ({status: answer.status, etag: answer.headers.get("etag"), body: await answer.json()}),
      error => ({refused: error.name}),
    )
"""
ADDED = {"payer": "DANNON", "points": 100, "timestamp": "2020-11-02T14:00:00Z"}


class _Shop(BaseHTTPRequestHandler):
    """A shop whose pages are empty."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """Where the shop is."""
    with HTTPServer(("127.0.0.1", 0), _Shop) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def allowing(shop: str) -> Iterator[str]:
    """A ledger that pages of the shop may call, with some points."""
    with ExitStack() as running:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("CORS_ORIGINS", f"https://elsewhere.example,{shop}")
            url = running.enter_context(serving())
        yield url


@pytest.fixture
def shops_page(browser: Browser, shop: str) -> Iterator[Page]:
    """A tab with a page of the shop."""
    page = browser.new_page()
    page.goto(shop)
    yield page
    page.context.close()


def call(page: Page, url: str, method: str = "GET", **headers: str) -> Any:
    """Make a call as a script of the page, and return what the script is told."""
    return page.evaluate(CALL, [url, method, {name.replace("_", "-"): value for name, value in headers.items()}])


def test_a_page_of_an_allowed_origin_may_call_and_read_the_version(shops_page: Page, allowing: str) -> None:
    shops_page.request.post(f"{allowing}/add", data=ADDED)
    got = call(shops_page, f"{allowing}/balance", authorization="Bearer a.b.c")
    assert got == {"status": 200, "etag": '"1"', "body": {"DANNON": 100}}
    spent = call(
        shops_page, f"{allowing}/spend", "POST", content_type="application/json", if_match='"1"', idempotency_key="one"
    )
    assert spent == {"status": 200, "etag": '"2"', "body": [{"payer": "DANNON", "points": -1}]}
    problem = call(shops_page, f"{allowing}/spend", "POST", content_type="application/json", if_match='"1"')
    assert problem["status"] == 412
    assert problem["body"]["title"] == "The account has changed"


def test_what_is_not_allowed_is_never_sent(shops_page: Page, allowing: str) -> None:
    before = shops_page.request.get(f"{allowing}/balance").json()
    assert call(shops_page, f"{allowing}/spend", "PUT") == {"refused": "TypeError"}
    with_more = call(shops_page, f"{allowing}/spend", "POST", content_type="application/json", x_other="1")
    assert with_more == {"refused": "TypeError"}
    assert shops_page.request.get(f"{allowing}/balance").json() == before


def test_by_default_no_page_of_another_origin_may_call(shops_page: Page, url: str) -> None:
    before = shops_page.request.get(f"{url}/transactions").json()
    assert call(shops_page, f"{url}/balance") == {"refused": "TypeError"}
    assert call(shops_page, f"{url}/add", "POST", content_type="application/json") == {"refused": "TypeError"}
    assert shops_page.request.get(f"{url}/transactions").json() == before
