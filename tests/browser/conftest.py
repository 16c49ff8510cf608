"""A headless Chromium before the local server."""

import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.serving import serving

SCREENSHOTS = Path(__file__).parents[2] / ".screenshots"
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

Post = Callable[[str, dict[str, Any]], Any]
Shoot = Callable[..., None]


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
def page(browser: Browser, url: str, complaints: list[str]) -> Iterator[Page]:
    """A tab without a past, which must have nothing to complain of."""
    page = browser.new_page(base_url=url, timezone_id="UTC", viewport={"width": 1280, "height": 900})
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: _complain(complaints, message.type, message.text))
    page.on("request", lambda it: None if it.url.startswith((url, "data:")) else complaints.append(it.url))
    yield page
    page.context.close()
    assert complaints == []


@pytest.fixture
def shoot(page: Page) -> Shoot:
    """Return a function that takes a picture of the page, or of a part of it, for people to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)

    def take(name: str, of: Locator | None = None) -> None:
        (of or page.locator("body")).screenshot(path=SCREENSHOTS / f"{name}.png")

    return take


@pytest.fixture
def post(url: str) -> Post:
    """Return a function that sends a request to the server."""

    def send(path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(url + path, json.dumps(body).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    return send


def _complain(complaints: list[str], kind: str, text: str) -> None:
    # The browser itself notes every answer of 400 and above as an error; the pages' tests look at those.
    if kind in {"error", "warning"} and "the server responded with a status of" not in text:
        complaints.append(text)
