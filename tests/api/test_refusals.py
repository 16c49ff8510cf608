"""What an account in its present state cannot do: refused with 400 or 409, and nothing recorded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest
from points.api import runtime
from points.rules import plans
from points.rules.plans import Plan
from points.rules.terms import Kind, State, Transaction
from points.storage import capacity
from points.storage.lines import Standing, next_line, to_item

from tests.api.client import Client
from tests.api.failures import client_error
from tests.api.problems import assert_problem

MOST = 2**53 - 1
NOON = datetime(2020, 11, 2, 12, tzinfo=UTC)


@contextmanager
def nothing_recorded(client: Client) -> Iterator[None]:
    """The balance and its version are the same after as before."""
    before = client.balance()
    yield
    assert client.balance() == before


@pytest.fixture
def given(client: Client, stand_in: Callable[..., None]) -> Callable[[State], list[Any]]:
    """Return a function that puts the client's account in a state that is far to get to, and lists what is put."""

    def given(state: State) -> list[Any]:
        plan = Plan(Transaction(kind=Kind.ADD, points=1, payer="DANNON", timestamp=NOON), state)
        item = to_item(next_line(Standing(client.subject), plan, NOON))
        puts: list[Any] = []
        stand_in(query=lambda **_: {"Items": [item]}, put_item=lambda **put: puts.append(put))
        return puts

    return given


@pytest.mark.parametrize("points", [301, MOST])
def test_a_spend_of_more_than_there_is(client: Client, points: int) -> None:
    client.add("DANNON", 100)
    client.add("UNILEVER", 200)

    with nothing_recorded(client):
        answer = client.spend(points)

    reason = f"The user doesn't have enough points: there are 300, but {points:,} were asked for."
    assert_problem(answer, 400, "not-enough-points", points=reason)
    assert answer.json["detail"] == reason


def test_a_spend_from_an_account_that_has_never_had_points(client: Client) -> None:
    assert_problem(client.spend(1), 400, "not-enough-points", points="there are 0, but 1 were asked for")
    assert client.balance().etag == '"0"'


@pytest.mark.parametrize("payer", ["DANNON", "UNILEVER", "NOBODY"])
def test_a_payer_cannot_take_back_more_than_it_has(client: Client, payer: str) -> None:
    """Not even if others have enough, or if it once had more."""
    client.add("DANNON", 100)
    client.add("UNILEVER", 500, "2020-01-01T00:00:00Z")
    client.spend(450)

    with nothing_recorded(client):
        answer = client.add(payer, -101)

    has = {"DANNON": 100, "UNILEVER": 50, "NOBODY": 0}[payer]
    assert_problem(
        answer, 409, "payer-below-zero", points=f"{payer} has {has} points in the account, but 101 would be taken"
    )


def test_an_account_s_total_stays_exact_for_every_reader_of_json(client: Client) -> None:
    """What is held and what is pending may all come to the balance, so it counts too."""
    client.add("DANNON", MOST - 30)
    client.hold(10)
    client.add("UNILEVER", 20, effective_at="2099-01-01T00:00:00Z")
    assert client.add("DANNON", 10).status == 200

    with nothing_recorded(client):
        answers = [client.add("UNILEVER", 1), client.add("UNILEVER", 1, effective_at="2099-01-01T00:00:00Z")]

    reason = "The account would hold 9,007,199,254,740,992 points in all; the maximum is 9,007,199,254,740,991."
    for answer in answers:
        assert_problem(answer, 409, "limit-account-total", points=reason)


def test_a_refund_finds_no_room_above_the_largest_total(client: Client) -> None:
    client.add("DANNON", 100)
    client.spend(100)
    client.add("DANNON", MOST - 60)

    with nothing_recorded(client):
        answer = client.refund(2, 61)

    assert_problem(answer, 409, "limit-account-total", points="would hold 9,007,199,254,740,992 points in all")
    assert client.refund(2, 60).status == 200


def test_an_account_has_room_for_so_many_payers(client: Client, given: Callable[[State], list[Any]]) -> None:
    names = [f"{n:03}".ljust(128, "\N{CHEESE WEDGE}") for n in range(191)]

    puts = given(State(1, 1, NOON, balances=dict.fromkeys(names[:190], 1)))
    assert_problem(client.add(names[190], 1), 409, "limit-payers", payer="no room for another payer")
    assert not puts

    assert client.add(names[0], 1).status == client.add(names[0], -1).status == 200, "those that are there may go on"
    assert len(puts) == 2


