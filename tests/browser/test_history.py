"""/: what has happened to an account, in words, and how it stood after each line."""

import re
import time
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import NARROW, Do, Shoot, broken_words, fits, texts
from tests.browser.test_account import soon

LONGEST_WAIT_S = 20
TODAY = r"\d+ \w+ \d{4}"


def settled(line: str) -> str:
    """Leave out of a line what differs from day to day, and what only a screen reader says."""
    since = rf"(?<=expired) {TODAY}, [0-9:]+ UTC| until .* UTC"
    return re.sub(rf" \d\d:\d\d:\d\d UTC|{since}| details, and the balance after it", "", line)


@pytest.mark.usefixtures("worked_example")
def test_it_shows_the_history_newest_first_and_which_points_were_spent(page: Page, account: str, shoot: Shoot) -> None:
    page.goto(f"/#account={account}")
    expect(page.locator("#history .line")).to_have_count(6)
    spent, *added = map(settled, texts(page, ".line"))
    assert spent == "Spent −5,000 DANNON −100 UNILEVER −200 MILLER COORS −4,700 #6"
    assert added == [
        "DANNON +300 #5 earned 31 Oct 2020, 10:00 UTC",
        "MILLER COORS +10,000 #4 earned 1 Nov 2020, 14:00 UTC",
        "DANNON −200 #3 taken back 31 Oct 2020, 15:00 UTC",
        "UNILEVER +200 #2 earned 31 Oct 2020, 11:00 UTC",
        "DANNON +1,000 #1 earned 2 Nov 2020, 14:00 UTC",
    ]
    page.get_by_role("link", name="#6").click()
    expect(page.locator(".lots tbody tr")).to_have_count(3)
    assert texts(page, ".lots tbody tr") == [
        "DANNON 31 Oct 2020, 10:00 UTC −100",
        "UNILEVER 31 Oct 2020, 11:00 UTC −200",
        "MILLER COORS 1 Nov 2020, 14:00 UTC −4,700",
    ]
    shoot("account-lots")


def test_it_tells_in_words_what_became_of_points(page: Page, account: str, add: Do, do: Do, shoot: Shoot) -> None:
    add(1000, reference="no. 1", expires_at="2090-01-01T00:00:00Z")
    add(200, "UNILEVER", timestamp="2020-10-31T11:00:00Z")
    add(200, "GONE", expires_at="2021-10-31T11:00:00Z")
    do("spend", points=1100, reference="no. 1")  # after the 200 of GONE expired
    do("transactions/5/refund", points=150, reference="no. 1")
    do("holds", points=120)
    do("holds/7/capture", points=40)
    do("transactions/7/refund")
    do("holds", points=100)
    do("holds/10/void")
    do("holds", points=60)
    do("holds/12/capture")
    add(300, "LATER", effective_at="2088-06-01T12:30:00Z")
    do("transactions/14/cancel")
    page.goto(f"/#account={account}")
    expect(page.locator("#history .line")).to_have_count(15)
    lines = [settled(line).replace(" details, and the balance after it", "") for line in texts(page, ".line")]
    assert lines == [
        "300 points of LATER cancelled 0 #15 of #14",
        "300 points of LATER on the way 0 #14 earned 2 Nov 2020, 14:00 UTC arrives 1 Jun 2088, 12:30 UTC",
        "Order paid with the 60 points set aside 0 DANNON −50 UNILEVER −10 #13 of #12",
        "60 points set aside for an order −60 DANNON −50 UNILEVER −10 #12 set aside",
        "Order called off: 100 points back to DANNON and UNILEVER +100 DANNON +50 UNILEVER +50 #11 of #10",
        "100 points set aside for an order −100 DANNON −50 UNILEVER −50 #10 set aside",
        "Order returned: 40 points back to DANNON +40 #9 of #7",
        "Order paid with 40 of 120 points set aside +80 Taken from DANNON −40 Back to DANNON +10 UNILEVER +70 #8 of #7",
        "120 points set aside for an order −120 DANNON −50 UNILEVER −70 #7 set aside",
        "Order returned: 150 points back to DANNON and UNILEVER +150 DANNON +50 UNILEVER +100 #6 of #5 reference no. 1",
        "Spent −1,100 DANNON −1,000 UNILEVER −100 #5 reference no. 1",
        "200 points of GONE expired −200 #4 expired",
        "GONE +200 #3 earned 2 Nov 2020, 14:00 UTC expires 31 Oct 2021, 11:00 UTC",
        "UNILEVER +200 #2 earned 31 Oct 2020, 11:00 UTC",
        "DANNON +1,000 #1 earned 2 Nov 2020, 14:00 UTC expires 1 Jan 2090, 00:00 UTC reference no. 1",
    ]
    shoot("account-words")


