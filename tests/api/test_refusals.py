"""What an account in its present state cannot do: refused with 400 or 409, and nothing recorded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from points.rules.plans import Plan
from points.rules.positions import FIRST_GENERATION, lot_position
from points.rules.terms import Added, State
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
        plan = Plan(Added("DANNON", 1, NOON, None), state)
        item = to_item(next_line(Standing(client.subject), plan, NOON, "write-id", retry=None))
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

    reason = f"The user doesn't have enough points: there are 300, and {points} were asked for."
    assert_problem(answer, 400, "not-enough-points", points=reason)
    assert answer.json["detail"] == reason


def test_a_spend_from_an_account_that_has_never_had_points(client: Client) -> None:
    assert_problem(client.spend(1), 400, "not-enough-points", points="there are 0, and 1 were asked for")
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
        answer, 409, "payer-below-zero", points=f"{payer} has {has} points in the account, and 101 were to be taken"
    )


def test_a_payer_s_total_stays_exact_for_every_reader_of_json(client: Client) -> None:
    client.add("DANNON", MOST)

    with nothing_recorded(client):
        answer = client.add("DANNON", 1)

    assert_problem(answer, 409, "limit-payer-total", points=f"DANNON would have {MOST + 1} points; the most is {MOST}")
    assert client.add("UNILEVER", MOST).status == 200


def test_an_account_has_room_for_so_many_payers(client: Client, given: Callable[[State], list[Any]]) -> None:
    names = [f"{n:03}".ljust(128, "\N{CHEESE WEDGE}") for n in range(385)]

    puts = given(State(balances=dict.fromkeys(names[:384], MOST - 1)))
    assert_problem(client.add(names[384], 1), 409, "limit-payers", payer="no room for another payer")
    assert not puts

    assert client.add(names[0], 1).status == client.add(names[0], -1).status == 200, "those that are there may go on"
    assert len(puts) == 2


def test_an_account_has_room_for_so_many_lots_spent_in_part(
    client: Client, given: Callable[[State], list[Any]]
) -> None:
    puts = given(State({"DANNON": MOST - 1}, part_spent=dict.fromkeys(range(19_112), 1)))
    answer = client.add("DANNON", 1)
    assert_problem(answer, 409, "limit-part-spent-lots", timestamp="too many of its lots are spent in part")
    assert not puts

    assert client.add("DANNON", -1).status == 200, "what opens no lot needs no room"
    assert len(puts) == 1


def test_late_lots_nest_so_deep(client: Client, given: Callable[[State], list[Any]]) -> None:
    """Each lot came when all younger ones were spent, and so went under the last; now a sort key has no more room."""
    spent_through = FIRST_GENERATION
    for day in range(50):
        spent_through = lot_position(NOON - timedelta(days=day), day + 1, spent_through)
    puts = given(State({"DANNON": 1000}, spent_through=spent_through))

    answer = client.add("DANNON", 1, "2020-01-01T00:00:00Z")
    assert_problem(answer, 409, "limit-late-lots", timestamp="too many late lots nested in one another")
    assert not puts

    assert client.add("DANNON", 1, "2020-10-30T00:00:00Z").status == 200, "a lot that is less late finds a place"
    assert len(puts) == 1


def test_an_account_holds_so_many_transactions(client: Client, stand_in: Callable[..., None]) -> None:
    client.add("DANNON", 100)
    stand_in(put_item=Mock(side_effect=client_error("ItemCollectionSizeLimitExceededException")))

    with nothing_recorded(client):
        answers = [client.add("DANNON", 1), client.spend(1)]

    for answer in answers:
        assert_problem(answer, 409, "limit-account-size", account="holds as many transactions as it can")
