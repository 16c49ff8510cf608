"""What time does to an account: pending points arrive, holds lapse, lots expire.

It is done in the order of the moments at which it is due, equal moments in the order just said, then by sequence
number, and before anything else that is recorded at or after that moment. A writer records these transactions on the
way to its own; a reader works out the same ones and answers as if they were recorded.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import NamedTuple

from points.rules.order import expiry_of, key_of, keys_before, keys_through
from points.rules.plans import Plan, give_back, open_lot, take_hold, take_pending
from points.rules.ranges import in_order, whole
from points.rules.terms import Kind, Records, State, Transaction
from points.rules.walk import Tally, close, walk

SETTLED_AFTER = timedelta(minutes=1)
"""How long ago a moment must be for what is told of it never to change: no line of that age is put any more."""

MOST_EXPIRED = 10_000
"""Lots in one transaction of expiry."""


class Coming(NamedTuple):
    """When something comes next, and of how many points."""

    at: datetime
    points: int


class Due(NamedTuple):
    """Something that time has to do. They compare as they are to be done."""

    at: datetime
    rank: int
    of: int
    kind: Kind


def coming(state: State) -> Iterator[Due]:
    """Tell what time has to do to an account as it stands: of lots that expire, the first of each range."""
    for number, add in state.pending.items():
        yield Due(add.effective_at, 0, number, Kind.ARRIVE)
    for number, hold in state.holds.items():
        yield Due(hold.expires_at, 1, number, Kind.LAPSE)
    for run in state.ranges:
        if expiry := expiry_of(run.first):
            yield Due(expiry, 2, 0, Kind.EXPIRE)


def plan_due(state: State, now: datetime, records: Records) -> Plan | None:
    """Work out time's next transaction, if there is something that is due by now."""
    due = min(coming(state), default=None)
    if due is None or due.at > now:
        return None
    if due.kind is Kind.ARRIVE:
        add, without = take_pending(due.of, state)
        planned = open_lot(Kind.ARRIVE, add.payer, add.amount, add.timestamp, add.expires_at, without, pending=due.of)
    elif due.kind is Kind.LAPSE:
        hold, without = take_hold(due.of, state, records)
        planned = give_back(Kind.LAPSE, due.of, hold.points, without, now, records)
    else:
        planned, due = _plan_expiry(state, now, records)
    moment = max(due.at, state.moment)
    return planned._replace(
        transaction=planned.transaction._replace(of=due.of or None, effective_at=moment),
        state=planned.state._replace(sequence=state.sequence + 1, moment=moment),
    )


def _plan_expiry(state: State, now: datetime, records: Records) -> tuple[Plan, Due]:
    """Let all lots expire that are due before anything else is; what their payers owe is paid first.

    Returned with the last of them, for the moment at which it was due.
    """
    others = [due.at for due in coming(state) if due.kind is not Kind.EXPIRE and due.at <= now]
    bound = keys_before(min(others)) if others else keys_through(now)
    begun = [run for run in state.ranges if key_of(run.first) < bound]
    # Read as if to their ends: the page that ends the walk then has the ranges' new fronts.
    due_lots = takewhile(
        lambda entry: key_of(entry[1].position) < bound, in_order(whole(begun), records, state.sequence)
    )
    tally = Tally.of(walk(state, islice(due_lots, MOST_EXPIRED)))
    after = close(state, tally, records)
    if tally.last is None:
        raise AssertionError("the lot that is due is not there: the passbook is damaged")
    last = expiry_of(tally.last.lot.position) or now
    transaction = Transaction(kind=Kind.EXPIRE, points=-sum(tally.given.values()), expired=tally.taken)
    more_due = now if tally.lots == MOST_EXPIRED else None
    return Plan(transaction, after, wakes_at=more_due, lots_expired=tally.lots), Due(last, 2, 0, Kind.EXPIRE)


def next_arrival(state: State) -> Coming | None:
    """Tell when pending points arrive next, and how many then."""
    return _soonest([Coming(add.effective_at, add.amount) for add in state.pending.values()])


def next_lapse(state: State) -> Coming | None:
    """Tell when a hold lapses next, and how many points then come back."""
    return _soonest([Coming(hold.expires_at, hold.points) for hold in state.holds.values()])


def next_expiry(state: State, records: Records) -> Coming | None:
    """Tell when points expire next, and how many of those that can be spent now, if nothing else happens."""
    at = min((due.at for due in coming(state) if due.kind is Kind.EXPIRE), default=None)
    if at is None:
        return None
    left, points = state._replace(holds={}, pending={}), 0
    while planned := plan_due(left, at, records):
        left, points = planned.state, points - planned.transaction.points
    return Coming(at, points)


def _soonest(all_coming: list[Coming]) -> Coming | None:
    at = min((one.at for one in all_coming), default=None)
    return Coming(at, sum(one.points for one in all_coming if one.at == at)) if at else None
