"""/docs: a person reads the description, and runs the worked example by clicking."""

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NARROW, Shoot, broken_words, fits

ADDS = 5


def operation(page: Page, name: str) -> Locator:
    return page.locator(f"[id^=operations-][id$='-{name}']")


def execute(page: Page, name: str) -> tuple[str, Any, str]:
    """Click Execute of an operation that is open, and read the status, the body and the headers that the page shows."""
    with page.expect_response(lambda it: it.request.resource_type == "fetch") as response:
        operation(page, name).get_by_role("button", name="Execute").click()
    answer = operation(page, name).locator(".live-responses-table .response")
    expect(answer).to_contain_text(response.value.headers["apigw-requestid"])
    status = answer.locator(".response-col_status").inner_text().strip()
    return status, json.loads(answer.locator("code").inner_text()), answer.inner_text()


def test_it_describes_every_call(page: Page, shoot: Shoot) -> None:
    page.goto("/docs")
    page.locator(".opblock").first.wait_for()
    document = page.evaluate("fetch('openapi.json').then(it => it.json())")
    described = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    shown = page.locator(".opblock").evaluate_all("all => all.map(it => it.id.split('-').at(-1))")
    assert set(shown) == described
    assert len(shown) == len(described)
    shoot("docs")


def test_the_worked_example_runs_by_clicking(page: Page, shoot: Shoot) -> None:
    page.goto("/docs")
    operation(page, "add").locator(".opblock-summary-control").click()
    for number in range(1, ADDS + 1):
        operation(page, "add").locator(".examples-select-element").first.select_option(index=number - 1)
        status, added, headers = execute(page, "add")
        assert (status, added["sequence"]) == ("200", number)
        assert f'etag: "{number}"' in headers
    operation(page, "add").locator(".opblock-summary-control").click()
    operation(page, "spend").locator(".opblock-summary-control").click()
    status, taken, headers = execute(page, "spend")
    assert status == "200"
    assert taken == [
        {"payer": "DANNON", "points": -100},
        {"payer": "UNILEVER", "points": -200},
        {"payer": "MILLER COORS", "points": -4700},
    ]
    shoot("docs-spend", operation(page, "spend"))
    operation(page, "balance").locator(".opblock-summary-control").click()
    assert execute(page, "balance")[:2] == ("200", {"DANNON": 1000, "UNILEVER": 0, "MILLER COORS": 5300})
    shoot("docs-balance", operation(page, "balance"))


def test_a_call_that_is_tried_sends_only_what_was_filled_in(page: Page) -> None:
    page.goto("/docs")
    operation(page, "transactions").locator(".opblock-summary-control").click()
    with page.expect_request("**/transactions*") as request:
        operation(page, "transactions").get_by_role("button", name="Execute").click()
    assert request.value.url.endswith("/transactions?limit=25")


def test_a_token_given_on_the_accounts_page_goes_with_the_calls(page: Page) -> None:
    page.goto("/")
    page.evaluate("sessionStorage.setItem('token', 'a.b.c')")
    page.goto("/docs")
    operation(page, "transactions").locator(".opblock-summary-control").click()
    with page.expect_request("**/transactions?*") as request:
        operation(page, "transactions").get_by_role("button", name="Execute").click()
    assert request.value.headers["authorization"] == "Bearer a.b.c"


@pytest.mark.parametrize("name", ["add", "spend", "transactions", "capture_hold"])
def test_at_390_pixels_it_breaks_no_word_and_fits(page: Page, name: str, shoot: Shoot) -> None:
    page.set_viewport_size(NARROW)
    page.goto("/docs")
    page.locator(".opblock").first.wait_for()
    assert broken_words(page, "#description") == []
    operation(page, name).locator(".opblock-summary-control").click()
    operation(page, name).locator(".responses-table").wait_for()
    assert broken_words(page, "#description") == []
    assert fits(page)
    shoot(f"docs-narrow-{name}", operation(page, name))
