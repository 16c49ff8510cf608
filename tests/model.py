"""An account as a model that is too simple to be wrong: a list of lots, and of each spend the lots that it walked over.

It has no positions and no ranges: every walk sorts all lots anew and goes through them one by one, and notes what it
did to each. Whatever gives back takes these notes away again from the end, one by one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple

_NEVER = datetime.max.replace(tzinfo=UTC)
_IN_ORDER = ("arrive", "lapse", "expire")

Points = list[tuple[str, int]]
"""Points of payers, in the order in which the payers were first come to."""


class ModelRefusal(Exception):
    """The rules do not allow the change; nothing has changed."""


@dataclass
class ModelLot:
    """The points of one positive add. `number` is the transaction that opened it, `remaining` what is left of it."""

    number: int
    payer: str
    points: int
    timestamp: datetime
    expires_at: datetime | None
    remaining: int

    @property
    def ends_at(self) -> datetime:
        """When it expires; at the end of all time, if never."""
        return self.expires_at or _NEVER

    @property
    def rank(self) -> tuple[bool, datetime, datetime, int]:
        """Soonest to expire first, then oldest, then first recorded; a lot that never expires after all that do."""
        return self.expires_at is None, self.ends_at, self.timestamp, self.number


class Pending(NamedTuple):
    """Points that are still to arrive."""

    payer: str
    points: int
    timestamp: datetime
    effective_at: datetime
    expires_at: datetime | None


class Step(NamedTuple):
    """What a walk did to one lot: how much paid what its payer owed, and how much was taken."""

    lot: ModelLot
    settled: int
    given: int


class Due(NamedTuple):
    """Something that time has to do, and to which transaction; expiries are to none."""

    moment: datetime
    kind: str
    of: int


@dataclass
class Model:
    """One account.

    Each change that the rules allow is the next transaction, and each thing that time does. None of the changes looks
    at what is due: call `settle` first.

    Attributes
    ----------
    lots
        All lots, in the order in which they were opened.
    owed
        What negative adds have yet to take from their payers' lots.
    holds
        When the open holds end.
    pending
        Pending adds.
    walks
        What each spend and each hold did, but for what was given back since.
    captures
        Which hold a capture captured.
    number
        The last transaction's number.
    """

    lots: list[ModelLot] = field(default_factory=list)
    owed: dict[str, int] = field(default_factory=dict)
    holds: dict[int, datetime] = field(default_factory=dict)
    pending: dict[int, Pending] = field(default_factory=dict)
    walks: dict[int, list[Step]] = field(default_factory=dict)
    captures: dict[int, int] = field(default_factory=dict)
    number: int = 0

    def copy(self) -> "Model":
        """Return an account that can go another way from here."""
        lots = {lot.number: replace(lot) for lot in self.lots}
        walks = {
            number: [step._replace(lot=lots[step.lot.number]) for step in walk] for number, walk in self.walks.items()
        }
        return Model(
            list(lots.values()),
            dict(self.owed),
            dict(self.holds),
            dict(self.pending),
            walks,
            dict(self.captures),
            self.number,
        )

    @property
    def open_lots(self) -> list[ModelLot]:
        """The lots of which something is left, in the order in which they will be spent."""
        return sorted((lot for lot in self.lots if lot.remaining), key=lambda lot: lot.rank)

    @property
    def balances(self) -> dict[str, int]:
        """Points per payer, in the order in which the payers were first seen."""
        balances = {lot.payer: -self.owed.get(lot.payer, 0) for lot in self.lots}
        for lot in self.lots:
            balances[lot.payer] += lot.remaining
        return balances

    @property
    def total(self) -> int:
        """All points that can be spent."""
        return sum(self.balances.values())

    def left_of(self, of: int) -> int:
        """Return how many points of a spend or a hold can still be refunded or captured."""
        return sum(step.given for step in self.walks.get(self.captures.get(of, of), []))

    def add(
        self,
        payer: str,
        points: int,
        timestamp: datetime,
        *,
        now: datetime,
        effective_at: datetime | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """Add points to a payer, now or later, or take them back; refused if the payer has fewer."""
        if self.balances.get(payer, 0) + points < 0:
            raise ModelRefusal
        self.number += 1
        if points < 0:
            self.owed[payer] = self.owed.get(payer, 0) - points
        elif effective_at and effective_at > now:
            self.pending[self.number] = Pending(payer, points, timestamp, effective_at, expires_at)
        else:
            self._open(payer, points, timestamp, expires_at)

    def cancel(self, of: int) -> None:
        """Let a pending add never arrive."""
        if of not in self.pending:
            raise ModelRefusal
        self.number += 1
        del self.pending[of]

    def spend(self, points: int) -> Points:
        """Spend points, and say how many were taken from whom."""
        if points > self.total:
            raise ModelRefusal
        self.number += 1
        self.walks[self.number] = self._walk(self.open_lots, points)
        return self._given(self.walks[self.number])

    @property
    def barren(self) -> int:
        """How many of the next lots give nothing, since their payers owe all that they have."""
        owed = dict(self.owed)
        for passed, lot in enumerate(self.open_lots):
            if lot.remaining > owed.get(lot.payer, 0):
                return passed
            owed[lot.payer] -= lot.remaining
        return len(self.open_lots)

    def pay(self, lots: int) -> None:
        """Let so many of the next lots pay what their payers owe; refused if that is not all that they have."""
        if lots > self.barren:
            raise ModelRefusal
        self.number += 1
        self._walk(self.open_lots[:lots])

    def hold(self, points: int, expires_at: datetime, *, now: datetime) -> Points:
        """Set points aside, and say how many were taken from whom."""
        if expires_at <= now:
            raise ModelRefusal
        taken = self.spend(points)
        self.holds[self.number] = expires_at
        return taken

    def capture(self, of: int, points: int | None = None) -> tuple[Points, Points]:
        """Spend so much of a hold, or all; say what was taken from whom, and what of the rest came back to whom."""
        if of not in self.holds or (points is not None and points > self.left_of(of)):
            raise ModelRefusal
        self.number += 1
        self.captures[self.number] = of
        del self.holds[of]
        returned = self._undo(of, 0 if points is None else self.left_of(of) - points)
        return self._given(self.walks[of]), returned

    def void(self, of: int) -> Points:
        """Give back all of a hold; say what came back to whom."""
        if of not in self.holds:
            raise ModelRefusal
        self.number += 1
        del self.holds[of]
        return self._undo(of, self.left_of(of))

    def refund(self, of: int, points: int | None = None) -> Points:
        """Give back so much of a spend or a captured hold, or all that is left; say what came back to whom."""
        left = 0 if of in self.holds else self.left_of(of)
        points = left if points is None else points
        if not 0 < points <= left:
            raise ModelRefusal
        self.number += 1
        return self._undo(self.captures.get(of, of), points)

    def coming(self) -> Due | None:
        """Return what time has to do next, whenever that is."""
        return min(self._dues(), default=None, key=lambda due: (due.moment, _IN_ORDER.index(due.kind), due.of))

    def settle(self, now: datetime) -> None:
        """Do all that is due by now, in order; expiries together, up to the next of the others."""
        while (due := self.coming()) and due.moment <= now:
            if due.kind == "arrive":
                self.arrive(due.of)
            elif due.kind == "lapse":
                self.lapse(due.of)
            else:
                others = [other.moment for other in self._dues() if other.kind != "expire"]
                self._expire([lot for lot in self._expiring(now) if all(lot.ends_at < moment for moment in others)])

    def arrive(self, of: int) -> None:
        """Let pending points become a lot."""
        add = self.pending.pop(of)
        self.number += 1
        self._open(add.payer, add.points, add.timestamp, add.expires_at)

    def lapse(self, of: int) -> Points:
        """Let a hold end by itself; say what came back to whom."""
        return self.void(of)

    def expire(self, through: datetime) -> Points:
        """Let the lots expire that do by a moment, each having paid what its payer owes; say what expired of whom."""
        return self._expire(self._expiring(through))

    def _expire(self, lots: list[ModelLot]) -> Points:
        self.number += 1
        return self._given(self._walk(lots))

    def _expiring(self, through: datetime) -> list[ModelLot]:
        return [lot for lot in self.open_lots if lot.expires_at and lot.expires_at <= through]

    def _dues(self) -> Iterator[Due]:
        yield from (Due(add.effective_at, "arrive", number) for number, add in self.pending.items())
        yield from (Due(expires_at, "lapse", number) for number, expires_at in self.holds.items())
        yield from (Due(lot.expires_at, "expire", 0) for lot in self.open_lots if lot.expires_at)

    def _open(self, payer: str, points: int, timestamp: datetime, expires_at: datetime | None) -> None:
        self.lots.append(ModelLot(self.number, payer, points, timestamp, expires_at, remaining=points))

    def _walk(self, lots: Iterable[ModelLot], points: int | None = None) -> list[Step]:
        """Take so many points of lots, or all that they have; each first pays what its payer owes."""
        steps: list[Step] = []
        for lot in lots:
            if points == 0:
                break
            settled = min(lot.remaining, self.owed.get(lot.payer, 0))
            given = lot.remaining - settled
            if points is not None:
                given = min(given, points)
                points -= given
            steps.append(Step(lot, settled, given))
            self._put_back(steps[-1], -1)
        return steps

    def _undo(self, of: int, points: int) -> Points:
        """Take so many points away from the end of a walk, as if it had stopped so much earlier."""
        walk, undone = self.walks[of], list[Step]()
        while points or (walk and not walk[-1].given):
            last = walk.pop()
            if last.given > points:
                walk.append(last._replace(given=last.given - points))
                last = last._replace(settled=0, given=points)
            points -= last.given
            self._put_back(last)
            undone.insert(0, last)
        return self._given(undone)

    def _put_back(self, step: Step, times: int = 1) -> None:
        step.lot.remaining += times * (step.settled + step.given)
        self.owed[step.lot.payer] = self.owed.get(step.lot.payer, 0) + times * step.settled

    @staticmethod
    def _given(steps: Iterable[Step]) -> Points:
        points: dict[str, int] = {}
        for step in steps:
            if step.given:
                points[step.lot.payer] = points.get(step.lot.payer, 0) + step.given
        return list(points.items())
