"""The one walk over the open lots that spends, holds and expires, and its undoing.

A walk goes through the lots in the order of spending. Each first pays what its payer owes, then gives; the walk ends
when the points are had, perhaps inside a lot. Whatever gives back undoes the end of such a walk: it is walked again
from the state above it, and of what it did, the last points are put back. What they had settled of debts is owed again.

Of lots A (3 points of X, who owes 2) and B (5 of Y), a spend of 4 takes 1 of A and 3 of B. To refund 3 of it leaves the
account as a spend of 1 would have: A is closed, B whole. To refund the last point too opens A, and X owes 2 again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from points.rules.order import chapter_of, just_after, sequence_of
from points.rules.ranges import in_order, is_open, move_fronts, reopen
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


def walk(state: State, lots: Iterable[tuple[Range, Lot]], points: int | None = None) -> list[Step]:
    """Walk open lots until they have given so many points; without a number, to the end."""
    steps: list[Step] = []
    owed, missing = dict(state.owed), points
    for run, lot in lots:
        left = lot.points - state.part_spent.get(lot.sequence, 0)
        settled = min(left, owed.get(lot.payer, 0))
        given = left - settled if missing is None else min(left - settled, missing)
        if settled:
            owed[lot.payer] -= settled
        steps.append(Step(run, lot, settled, given, settled + given == left))
        if missing is not None:
            missing -= given
            if not missing:
                break
    if missing:
        raise AssertionError("the open lots hold less than the balance: the passbook is damaged")
    return steps


def close(state: State, steps: Iterable[Step], records: Records) -> State:
    """Return the state after a walk."""
    balances, owed, part_spent = dict(state.balances), dict(state.owed), dict(state.part_spent)
    closed: dict[Range, str] = {}
    for step in steps:
        lot = step.lot
        _add(owed, lot.payer, -step.settled)
        balances[lot.payer] -= step.given
        taken = part_spent.pop(lot.sequence, 0)
        if step.closed:
            closed[step.run] = lot.position
        else:
            part_spent[lot.sequence] = taken + step.settled + step.given
    current = [position for position in closed.values() if chapter_of(position) == chapter_of(state.watermark)]
    return replace(
        state,
        balances=balances,
        owed=owed,
        part_spent=part_spent,
        ranges=move_fronts(state.ranges, closed, records),
        watermark=max([state.watermark, *current]),
    )


def walk_again(origin: Origin, records: Records) -> list[Step]:
    """Work out again what the walk of an earlier transaction did; its lots are all still there.

    It is read only as far as the transaction itself says that it came, so what came later costs nothing.
    """
    before, after = origin.before, origin.after
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
    points = None if origin.transaction.expired is not None else -origin.transaction.points
    return walk(before, in_order(stretches, records, before.sequence), points)


def last_of(steps: Iterable[Step], start: int, end: int) -> list[Step]:
    """Return the part of a walk that drew its points from the `start`-th to the `end`-th, as steps of its own.

    What a lot settled goes with its first point, and a lot that only settled with the point that was drawn before it.
    """
    part = []
    high = 0
    for step in steps:
        low, high = high, high + step.given
        if low >= end:
            break
        if low >= start:
            part.append(step._replace(given=min(high, end) - low))
        elif high > start:
            part.append(step._replace(settled=0, given=min(high, end) - start))
    return part


def undo(state: State, steps: Iterable[Step], records: Records) -> State:
    """Return the state after what these steps did is put back."""
    balances, owed, part_spent = dict(state.balances), dict(state.owed), dict(state.part_spent)
    ranges = state.ranges
    steps = list(steps)
    for step in steps:
        lot = step.lot
        _add(owed, lot.payer, step.settled)
        balances[lot.payer] += step.given
        gone = part_spent.pop(lot.sequence, 0) if is_open(ranges, lot.position) else lot.points
        if taken := gone - step.settled - step.given:
            part_spent[lot.sequence] = taken
    for opened in _runs(steps):
        ranges = reopen(ranges, opened, records)
    return replace(state, balances=balances, owed=owed, part_spent=part_spent, ranges=ranges)


def given(steps: Iterable[Step], sign: int = 1) -> Mapping[str, int]:
    """Add up what was taken from whom, payers in the order in which they were first drawn on."""
    points: dict[str, int] = {}
    for step in steps:
        if step.given:
            points[step.lot.payer] = points.get(step.lot.payer, 0) + sign * step.given
    return points


def _runs(steps: list[Step]) -> list[Range]:
    """Return what a walk closed in one range as one range: it lies side by side, the lot it stopped inside apart."""

    def part(step: Step) -> tuple[Range, bool]:
        return step.run, step.closed

    lots = [[step.lot.position for step in run] for _, run in groupby(sorted(steps, key=part), part)]
    return [Range(min(positions), max(positions)) for positions in lots]


def _add(points: dict[str, int], payer: str, more: int) -> None:
    """Change what a payer owes; who owes nothing is left out."""
    points[payer] = points.get(payer, 0) + more
    if not points[payer]:
        del points[payer]
