"""The pages can be used by everyone: axe finds nothing, in light and dark, wide and narrow."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Post, Shoot

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
ACCOUNT = "for-everyone"


def found(page: Page, **options: Any) -> list[str]:
    results = Axe().run(page, **options).response
    return [f"{it['id']}: {node['html']}" for it in results["violations"] for node in it["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_accounts_page(
    page: Page, post: Post, scheme: Any, size: Any, request: pytest.FixtureRequest, shoot: Shoot
) -> None:
    for number, payer in enumerate(("DANNON", "MILLER COORS", "A payer with a name of many words and letters" * 2)):
        body = {"payer": payer, "points": 700 + 1000 * number, "timestamp": f"2020-11-0{number + 1}T14:00:00Z"}
        post(f"/accounts/{ACCOUNT}/add", body)
    post(f"/accounts/{ACCOUNT}/spend", {"points": 900})
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    page.goto(f"/#account={ACCOUNT}")
    page.get_by_role("button", name="Which points?").first.click()
    expect(page.locator(".lots").first).to_be_visible()
    page.locator("#taken li").first.wait_for()
    shoot(f"account-{request.node.callspec.id}")
    assert found(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#who").click()
    assert found(page) == []


def test_the_apis_page_beside_what_swagger_ui_makes(page: Page) -> None:
    page.goto("/docs")
    page.locator(".opblock").first.wait_for()
    assert found(page, context={"exclude": [["#description"]]}) == []
