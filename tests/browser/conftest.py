"""A headless Chromium before the local server."""

import json
import os
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, sync_playwright

from tests.serving import serving

SCREENSHOTS = Path(__file__).parents[2] / ".screenshots"
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}

Post = Callable[[str, dict[str, Any]], Any]
Shoot = Callable[..., None]
Do = Callable[..., Any]


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Where the local server listens."""
    with serving() as it:
        yield it


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium that CHROMIUM names."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the page may not say: errors of its scripts, requests to anywhere else, breaches of its policy."""
    return []


@pytest.fixture
def zone() -> str:
    """Where the tab is, as far as its clock goes."""
    return "UTC"


@pytest.fixture
def page(browser: Browser, url: str, complaints: list[str], zone: str) -> Iterator[Page]:
    """A tab without a past, which must have nothing to complain of."""
    page = browser.new_page(base_url=url, timezone_id=zone, viewport=WIDE)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: _complain(complaints, message.type, message.text))
    page.on("request", lambda it: None if it.url.startswith((url, "data:")) else complaints.append(it.url))
    yield page
    page.context.close()
    assert complaints == []


@pytest.fixture
def shoot(page: Page) -> Shoot:
    """Return a function that takes a picture of the page, of a part of it or of the window, for people to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)

    def take(name: str, of: Locator | None = None, *, whole: bool = True) -> None:
        (page if not whole else of or page.locator("body")).screenshot(path=SCREENSHOTS / f"{name}.png")

    return take


@pytest.fixture
def post(url: str) -> Post:
    """Return a function that sends a request to the server."""

    def send(path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(url + path, json.dumps(body).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    return send


@pytest.fixture
def account() -> str:
    """The name of an account that has nothing yet."""
    return f"account-{uuid4()}"


@pytest.fixture
def do(account: str, post: Post) -> Do:
    """Return a function that makes a call on the account."""

    def call(path: str, **body: Any) -> Any:
        return post(f"/accounts/{account}/{path}", body)

    return call


@pytest.fixture
def add(do: Do) -> Do:
    """Return a function that adds points to the account."""

    def call(points: int, payer: str = "DANNON", **more: Any) -> Any:
        return do("add", payer=payer, points=points, **{"timestamp": "2020-11-02T14:00:00Z", **more})

    return call


@pytest.fixture
def worked_example(add: Do, do: Do) -> None:
    """Run the worked example on the account."""
    add(1000, "DANNON", timestamp="2020-11-02T14:00:00Z")
    add(200, "UNILEVER", timestamp="2020-10-31T11:00:00Z")
    add(-200, "DANNON", timestamp="2020-10-31T15:00:00Z")
    add(10_000, "MILLER COORS", timestamp="2020-11-01T14:00:00Z")
    add(300, "DANNON", timestamp="2020-10-31T10:00:00Z")
    do("spend", points=5000)


def texts(page: Page, selector: str) -> list[str]:
    """Return what each of these elements reads, on one line."""
    return [re.sub(r"\s+", " ", text) for text in page.locator(selector).all_inner_texts()]


def fits(page: Page) -> bool:
    """Tell whether nothing of the page sticks out of the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


BROKEN_WORDS = """
  within => {
    const range = document.createRange();
    const walker = document.createTreeWalker(document.querySelector(within), NodeFilter.SHOW_TEXT);
    const broken = [];
    while (walker.nextNode()) {
      for (const word of walker.currentNode.data.matchAll(/[\\p{L}\\p{N},]+/gu)) {
        range.setStart(walker.currentNode, word.index);
        range.setEnd(walker.currentNode, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].filter(it => it.width > 1).map(it => Math.round(it.top)));
        if (lines.size > 1 && word[0].length <= 30) broken.push(word[0]);
      }
    }
    return broken;
  }
"""


def broken_words(page: Page, within: str) -> list[str]:
    """Return the words and the numbers of up to 30 letters that begin on one line and end on the next."""
    return list(page.evaluate(BROKEN_WORDS, within))


def _complain(complaints: list[str], kind: str, text: str) -> None:
    # The browser itself notes every answer of 400 and above as an error; the pages' tests look at those.
    if kind in {"error", "warning"} and "the server responded with a status of" not in text:
        complaints.append(text)
