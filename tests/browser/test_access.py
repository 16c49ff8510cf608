"""/: whose account is shown, by what right, and what is said if there is nothing to show."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Do, Shoot

DATA = re.compile(r"/(account|balance|transactions|transactions/\d+|spend/preview)(\?[^/]*)?$")


def test_another_account_is_named_in_the_dialog(page: Page, account: str, add: Do) -> None:
    add(42)
    page.goto("/#account=somebody-else")
    expect(page.locator("#total")).to_have_text("0")
    page.get_by_role("button", name="Account: somebody-else").click()
    page.get_by_label("Account", exact=True).fill(account)
    page.keyboard.press("Enter")
    expect(page.locator("#total")).to_have_text("42")
    assert page.url.endswith(f"#account={account}")
    page.get_by_role("button", name=f"Account: {account}").click()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()


def test_a_name_that_no_account_has_is_told_in_the_problems_words(page: Page) -> None:
    page.goto("/#account=no%20account")
    expect(page.locator("#problem")).to_contain_text("The request is not valid")
    expect(page.locator("#problem")).to_contain_text("account must be 1 to 128 characters")
    expect(page.locator("#shown")).to_be_hidden()


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_is_a_step_in_an_address_shows_nobody_elses_account(page: Page, name: str) -> None:
    page.goto(f"/#account={name}")
    expect(page.locator("#problem")).to_contain_text("No account has this name")
    expect(page.locator("#shown")).to_be_hidden()


@pytest.fixture
def guarded(page: Page) -> list[str | None]:
    """Answer as the gateway does to a request without the token `right`, and note what tokens came."""
    came: list[str | None] = []

    def check(route: Route) -> None:
        came.append(route.request.headers.get("authorization"))
        if came[-1] == "Bearer right":
            route.continue_()
        else:
            route.fulfill(status=401, json={"message": "Unauthorized"})

    page.route(DATA, check)
    return came


def test_it_asks_for_a_token_when_one_is_needed(
    page: Page, guarded: list[str | None], account: str, add: Do, shoot: Shoot
) -> None:
    add(42)
    page.goto(f"/#account={account}")
    expect(page.locator("dialog [role=alert]")).to_have_text("This ledger needs a token")
    expect(page.locator("#problem")).to_be_empty()  # it is said once
    expect(page.get_by_label("Token")).to_be_focused()
    shoot("account-token", whole=False)
    assert set(guarded) == {None}
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("dialog [role=alert]")).to_have_text("The token is invalid or has expired")
    page.get_by_label("Token").fill(" right ")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#total")).to_have_text("42")
    page.reload()
    expect(page.locator("#total")).to_have_text("42")
    expect(page.locator("dialog")).to_be_hidden()
    kept = page.evaluate("[{...sessionStorage}, {...localStorage}, document.cookie]")
    assert kept == [{"token": "right"}, {}, ""]


@pytest.mark.usefixtures("guarded")
def test_who_gives_no_token_is_told_so_on_the_page(page: Page, shoot: Shoot) -> None:
    page.goto("/")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#problem")).to_contain_text("This ledger needs a token")
    shoot("account-no-token")
    page.get_by_role("button", name="Enter a token").click()
    expect(page.locator("dialog")).to_be_visible()
    expect(page.locator("dialog [role=alert]")).to_be_hidden()


def fail(page: Page, path: re.Pattern[str], **answer: Any) -> Callable[[], None]:
    """Let requests fail with an answer, or get none, until the function that is returned is called."""

    def refuse(route: Route) -> None:
        if answer:
            route.fulfill(**answer)
        else:
            route.abort()

    page.route(path, refuse)
    return lambda: page.unroute(path, refuse)


PROBLEM = {
    "title": "The ledger is busy or unreachable",
    "detail": "The ledger could not do this in time. Nothing was recorded; try again.",
}
FAILURES = [
    ({"status": 503, "json": {"message": "Service Unavailable"}}, "The ledger is not answering"),
    ({"status": 503, "body": ""}, "Nothing is lost; try again in a moment. (Status 503)"),
    ({"status": 502, "content_type": "text/html", "body": "<h1>Bad Gateway</h1>"}, "(Status 502)"),
    ({"status": 429, "json": {"message": "Too Many Requests"}}, "Too many requests at once"),
    ({"status": 503, "json": PROBLEM}, "The ledger is busy or unreachableThe ledger could not do this in time."),
    ({}, "The ledger cannot be reached"),
]


@pytest.mark.parametrize(("answer", "said"), FAILURES)
def test_a_ledger_that_does_not_answer_is_told_and_can_be_tried_again(
    page: Page, account: str, add: Do, complaints: list[str], answer: dict[str, Any], said: str, shoot: Shoot
) -> None:
    add(42)
    mend = fail(page, DATA, **answer)
    page.goto(f"/#account={account}")
    expect(page.locator("#problem")).to_contain_text(said)
    expect(page.locator("#loading")).to_be_hidden()
    shoot("account-failed")
    page.get_by_role("button", name="Try again").evaluate("it => { it.id = 'first' }")
    page.locator("#first").press("Enter")
    expect(page.locator("#problem button:not(#first)")).to_be_focused()  # the same again
    mend()
    page.get_by_role("button", name="Try again").press("Enter")
    expect(page.locator("#total")).to_have_text("42")
    expect(page.locator("#problem")).to_be_empty()
    expect(page.locator("#balance h1")).to_be_focused()
    complaints.clear()  # of the requests that did not get through


def test_so_it_is_with_each_part_of_the_page(page: Page, account: str, add: Do) -> None:
    for number in range(1, 31):
        add(number)
    page.goto(f"/#account={account}")
    expect(page.locator("#taken li")).to_have_count(1)
    unavailable: dict[str, Any] = {"status": 503, "json": {"message": "Service Unavailable"}}

    mend = fail(page, re.compile("/spend/preview$"), **unavailable)
    page.get_by_label("Points to spend").fill("7")
    expect(page.locator("#spending [role=alert]")).to_contain_text("is not answering")
    mend()
    page.locator("#spending").get_by_role("button", name="Try again").press("Enter")
    expect(page.locator("#taken li")).to_have_text("DANNON7")
    expect(page.locator("#spending h2")).to_be_focused()

    mend = fail(page, re.compile("/transactions.*cursor="), **unavailable)
    page.get_by_role("button", name="Older").click()
    expect(page.locator("#history [role=alert]")).to_contain_text("is not answering")
    mend()
    page.locator("#history").get_by_role("button", name="Try again").click()
    expect(page.locator("#days .line")).to_have_count(30)

    mend = fail(page, re.compile("/transactions/7$"), **unavailable)
    page.get_by_role("link", name="#7 details").click()
    expect(page.locator("#problem")).to_contain_text("is not answering")
    mend()
    page.locator("#problem").get_by_role("button", name="Try again").click()
    expect(page.locator("#balance h1")).to_have_text("Balance after #7")


def test_what_cannot_be_helped_by_trying_again_offers_nothing_of_the_kind(page: Page, account: str, add: Do) -> None:
    add(42)
    page.goto(f"/#account={account}")
    page.get_by_label("Points to spend").fill("43")
    expect(page.locator("#spending [role=alert]")).to_contain_text("there are 42")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
