"""An account kept by the rules alone."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from points.rules import plans, time
from points.rules.order import expiry_of, key_of, timestamp_of
from points.rules.plans import Plan
from points.rules.terms import (
    Add,
    Cancel,
    Capture,
    Change,
    Hold,
    Lot,
    Origin,
    Reference,
    Refund,
    Spend,
    State,
    Transaction,
    Void,
)

from tests.model import Points


def day(number: float) -> datetime:
    """Return a moment; days are as good as any."""
    return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=number)


def _position(lot: Lot) -> str:
    return lot.position


@dataclass
class Account:
    """What a passbook is, without DynamoDB: a plan for each line, and a plain list of all lots, by position.

    It is also the records that the rules look things up in.

    Attributes
    ----------
    now
        What the clock shows. Nothing is recorded because it moves on: see `settle`.
    lots_read
        How many lots have been read since this was last set to 0, one by one and alone.
    """

    now: datetime = datetime(2020, 1, 1, tzinfo=UTC)
    lines: list[Plan] = field(default_factory=list)
    by_position: list[Lot] = field(default_factory=list)
    lots_read: int = 0

    def copy(self) -> "Account":
        """Return an account that can go another way from here."""
        return Account(self.now, list(self.lines), list(self.by_position))

    @property
    def state(self) -> State:
        """The state after the last line."""
        return self.lines[-1].state if self.lines else State()

    @property
    def number(self) -> int:
        """The last transaction's number."""
        return len(self.lines)

    def settle(self) -> None:
        """Record all that is due by now."""
        while planned := time.plan_due(self.state, self.now, self):
            self._put(planned)

    def read(self) -> "Account":
        """Return the account as a reader sees it now: as if all that is due had been recorded."""
        account = self.copy()
        account.settle()
        return account

    def record(self, change: Change) -> Transaction:
        """Make a change as the next transaction, time's own before it; or raise the rules' refusal, and record none."""
        ahead = self.read()
        plans.check_original(change, ahead)
        while (planned := plans.plan(change, ahead.state, ahead.now, ahead)).settles:
            ahead._put(planned)
            ahead.now = planned.state.moment
        ahead._put(planned)
        self.lines, self.by_position, self.lots_read = ahead.lines, ahead.by_position, ahead.lots_read
        self.now = ahead.now
        return self.lines[-1].transaction

    def add(
        self,
        payer: str,
        points: int,
        timestamp: datetime,
        *,
        effective_at: datetime | None = None,
        expires_at: datetime | None = None,
    ) -> int:
        """Add points to a payer, now or later, or take them back; return the transaction's number."""
        self.record(Add(payer, points, timestamp, effective_at, expires_at))
        return self.number

    def spend(self, points: int) -> Points:
        """Spend points, and say how many were taken from whom."""
        return taken_by(self.record(Spend(points)))

    def hold(self, points: int, expires_at: datetime | None = None) -> int:
        """Set points aside, and return the hold's number."""
        self.record(Hold(points, expires_at))
        return self.number

    def capture(self, of: int, points: int | None = None) -> tuple[Points, Points]:
        """Spend so much of a hold; say what was taken from whom, and what came back to whom."""
        transaction = self.record(Capture(of, points))
        return taken_by(transaction), returned_by(transaction)

    def void(self, of: int) -> Points:
        """Give back all of a hold; say what came back to whom."""
        return returned_by(self.record(Void(of)))

    def cancel(self, of: int) -> None:
        """Let a pending add never arrive."""
        self.record(Cancel(of))

    def refund(self, of: int, points: int | None = None) -> Points:
        """Give back so much of a spend; say what came back to whom."""
        return returned_by(self.record(Refund(of, points)))

    @property
    def balances(self) -> dict[str, int]:
        """What a reader is told now."""
        return dict(self.read().state.balances)

    @property
    def kinds(self) -> list[str]:
        """The history in short."""
        return [str(line.transaction.kind) for line in self.lines]

    @property
    def open_lots(self) -> list[Lot]:
        """The lots inside the ranges, in the order of their keys."""
        ranges = self.state.ranges
        inside = [lot for lot in self.by_position if any(run.first <= lot.position <= run.last for run in ranges)]
        return sorted(inside, key=lambda lot: key_of(lot.position))

    @property
    def left(self) -> list[tuple[int, int]]:
        """The number of each open lot and what is left of it, in the order of spending."""
        return [(lot.sequence, lot.points - self.state.part_spent.get(lot.sequence, 0)) for lot in self.open_lots]

    @property
    def content(self) -> tuple[Any, ...]:
        """All that a reader can be told of the account as it stands, but for numbers that depend on time's lines."""
        state = self.state
        lots = [
            (lot.payer, left, timestamp_of(lot.position), expiry_of(lot.position))
            for lot, (_, left) in zip(self.open_lots, self.left, strict=True)
        ]
        return list(state.balances.items()), state.owed, state.holds, state.pending, lots

    def lots(self, first: str, before: str, *, through: int | None = None) -> Iterator[Lot]:
        """Read lots in order of position; those that are too new are read and left out, as a query does."""
        for number in range(bisect_left(self.by_position, first, key=_position), len(self.by_position)):
            lot = self.by_position[number]
            if lot.position >= before:
                return
            self.lots_read += 1
            if through is None or lot.sequence <= through:
                yield lot

    def peek(self, first: str, before: str) -> Lot | None:
        """Read the first of such lots alone."""
        number = bisect_left(self.by_position, first, key=_position)
        found = self.by_position[number : number + 1]
        return found[0] if found and found[0].position < before else None

    def origin(self, sequence: int) -> Origin | None:
        """Read a transaction with the states around it."""
        if not 0 < sequence <= self.number:
            return None
        before = self.lines[sequence - 2].state if sequence > 1 else State()
        return Origin(self.lines[sequence - 1].transaction, before, self.lines[sequence - 1].state)

    def closing(self, sequence: int) -> Reference | None:
        """Find the first transaction that refers to this one."""
        return next(iter(self._references(sequence)), None)

    def latest(self, sequence: int) -> Reference | None:
        """Find the last transaction that refers to this one."""
        return next(iter(self._references(sequence)[::-1]), None)

    def _references(self, sequence: int) -> list[Reference]:
        return [
            Reference(line.state.sequence, line.transaction.kind, line.state.moment, line.undone)
            for line in self.lines[sequence:]
            if line.transaction.of == sequence
        ]

    def _put(self, planned: Plan) -> None:
        self.lines.append(planned)
        if planned.lot:
            insort(self.by_position, planned.lot, key=_position)


def taken_by(transaction: Transaction) -> Points:
    """Return what was taken from whom, as positive numbers."""
    return [(payer, -points) for payer, points in (transaction.taken or {}).items()]


def returned_by(transaction: Transaction) -> Points:
    """Return what came back to whom."""
    return list((transaction.returned or {}).items())
