"""Puts the lines of a batch on the bus: those of one account in order, each only after the one before it is taken.

A line that fails stops those of its account behind it, and no others. The stream brings a batch again from its first
line that is not published, so some of the others may be published twice: every event at least once, and an account's
events in order.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from points.events.bus import MOST_ENTRIES, Bus, Event
from points.events.recorded import event_of
from points.storage.errors import UnknownFormatError
from points.storage.lines import from_item

Record = dict[str, Any]
"""A record of the table's stream, as Lambda hands it to a function."""


@dataclass(frozen=True, slots=True)
class Unpublished:
    """A record that is not on the bus.

    Attributes
    ----------
    position
        Its place in the batch.
    reason
        Why it failed; None if it was not tried.
    """

    position: int
    record: Record
    reason: str | None = None

    @property
    def account(self) -> str:
        """Whose line it is."""
        return account_of(self.record)

    @property
    def sequence(self) -> int:
        """The line's number."""
        return int(self.record["dynamodb"]["Keys"]["sequence"]["N"])

    @property
    def number(self) -> str:
        """Its number in the stream."""
        return str(self.record["dynamodb"]["SequenceNumber"])


def account_of(record: Record) -> str:
    """Return the account that a record is about."""
    return str(record["dynamodb"]["Keys"]["account"]["S"])


def publish(records: Iterable[Record], bus: Bus, has_time: Callable[[], bool]) -> list[Unpublished]:
    """Put records' lines on the bus, and return what is not there afterwards, in the order of the batch.

    Parameters
    ----------
    records
        In the order of the stream.
    bus
        Where to.
    has_time
        Whether to go on; asked before each turn of up to ten accounts.
    """
    waiting = _by_account(records)
    turns = deque(waiting)
    failed: list[Unpublished] = []
    while turns and has_time():
        accounts = [turns.popleft() for _ in range(min(MOST_ENTRIES, len(turns)))]
        stopped = _put_first_of(accounts, waiting, bus)
        failed += stopped.values()
        turns += [account for account in accounts if waiting[account] and account not in stopped]
    behind = [record for records_of_one in waiting.values() for record in records_of_one]
    return sorted([*failed, *behind], key=lambda it: it.position)


def _by_account(records: Iterable[Record]) -> dict[str, deque[Unpublished]]:
    waiting: dict[str, deque[Unpublished]] = {}
    for position, record in enumerate(records):
        waiting.setdefault(account_of(record), deque()).append(Unpublished(position, record))
    return waiting


def _put_first_of(accounts: list[str], waiting: dict[str, deque[Unpublished]], bus: Bus) -> dict[str, Unpublished]:
    """Put the first line of each account on the bus, and return those that failed."""
    first = {account: waiting[account].popleft() for account in accounts}
    events: list[Event] = []
    reasons: dict[str, str] = {}
    for account, record in first.items():
        try:
            events.append(event_of(from_item(record.record["dynamodb"]["NewImage"])))
        except UnknownFormatError as error:
            reasons[account] = str(error)
    reasons |= {failed.event.detail["account"]: failed.reason for failed in bus.put(events)}
    return {account: replace(first[account], reason=reason) for account, reason in reasons.items()}
