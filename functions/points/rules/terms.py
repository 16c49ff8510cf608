"""The vocabulary of the ledger: what is asked for, what is recorded, and the state in between."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from points.moments import format_recorded_at
from points.rules.order import FIRST_CHAPTER

MAX_POINTS = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact; no amount and no account's sum goes beyond it."""

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)

_NONE: Mapping[Any, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What callers may attach to any change, for themselves; the rules do not look at it.

    Attributes
    ----------
    reference
        The caller's own name for what the change belongs to; not unique.
    metadata
        Names and strings, as canonical JSON (RFC 8785).
    """

    reference: str | None = None
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class Add(Labels):
    """A request to give an account `points` of a `payer`; a negative number takes them back.

    `timestamp` is when the points were earned, in UTC; it ranks the lot among all others, whenever it arrives. They
    count from `effective_at` on, and up to, not including, `expires_at`.
    """

    payer: str
    points: int
    timestamp: datetime
    effective_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spend(Labels):
    """A request to spend exactly `points`, a positive number."""

    points: int


@dataclass(frozen=True, slots=True)
class Hold(Labels):
    """A request to set `points` aside until `expires_at`; None for the usual time from now."""

    points: int
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refund(Labels):
    """A request to give back `points` of the spend or captured hold `of`; None for all that is left of it."""

    of: int
    points: int | None = None


@dataclass(frozen=True, slots=True)
class Capture(Labels):
    """A request to spend `points` of the hold `of` and give back the rest; None to spend all of it."""

    of: int
    points: int | None = None


@dataclass(frozen=True, slots=True)
class Void(Labels):
    """A request to give back all of the hold `of`."""

    of: int


@dataclass(frozen=True, slots=True)
class Cancel(Labels):
    """A request that the pending add `of` never arrives."""

    of: int


Change = Add | Spend | Hold | Refund | Capture | Void | Cancel
"""Whatever a caller can ask for."""


class Kind(StrEnum):
    """What a transaction is. The last three are time's own: no caller asks for them."""

    ADD = "add"
    SPEND = "spend"
    HOLD = "hold"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    PENDING = "pending"
    CANCEL = "cancel"
    ARRIVE = "arrive"
    LAPSE = "lapse"
    EXPIRE = "expire"


class Transaction(NamedTuple):
    """The record of one accepted change, or of one thing that time did.

    Attributes
    ----------
    points
        What it changed in the sum of the balance.
    of
        The earlier transaction that it refers to: of a refund, the spend or the hold.
    amount
        The points of a pending add, which are not in the balance.
    effective_at
        When pending points arrive; of what time did, the moment at which that was due.
    taken, returned, expired
        Points per payer, in the order in which the payers' lots were first come to: negative, positive, negative.
    """

    kind: Kind
    points: int
    of: int | None = None
    payer: str | None = None
    amount: int | None = None
    timestamp: datetime | None = None
    effective_at: datetime | None = None
    expires_at: datetime | None = None
    taken: Mapping[str, int] | None = None
    returned: Mapping[str, int] | None = None
    expired: Mapping[str, int] | None = None
    reference: str | None = None
    metadata: str | None = None


class Lot(NamedTuple):
    """The points of one positive add.

    Attributes
    ----------
    sequence
        The number of the transaction that opened it.
    position
        Its place in the order of spending.
    pending
        The number of the pending add that it was before it arrived.
    """

    sequence: int
    position: str
    payer: str
    points: int
    pending: int | None = None


class Range(NamedTuple):
    """A stretch of positions of one chapter in which every lot is open. `first` is a lot's, `last` may be the end."""

    first: str
    last: str


class OpenHold(NamedTuple):
    """Points set aside. `ranges` and `part_spent` are how many of these its end may bring back to the state."""

    points: int
    expires_at: datetime
    ranges: int
    part_spent: int


class PendingAdd(NamedTuple):
    """Points that are still to arrive."""

    payer: str
    amount: int
    timestamp: datetime
    effective_at: datetime
    expires_at: datetime | None


class State(NamedTuple):
    """What an account's history amounts to after one of its transactions.

    A lot is *open* when its position lies in one of the `ranges`, and *closed* elsewhere. Of the open lots,
    `part_spent` names those that something stopped inside. `owed` is what negative adds took back and no lot has paid
    for yet: a payer's next open lots pay it before they give anything.

    Attributes
    ----------
    sequence
        The number of the transaction; 0 before the first.
    changed
        The number of the last transaction that a caller asked for.
    moment
        When the transaction took effect: when it was recorded or, of what time did, when that was due.
    balances
        Points per payer, in the order in which the payers were first seen. Never negative.
    owed
        Points per payer not yet settled; payers that owe nothing are left out.
    part_spent
        Points already taken, per lot's sequence number.
    ranges
        Where the open lots are, in order of position.
    watermark
        The position of the last lot that was closed in the current chapter, or the bare chapter.
    holds, pending
        Open holds and pending adds by their sequence numbers.
    """

    sequence: int = 0
    changed: int = 0
    moment: datetime = BEFORE_ALL
    balances: Mapping[str, int] = _NONE
    owed: Mapping[str, int] = _NONE
    part_spent: Mapping[int, int] = _NONE
    ranges: tuple[Range, ...] = ()
    watermark: str = FIRST_CHAPTER
    holds: Mapping[int, OpenHold] = _NONE
    pending: Mapping[int, PendingAdd] = _NONE

    @property
    def total(self) -> int:
        """All points that can be spent."""
        return sum(self.balances.values())

    @property
    def held(self) -> int:
        """All points that are set aside."""
        return sum(hold.points for hold in self.holds.values())

    @property
    def awaited(self) -> int:
        """All points that are still to arrive."""
        return sum(add.amount for add in self.pending.values())

    @property
    def version(self) -> str:
        """Names the content: the last change, and the moment of the latest thing that time has done since, if any."""
        if self.changed == self.sequence:
            return str(self.changed)
        return f"{self.changed}.{format_recorded_at(self.moment)}"


class Origin(NamedTuple):
    """A transaction that drew on lots, with the states above and after it."""

    transaction: Transaction
    before: State
    after: State


class Reference(NamedTuple):
    """A later transaction that refers to an earlier one. `undone` is how many points of that are undone in all."""

    sequence: int
    kind: Kind
    moment: datetime
    undone: int


class Records(Protocol):
    """What a plan may look up of an account: nothing newer than the transaction that the plan stands under."""

    def lots(self, first: str, before: str, *, through: int | None = None) -> Iterator[Lot]:
        """Read lots in order of position, from `first` up to, not including, `before`.

        With `through`, only those with sequence numbers up to there. Reads no further than the caller goes.
        """
        ...

    def peek(self, first: str, before: str) -> Lot | None:
        """Read the first of such lots alone."""
        ...

    def origin(self, sequence: int) -> Origin | None:
        """Read a transaction with the states around it."""
        ...

    def closing(self, sequence: int) -> Reference | None:
        """Find the first transaction that refers to this one: what ended a hold or a pending add."""
        ...

    def latest(self, sequence: int) -> Reference | None:
        """Find the last transaction that refers to this one: it tells how much of it is undone."""
        ...
