"""/: an account at a glance."""

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Post, Shoot

WORKED_EXAMPLE: list[tuple[str, dict[str, Any]]] = [
    ("add", {"payer": "DANNON", "points": 1000, "timestamp": "2020-11-02T14:00:00Z"}),
    ("add", {"payer": "UNILEVER", "points": 200, "timestamp": "2020-10-31T11:00:00Z"}),
    ("add", {"payer": "DANNON", "points": -200, "timestamp": "2020-10-31T15:00:00Z"}),
    ("add", {"payer": "MILLER COORS", "points": 10_000, "timestamp": "2020-11-01T14:00:00Z"}),
    ("add", {"payer": "DANNON", "points": 300, "timestamp": "2020-10-31T10:00:00Z"}),
    ("spend", {"points": 5000}),
]


@pytest.fixture
def account() -> str:
    """The name of an account that has nothing yet."""
    return f"account-{uuid4()}"


@pytest.fixture
def worked_example(account: str, post: Post) -> None:
    """Run the worked example on the account."""
    for call, body in WORKED_EXAMPLE:
        post(f"/accounts/{account}/{call}", body)


def add(post: Post, account: str, points: int, payer: str = "DANNON") -> None:
    body = {"payer": payer, "points": points, "timestamp": "2020-11-02T14:00:00Z"}
    post(f"/accounts/{account}/add", body)


def texts(page: Page, selector: str) -> list[str]:
    return [re.sub(r"\s+", " ", text) for text in page.locator(selector).all_inner_texts()]


@pytest.mark.usefixtures("worked_example")
def test_it_shows_the_balance_of_each_payer(page: Page, account: str, shoot: Shoot) -> None:
    page.goto(f"/#account={account}")
    expect(page.locator("#total")).to_have_text("6,300")
    assert texts(page, "#payers li") == ["MILLER COORS 5,300", "DANNON 1,000", "UNILEVER 0"]
    expect(page.locator("#taken li")).to_have_count(1)
    shoot("account")


@pytest.mark.usefixtures("worked_example")
def test_it_shows_what_a_spend_would_take_as_the_amount_changes(page: Page, account: str) -> None:
    page.goto(f"/#account={account}")
    page.get_by_label("Points to spend").fill("6 000")
    expect(page.locator("#taken li")).to_have_count(2)
    assert texts(page, "#taken li") == ["MILLER COORS 5,300", "DANNON 700"]
    expect(page.locator("#legend")).to_contain_text("6,000")
    assert _share_of_bar(page, "DANNON") == pytest.approx(0.7, abs=0.01)
    page.get_by_label("Part of the balance").press("End")
    expect(page.get_by_label("Points to spend")).to_have_value("6,300")
    expect(page.locator("#taken li").nth(1)).to_contain_text("1,000")
    assert _share_of_bar(page, "DANNON") == pytest.approx(1, abs=0.01)
    expect(page.locator("#total")).to_have_text("6,300")  # nothing was spent by looking


def _share_of_bar(page: Page, payer: str) -> float:
    """Return how much of a payer's bar is marked to go, once it has come to rest."""
    bar = page.locator("#payers li", has_text=payer).locator(".bar")
    bar.evaluate("bar => Promise.all(bar.getAnimations({subtree: true}).map(it => it.finished))")
    stays, goes = bar.locator("span").evaluate_all("all => all.map(it => it.getBoundingClientRect().width)")
    return float(goes / (stays + goes))


@pytest.mark.usefixtures("worked_example")
@pytest.mark.parametrize(
    ("amount", "said"),
    [("6301", "there are 6300, and 6301 were asked for"), ("1.5 points", "A whole number"), ("", "A whole number")],
)
def test_it_says_why_an_amount_cannot_be_spent(page: Page, account: str, amount: str, said: str) -> None:
    page.goto(f"/#account={account}")
    expect(page.locator("#taken li")).to_have_count(1)
    page.get_by_label("Points to spend").fill(amount)
    expect(page.locator("#spending [role=alert]")).to_contain_text(said)
    expect(page.locator("#taken li")).to_have_count(0)


@pytest.mark.usefixtures("worked_example")
def test_it_shows_the_history_newest_first_and_which_points_were_spent(page: Page, account: str, shoot: Shoot) -> None:
    page.goto(f"/#account={account}")
    expect(page.locator("#history .line")).to_have_count(6)
    spent, *added = texts(page, "#history .line")
    assert spent.startswith("Spent −5,000 DANNON −100 UNILEVER −200 MILLER COORS −4,700 #6")
    assert [re.sub(r"\d\d:\d\d:\d\d ", "", line) for line in added] == [
        "DANNON +300 #5 earned 31 Oct 2020, 10:00",
        "MILLER COORS +10,000 #4 earned 1 Nov 2020, 14:00",
        "DANNON −200 #3 taken back 31 Oct 2020, 15:00",
        "UNILEVER +200 #2 earned 31 Oct 2020, 11:00",
        "DANNON +1,000 #1 earned 2 Nov 2020, 14:00",
    ]
    button = page.get_by_role("button", name="Which points?")
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".lots tbody tr")).to_have_count(3)
    assert texts(page, ".lots tbody tr") == [
        "DANNON 31 Oct 2020, 10:00 −100",
        "UNILEVER 31 Oct 2020, 11:00 −200",
        "MILLER COORS 1 Nov 2020, 14:00 −4,700",
    ]
    shoot("account-lots")
    button.click()
    expect(page.locator(".lots")).to_be_hidden()


