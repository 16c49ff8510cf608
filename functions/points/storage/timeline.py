"""Time's lines: what is due in an account. Readers only work them out, writers put them."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from points.rules.plans import Plan
from points.rules.refusals import TooFarError
from points.rules.terms import Kind
from points.rules.time import plan_due
from points.storage.lines import CALENDAR_SHARDS, FORMAT, Line, next_line
from points.storage.records import Records

MOST_LOTS = 100_000
"""How many lots may expire on the way to a moment that is asked for."""

_TICK = timedelta.resolution


class DueLine(NamedTuple):
    """One of time's lines, as it was planned, and the records under it."""

    plan: Plan
    line: Line
    records: Records


def due_lines(
    records: Records, now: datetime, *, shards: int = CALENDAR_SHARDS, layout: int = FORMAT
) -> Iterator[DueLine]:
    """Work out one of time's lines after the other until nothing is due by now."""
    while planned := plan_due(records.at.state, now, records):
        line = next_line(records.at, planned, now, shards=shards, layout=layout)
        records = records.follow(line)
        yield DueLine(planned, line, records)


def after_due(records: Records, now: datetime, *, most_lots: int | None = None) -> Records:
    """Return the records of an account as they are once all that is due by now is recorded.

    Raises
    ------
    TooFarError
        More than so many lots expire until then.
    """
    lots = 0
    for due in due_lines(records, now):
        records = due.records
        lots += due.plan.lots_expired
        if most_lots is not None and lots > most_lots:
            raise TooFarError(most_lots)
    return records


def expiring_at(records: Records, moment: datetime) -> dict[str, int]:
    """Work out how many points of each payer expire at a moment to come, if nothing is done before."""
    expiring: Counter[str] = Counter()
    for due in due_lines(after_due(records, moment - _TICK), moment):
        if due.plan.transaction.kind is Kind.EXPIRE:
            expiring.subtract(due.plan.transaction.expired or {})
    return +expiring
