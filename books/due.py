"""What is due in an account at a moment and is not recorded by then, worked out by the ledger's rules."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from points.rules.order import expiry_of
from points.rules.ranges import in_order, whole
from points.rules.terms import Kind, Origin, Reference, State, Transaction
from points.rules.time import plan_due
from points.rules.walk import walk
from points.storage.lines import Line

from books.records import Records


class Movement(NamedTuple):
    """Points of a payer that go into one of the columns of a statement."""

    payer: str
    column: str
    points: int


class Standing:
    """How an account stands at a moment: after its last line by then, and what is due by then.

    Parameters
    ----------
    lines
        All of the account's lines, oldest first.

    Attributes
    ----------
    recorded, state
        The state after the last line, and with what is due.
    due
        Time's transactions that are not recorded.
    """

    def __init__(self, lines: Sequence[Line], moment: datetime) -> None:
        known = [line for line in lines if line.recorded_at <= moment]
        self._records = _records_of(known)
        self.recorded = self.state = known[-1].state if known else State()
        self.due: list[Transaction] = []
        while planned := plan_due(self.state, moment, self._records):
            self.state = planned.state
            self.due.append(planned.transaction)
            if planned.lot:
                self._records.open(planned.lot)
            if of := planned.transaction.of:
                done = Reference(self.state.sequence, planned.transaction.kind, self.state.moment, planned.undone)
                self._records.refer(of, done)

    def movements(self) -> Iterator[Movement]:
        """What the transactions that are due do to the columns of a statement, as `sql/movement.sql` for lines."""
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
        """Which points of which payers expire when, if nothing else happens: as `sql/expiring.sql`."""
        for step in walk(self.state, in_order(whole(self.state.ranges), self._records, self.state.sequence)):
            expires_at = expiry_of(step.lot.position)
            if expires_at and step.given:
                yield step.lot.payer, expires_at, step.given


def _records_of(lines: Sequence[Line]) -> Records:
    def origin(sequence: int) -> Origin | None:
        if not 0 < sequence <= len(lines):
            return None
        above = lines[sequence - 2].state if sequence > 1 else State()
        return Origin(lines[sequence - 1].transaction, above, lines[sequence - 1].state)

    records = Records(origin)
    for line in lines:
        if line.lot:
            records.open(line.lot)
        if line.transaction.of:
            records.refer(line.transaction.of, line.reference)
    return records
