"""The sweep on the real engine: its index, its conditions, and what it counts."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from points.storage.calendar import Calendar, Mark
from points.storage.dynamodb import make_client

from bench.meter import Cost
from bench.sweep import measure
from tests.api.conftest import TABLE
from tests.integration.ledger import Ledger, soon, together

COSTS = {
    "a lot expires": Cost(3, 1, 2),
    "ten lots expire": Cost(3, 1, 2),
    "a hold lapses": Cost(4, 2, 3),
    "nothing is due any more": Cost(1, 0, 1),
}
"""Requests, write units and read units, of an account."""


@pytest.mark.usefixtures("ledger")
def test_what_is_due_is_found_and_settling_an_account_costs_as_much_as_is_said() -> None:
    found, *settled = measure(20)
    assert {it.what: it.each for it in settled} == COSTS
    assert found.each.write_units == 0
    assert found.each.read_units < 0.2


@pytest.mark.parametrize("begun", [False, True], ids=["the first ever", "later"])
def test_of_many_runs_that_move_the_mark_at_once_one_does(ledger: Ledger, *, begun: bool) -> None:
    calendar = Calendar(ledger.client, TABLE["TableName"])
    first = Mark(datetime(2026, 1, 1, tzinfo=UTC), 16)
    seen = first if begun else None
    assert not begun or calendar.move("due", None, first, soon())
    assert calendar.mark("due", soon()) == seen
    marks = [Mark(first.until + timedelta(minutes=number), 16) for number in range(1, 9)]
    moved = together([partial(calendar.move, "due", seen, mark, soon()) for mark in marks])
    assert sorted(map(bool, moved)) == [False] * 7 + [True]
    assert calendar.mark("due", soon()) == marks[moved.index(True)]


def test_the_calendar_begins_when_the_table_was_made(ledger: Ledger) -> None:
    client: Any = make_client()
    made_at = client.describe_table(TableName=TABLE["TableName"])["Table"]["CreationDateTime"]
    begins_at = Calendar(ledger.client, TABLE["TableName"]).begins_at(soon())
    assert begins_at == made_at
    assert datetime.now(UTC) - begins_at < timedelta(minutes=5)
