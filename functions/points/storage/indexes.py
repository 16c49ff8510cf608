"""The table's indexes. Each holds only the lines that have its sort key: a line is in those that it is of use to."""

from datetime import datetime
from typing import Any, NamedTuple

from points.moments import format_recorded_at


class Index(NamedTuple):
    """A local index: its name, its sort key, and what it holds of a line besides the keys."""

    name: str
    sort_key: str
    projected: tuple[str, ...] = ()

    def entry(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return what the index holds of an item: nothing, if the item lacks the sort key."""
        if self.sort_key not in item:
            return {}
        names = ("account", "sequence", self.sort_key, *self.projected)
        return {name: item[name] for name in names if name in item}


BY_TIMESTAMP = Index("by_timestamp", "timestamp_key", ("payer", "points", "of"))
"""Lots, in the order of their positions."""

BY_IDEMPOTENCY_KEY = Index("by_idempotency_key", "idempotency_key")
"""Lines by their caller's key."""

BY_ORIGINAL = Index("by_original", "original_key", ("kind", "moment", "undone"))
"""Lines that refer to an earlier one, by its number, then their own."""

BY_REFERENCE = Index("by_reference", "reference_key")
"""Lines by their caller's reference, then their own number."""

LOCAL_INDEXES = (BY_TIMESTAMP, BY_IDEMPOTENCY_KEY, BY_ORIGINAL, BY_REFERENCE)

CALENDAR = "calendar"
"""The global index of the lines that leave something for time to do: by hour and shard, then moment and account."""


HOUR = len("2027-01-01T00")
"""How much of a moment's text tells its hour."""


class CalendarEntry(NamedTuple):
    """Where the calendar has a line.

    Attributes
    ----------
    page
        The hour and the shard: the calendar is read a page at a time, each by itself.
    due_key
        The moment and the account, by which a page is sorted.
    """

    page: str
    due_key: str


def calendar_entry(account: str, moment: datetime, shard: int) -> CalendarEntry:
    """Return where the calendar has an account that wakes at a moment."""
    text = format_recorded_at(moment)
    return CalendarEntry(calendar_page(text, shard), f"{text}#{account}")


def calendar_page(moment: str, shard: int) -> str:
    """Return the page of the hour of a moment, which is told in full or to the hour."""
    return f"{moment[:HOUR]}#{shard}"


def original_key(of: int, sequence: int) -> str:
    """Sort references by what they refer to, then by their own numbers."""
    return f"{of:012d}#{sequence:012d}"


def reference_key(reference: str, sequence: int) -> str:
    """Sort lines by their callers' references, which have no control characters, then by their numbers."""
    return f"{reference}\n{sequence:012d}"
