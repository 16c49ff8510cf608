"""The calendar: in which accounts something falls due, and how far a sweep over it has come.

It is an index of the lines that leave something for time to do. Each hour has a page per shard, sorted by moment and
account, so that what is due from one moment to another can be asked for alone. A line is in it for ever, at the moment
that it names or at that of its recording, whichever is later: so nothing is added to a time that is long past.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from points.moments import format_recorded_at
from points.rules.terms import BEFORE_ALL
from points.storage import requests
from points.storage.attributes import Item, from_number
from points.storage.calls import Calls
from points.storage.clock import Clock, SystemClock
from points.storage.dynamodb import DynamoDBTables
from points.storage.indexes import HOUR, calendar_page

ENTRIES_AT_ONCE = 100


class Entry(NamedTuple):
    """An account in which something is due at a moment, unless it has been done or undone meanwhile."""

    account: str
    at: datetime


class Mark(NamedTuple):
    """How far a sweep has come: up to, not including, a moment, and in so many shards."""

    until: datetime
    shards: int


class Stretch(NamedTuple):
    """A part of the calendar that is still to be read: of one shard, from one place to another.

    Attributes
    ----------
    first
        The moment or the entry's key where it begins.
    before
        The moment before which it ends.
    recorded_after
        Entries of lines recorded until then are left out.
    """

    shard: int
    first: str
    before: str
    recorded_after: str

    @classmethod
    def between(
        cls, first: datetime, before: datetime, shard: int, *, recorded_after: datetime = BEFORE_ALL
    ) -> "Stretch":
        """Return the stretch from a moment up to, not including, another."""
        return cls(shard, format_recorded_at(first), format_recorded_at(before), format_recorded_at(recorded_after))

    def behind(self, key: str | None) -> "Stretch | None":
        """Return what is left once it was read through an entry or, without one, to the end of its hour."""
        if key is not None:
            return self._replace(first=key + " ")  # sorts before whatever an account's name can go on with
        next_hour = f"{datetime.fromisoformat(self.first[:HOUR]) + timedelta(hours=1):%Y-%m-%dT%H}"
        return self._replace(first=next_hour) if next_hour < self.before else None


class Calendar:
    """The calendar of a table. Every method takes a `deadline` in the clock's elapsed seconds: no call starts after it.

    Parameters
    ----------
    client
        DynamoDB's low-level client, which must make one attempt per call.
    table
        The table's name.
    clock, rng
        Time and chance.
    """

    def __init__(
        self, client: DynamoDBTables, table: str, *, clock: Clock | None = None, rng: random.Random | None = None
    ) -> None:
        self._client = client
        self._table = table
        self.clock = clock or SystemClock()
        self._rng = rng or random.SystemRandom()

    def read(self, stretch: Stretch, deadline: float) -> tuple[list[Entry], Stretch | None]:
        """Read some entries of a stretch, which may be none, and tell what is left of it to be read."""
        page = calendar_page(stretch.first, stretch.shard)
        items, last = self._calls(deadline).page(
            requests.calendar_entries(
                self._table,
                page,
                stretch.first,
                stretch.before,
                recorded_after=stretch.recorded_after,
                limit=ENTRIES_AT_ONCE,
            )
        )
        return list(map(_entry, items)), stretch.behind(last["due_key"]["S"] if last else None)

    def mark(self, name: str, deadline: float) -> Mark | None:
        """Read how far a sweep has come, and make sure that the clock is right: it is what the next mark is made by.

        Raises
        ------
        ClockError
            It is far off DynamoDB's: by a clock that is a year fast, a year would never be asked for.
        """
        calls = self._calls(deadline)
        item = calls.get(requests.get_mark(self._table, name))
        calls.check_clock()
        return Mark(datetime.fromisoformat(item["until"]["S"]), from_number(item["shards"])) if item else None

    def move(self, name: str, seen: Mark | None, mark: Mark, deadline: float) -> bool:
        """Move a mark, unless it is another than the one that was seen, and say whether it was moved."""
        was = format_recorded_at(seen.until) if seen else None
        request = requests.put_mark(self._table, name, format_recorded_at(mark.until), mark.shards, seen=was)
        return self._calls(deadline).put_if(request)

    def begins_at(self, deadline: float) -> datetime:
        """Return a moment before which nothing can be in the calendar: that at which the table was made."""
        answer = self._calls(deadline).read(self._client.describe_table, {"TableName": self._table})
        made_at: datetime = answer["Table"]["CreationDateTime"]
        return made_at.astimezone(UTC)

    def _calls(self, deadline: float) -> Calls:
        return Calls(self._client, self.clock, self._rng, deadline)


def _entry(item: Item) -> Entry:
    moment, _, account = item["due_key"]["S"].partition("#")
    return Entry(account, datetime.fromisoformat(moment))