def test_it_tells_what_time_did(page: Page, account: str, add: Do, do: Do) -> None:
    add(100)
    add(30, "UNILEVER", expires_at=soon(1))
    do("holds", points=130, expires_at=soon(3600))
    do("holds/3/capture", points=30)
    do("holds", points=50, expires_at=soon(2))
    add(7, "LATER", effective_at=soon(2))
    deadline = time.monotonic() + LONGEST_WAIT_S
    while "lapse" not in _kinds(page, account) and time.monotonic() < deadline:
        time.sleep(1)
        add(1)
    page.goto(f"/#account={account}")
    expect(page.locator(".line").first).to_be_visible()
    titles = texts(page, ".line .what")
    assert "No longer set aside: 50 points back to DANNON" in titles
    assert "7 points of LATER arrived" in titles
    assert re.search(r"#\d+ .*of #5 was set aside until .* UTC", texts(page, ".line:has-text('No longer') .facts")[0])
    page.get_by_role("link", name="#5", exact=True).click()
    expect(page.locator(".opened")).to_contain_text("The points were not used in time: #")


def _kinds(page: Page, account: str) -> set[str]:
    answer = page.request.get(f"/accounts/{account}/transactions").json()
    return {transaction["kind"] for transaction in answer["transactions"]}


def test_what_time_did_last_is_told_before_it_is_written(page: Page, account: str, add: Do) -> None:
    add(200, "GONE", expires_at="2021-10-31T11:00:00Z")
    page.goto(f"/#account={account}")
    expect(page.locator("#total")).to_have_text("0")
    expect(page.locator("#unwritten")).to_be_visible()
    add(1)
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator(".line .what").nth(1)).to_have_text("200 points of GONE expired")
    expect(page.locator("#unwritten")).to_be_hidden()


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (None, "70 points still set aside."),
        (
            ("capture", {"points": 30}),
            "The order was paid: #3. 30 points can still come back if the order is returned.",
        ),
        (("void", {}), "The order was called off: #3."),
    ],
)
def test_it_tells_what_became_of_a_hold(page: Page, account: str, add: Do, do: Do, end: Any, told: str) -> None:
    add(100)
    do("holds", points=70)
    if end:
        do(f"holds/2/{end[0]}", **end[1])
    page.goto(f"/#account={account}&line=2")
    page.locator(".opened").wait_for()
    assert " ".join(texts(page, ".opened p")) == told


def test_it_tells_what_is_left_of_a_spend_and_what_came_with_it(page: Page, account: str, add: Do, do: Do) -> None:
    add(100, expires_at="2090-01-01T00:00:00Z")
    spent = do("spend", points=70, metadata={"shop": "Haifa", "till": "7"})
    assert spent
    page.goto(f"/#account={account}&line=2")
    expect(page.locator(".opened p")).to_have_text("70 points can still come back if the order is returned.")
    expect(page.locator(".lots tbody")).to_have_text(re.compile("expires 1 Jan 2090, 00:00 UTC"))
    assert texts(page, ".opened dl > *")[:4] == ["shop", "Haifa", "till", "7"]
    do("transactions/2/refund")
    page.reload()
    expect(page.locator(".opened p")).to_have_text("All of it has come back.")


