"""Where an account stands at a moment: after its last line by then, and what is due by then though not recorded."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from points.rules.order import expiry_of
from points.rules.ranges import in_order, whole
from points.rules.terms import Kind, State, Transaction
from points.rules.time import plan_due
from points.rules.walk import walk
from points.storage.lines import lot_from_item

from books.exports import Item
from books.records import Records, origins, state_of


class Movement(NamedTuple):
    """Points of a payer that go into one of the columns of a statement."""

    payer: str
    column: str
    points: int


class Standing:
    """How an account stands at a moment.

    Parameters
    ----------
    read
        Reads a line by its number.
    lines
        How many lines were recorded by then.

    Attributes
    ----------
    recorded, state
        The state after the last of them, and after what is due by then as well.
    due
        Time's transactions that lead from the one to the other.
    """

    def __init__(self, read: Callable[[int], Item], lines: int, moment: datetime) -> None:
        self._records = Records(origins(read))
        for number in range(1, lines + 1):
            item = read(number)
            if "timestamp_key" in item:
                self._records.open(lot_from_item(item))
        self.recorded = self.state = state_of(read(lines)) if lines else State()
        self.due: list[Transaction] = []
        while planned := plan_due(self.state, moment, self._records):
            self.state = planned.state
            self.due.append(planned.transaction)
            if planned.lot:
                self._records.open(planned.lot)

    def movements(self) -> Iterator[Movement]:
        """Say what the transactions that are due do to a statement, as `sql/movement.sql` does of lines."""
        for done in self.due:
            if done.kind is Kind.ARRIVE and done.payer:
                yield Movement(done.payer, "issued", done.points)
                yield Movement(done.payer, "pending", -done.points)
            for payer, points in (done.returned or {}).items():
                yield Movement(payer, "set_aside", points)
                yield Movement(payer, "held", -points)
            for payer, points in (done.expired or {}).items():
                yield Movement(payer, "expired", points)

    def expiring(self) -> Iterator[tuple[str, datetime, int]]:
        """Say how many points of which payers expire when, if nothing else happens, as `sql/expiring.sql` does."""
        for step in walk(self.state, in_order(whole(self.state.ranges), self._records, self.state.sequence)):
            expires_at = expiry_of(step.lot.position)
            if expires_at and step.given:
                yield step.lot.payer, expires_at, step.given
