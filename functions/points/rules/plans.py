"""What a change makes of an account's state: a case for each kind of change, all made of the same few moves."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from points.rules.order import expiry_of, lot_key
from points.rules.ranges import in_order, place, whole
from points.rules.refusals import (
    EndedError,
    HoldEndError,
    LimitError,
    MoreThanLeftError,
    NoOriginalError,
    NotEnoughPointsError,
    NothingToRefundError,
    NotPendingError,
    PayerBelowZeroError,
    too_many_lots,
)
from points.rules.terms import (
    MAX_POINTS,
    Add,
    Cancel,
    Capture,
    Change,
    Hold,
    Kind,
    Lot,
    OpenHold,
    Origin,
    PendingAdd,
    Range,
    Records,
    Refund,
    Spend,
    State,
    Transaction,
    Void,
)
from points.rules.walk import Step, Tally, close, last_of, undo, walk, walk_again

USUAL_HOLD = timedelta(days=7)
LONGEST_HOLD = timedelta(days=365)
MOST_DRAWN = 500_000
"""Lots that a spend or a hold goes through at most: more than that, and a function would run out of time."""

MOST_SETTLED = 10_000
"""Lots at the front that give nothing: a spend or a hold that meets so many first records that they pay debts."""


class Plan(NamedTuple):
    """The transaction to record and the state after it.

    Attributes
    ----------
    lot
        The lot that it opens.
    undone
        Of what undoes an earlier transaction, how many points of that are undone in all.
    wakes_at
        The moment from which on time has something to do because of it.
    lots_expired
        How many lots expired.
    drawn
        The walk of a spend or a hold.
    """

    transaction: Transaction
    state: State
    lot: Lot | None = None
    undone: int = 0
    wakes_at: datetime | None = None
    lots_expired: int = 0
    drawn: Tally | None = None

    @property
    def settles(self) -> bool:
        """Whether it is not the change yet, but what must be recorded before that: its walk has come to no points."""
        return self.drawn is not None and not self.drawn.given


def check_original(change: Change, records: Records) -> None:
    """Make sure that what a change refers to is there.

    Raises
    ------
    NoOriginalError
        It is not.
    """
    if isinstance(change, Refund | Cancel | Capture | Void):
        origin = records.origin(change.of)
        if origin is None:
            raise NoOriginalError(change.of)
        if isinstance(change, Capture | Void) and origin.transaction.kind is not Kind.HOLD:
            raise NoOriginalError(change.of, Kind.HOLD)


def plan(change: Change, state: State, now: datetime, records: Records, drawn: Tally | None = None) -> Plan:
    """Work out the next transaction, when all that is due by now has been recorded.

    A spend or a hold that must pass very many lots which give nothing, since their payers owe it all, is planned in
    parts: see `Plan.settles`.

    Parameters
    ----------
    change
        What is asked for.
    state
        The account's state before it.
    now
        When it will say that it was recorded.
    records
        What is on record below it.
    drawn
        The walk of this change, if it was planned before and its walk is the same now.

    Raises
    ------
    Refusal
        The rules do not allow the change in this state.
    """
    planned = _plan(change, state, now, records, drawn)
    if planned.settles:
        return planned
    sequence = state.sequence + 1
    return planned._replace(
        transaction=planned.transaction._replace(reference=change.reference, metadata=change.metadata),
        state=planned.state._replace(sequence=sequence, changed=sequence, moment=now),
    )


def _plan(  # noqa: PLR0911 - one for each kind
    change: Change, state: State, now: datetime, records: Records, drawn: Tally | None
) -> Plan:
    match change:
        case Add():
            return _plan_add(change, state, now)
        case Spend():
            return _plan_spend(change, state, now, records, drawn)
        case Hold():
            return _plan_hold(change, state, now, records, drawn)
        case Refund():
            return _plan_refund(change, state, now, records)
        case Capture():
            return _plan_capture(change, state, now, records)
        case Void(of=of):
            hold, without = take_hold(of, state, records)
            return give_back(Kind.VOID, of, hold.points, without, now, records)
        case Cancel():
            return _plan_cancel(change, state, records)


def _plan_add(add: Add, state: State, now: datetime) -> Plan:
    """A positive add becomes an open lot, now or later; a negative one a debt that the payer's next lots will pay."""
    if add.points > 0:
        _check_sum(state, add.points)
        if add.effective_at and add.effective_at > now:
            return _plan_pending(add, add.effective_at, state)
        return open_lot(Kind.ADD, add.payer, add.points, add.timestamp, add.expires_at, state)
    balance = state.balances.get(add.payer, 0)
    if balance + add.points < 0:
        raise PayerBelowZeroError(add.payer, balance, -add.points)
    return Plan(
        Transaction(kind=Kind.ADD, payer=add.payer, points=add.points, timestamp=add.timestamp),
        state._replace(
            balances={**state.balances, add.payer: balance + add.points},
            owed={**state.owed, add.payer: state.owed.get(add.payer, 0) - add.points},
        ),
    )


