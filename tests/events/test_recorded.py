"""The event of a line tells the transaction as the API shows it, and the balance after it."""

from dataclasses import replace

import pytest
from points.events.bus import ANY_TARGET_BYTES, MOST_BYTES
from points.events.recorded import event_of
from points.rules.terms import Kind, State, Transaction
from points.storage.capacity import LINE_BYTES, largest_line
from points.storage.lines import Line

from tests.events.histories import adds_of, every_kind

EVERY_KIND = every_kind().lines


def test_the_spend_of_the_worked_example() -> None:
    spend = EVERY_KIND[5]
    event = event_of(spend)
    assert (event.detail_type, event.time) == ("points.spend", spend.recorded_at)
    assert event.detail == {
        "id": "anna/6",
        "account": "anna",
        "version": "6",
        "transaction": {
            "sequence": 6,
            "kind": "spend",
            "points": -5000,
            "recorded_at": spend.listed["recorded_at"],
            "taken": [
                {"payer": "DANNON", "points": -100},
                {"payer": "UNILEVER", "points": -200},
                {"payer": "MILLER COORS", "points": -4700},
            ],
            "reference": "order-1",
            "metadata": {"a": "ü"},
            "digest": spend.digest,
        },
        "balance": {"DANNON": 1000, "UNILEVER": 0, "MILLER COORS": 5300},
    }


def test_there_is_an_event_for_every_kind_of_transaction() -> None:
    assert {line.transaction.kind for line in EVERY_KIND} == set(Kind)
    for line in EVERY_KIND:
        event = event_of(line)
        assert event.detail_type == f"points.{line.transaction.kind}"
        assert event.detail["transaction"] == line.listed
        assert event.detail["balance"] == dict(line.state.balances)
        assert event.detail["version"] == line.version


def with_payers(kind: Kind, names: list[str]) -> Line:
    """Return a line that names so many payers as often as one can."""
    (line,) = adds_of("a").lines
    points = dict.fromkeys(names, 2**53 // len(names))
    taken = {name: -given for name, given in points.items()}
    lists = {"taken": taken, "returned": points} if kind is Kind.CAPTURE else {}
    done = Transaction(kind=kind, points=0, metadata='{"m":"' + "x" * 2000 + '"}', **lists)
    return replace(line, transaction=done, state=State(sequence=1, changed=1, balances=points))


def most_payers(name: str) -> list[str]:
    """Return as many names of this length as an account can have."""
    one = largest_line(State(balances={name: 0})) - largest_line(State())
    return [f"{number:04x}" + name[4:] for number in range((LINE_BYTES - largest_line(State())) // one)]


@pytest.mark.parametrize("payers", [10, 2500])
def test_the_balance_is_there_as_long_as_the_event_fits_everywhere(payers: int) -> None:
    event = event_of(with_payers(Kind.ADD, [f"payer {number:04}" for number in range(payers)]))
    assert len(event.detail["balance"]) == payers
    assert event.size <= ANY_TARGET_BYTES


def test_the_balance_of_very_many_payers_is_left_out_and_nothing_else() -> None:
    line = with_payers(Kind.CAPTURE, [f"payer {number:04}" for number in range(2200)])
    event = event_of(line)
    assert event.detail["balance"] is None
    assert event.detail["transaction"] == line.listed
    assert event.size <= ANY_TARGET_BYTES


@pytest.mark.parametrize("name", ["abcd", "fifteen letters", '"' * 128, "ü" * 64], ids=["4", "15", "quotes", "umlauts"])
def test_the_largest_event_that_can_be_is_not_too_large_for_the_bus(name: str) -> None:
    event = event_of(with_payers(Kind.CAPTURE, most_payers(name)))
    assert event.detail["balance"] is None
    assert event.size <= MOST_BYTES
