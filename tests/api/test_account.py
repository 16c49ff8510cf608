"""`GET /account`, `/lots`, `/holds` and `/pending`: how an account stands, at a glance and one by one."""

from collections.abc import Iterator
from typing import Any

import pytest
from points.api import answers
from points.api.queries import make_cursor

from tests.api.client import Client
from tests.api.moments import MINUTE, after, due
from tests.api.problems import assert_problem
from tests.simulator.clock import VirtualClock

CALLS = ("account", "lots", "holds", "pending")


@pytest.fixture
def busy(client: Client, clock: VirtualClock) -> Client:  # noqa: ARG001
    """A caller with something of everything: 6 lots, two holds, two pending adds, and a debt."""
    client.add("DANNON", 100, "2020-10-31T10:00:00Z")
    client.add("UNILEVER", 50, expires_at=after(9 * MINUTE))
    client.add("UNILEVER", 60, expires_at=after(9 * MINUTE))
    client.hold(120, expires_at=after(3 * MINUTE))
    client.hold(10, expires_at=after(3 * MINUTE))
    client.add("DANNON", 500, effective_at=after(2 * MINUTE), expires_at=after(4 * MINUTE))
    client.add("MILLER COORS", 7, effective_at=after(5 * MINUTE))
    client.add("DANNON", -30)
    client.add("MILLER COORS", 40, expires_at=after(9 * MINUTE))
    for day in range(1, 4):
        client.add("DANNON", day, f"2020-12-0{day}T00:00:00Z")
    return client


def entries(client: Client, call: str, **query: str) -> Iterator[Any]:
    """Read a list page by page, and check that there is one version."""
    page: dict[str, Any] = {"next_cursor": None}
    while True:
        answer = client.get(call, **query)
        assert answer.status == 200, answer.text
        page = answer.json
        assert page.keys() == {call, "next_cursor"}
        yield from page[call]
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]


def test_the_account_at_a_glance(busy: Client) -> None:
    glance = busy.get("account")

    assert glance.json == {
        "available": 96,
        "balances": {"DANNON": 56, "UNILEVER": 0, "MILLER COORS": 40},
        "held": 130,
        "pending": 507,
        "owed": {"DANNON": 30},
        "next_expiry": {"at": after(9 * MINUTE), "points": 40},
        "next_lapse": {"at": after(3 * MINUTE), "points": 130},
        "next_arrival": {"at": after(2 * MINUTE), "points": 500},
    }
    assert glance.etag == '"12"'


def test_an_account_without_anything(client: Client) -> None:
    glance = client.get("account")

    assert glance.json == {
        "available": 0,
        "balances": {},
        "held": 0,
        "pending": 0,
        "owed": {},
        "next_expiry": None,
        "next_lapse": None,
        "next_arrival": None,
    }
    assert glance.etag == '"0"'
    for call in ("lots", "holds", "pending"):
        assert client.get(call).json == {call: [], "next_cursor": None}


def test_what_time_does_shows_at_its_moment(busy: Client, clock: VirtualClock) -> None:
    clock.sleep(2 * MINUTE)
    glance = busy.get("account")
    assert glance.json.items() >= {"available": 596, "pending": 7, "held": 130}.items()
    assert glance.json["next_expiry"] == {"at": after(4 * MINUTE), "points": 470}, "what DANNON owes is paid first"
    assert glance.etag == f'"12.{due(2 * MINUTE)}"'

    clock.sleep(MINUTE)
    assert busy.get("account").json.items() >= {"held": 0, "next_lapse": None, "available": 726}.items()


def test_the_lots_in_the_order_in_which_they_will_be_spent(busy: Client) -> None:
    shown = [(lot["sequence"], lot["payer"], lot["points"]) for lot in entries(busy, "lots")]

    assert shown == [
        (9, "MILLER COORS", 40),
        (1, "DANNON", 80),
        (10, "DANNON", 1),
        (11, "DANNON", 2),
        (12, "DANNON", 3),
    ]
    assert busy.get("lots").json["lots"][0] == {
        "sequence": 9,
        "payer": "MILLER COORS",
        "timestamp": "2020-11-02T14:00:00Z",
        "expires_at": after(9 * MINUTE),
        "points": 40,
    }


