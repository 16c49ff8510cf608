"""The one walk over the open lots that spends, holds and expires, and its undoing.

A walk goes through the lots in the order of spending. Each first pays what its payer owes, then gives; the walk ends
when the points are had, perhaps inside a lot. Whatever gives back undoes the end of such a walk: it is walked again
from the state above it, and of what it did, the last points are put back. What they had settled of debts is owed again.

Of lots A (3 points of X, who owes 2) and B (5 of Y), a spend of 4 takes 1 of A and 3 of B. To refund 3 of it leaves the
account as a spend of 1 would have: A is closed, B whole. To refund the last point too opens A, and X owes 2 again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from points.rules.order import chapter_of, just_after, key_of, sequence_of
from points.rules.ranges import behind, in_order, is_open, move_fronts, reopen
from points.rules.terms import Lot, Origin, Range, Records, State


class Step(NamedTuple):
    """What a walk did with one lot.

    Attributes
    ----------
    run
        The range that the lot was in.
    settled, given
        How many of its points paid what its payer owed, and how many were taken.
    closed
        Whether nothing was left of it.
    """

    run: Range
    lot: Lot
    settled: int
    given: int
    closed: bool


class Place(NamedTuple):
    """Where a walk can be gone on with.

    Attributes
    ----------
    key
        The key of the last lot that was passed; empty before the first.
    given
        How many points had been taken by then.
    owed
        What payers still owed then.
    """

    key: str
    given: int
    owed: Mapping[str, int]

    def after(self, steps: Iterable[Step]) -> "Place":
        """Return the place behind the steps that come next."""
        key, given, owed = self.key, self.given, dict(self.owed)
        for step in steps:
            key = key_of(step.lot.position)
            given += step.given
            if step.settled:
                owed[step.lot.payer] -= step.settled
        return Place(key, given, owed)


@dataclass(slots=True)
class Tally:
    """What the steps of a walk come to: there may be a million, and nobody keeps them.

    Attributes
    ----------
    lots
        How many lots there were.
    given, settled
        What was taken from whom, and what paid whose debts, payers in the order in which they were first come to.
    closed
        The last lot closed in each of the ranges that lots were closed in.
    used_up
        The lots closed inside which an earlier walk had stopped.
    ranges
        The ranges that the lots were in.
    first, last
        The first and the last step: the lots that expire soonest and latest.
    """

    lots: int = 0
    given: dict[str, int] = field(default_factory=dict)
    settled: dict[str, int] = field(default_factory=dict)
    closed: dict[Range, str] = field(default_factory=dict)
    used_up: set[int] = field(default_factory=set)
    ranges: set[Range] = field(default_factory=set)
    first: Step | None = None
    last: Step | None = None

    @classmethod
    def of(cls, steps: Iterable[Step]) -> "Tally":
        """Return what steps come to."""
        tally = cls()
        tally.note(steps)
        return tally

    def note(self, steps: Iterable[Step]) -> None:
        """Note steps."""
        for _ in self.noting(steps):
            pass

    def noting(self, steps: Iterable[Step]) -> Iterator[Step]:
        """Note steps as they go by."""
        given, settled, closed, ranges = self.given, self.settled, self.closed, self.ranges
        for step in steps:
            run, lot = step.run, step.lot
            self.lots += 1
            if step.given:
                given[lot.payer] = given.get(lot.payer, 0) + step.given
            if step.settled:
                settled[lot.payer] = settled.get(lot.payer, 0) + step.settled
            if step.closed:
                closed[run] = lot.position
                if step.settled + step.given < lot.points:
                    self.used_up.add(lot.sequence)
            ranges.add(run)
            self.first = self.first or step
            self.last = step
            yield step

    def is_same_with(self, lot: Lot | None) -> bool:
        """Whether the walk is the same under the next line too: if that does nothing but open a lot behind the last.

        Only what opens a lot is known to do nothing else, and a walk that has its points does not come to that lot.
        """
        return lot is not None and self.last is not None and key_of(lot.position) > key_of(self.last.lot.position)

    @property
    def taken(self) -> Mapping[str, int]:
        """What was taken, as negative numbers."""
        return {payer: -points for payer, points in self.given.items()}


def walk(state: State, lots: Iterable[tuple[Range, Lot]], points: int | None = None) -> Iterator[Step]:
    """Walk open lots until they have given so many points; without a number, to the end."""
    owed, missing = dict(state.owed), points
    for run, lot in lots:
        left = lot.points - state.part_spent.get(lot.sequence, 0)
        settled = min(left, owed.get(lot.payer, 0))
        given = left - settled if missing is None else min(left - settled, missing)
        if settled:
            owed[lot.payer] -= settled
        yield Step(run, lot, settled, given, settled + given == left)
        if missing is not None:
            missing -= given
            if not missing:
                return
    if missing:
        raise AssertionError("the open lots hold less than the balance: the passbook is damaged")


def close(state: State, tally: Tally, records: Records) -> State:
    """Return the state after a walk, of which the tally is all that it takes."""
    balances, owed, part_spent = dict(state.balances), dict(state.owed), dict(state.part_spent)
    for payer, points in tally.settled.items():
        _add(owed, payer, -points)
    for payer, points in tally.given.items():
        balances[payer] -= points
    for lot in tally.used_up:
        del part_spent[lot]
    if (last := tally.last) and not last.closed:
        part_spent[last.lot.sequence] = part_spent.get(last.lot.sequence, 0) + last.settled + last.given
    current = [position for position in tally.closed.values() if chapter_of(position) == chapter_of(state.watermark)]
    return state._replace(
        balances=balances,
        owed=owed,
        part_spent=part_spent,
        ranges=move_fronts(state.ranges, tally.closed, records),
        watermark=max([state.watermark, *current]),
    )


def beginning(origin: Origin) -> Place:
    """Return the place at which the walk of an earlier transaction began."""
    return Place("", 0, origin.before.owed)


def walk_again(origin: Origin, records: Records, start: Place | None = None) -> Iterator[Step]:
    """Work out again what the walk of an earlier transaction did, or what it did from a place on.

    Its lots are all still there. It is read only as far as the transaction itself says that it came, so what came later
    costs nothing: a newer lot is above the watermark of its chapter, and no chapter but the current one has new lots.
    """
    before, after, start = origin.before, origin.after, start or beginning(origin)
    fronts = {run.last: run.first for run in after.ranges}
    stretches = []
    for run in before.ranges:
        end = fronts.get(run.last, just_after(run.last))
        if chapter_of(run.first) == chapter_of(after.watermark):  # newer lots may stand above the watermark
            end = min(end, just_after(after.watermark))
        if run.first < end:
            stretches.append((run, end))
    for front in fronts.values():
        lot = sequence_of(front)
        if after.part_spent.get(lot) != before.part_spent.get(lot):  # the one that the walk stopped inside
            stretches.append((Range(front, front), just_after(front)))
    points = None if origin.transaction.expired is not None else -origin.transaction.points - start.given
    lots = in_order(behind(stretches, start.key), records, before.sequence)
    return walk(before._replace(owed=start.owed), lots, points)


def last_of(steps: Iterable[Step], start: int, end: int) -> Iterator[Step]:
    """Return the part of a walk that drew its points from the `start`-th to the `end`-th, as steps of its own.

    What a lot settled goes with its first point, and a lot that only settled with the point that was drawn before it.
    """
    high = 0
    for step in steps:
        low, high = high, high + step.given
        if low >= end:
            return
        if low >= start:
            yield step._replace(given=min(high, end) - low)
        elif high > start:
            yield step._replace(settled=0, given=min(high, end) - start)


def undo(state: State, steps: Iterable[Step], records: Records) -> State:
    """Return the state after what these steps did is put back."""
    balances, owed, part_spent = dict(state.balances), dict(state.owed), dict(state.part_spent)
    opened: dict[tuple[Range, bool], Range] = {}
    for step in steps:
        lot = step.lot
        if step.settled:
            _add(owed, lot.payer, step.settled)
        balances[lot.payer] += step.given
        gone = part_spent.pop(lot.sequence, 0) if is_open(state.ranges, lot.position) else lot.points
        if taken := gone - step.settled - step.given:
            part_spent[lot.sequence] = taken
        # What a walk closed in one range lies side by side; the lot that it stopped inside may be apart.
        part = step.run, step.closed
        first = opened[part].first if part in opened else lot.position
        opened[part] = Range(first, lot.position)
    ranges = state.ranges
    for run in sorted(opened.values()):
        ranges = reopen(ranges, run, records)
    return state._replace(balances=balances, owed=owed, part_spent=part_spent, ranges=ranges)


def _add(points: dict[str, int], payer: str, more: int) -> None:
    """Change what a payer owes; who owes nothing is left out."""
    points[payer] = points.get(payer, 0) + more
    if not points[payer]:
        del points[payer]