@pytest.mark.usefixtures("worked_example")
def test_a_click_on_a_line_shows_the_balance_after_it(page: Page, account: str) -> None:
    page.goto(f"/#account={account}")
    expect(page.locator("#total")).to_have_text("6,300")
    page.locator(".line", has_text="#4").locator(".what").click()
    expect(page.locator("#balance h1")).to_have_text("Balance after #4")
    assert texts(page, "#payers li") == ["MILLER COORS 10,000", "DANNON 800", "UNILEVER 200"]
    expect(page.locator("#total")).to_have_text("11,000")
    expect(page.locator(".line[aria-current]")).to_contain_text("#4")
    expect(page.locator("#spending")).to_be_hidden()
    assert page.url.endswith(f"#account={account}&line=4")
    page.get_by_role("link", name="#2").press("Enter")
    expect(page.locator("#total")).to_have_text("1,200")
    page.go_back()
    expect(page.locator("#total")).to_have_text("11,000")
    page.locator(".line[aria-current] .what").click()  # the same line again: back to now
    expect(page.locator("#balance h1")).to_have_text("Balance")
    expect(page.locator("#total")).to_have_text("6,300")
    expect(page.locator("#spending")).to_be_visible()
    expect(page.locator(".opened")).to_have_count(0)


def test_a_link_to_a_line_far_down_shows_it_until_its_place_is_reached(page: Page, account: str, add: Do) -> None:
    for number in range(1, 31):
        add(number)
    page.goto(f"/#account={account}&line=2")
    expect(page.locator("#linked .line")).to_contain_text("#2 ")
    expect(page.locator("#total")).to_have_text("3")
    expect(page.locator("#days .line")).to_have_count(25)
    page.get_by_role("button", name="Older").click()
    expect(page.locator("#days .line")).to_have_count(30)
    expect(page.locator("#linked .line")).to_have_count(0)
    expect(page.locator("#days .line[aria-current]")).to_contain_text("#2 ")
    button = page.get_by_role("button", name="Back to now")
    button.press("Enter")
    expect(page.locator("#total")).to_have_text("465")
    expect(page.get_by_role("button", name="Refresh")).to_be_focused()
    assert page.url.endswith(f"#account={account}")


def test_a_link_to_a_line_that_is_not_there_says_so(page: Page, account: str, add: Do) -> None:
    add(42)
    page.goto(f"/#account={account}&line=7")
    expect(page.locator("#problem")).to_contain_text("The account has no transaction 7.")
    expect(page.locator("#total")).to_have_text("42")


def test_at_390_pixels_the_balance_after_a_line_stays_in_sight(page: Page, account: str, add: Do, shoot: Shoot) -> None:
    for number in range(1, 21):
        add(number, reference=f"no. {number}")
    page.set_viewport_size(NARROW)
    page.goto(f"/#account={account}&line=3")
    expect(page.locator(".opened")).to_be_in_viewport()
    expect(page.locator("#total")).to_be_in_viewport()
    expect(page.locator("#total")).to_have_text("6")
    assert broken_words(page, "#days") == []
    assert fits(page)
    shoot("account-line-narrow", whole=False)


def test_all_of_one_reference(page: Page, account: str, add: Do, do: Do) -> None:
    add(100, reference="no. 1")
    add(50)
    do("spend", points=120, reference="no. 2 & more")
    do("transactions/3/refund", points=20, reference="no. 2 & more")
    page.goto(f"/#account={account}")
    page.get_by_role("link", name="no. 2 & more").first.press("Enter")
    expect(page.locator("#filter")).to_contain_text("Only reference no. 2 & more")
    expect(page.get_by_role("button", name="Show all")).to_be_focused()
    expect(page.locator("#days .line")).to_have_count(2)
    expect(page.locator("#history-note")).to_have_text("2 shown")
    page.get_by_role("link", name="#3", exact=True).click()
    expect(page.locator("#total")).to_have_text("30")
    assert page.url.endswith(f"#account={account}&reference=no.+2+%26+more&line=3")
    page.get_by_role("button", name="Show all").press("Enter")
    expect(page.locator("#days .line")).to_have_count(4)
    expect(page.locator("#history h2")).to_be_focused()
    page.goto(f"/#account={account}&reference={quote('nobody knows this')}")
    expect(page.locator("#history-note")).to_have_text("Nothing has this reference.")