@pytest.mark.parametrize("limit", ["1", "2", "4", "5", "100"])
def test_lots_come_in_pages(busy: Client, limit: str) -> None:
    assert list(entries(busy, "lots", limit=limit)) == busy.get("lots").json["lots"]


def test_a_page_of_lots_goes_on_where_the_last_one_ended_whatever_happened_meanwhile(busy: Client) -> None:
    first = busy.get("lots", limit="2")
    assert busy.spend(90).status == 200
    busy.add("OLDER", 5, "2019-01-01T00:00:00Z")

    second = busy.get("lots", limit="2", cursor=first.json["next_cursor"])

    assert [lot["sequence"] for lot in first.json["lots"]] == [9, 1]
    assert [lot["sequence"] for lot in second.json["lots"]] == [10, 11]
    assert second.etag != first.etag, "a page says its version"


def test_the_open_holds(busy: Client) -> None:
    assert list(entries(busy, "holds")) == [
        {
            "sequence": 4,
            "points": 120,
            "expires_at": after(3 * MINUTE),
            "taken": [{"payer": "UNILEVER", "points": -110}, {"payer": "DANNON", "points": -10}],
        },
        {
            "sequence": 5,
            "points": 10,
            "expires_at": after(3 * MINUTE),
            "taken": [{"payer": "DANNON", "points": -10}],
        },
    ]
    busy.capture(4)
    assert [hold["sequence"] for hold in entries(busy, "holds")] == [5]


def test_the_pending_adds(busy: Client) -> None:
    assert list(entries(busy, "pending")) == [
        {
            "sequence": 6,
            "payer": "DANNON",
            "amount": 500,
            "timestamp": "2020-11-02T14:00:00Z",
            "effective_at": after(2 * MINUTE),
            "expires_at": after(4 * MINUTE),
        },
        {
            "sequence": 7,
            "payer": "MILLER COORS",
            "amount": 7,
            "timestamp": "2020-11-02T14:00:00Z",
            "effective_at": after(5 * MINUTE),
        },
    ]
    busy.cancel(6)
    assert [add["sequence"] for add in entries(busy, "pending")] == [7]


@pytest.mark.parametrize("call", ["lots", "holds", "pending"])
def test_what_does_not_fit_into_one_answer_comes_in_several(
    busy: Client, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    whole = busy.get(call).json
    assert whole["next_cursor"] is None

    monkeypatch.setattr(answers, "MOST_BYTES", 1)

    assert len(busy.get(call).json[call]) == 1
    assert list(entries(busy, call)) == whole[call]


@pytest.mark.parametrize("call", CALLS)
def test_nothing_is_sent_to_who_has_it(busy: Client, clock: VirtualClock, call: str) -> None:
    first = busy.get(call)
    again = busy.send(call, if_none_match=f'"other", W/{first.etag}')
    assert (again.status, again.text, again.etag) == (304, "", first.etag)
    assert again.headers["cache-control"] == "no-store"

    clock.sleep(2 * MINUTE)

    assert busy.send(call, if_none_match=first.etag).status == 200


@pytest.mark.parametrize("cursor", ["", "!", "MQ", "eA==", "\u00e9", "LTE=", make_cursor("~" + "z" * 20)])
@pytest.mark.parametrize("call", ["lots", "holds", "pending"])
def test_a_cursor_that_no_answer_gave(busy: Client, call: str, cursor: str) -> None:
    assert_problem(busy.get(call, cursor=cursor), 400, "invalid-request", cursor="must be a cursor")


@pytest.mark.parametrize("limit", ["0", "101", "x", ""])
def test_a_bad_limit(busy: Client, limit: str) -> None:
    assert_problem(busy.get("lots", limit=limit), 400, "invalid-request", limit="must be a whole number from 1 to 100")