def test_a_long_history_comes_a_page_at_a_time(page: Page, account: str, post: Post) -> None:
    for number in range(1, 61):
        add(post, account, number)
    page.goto(f"/#account={account}")
    lines = page.locator("#history .line")
    expect(lines).to_have_count(25)
    add(post, account, 1000)  # what is recorded meanwhile does not move what is older
    older = page.get_by_role("button", name="Older")
    older.click()
    expect(lines).to_have_count(50)
    expect(lines.nth(25)).to_be_focused()
    older.press("Enter")
    expect(lines).to_have_count(60)
    expect(older).to_be_hidden()
    expect(page.locator("#history-note")).to_have_text("60 of 60 shown")
    assert [text.split()[1] for text in texts(page, "#history .line")] == [f"+{n}" for n in range(60, 0, -1)]


def test_many_payers_do_not_bury_the_rest(page: Page, account: str, post: Post) -> None:
    for number in range(1, 13):
        add(post, account, number, f"PARTNER {number}")
    page.goto(f"/#account={account}")
    expect(page.locator("#payers li")).to_have_count(10)
    page.get_by_role("button", name="Show all 12 payers").click()
    expect(page.locator("#payers li")).to_have_count(12)


def test_it_follows_what_happens_meanwhile(page: Page, account: str, post: Post) -> None:
    add(post, account, 100)
    page.goto(f"/#account={account}")
    expect(page.locator("#total")).to_have_text("100")
    add(post, account, 50)
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#total")).to_have_text("150")
    add(post, account, 50)
    page.get_by_label("Points to spend").fill("200")  # the preview tells that there is more than is shown
    expect(page.locator("#total")).to_have_text("200")
    expect(page.locator("#taken li")).to_have_text("DANNON200")


def test_an_account_without_points_says_so(page: Page, account: str, shoot: Shoot) -> None:
    page.goto(f"/#account={account}")
    expect(page.locator("#nothing")).to_be_visible()
    expect(page.locator("#spending")).to_be_hidden()
    expect(page.locator("#history-note")).to_have_text("Nothing has happened yet.")
    shoot("account-empty")


def test_names_are_text_and_nothing_else(page: Page, account: str, post: Post) -> None:
    names = ["<img src=x onerror=alert(1)>", "</li><script>alert(1)</script>", "__proto__", "\u202eright to left", "7"]
    for name in names:
        add(post, account, 10, name)
    page.goto(f"/#account={account}")
    expect(page.locator("#payers li")).to_have_count(len(names))
    assert set(page.locator("#payers bdi").all_text_contents()) == set(names)
    assert page.locator("main :is(img, script)").count() == 0


def test_points_beyond_what_one_payer_may_have_are_exact(page: Page, account: str, post: Post) -> None:
    for payer in ("DANNON", "UNILEVER"):
        add(post, account, 2**53 - 1, payer)
    page.goto(f"/#account={account}")
    expect(page.locator("#total")).to_have_text("18,014,398,509,481,982")


def test_another_account_is_named_in_the_dialog(page: Page, account: str, post: Post) -> None:
    add(post, account, 42)
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
    expect(page.locator("#problem")).to_contain_text("account must have 1 to 128 of")
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

    page.route(re.compile(r"/(balance|transactions|spend/preview)\b"), check)
    return came


def test_it_asks_for_a_token_when_one_is_needed(
    page: Page, guarded: list[str | None], account: str, post: Post, shoot: Shoot
) -> None:
    add(post, account, 42)
    page.goto(f"/#account={account}")
    expect(page.locator("dialog [role=alert]")).to_have_text("UnauthorizedThis ledger needs a token.")
    shoot("account-token")
    assert set(guarded) == {None}
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("dialog [role=alert]")).to_have_text("UnauthorizedThe token is not valid, or no longer.")
    page.get_by_label("Token").fill(" right ")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#total")).to_have_text("42")
    page.reload()
    expect(page.locator("#total")).to_have_text("42")
    expect(page.locator("dialog")).to_be_hidden()
    kept = page.evaluate("[{...sessionStorage}, {...localStorage}, document.cookie]")
    assert kept == [{"token": "right"}, {}, ""]


def test_a_ledger_that_cannot_be_reached_is_told(page: Page, complaints: list[str]) -> None:
    page.route(re.compile(r"/balance$"), lambda route: route.abort())
    page.goto("/")
    expect(page.locator("#problem")).to_contain_text("The ledger cannot be reached")
    complaints.clear()  # of the request that did not get through