def test_a_long_history_comes_a_page_at_a_time(page: Page, account: str, add: Do) -> None:
    for number in range(1, 61):
        add(number)
    page.goto(f"/#account={account}")
    lines = page.locator("#history .line")
    expect(lines).to_have_count(25)
    add(1000)  # what is recorded meanwhile does not move what is older
    older = page.get_by_role("button", name="Older")
    older.click()
    expect(lines).to_have_count(50)
    expect(lines.nth(25)).to_be_focused()
    older.press("Enter")
    expect(lines).to_have_count(60)
    expect(older).to_be_hidden()
    expect(page.locator("#history-note")).to_have_text("60 of 60 shown")
    assert [text.split()[1] for text in texts(page, "#history .line")] == [f"+{n}" for n in range(60, 0, -1)]
    expect(page.locator("#balance")).to_be_in_viewport(ratio=1)  # also at the end of it
    page.get_by_role("button", name="Refresh").click()  # keeps the place in the history
    expect(lines).to_have_count(61)
    expect(lines.first).to_contain_text("+1,000")
    for number in range(30):
        add(number + 1)
    page.get_by_role("button", name="Refresh").click()  # too much has happened to show what lies between
    expect(lines).to_have_count(25)
    expect(page.locator("#history-note")).to_have_text("25 of 91 shown")


def test_coming_back_shows_what_has_happened_and_keeps_the_focus_and_the_open_line(
    page: Page, account: str, add: Do
) -> None:
    add(1)
    add(2)
    page.goto(f"/#account={account}&line=2")
    expect(page.locator(".opened")).to_be_visible()
    link = page.get_by_role("link", name="#1 details")
    link.focus()
    add(3)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".line")).to_have_count(3)
    expect(link).to_be_focused()
    expect(page.locator(".opened")).to_be_visible()
    expect(page.locator("#total")).to_have_text("3")
    page.get_by_role("button", name="Back to now").click()
    expect(page.locator("#total")).to_have_text("6")


@pytest.mark.usefixtures("worked_example")
def test_very_many_lots_come_a_part_at_a_time(page: Page, account: str) -> None:
    def cut(route: Route) -> None:
        url, _, query = route.request.url.partition("?")
        whole = route.fetch(url=url).json()
        lots = whole["lots"]
        route.fulfill(json=whole | ({"lots": lots[2:]} if query else {"lots": lots[:2], "next_lots_cursor": "next"}))

    page.route(re.compile(r"/transactions/6\b"), cut)
    page.goto(f"/#account={account}&line=6")
    expect(page.locator(".lots tbody tr")).to_have_count(2)
    page.get_by_role("button", name="More of them").click()
    expect(page.locator(".lots tbody tr")).to_have_count(3)
    expect(page.locator(".lots").nth(1)).to_be_focused()
    expect(page.get_by_role("button", name="More of them")).to_be_hidden()


@pytest.mark.parametrize("zone", ["Asia/Tokyo"])
def test_times_say_their_zone(page: Page, account: str, add: Do) -> None:
    add(1, expires_at="2090-01-01T00:00:00Z")
    page.goto(f"/#account={account}")
    expect(page.locator("#coming time")).to_have_text("1 Jan 2090, 09:00 GMT+9")
    expect(page.locator(".facts time")).to_have_count(3)
    assert all(text.endswith(" GMT+9") for text in texts(page, ".facts time"))
