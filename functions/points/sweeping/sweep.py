"""Reads the calendar as time goes on, and queues the accounts that it names.

A run asks for what has become due since the mark, a stretch for each shard, puts these stretches into a queue of jobs,
and only then moves the mark. A job is worked off by whoever takes it from that queue: it reads its stretch and queues
the accounts; if time runs out, what is left becomes a job again. So whatever dies on the way, everything before the
mark is in a queue, and nothing can happen but that an account is queued twice, which costs one read.

Every moment is looked at twice. First when no line can be on its way any more that falls due at it; then once more two
hours later, but only for what was recorded shortly before the first look: the index follows the table within a second
as a rule, but nobody promises when.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from points.storage.calendar import Calendar, Entry, Mark, Stretch
from points.sweeping.queue import Queue

UNDER_WAY = timedelta(seconds=30)
"""How long after a moment a line may land that is dated before it: its writer has 15 seconds, and a clock up to ten
seconds off."""

LATE = timedelta(hours=2)
"""By how much an entry may come into the calendar after its line, and still be found."""

_HAND_OVER_S = 5
"""How long before the deadline a job is handed over instead of being gone on with."""


@dataclass(frozen=True, slots=True)
class Search:
    """What a sweep looks for, and where it sends what it finds.

    Attributes
    ----------
    queue
        Takes a message for each account found.
    message
        Writes it.
    begins_at
        The moment at which the first run ever begins.
    ahead
        How long before something is due it is looked for.
    """

    queue: Queue
    message: Callable[[Entry], str]
    begins_at: Callable[[float], datetime]
    ahead: timedelta = timedelta()


class Job(NamedTuple):
    """A stretch of the calendar in which to search."""

    search: str
    stretch: Stretch

    @classmethod
    def from_text(cls, text: str) -> "Job":
        """Read a job from its message."""
        search, *stretch = json.loads(text)
        return cls(search, Stretch(*stretch))

    def to_text(self) -> str:
        """Write the job as a message."""
        return json.dumps([self.search, *self.stretch])


class Sweeper:
    """Searches the calendar.

    Parameters
    ----------
    calendar
        The calendar.
    jobs
        Takes what is to be searched.
    searches
        What to look for, by names: a mark for each is kept under it.
    shards
        Into how many shards accounts are split today.
    """

    def __init__(self, calendar: Calendar, jobs: Queue, searches: Mapping[str, Search], shards: int) -> None:
        self._calendar = calendar
        self._jobs = jobs
        self._searches = searches
        self._shards = shards

    def run(self, deadline: float) -> dict[str, timedelta]:
        """Queue jobs for all that the marks have not passed, and tell how far behind they were."""
        return {name: self._run(name, search, deadline) for name, search in self._searches.items()}

    def work(self, job: Job, deadline: float) -> int:
        """Queue the accounts of a job, or as many as there is time for, and return how many."""
        queued = 0
        search = self._searches.get(job.search)
        left = job.stretch if search else None  # somebody has turned this search off meanwhile
        while search and left:
            entries, left = self._calendar.read(left, deadline)
            queued += search.queue.send(dict.fromkeys(map(search.message, entries)))
            if left and self._calendar.clock.elapsed() > deadline - _HAND_OVER_S:
                self._jobs.send([Job(job.search, left).to_text()])
                break
        return queued

    def _run(self, name: str, search: Search, deadline: float) -> timedelta:
        seen = self._calendar.mark(name, deadline)
        begins_at = seen.until if seen else search.begins_at(deadline)
        until = self._calendar.clock.now() + search.ahead - UNDER_WAY
        if until > begins_at:
            # Accounts have been in these shards, and entries of theirs may be due only now.
            shards = max(self._shards, seen.shards if seen else 0)
            stretches = _stretches(begins_at, until, shards, recorded_after=begins_at - search.ahead - 2 * LATE)
            self._jobs.send(Job(name, stretch).to_text() for stretch in stretches)
            self._calendar.move(name, seen, Mark(until, shards), deadline)
        return until - begins_at


def _stretches(first: datetime, before: datetime, shards: int, *, recorded_after: datetime) -> Iterator[Stretch]:
    """Cut a time, and the same time two hours earlier, into what is to be read of each shard.

    After a gap, what is looked at two hours late or more needs no second look.
    """
    for shard in range(shards):
        yield Stretch.between(first, before, shard)
        yield Stretch.between(first - LATE, min(first, before - LATE), shard, recorded_after=recorded_after)
