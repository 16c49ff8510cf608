"""What is sent to the ledger and what it answers, as frozen dataclasses.

They go by the names of the API's description, and have its fields: a test compares the two. A moment is a `datetime`
with a zone. A field that an answer may leave out is None then.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from typing import Any

# What is asked for.


@dataclass(frozen=True)
class Labels:
    """What any change may carry for its caller.

    Attributes
    ----------
    reference
        The caller's own name for what the change belongs to, such as an order; it need not be unique.
    metadata
        Names and strings.
    """

    _: KW_ONLY
    reference: str | None = None
    metadata: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Add(Labels):
    """Points of a payer to give to the account or, if negative, to take back.

    Attributes
    ----------
    timestamp
        When the points were earned: it ranks them among all others, whenever they arrive.
    effective_at
        From when on they count; still to come, they are pending until then.
    expires_at
        Up to when they last; None for ever.
    """

    payer: str
    points: int
    timestamp: datetime
    _: KW_ONLY
    effective_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Spend(Labels):
    """Points to spend, those that expire soonest first, then the oldest."""

    points: int


@dataclass(frozen=True)
class Hold(Labels):
    """Points to set aside until a capture, a void or `expires_at`: in 7 days if None, in a year at most."""

    points: int
    _: KW_ONLY
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Refund(Labels):
    """Points to give back of what was spent; None for all that is left."""

    points: int | None = None


@dataclass(frozen=True)
class Capture(Labels):
    """Points of a hold to spend; None for all. The rest comes back."""

    points: int | None = None


@dataclass(frozen=True)
class Void(Labels):
    """The whole of a hold comes back."""


@dataclass(frozen=True)
class Cancel(Labels):
    """A pending add never arrives."""


Change = Add | Spend | Hold | Refund | Capture | Void | Cancel

# What is answered.


@dataclass(frozen=True, kw_only=True)
class PayerPoints:
    """Points of one payer: negative if taken, positive if given back."""

    payer: str
    points: int


@dataclass(frozen=True, kw_only=True)
class Lot:
    """Points that one add brought: of an open lot what is left, of a lot drawn on what was taken, negative."""

    sequence: int
    payer: str
    timestamp: datetime
    points: int
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """One line of the history. A kind that this version of the client does not know is read as no more than this.

    Attributes
    ----------
    points
        What it changed in the sum of the balance.
    listed
        The JSON as the ledger gave it; in a list of transactions that is what `digest` is made over.
    version
        Of the answer to a change: the version of the account that it stands on. None in a list.
    replayed
        Whether the change had been recorded by an earlier attempt.
    """

    sequence: int
    kind: str
    points: int
    recorded_at: datetime
    digest: str
    listed: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    version: str | None = field(default=None, compare=False)
    replayed: bool = field(default=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Labelled(Transaction):
    """A transaction that a caller asked for, with what they attached to it."""

    reference: str | None = None
    metadata: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class AddTransaction(Labelled):
    """Points that were added or, if negative, taken back."""

    payer: str
    timestamp: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PendingTransaction(Labelled):
    """Points that are to arrive at `effective_at`: `amount` of them."""

    payer: str
    amount: int
    timestamp: datetime
    effective_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PendingInFull(PendingTransaction):
    """A pending add with the number of the transaction that ended it; None also while that is due but not recorded."""

    cancelled_by: int | None = None
    arrived_by: int | None = None


@dataclass(frozen=True, kw_only=True)
class SpendTransaction(Labelled):
    """Points that were spent."""

    taken: tuple[PayerPoints, ...]


@dataclass(frozen=True, kw_only=True)
class SpendInFull(SpendTransaction):
    """A spend with the lots that it drew on; `left` of it can still be refunded."""

    left: int
    lots: tuple[Lot, ...]
    next_lots_cursor: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class HoldTransaction(Labelled):
    """Points that were set aside."""

    expires_at: datetime
    taken: tuple[PayerPoints, ...]


@dataclass(frozen=True, kw_only=True)
class HoldInFull(HoldTransaction):
    """A hold with its lots and the number of what ended it; `left` of it can be captured or, captured, refunded."""

    left: int
    lots: tuple[Lot, ...]
    next_lots_cursor: str | None = field(default=None, repr=False)
    captured_by: int | None = None
    voided_by: int | None = None
    lapsed_by: int | None = None


@dataclass(frozen=True, kw_only=True)
class CaptureTransaction(Labelled):
    """What is spent of the hold `of`, and what came back."""

    of: int
    taken: tuple[PayerPoints, ...]
    returned: tuple[PayerPoints, ...]


@dataclass(frozen=True, kw_only=True)
class CaptureInFull(CaptureTransaction):
    """A capture; `left` of it can still be refunded."""

    left: int


@dataclass(frozen=True, kw_only=True)
class VoidTransaction(Labelled):
    """The hold `of` that came back."""

    of: int
    returned: tuple[PayerPoints, ...]


@dataclass(frozen=True, kw_only=True)
class RefundTransaction(Labelled):
    """What came back of the spend or captured hold `of`."""

    of: int
    returned: tuple[PayerPoints, ...]


@dataclass(frozen=True, kw_only=True)
class CancelTransaction(Labelled):
    """The pending add `of` that never arrives."""

    of: int
    payer: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class ArriveTransaction(Transaction):
    """The pending add `of` that arrived."""

    of: int
    payer: str
    timestamp: datetime
    effective_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class LapseTransaction(Transaction):
    """The hold `of` that nobody ended, and what came back."""

    of: int
    effective_at: datetime
    returned: tuple[PayerPoints, ...]


@dataclass(frozen=True, kw_only=True)
class ExpireTransaction(Transaction):
    """Points that expired."""

    effective_at: datetime
    expired: tuple[PayerPoints, ...]


@dataclass(frozen=True, kw_only=True)
class ExpireInFull(ExpireTransaction):
    """Points that expired, with the lots that held them."""

    lots: tuple[Lot, ...]
    next_lots_cursor: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What a spend took of whom, payers in the order in which they were first drawn on.

    Attributes
    ----------
    sequence
        The number of the transaction, by which it is refunded.
    """

    taken: tuple[PayerPoints, ...]
    sequence: int
    version: str
    replayed: bool = False


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a spend or a hold would take while the account stands at `version`."""

    taken: tuple[PayerPoints, ...]
    version: str


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Points per payer, in the order in which the payers were first seen."""

    payers: Mapping[str, int]
    version: str

    @property
    def total(self) -> int:
        """The points of all payers."""
        return sum(self.payers.values())


@dataclass(frozen=True, kw_only=True)
class Coming:
    """When something comes next, and how many points it is about."""

    at: datetime
    points: int


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account at a glance.

    Attributes
    ----------
    available, held, pending
        Points that can be spent now, that open holds have set aside, and that are still to arrive.
    owed
        What negative adds took back of payers and no lot has paid for yet. It is not in `available`.
    """

    available: int
    balances: Mapping[str, int]
    held: int
    pending: int
    owed: Mapping[str, int]
    next_expiry: Coming | None
    next_lapse: Coming | None
    next_arrival: Coming | None
    version: str


@dataclass(frozen=True, kw_only=True)
class OpenHold:
    """Points that are set aside until a capture, a void or `expires_at`."""

    sequence: int
    points: int
    expires_at: datetime
    taken: tuple[PayerPoints, ...]


@dataclass(frozen=True, kw_only=True)
class PendingAdd:
    """Points that are still to arrive."""

    sequence: int
    payer: str
    amount: int
    timestamp: datetime
    effective_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """A part of a request, and what is wrong with it."""

    field: str
    message: str