def _plan_pending(add: Add, effective_at: datetime, state: State) -> Plan:
    pending = PendingAdd(add.payer, add.points, add.timestamp, effective_at, add.expires_at)
    transaction = Transaction(kind=Kind.PENDING, points=0, **pending._asdict())
    after = state._replace(pending={**state.pending, state.sequence + 1: pending})
    return Plan(transaction, after, wakes_at=effective_at)


def open_lot(
    kind: Kind,
    payer: str,
    points: int,
    timestamp: datetime,
    expires_at: datetime | None,
    state: State,
    *,
    pending: int | None = None,
) -> Plan:
    """Let points become a lot, now or, of a pending add, when they arrive."""
    sequence = state.sequence + 1
    position, ranges, watermark = place(state, lot_key(timestamp, sequence, expires_at))
    balances = {**state.balances, payer: state.balances.get(payer, 0) + points}
    return Plan(
        Transaction(kind=kind, payer=payer, points=points, timestamp=timestamp, expires_at=expires_at),
        state._replace(balances=balances, ranges=ranges, watermark=watermark),
        Lot(sequence, position, payer, points, pending),
        wakes_at=expires_at,
    )


def draw(points: int, state: State, records: Records, drawn: Tally | None) -> tuple[Tally, State]:
    """Take exactly these points from the next open lots, or refuse; or none yet, if debts are to be settled first."""
    if points > state.total:
        raise NotEnoughPointsError(state.total, points)
    lots = _not_too_many(in_order(whole(state.ranges), records, state.sequence))
    tally = drawn or _tally_of(walk(state, lots, points))
    return tally, close(state, tally, records)


def _tally_of(steps: Iterator[Step]) -> Tally:
    """Go through a walk; but not beyond very many lots that gave nothing."""
    tally = Tally.of(islice(steps, MOST_SETTLED))
    if tally.given:
        tally.note(steps)
    return tally


def _not_too_many(lots: Iterator[tuple[Range, Lot]]) -> Iterator[tuple[Range, Lot]]:
    yield from islice(lots, MOST_DRAWN)
    for _ in lots:
        raise too_many_lots(MOST_DRAWN)


def _plan_spend(spend: Spend, state: State, now: datetime, records: Records, drawn: Tally | None) -> Plan:
    tally, after = draw(spend.points, state, records, drawn)
    if not tally.given:
        return _plan_settling(tally, after, now)
    return Plan(Transaction(kind=Kind.SPEND, points=-spend.points, taken=tally.taken), after, drawn=tally)


def _plan_settling(tally: Tally, after: State, now: datetime) -> Plan:
    """Let very many lots pay what their payers owe, which is all that they have, before anything is drawn.

    Time does it: nobody has asked for it, and nobody gets anything. What can be told of the account changes with it, so
    it takes effect at a moment of its own.
    """
    moment = max(now, after.moment + timedelta.resolution)
    return Plan(
        Transaction(kind=Kind.EXPIRE, points=0, effective_at=moment, expired={}),
        after._replace(sequence=after.sequence + 1, moment=moment),
        drawn=tally,
    )


def _plan_hold(hold: Hold, state: State, now: datetime, records: Records, drawn: Tally | None) -> Plan:
    """Draw as a spend does, and reserve room for what the end of the hold may bring back."""
    expires_at = hold.expires_at or now + USUAL_HOLD
    if not now < expires_at <= now + LONGEST_HOLD:
        raise HoldEndError(now, now + LONGEST_HOLD)
    tally, after = draw(hold.points, state, records, drawn)
    if not tally.given:
        return _plan_settling(tally, after, now)
    reserved = OpenHold(hold.points, expires_at, len(tally.ranges) + 1, len(tally.used_up) + 2)
    return Plan(
        Transaction(kind=Kind.HOLD, points=-hold.points, expires_at=expires_at, taken=tally.taken),
        after._replace(holds={**state.holds, state.sequence + 1: reserved}),
        wakes_at=expires_at,
        drawn=tally,
    )


