"""A line of the passbook, and the DynamoDB item that holds it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4
from zlib import crc32

from points.rules.plans import Plan
from points.rules.terms import BEFORE_ALL, Kind, Lot, Reference, State, Transaction
from points.storage.attributes import (
    STATE,
    STATES,
    TRANSACTION,
    Item,
    decode,
    encode,
    from_moment,
    from_number,
    to_moment,
    to_number,
    to_text,
)
from points.storage.chain import first_digest, next_digest
from points.storage.errors import UnknownFormatError
from points.storage.indexes import CalendarEntry, calendar_entry, original_key, reference_key
from points.storage.listing import listed
from points.storage.sizes import stored_bytes

FORMAT = 2
"""The layout of the items written here, if nobody says otherwise."""

FORMATS = frozenset(STATES)
"""The layouts that are read, and written below. A new one is read a release before it is written: see `Limits`."""

CALLERS_KEY = "caller#"
"""What stands before a caller's idempotency key, so that keys of the ledger's own can stand beside them."""

CALENDAR_SHARDS = 16
"""Into how many parts the accounts of an hour of the calendar are split, if nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Retry:
    """What makes a repeated request known: the caller's key, and a digest of what was asked under it."""

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an account stands: after its last line, or at sequence 0 if it has none.

    Attributes
    ----------
    digest
        The last line's digest, by which the chain goes on.
    size
        The bytes of all lines of the account so far.
    """

    account: str
    recorded_at: datetime = BEFORE_ALL
    state: State = field(default_factory=State)
    digest: str = ""
    size: int = 0

    @property
    def sequence(self) -> int:
        """The last line's sequence number."""
        return self.state.sequence

    @property
    def version(self) -> str:
        """Names the content of the account: see `State.version`."""
        return self.state.version


@dataclass(frozen=True, slots=True)
class Line(Standing):
    """One transaction of an account, with the state after it. Never rewritten.

    `write_id` is random and new for every plan; only by it can a writer tell that a line is its own.
    """

    transaction: Transaction = field(kw_only=True)
    write_id: str = field(kw_only=True)
    retry: Retry | None = field(default=None, kw_only=True)
    lot: Lot | None = field(default=None, kw_only=True)
    undone: int = field(default=0, kw_only=True)
    calendar: CalendarEntry | None = field(default=None, kw_only=True)
    format: int = field(default=FORMAT, kw_only=True)

    @property
    def is_times_own(self) -> bool:
        """Whether no caller asked for it."""
        return self.state.changed != self.sequence

    @property
    def listed(self) -> dict[str, Any]:
        """The transaction as callers see it."""
        return listed(self.sequence, self.recorded_at, self.transaction) | {"digest": self.digest}

    @property
    def reference(self) -> Reference:
        """What this line is to the one that it refers to."""
        return Reference(self.sequence, self.transaction.kind, self.state.moment, self.undone)


def next_line(
    above: Standing,
    plan: Plan,
    now: datetime,
    retry: Retry | None = None,
    *,
    shards: int = CALENDAR_SHARDS,
    layout: int = FORMAT,
) -> Line:
    """Write the line that follows `above`, which is dated no later than `now`."""
    told = listed(plan.state.sequence, now, plan.transaction)
    line = Line(
        above.account,
        now,
        plan.state,
        next_digest(above.digest or first_digest(above.account), above.account, told),
        above.size,
        transaction=plan.transaction,
        write_id=uuid4().hex,
        retry=retry,
        lot=plan.lot,
        undone=plan.undone,
        calendar=(
            calendar_entry(above.account, max(plan.wakes_at, now), shard_of(above.account, shards))
            if plan.wakes_at
            else None
        ),
        format=layout,
    )
    # Weighed with the size above in place of its own, which has a digit or two less now and then: a byte too few.
    return replace(line, size=above.size + stored_bytes(to_item(line)))


def shard_of(account: str, shards: int) -> int:
    """Return the part of the calendar that an account is in."""
    return crc32(account.encode()) % shards


def to_item(line: Line) -> Item:
    """Lay a line out as DynamoDB keeps it. Index keys are present only where the line belongs in the index."""
    done = line.transaction
    item: Item = {
        "account": to_text(line.account),
        "sequence": to_number(line.sequence),
        "format": to_number(line.format),
        "recorded_at": to_moment(line.recorded_at),
        "write_id": to_text(line.write_id),
        "digest": to_text(line.digest),
        "size": to_number(line.size),
        **encode(done, TRANSACTION),
        **encode(line.state, STATES[line.format]),
    }
    if line.sequence == 1:
        item["opened_at"] = item["recorded_at"]  # sparse: an index on it would list the accounts
    if line.lot:
        item["timestamp_key"] = to_text(line.lot.position)
    if line.retry:
        item["idempotency_key"] = to_text(CALLERS_KEY + line.retry.key)
        item["request_digest"] = to_text(line.retry.digest)
    if done.of:
        item["original_key"] = to_text(original_key(done.of, line.sequence))
        item["undone"] = to_number(line.undone)
    if done.reference:
        item["reference_key"] = to_text(reference_key(done.reference, line.sequence))
    if line.calendar:
        item["calendar_key"] = to_text(line.calendar.page)
        item["due_key"] = to_text(line.calendar.due_key)
    return item


def from_item(item: Item) -> Line:
    """Read a line back.

    Raises
    ------
    UnknownFormatError
        The line was written by another version of this code.
    """
    if item["format"]["N"] not in map(str, FORMATS):
        raise UnknownFormatError(item["format"]["N"])
    retry = None
    if "idempotency_key" in item:
        retry = Retry(item["idempotency_key"]["S"].removeprefix(CALLERS_KEY), item["request_digest"]["S"])
    state = decode(item, STATE)
    return Line(
        item["account"]["S"],
        from_moment(item["recorded_at"]),
        State(sequence=from_number(item["sequence"]), **state),
        item["digest"]["S"],
        from_number(item["size"]),
        transaction=Transaction(**decode(item, TRANSACTION)),
        write_id=item["write_id"]["S"],
        retry=retry,
        lot=lot_from_item(item) if "timestamp_key" in item else None,
        undone=from_number(item["undone"]) if "undone" in item else 0,
        calendar=CalendarEntry(item["calendar_key"]["S"], item["due_key"]["S"]) if "calendar_key" in item else None,
        format=from_number(item["format"]),
    )


def lot_from_item(item: Item) -> Lot:
    """Read a lot from its line, or from its entry in the index by timestamp."""
    return Lot(
        from_number(item["sequence"]),
        item["timestamp_key"]["S"],
        item["payer"]["S"],
        from_number(item["points"]),
        from_number(item["of"]) if "of" in item else None,
    )


def reference_from_item(item: Item) -> Reference:
    """Read a reference from its entry in the index by original."""
    return Reference(
        from_number(item["sequence"]),
        Kind(item["kind"]["S"]),
        from_moment(item["moment"]),
        from_number(item["undone"]),
    )
