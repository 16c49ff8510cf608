"""The pages can be used by everyone: axe finds nothing, in light and dark, wide and narrow."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import NARROW, WIDE, Do, Shoot, broken_words, fits

NAME_OF_MANY_WORDS = "A payer with a name of many words and letters" * 2


def found(page: Page, **options: Any) -> list[str]:
    results = Axe().run(page, **options).response
    return [f"{it['id']}: {node['html']}" for it in results["violations"] for node in it["nodes"]]


@pytest.fixture
def shown(page: Page, account: str, add: Do, do: Do) -> None:
    """Show an account that has some of everything."""
    add(1700, expires_at="2090-01-01T00:00:00Z", reference="order 1")
    add(2700, "MILLER COORS", timestamp="2020-11-03T14:00:00Z")
    add(200, NAME_OF_MANY_WORDS, expires_at="2021-01-01T00:00:00Z")
    add(500, effective_at="2088-06-01T12:30:00Z")
    do("spend", points=1900, reference="order 1", metadata={"shop": "Haifa"})
    do("transactions/6/refund", points=150, reference="order 1")
    do("holds", points=100)
    do("holds/8/capture", points=40)
    do("holds", points=120)
    add(3000, NAME_OF_MANY_WORDS)
    page.goto(f"/#account={account}")


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_accounts_page(
    page: Page, scheme: Any, size: ViewportSize, request: pytest.FixtureRequest, shoot: Shoot
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    page.locator("#taken li").first.wait_for()
    shoot(f"account-{request.node.callspec.id}")
    assert found(page) == []
    assert fits(page)
    assert broken_words(page, "main") == []
    page.get_by_role("link", name="#6 details").click()
    expect(page.locator(".lots")).to_be_visible()
    shoot(f"account-line-{request.node.callspec.id}", whole=False)
    assert found(page) == []
    assert fits(page)
    page.get_by_role("link", name="order 1").first.click()
    expect(page.locator("#filter")).to_be_visible()
    assert found(page) == []
    page.locator("#who").click()
    assert found(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_the_accounts_page_says_when_something_is_wrong(page: Page, scheme: Any, account: str, add: Do) -> None:
    add(100)
    page.emulate_media(color_scheme=scheme)
    page.goto(f"/#account={account}&line=7")
    expect(page.locator("#problem")).to_contain_text("no transaction 7")
    page.get_by_label("Points to spend").fill("1.5")
    expect(page.locator("#taken-problem")).to_contain_text("Points are whole")
    assert found(page) == []


def test_the_apis_page_beside_what_swagger_ui_makes(page: Page) -> None:
    page.goto("/docs")
    page.locator(".opblock").first.wait_for()
    assert found(page, context={"exclude": [["#description"]]}) == []