def give_back(
    kind: Kind, of: int, points: int, state: State, now: datetime, records: Records, *, undone: int = 0
) -> Plan:
    """Put back the last points that a walk drew and that are not undone yet, into the very lots they came from."""
    origin = _origin(of, records)
    end = -origin.transaction.points - undone
    tally = Tally()
    after = undo(state, tally.noting(last_of(walk_again(origin, records), end - points, end)), records)
    soonest = expiry_of(tally.first.lot.position) if tally.first else None
    return Plan(
        Transaction(kind=kind, of=of, points=points, returned=tally.given),
        after,
        undone=undone + points,
        wakes_at=now if soonest and soonest <= now else None,
    )


def _plan_refund(refund: Refund, state: State, now: datetime, records: Records) -> Plan:
    """Give back what is left of a spend or of a captured hold, or a part; a capture means its hold."""
    transaction = _origin(refund.of, records).transaction
    of = transaction.of if transaction.kind is Kind.CAPTURE and transaction.of else refund.of
    if transaction.kind not in {Kind.SPEND, Kind.HOLD, Kind.CAPTURE} or of in state.holds:
        raise NothingToRefundError(of, transaction.kind)
    latest = records.latest(of)
    if latest and latest.kind in {Kind.VOID, Kind.LAPSE}:
        raise EndedError(of, latest)
    undone = latest.undone if latest else 0
    left = -_origin(of, records).transaction.points - undone
    points = left if refund.points is None else refund.points
    if not 0 < points <= left:
        raise MoreThanLeftError(of, left, refund.points)
    _check_sum(state, points)
    return give_back(Kind.REFUND, of, points, state, now, records, undone=undone)


def _plan_capture(capture: Capture, state: State, now: datetime, records: Records) -> Plan:
    """Spend so much of a hold, and give back the rest as a refund does."""
    hold, without = take_hold(capture.of, state, records)
    points = hold.points if capture.points is None else capture.points
    if points > hold.points:
        raise MoreThanLeftError(capture.of, hold.points, points)
    taken = _origin(capture.of, records).transaction.taken or {}
    transaction = Transaction(kind=Kind.CAPTURE, of=capture.of, points=0, taken=taken, returned={})
    if points == hold.points:
        return Plan(transaction, without)
    planned = give_back(Kind.CAPTURE, capture.of, hold.points - points, without, now, records)
    returned = planned.transaction.returned or {}
    kept = {payer: held + returned.get(payer, 0) for payer, held in taken.items() if held + returned.get(payer, 0)}
    return planned._replace(transaction=planned.transaction._replace(taken=kept))


def take_hold(of: int, state: State, records: Records) -> tuple[OpenHold, State]:
    """Return an open hold, and the state without it; or say how it ended."""
    if of not in state.holds:
        raise _ended(of, records)
    others = {number: hold for number, hold in state.holds.items() if number != of}
    return state.holds[of], state._replace(holds=others)


def take_pending(of: int, state: State) -> tuple[PendingAdd, State]:
    """Return a pending add, and the state without it."""
    others = {number: add for number, add in state.pending.items() if number != of}
    return state.pending[of], state._replace(pending=others)


def _plan_cancel(cancel: Cancel, state: State, records: Records) -> Plan:
    if cancel.of not in state.pending:
        kind = _origin(cancel.of, records).transaction.kind
        raise _ended(cancel.of, records) if kind is Kind.PENDING else NotPendingError(cancel.of, kind)
    add, without = take_pending(cancel.of, state)
    return Plan(Transaction(kind=Kind.CANCEL, of=cancel.of, points=0, payer=add.payer, amount=add.amount), without)


def _ended(of: int, records: Records) -> EndedError:
    ending = records.closing(of)
    if ending is None:
        raise AssertionError("a hold or a pending add is gone without a trace: the passbook is damaged")
    return EndedError(of, ending)


def _origin(of: int, records: Records) -> Origin:
    origin = records.origin(of)
    if origin is None:
        raise AssertionError("a transaction is missing: the passbook is damaged")
    return origin


def _check_sum(state: State, more: int) -> None:
    total = state.total + state.held + state.awaited + more
    if total > MAX_POINTS:
        raise LimitError(
            "account-total", "points", f"The account would hold {total:,} points in all; the maximum is {MAX_POINTS:,}."
        )
