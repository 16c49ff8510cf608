"""/: an account at a glance. Its balance, what comes next, and what a spend would take."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import NARROW, Do, Shoot, broken_words, fits, texts

MOST = 2**53 - 1
LONG_NAME = "A payer whose name has so many words that nobody would ever read it, on and on, to its very end"
RIGHT_TO_LEFT = "מגה בול"


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


@pytest.mark.usefixtures("worked_example")
def test_it_shows_the_balance_of_each_payer(page: Page, account: str, shoot: Shoot) -> None:
    page.goto(f"/#account={account}")
    expect(page.locator("#total")).to_have_text("6,300")
    assert texts(page, "#payers li") == ["MILLER COORS 5,300", "DANNON 1,000", "UNILEVER 0"]
    expect(page.locator("#coming")).to_be_hidden()
    expect(page.locator("#taken li")).to_have_count(1)
    shoot("account")


def test_it_says_that_it_is_for_looking(page: Page) -> None:
    page.goto("/")
    expect(page.locator("header")).to_contain_text("Read-only: this page changes nothing.")


def test_it_shows_what_is_set_aside_what_is_on_the_way_and_what_comes_next(
    page: Page, account: str, add: Do, do: Do, shoot: Shoot
) -> None:
    add(1000, expires_at="2090-01-01T00:00:00Z")
    add(70, "UNILEVER", expires_at="2089-12-31T23:00:00Z")
    add(500, effective_at="2088-06-01T12:30:00Z")
    add(200, effective_at="2088-07-01T12:30:00Z")
    do("holds", points=130, expires_at=soon(3600))
    held = do("holds", points=50, expires_at=soon(1800))
    page.goto(f"/#account={account}")
    expect(page.locator("#total")).to_have_text("890")
    aside, coming, expiry = texts(page, "#coming div")
    assert aside.startswith("Set aside for orders 180 50 of them back on ")
    assert aside.endswith(" UTC if not used")
    assert coming == "On the way 700 500 of them due on 1 Jun 2088, 12:30 UTC"
    assert expiry == "Next to expire 890 on 1 Jan 2090, 00:00 UTC"
    expect(page.locator("#coming time").first).to_have_attribute("datetime", held["expires_at"])
    shoot("account-coming")


def test_it_follows_time_by_itself(page: Page, account: str, add: Do, do: Do) -> None:
    add(100)
    add(30, expires_at=soon(4))
    do("holds", points=50, expires_at=soon(4))
    add(7, effective_at=soon(4))
    page.goto(f"/#account={account}")
    expect(page.locator("#total")).to_have_text("80")
    expect(page.locator("#total")).to_have_text("107", timeout=20_000)
    expect(page.locator("#coming")).to_be_hidden()
    expect(page.locator("#unwritten")).to_be_visible()


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
    [
        ("6,301", "there are 6,300, but 6,301 were asked for"),
        ("", "A whole number, up to 6,300."),
        ("1.5", "Points are whole“1.5” has a fraction."),
        ("0.5", "Points are whole“0.5” has a fraction."),
        ("10.00", "Points are whole“10.00” has a fraction."),
        ("1,5", "Points are whole“1,5” has a fraction."),
        ("1.234,50", "Points are whole“1.234,50” has a fraction."),
        ("1.500", "“1.500” may mean thousands or a fraction. For thousands, write 1,500."),
        ("1.5 points", "“1.5 points” cannot be read."),
        ("1,00,000", "“1,00,000” cannot be read."),
        ("1,000 000", "“1,000 000” cannot be read."),
        ("1e3", "“1e3” cannot be read."),
        ("٥٠٠", "“٥٠٠” cannot be read."),
        ("x" * 300, f"“{'x' * 40}…” cannot be read."),
        ("-5", "No sign, please“-5” has one."),
        ("0", "At least 1 point"),
        ("9,007,199,254,740,992", "No account can hold more than 9,007,199,254,740,991 points."),
        ("9" * 300, "No account can hold more than 9,007,199,254,740,991 points."),
    ],
)
def test_it_says_why_an_amount_cannot_be_spent(page: Page, account: str, amount: str, said: str) -> None:
    page.goto(f"/#account={account}")
    expect(page.locator("#taken li")).to_have_count(1)
    page.get_by_label("Points to spend").fill(amount)
    expect(page.locator("#spending [role=alert]")).to_contain_text(said)
    expect(page.locator("#taken li")).to_have_count(0)
    page.get_by_label("Points to spend").blur()
    expect(page.get_by_label("Points to spend")).to_have_value(amount)


@pytest.mark.usefixtures("worked_example")
@pytest.mark.parametrize(
    "amount", ["5000", "5,000", " 5 000 ", "5\u00a0000", "5\u202f000", "5'000", "5’000", "5_000", "0,005,000"]
)
def test_an_amount_may_have_its_digits_in_groups(page: Page, account: str, amount: str) -> None:
    page.goto(f"/#account={account}")
    expect(page.locator("#taken li")).to_have_count(1)
    page.get_by_label("Points to spend").fill(amount)
    expect(page.locator("#taken li")).to_have_text("MILLER COORS5,000")
    page.get_by_label("Points to spend").blur()
    expect(page.get_by_label("Points to spend")).to_have_value("5,000")


def test_the_slider_goes_to_the_end_of_the_greatest_balance(page: Page, account: str, add: Do, shoot: Shoot) -> None:
    add(MOST - 7)
    add(7, "UNILEVER")
    page.set_viewport_size(NARROW)
    page.goto(f"/#account={account}")
    expect(page.locator("#total")).to_have_text("9,007,199,254,740,991")
    page.get_by_label("Part of the balance").press("End")
    expect(page.locator("#taken li")).to_have_count(2)
    expect(page.get_by_label("Points to spend")).to_have_value("9,007,199,254,740,991")
    assert page.locator("#amount").evaluate("it => it.scrollWidth <= it.clientWidth")
    assert broken_words(page, "main") == []
    assert fits(page)
    shoot("account-greatest")


@pytest.mark.parametrize("name", [RIGHT_TO_LEFT, LONG_NAME, "W" * 128, "7"])
@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, NARROW], ids=["wide", "narrow"])
def test_no_name_touches_its_amount(page: Page, account: str, add: Do, do: Do, name: str, size: dict[str, int]) -> None:
    add(8_000_000_023_563, name, reference=f"{RIGHT_TO_LEFT} 1")
    add(23_563)
    do("spend", points=8_000_000_000_000)
    do("transactions/3/refund", points=7_000_000_000_000)
    page.set_viewport_size(size)
    page.goto(f"/#account={account}")
    expect(page.locator("#taken li")).to_have_count(1)
    rows = page.locator("#payers li, #taken li, .line")
    boxes = rows.evaluate_all(
        """all => all.map(row =>
             [row.querySelector(".what, bdi"), row.querySelector(".points")].map(it => it.getBoundingClientRect()))"""
    )
    assert len(boxes) == 7
    for said, amount in boxes:
        assert said["right"] + 8 <= amount["left"] or said["bottom"] <= amount["top"]
    assert fits(page)
    aligned = page.locator("#payers bdi, #taken bdi").evaluate_all(
        "all => all.map(it => getComputedStyle(it).textAlign)"
    )
    assert set(aligned) == {"left"}
    assert "bdi" in page.locator(".payers-changed b").first.evaluate("it => it.previousElementSibling.localName")


def test_many_payers_do_not_bury_the_rest(page: Page, account: str, add: Do) -> None:
    for number in range(1, 13):
        add(number, f"PARTNER {number}")
    page.goto(f"/#account={account}")
    expect(page.locator("#payers li")).to_have_count(10)
    page.get_by_role("button", name="Show all 12 payers").press("Enter")
    expect(page.locator("#payers li")).to_have_count(12)
    fewer = page.get_by_role("button", name="Show fewer")
    expect(fewer).to_be_focused()
    fewer.press("Enter")
    expect(page.locator("#payers li")).to_have_count(10)
    expect(page.get_by_role("button", name="Show all 12 payers")).to_be_focused()


def test_it_follows_what_happens_meanwhile(page: Page, account: str, add: Do) -> None:
    add(100)
    page.goto(f"/#account={account}")
    expect(page.locator("#total")).to_have_text("100")
    add(50)
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#total")).to_have_text("150")
    add(50)
    page.get_by_label("Points to spend").fill("200")  # the preview tells that there is more than is shown
    expect(page.locator("#total")).to_have_text("200")
    expect(page.locator("#taken li")).to_have_text("DANNON200")


def test_an_account_without_points_says_so(page: Page, account: str, shoot: Shoot) -> None:
    page.goto(f"/#account={account}")
    expect(page.locator("#nothing")).to_be_visible()
    expect(page.locator("#spending")).to_be_hidden()
    expect(page.locator("#history-note")).to_have_text("Nothing has happened yet.")
    shoot("account-empty")


def test_names_are_text_and_nothing_else(page: Page, account: str, add: Do) -> None:
    names = ["<img src=x onerror=alert(1)>", "</li><script>alert(1)</script>", "__proto__", RIGHT_TO_LEFT, "7"]
    for name in names:
        add(10, name, reference=name, metadata={name: name})
    page.goto(f"/#account={account}&line=2")
    expect(page.locator("#payers li")).to_have_count(2)
    expect(page.locator(".opened dt").first).to_have_text(names[1])
    page.get_by_role("button", name="Back to now").click()
    expect(page.locator("#payers li")).to_have_count(len(names))
    assert set(page.locator("#payers bdi").all_text_contents()) == set(names)
    assert page.locator("main :is(img, script)").count() == 0


def test_at_390_pixels_the_accounts_button_keeps_its_arrow(page: Page, shoot: Shoot) -> None:
    page.set_viewport_size(NARROW)
    page.goto("/#account=" + "a-name-of-128-letters" * 6)
    button, name = page.locator("#who").bounding_box(), page.locator("#account").bounding_box()
    assert button
    assert name
    assert name["x"] + name["width"] + 16 <= button["x"] + button["width"] <= NARROW["width"]
    assert fits(page)
    shoot("account-long-name", page.locator("header"))


def test_something_is_said_while_it_loads(page: Page, account: str, add: Do) -> None:
    add(42)
    waiting: list[Route] = []

    def wait(route: Route) -> None:
        waiting.append(route)

    page.route("**/account", wait)
    page.goto(f"/#account={account}")
    expect(page.get_by_text("Loading the account…")).to_be_visible()
    expect(page.locator("#shown")).to_be_hidden()
    waiting[0].continue_()
    expect(page.locator("#total")).to_have_text("42")
    expect(page.get_by_text("Loading the account…")).to_be_hidden()
