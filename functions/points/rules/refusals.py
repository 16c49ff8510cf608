"""Why a request is refused. A refused request leaves nothing behind.

Each has a `kind`, a short name that callers can rely on, a `title` that says what is wrong in general, and the `field`
of the request that is at fault.
"""

from datetime import datetime

from points.moments import format_timestamp
from points.rules.terms import Kind, Reference


class Refusal(Exception):
    """A request that the rules do not allow."""

    kind: str
    title: str
    field = "points"


class NotEnoughPointsError(Refusal):
    """A spend or a hold of more than the account has."""

    kind = "not-enough-points"
    title = "The user doesn't have enough points"

    def __init__(self, available: int, asked: int) -> None:
        super().__init__(f"The user doesn't have enough points: there are {available:,}, but {asked:,} were asked for.")


class PayerBelowZeroError(Refusal):
    """A negative add of more than the payer has in the account."""

    kind = "payer-below-zero"
    title = "The payer doesn't have enough points"

    def __init__(self, payer: str, available: int, asked: int) -> None:
        super().__init__(f"{payer} has {available:,} points in the account, but {asked:,} would be taken.")


class LimitError(Refusal):
    """A change that would let the account outgrow a limit. `limit` names it."""

    title = "The account has reached a limit"

    def __init__(self, limit: str, field: str, message: str) -> None:
        super().__init__(message)
        self.kind = f"limit-{limit}"
        self.limit = limit
        self.field = field


def too_many_lots(most: int) -> LimitError:
    """Return the refusal of a spend or a hold that would go through more lots than that."""
    reason = f"That would go through more than {most:,} lots, the most of one change. Ask for fewer points at once."
    return LimitError("lots", "points", reason)


class HoldEndError(Refusal):
    """A hold that would end in the past, or too late."""

    kind = "hold-end"
    title = "The hold cannot end then"
    field = "expires_at"

    def __init__(self, earliest: datetime, latest: datetime) -> None:
        super().__init__(
            f"A hold must end after {format_timestamp(earliest)} and by {format_timestamp(latest)}, a year from now."
        )


class NoOriginalError(Refusal):
    """A change to a transaction that does not exist, or to a hold that is not one."""

    kind = "no-transaction"
    title = "There is no such transaction"
    field = "sequence"

    def __init__(self, of: int, kind: str = "transaction") -> None:
        super().__init__(f"The account has no {kind} {of}.")


class MoreThanLeftError(Refusal):
    """A refund or a capture of more than is left."""

    kind = "more-than-left"
    title = "Not enough points are left"

    def __init__(self, of: int, left: int, asked: int | None) -> None:
        wanted = "" if asked is None else f", but {asked:,} were asked for"
        super().__init__(f"Transaction {of} has {left:,} points left{wanted}.")


class NothingToRefundError(Refusal):
    """A refund of something that is not a spend."""

    kind = "not-refundable"
    title = "The transaction cannot be refunded"
    field = "sequence"

    def __init__(self, of: int, kind: Kind) -> None:
        reason = "capture it first" if kind is Kind.HOLD else "only a spend or a captured hold can be refunded"
        super().__init__(f"Transaction {of} is of kind {kind}: {reason}.")


class NotPendingError(Refusal):
    """A cancellation of something that is not a pending add."""

    kind = "not-pending"
    title = "The transaction is not a pending add"
    field = "sequence"

    def __init__(self, of: int, kind: Kind) -> None:
        super().__init__(f"Transaction {of} is of kind {kind}: only a pending add can be cancelled.")


class TooFarError(Refusal):
    """A look at a moment by which too many lots expire."""

    kind = "too-far"
    title = "The moment is too far away"
    field = "at"

    def __init__(self, most: int) -> None:
        super().__init__(f"More than {most:,} lots expire by then, too many to compute in one answer.")


class EndedError(Refusal):
    """A change to a hold or a pending add that has ended."""

    kind = "ended"
    title = "The hold or the pending add has ended"
    field = "sequence"

    _PAST = {  # noqa: RUF012 - a constant
        Kind.CAPTURE: "was captured",
        Kind.VOID: "was voided",
        Kind.LAPSE: "has lapsed",
        Kind.CANCEL: "was cancelled",
        Kind.ARRIVE: "has arrived",
    }

    def __init__(self, of: int, by: Reference) -> None:
        what = "The pending add" if by.kind in {Kind.CANCEL, Kind.ARRIVE} else "The hold"
        super().__init__(f"{what} {of} {self._PAST[by.kind]} at {format_timestamp(by.moment)}.")
