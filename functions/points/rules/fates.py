"""What has become of a transaction since: how much of it is left, and what ended it."""

from typing import NamedTuple

from points.rules.terms import Kind, Records, Reference, State


class Fate(NamedTuple):
    """What has become of a transaction.

    Attributes
    ----------
    left
        How many points can still be refunded or captured; None if it is nothing of the kind.
    ended
        Of a hold or a pending add, what ended it.
    """

    left: int | None = None
    ended: Reference | None = None


def fate_of(sequence: int, state: State, records: Records) -> Fate:
    """Tell what has become of a transaction, which must exist, in an account as it stands."""
    origin = records.origin(sequence)
    if origin is None:
        raise AssertionError("a transaction is missing: the passbook is damaged")
    transaction = origin.transaction
    if sequence in state.holds:
        return Fate(state.holds[sequence].points)
    ended = records.closing(sequence) if transaction.kind in {Kind.HOLD, Kind.PENDING} else None
    if transaction.kind is Kind.CAPTURE and transaction.of:
        return Fate(fate_of(transaction.of, state, records).left)
    if transaction.kind not in {Kind.SPEND, Kind.HOLD}:
        return Fate(ended=ended)
    latest = records.latest(sequence)
    return Fate(-transaction.points - (latest.undone if latest else 0), ended)