def test_an_account_has_so_many_payers(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_PAYERS", "2")
    runtime.passbook.cache_clear()
    client.add("DANNON", 100)
    client.add("UNILEVER", 100, effective_at="2099-01-01T00:00:00Z")
    with nothing_recorded(client):
        answers = [client.add("NOBODY", 1), client.add("NOBODY", 1, effective_at="2099-01-01T00:00:00Z")]

    for answer in answers:
        assert_problem(answer, 409, "limit-payers", payer="has had 2 payers already, the most")
    assert client.add("UNILEVER", 1).status == client.add("DANNON", -100).status == 200


def test_those_that_were_there_before_a_limit_of_payers_may_go_on(
    client: Client, given: Callable[[State], list[Any]]
) -> None:
    puts = given(State(1, 1, NOON, balances=dict.fromkeys(map(str, range(600)), 7) | {"599": 0}))

    assert_problem(client.add("600", 1), 409, "limit-payers", payer="has had 500 payers")
    assert client.add("0", 1).status == client.add("0", -1).status == client.add("599", 1).status == 200
    assert len(puts) == 3


def test_an_account_s_open_lots_may_be_scattered_only_so_much(
    client: Client, given: Callable[[State], list[Any]]
) -> None:
    puts = given(State(1, 1, NOON, {"DANNON": MOST - 1}, part_spent=dict.fromkeys(range(20_000), 1)))

    assert_problem(client.add("DANNON", 1), 409, "limit-line-size", account="open lots are partly spent")
    assert not puts


@pytest.mark.parametrize(("part_spent", "status"), [(999, 200), (1_000, 409)])
def test_an_account_has_so_many_partly_spent_lots(
    client: Client, given: Callable[[State], list[Any]], part_spent: int, status: int
) -> None:
    given(State(1, 1, NOON, {"DANNON": 2_000}, part_spent=dict.fromkeys(range(part_spent), 1)))

    assert client.add("DANNON", 1).status == status


@pytest.mark.parametrize("call", ["spend", "preview", "hold", "hold_preview"])
def test_a_change_goes_through_only_so_many_lots(client: Client, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "MOST_DRAWN", 3)
    for _ in range(5):
        client.add("DANNON", 10)

    with nothing_recorded(client):
        answer = client.send(call, {"points": 31})

    assert_problem(answer, 409, "limit-lots", points="more than 3 lots")
    assert client.spend(30).status == 200
    assert client.refund(6).status == 200
    assert client.spend(30).status == 200


def test_an_account_has_so_many_open_holds(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_OPEN_HOLDS", "2")
    runtime.passbook.cache_clear()
    client.add("DANNON", 100)
    client.hold(1)
    client.hold(1)

    with nothing_recorded(client):
        answer = client.hold(1)

    assert_problem(answer, 409, "limit-open-holds", points="already has 2 open holds, the maximum")
    assert client.void(2).status == client.hold(1).status == 200


def test_an_account_has_so_many_pending_adds(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_PENDING_ADDS", "1")
    runtime.passbook.cache_clear()
    client.add("DANNON", 1, effective_at="2099-01-01T00:00:00Z")

    with nothing_recorded(client):
        answer = client.add("DANNON", 1, effective_at="2099-01-01T00:00:00Z")

    assert_problem(answer, 409, "limit-pending-adds", effective_at="already has 1 pending adds, the maximum")
    assert client.cancel(1).status == client.add("DANNON", 1, effective_at="2099-01-01T00:00:00Z").status == 200


def test_an_account_near_its_largest_size_is_only_emptied(eventful: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "ACCOUNT_BYTES", 0)

    with nothing_recorded(eventful):
        answers = [eventful.send(call) for call in ("add", "hold", "refund", "cancel")]

    for answer in answers:
        assert_problem(answer, 409, "limit-account-size", account="cannot hold more transactions")
    assert [eventful.send(call).status for call in ("spend", "capture", "void")] == [200, 200, 200]


def test_an_account_holds_so_many_transactions(client: Client, stand_in: Callable[..., None]) -> None:
    client.add("DANNON", 100)
    stand_in(put_item=Mock(side_effect=client_error("ItemCollectionSizeLimitExceededException")))

    with nothing_recorded(client):
        answers = [client.add("DANNON", 1), client.spend(1)]

    for answer in answers:
        assert_problem(answer, 409, "limit-account-size", account="cannot hold more transactions")
