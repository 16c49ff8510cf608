"""The exercise's example, with the answers that the ledger's own code gives to it."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from points.api.answers import lots, taken, transaction
from points.moments import format_timestamp, parse_timestamp
from points.rules.plans import plan, plan_spend
from points.rules.terms import Add, Lot, Spend
from points.storage.lines import Line, Standing, next_line

_RECORDED_AT = parse_timestamp("2020-11-03T09:00:00.250000Z")

ADDS = tuple(
    Add(payer, points, parse_timestamp(timestamp))
    for payer, points, timestamp in (
        ("DANNON", 1000, "2020-11-02T14:00:00Z"),
        ("UNILEVER", 200, "2020-10-31T11:00:00Z"),
        ("DANNON", -200, "2020-10-31T15:00:00Z"),
        ("MILLER COORS", 10_000, "2020-11-01T14:00:00Z"),
        ("DANNON", 300, "2020-10-31T10:00:00Z"),
    )
)
SPEND = Spend(5000)


def add_bodies() -> list[dict[str, Any]]:
    """Return the bodies of the adds, in the order in which they are sent."""
    return [{"payer": add.payer, "points": add.points, "timestamp": format_timestamp(add.timestamp)} for add in ADDS]


class WorkedExample:
    """The account after the five adds and the spend."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        at = Standing("default")
        changes: list[Add | Spend] = [*ADDS, SPEND]
        for change in changes:
            planned = plan(change, at.state, at.sequence + 1, self._lots())
            at = next_line(at, planned, _RECORDED_AT + timedelta(seconds=at.sequence), "", None)
            self._lines.append(at)

    def added(self) -> dict[str, Any]:
        """Answer the first add."""
        return transaction(self._lines[0])

    def taken(self) -> list[dict[str, Any]]:
        """Answer the spend."""
        return taken(self._lines[-1].transaction.taken)  # type: ignore[union-attr]

    def balance(self) -> dict[str, int]:
        """Answer with the balance at the end."""
        return dict(self._lines[-1].state.balances)

    def page(self) -> dict[str, Any]:
        """Answer with the whole history."""
        return {"transactions": [transaction(line) for line in reversed(self._lines)], "next_cursor": None}

    def spent(self) -> dict[str, Any]:
        """Answer with the spend and its lots."""
        *_, before, spend = self._lines
        return transaction(spend) | {"lots": lots(plan_spend(SPEND, before.state, self._lots()).draws)}

    def _lots(self) -> Iterable[Lot]:
        """Return the lots in the order of spending. Nothing is spent before the one spend: all are open."""
        return sorted((line.lot for line in self._lines if line.lot), key=lambda lot: lot.position)
