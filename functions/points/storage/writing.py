"""Writes the next lines of an account's passbook: what time has done, and then the change that is asked for.

A line can only be put at the place right after the line that it was worked out from, on condition that nothing stands
there. That one condition keeps every rule under concurrency; what is left to do is to answer a put that was not
answered by a plain yes.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from points.rules.plans import check_original, plan
from points.rules.terms import Add, Change
from points.storage import requests
from points.storage.capacity import Limits, check_capacity
from points.storage.errors import (
    BusyError,
    KeyReusedError,
    OutcomeUnknownError,
    OverrunError,
    VersionMismatchError,
)
from points.storage.lines import Line, Retry, next_line
from points.storage.reading import Reader
from points.storage.records import Records
from points.storage.timeline import due_lines

_TRIES_IN_A_ROW = 2
_PAUSE_OF_LOSERS_S = 0.75

_OVERRUN_BY = 150
"""So many lines of others since a writer first lost a race are more than it would wait for its turn among a few."""

_TRIES_WITHOUT_WAITING = 4


@dataclass(frozen=True, slots=True)
class Recorded:
    """The line that a request has left, now or, if `replayed`, when it was first sent.

    `due` are time's lines that were put on the way to it.
    """

    line: Line
    replayed: bool = False
    due: tuple[Line, ...] = ()


class Writer:
    """Writes to one account, for one request.

    Parameters
    ----------
    reader
        Reads the account.
    limits
        What the account may grow to.
    on_lost_race
        Called whenever another writer was first.
    waits
        Whether to wait for its turn while others write to the account; if not, it gives up after a few lost races.

    Attributes
    ----------
    written
        The lines that were put, in order.
    """

    def __init__(self, reader: Reader, limits: Limits, on_lost_race: Callable[[], None], *, waits: bool = True) -> None:
        self._reader = reader
        self._calls = reader.calls
        self._limits = limits
        self._layout = {"shards": limits.calendar_shards, "layout": limits.line_format}
        self._on_lost_race = on_lost_race
        self._waits = waits
        self._races = 0
        self._first_lost_to = 0  # a line's sequence number
        self._settled: str | None = None  # the version to which this writer's own settling has brought the account
        self.written: list[Line] = []

    def record(self, change: Change, retry: Retry | None, only_at: Container[str] | None) -> Recorded:
        """Write a change as the account's next line, exactly once, with what is due before it."""
        records = self._open()
        # After the last line, never before it: a line written under the key since then fails the put's condition.
        if retry and (earlier := self._reader.under_key(retry.key)):
            return _replay(earlier, retry)
        needs_all = retry is not None or not isinstance(change, Add)
        while True:
            *_, line = lines = self._plan(change, records, retry, only_at)
            records, other = self._put_in_turn(lines, records)
            if other is None and line.is_times_own:  # it settles what stands before the change: go on from there
                self._settled = line.version
                continue
            if other is None:
                return Recorded(line, due=tuple(self.written[:-1]))
            for missed in self._lines_from(other, needs_all=needs_all):
                if retry and missed.retry and missed.retry.key == retry.key:
                    return _replay(missed, retry)
                records = records.follow(missed) if needs_all else Records(self._reader, missed)

    def settle(self) -> list[Line]:
        """Write what is due, and nothing else; each line is worked out when the one before it stands."""
        records = self._open()
        while True:
            due = due_lines(records, self._now(records), **self._layout)
            records, other = self._put_in_turn((planned.line for planned in due), records)
            if other is None:
                return self.written
            for missed in self._lines_from(other, needs_all=True):
                records = records.follow(missed)

    def _open(self) -> Records:
        records = Records(self._reader, self._reader.last())
        self._calls.check_clock()
        return records

    def _now(self, records: Records) -> datetime:
        """Return the moment for which the next lines are planned. It never goes back, however the clocks differ."""
        return max(self._calls.clock.now(), records.at.recorded_at)

    def _plan(
        self, change: Change, records: Records, retry: Retry | None, only_at: Container[str] | None
    ) -> list[Line]:
        """Work out time's lines and then the one of the change; if that is refused, none of them is written.

        Or, in place of the change's, a line that settles what stands before it.
        """
        now = self._now(records)
        lines = []
        for due in due_lines(records, now, **self._layout):
            lines.append(due.line)
            records = due.records
        check_original(change, records)
        if only_at is not None and records.at.version not in only_at and records.at.version != self._settled:
            raise VersionMismatchError(records.at.version)
        planned = plan(change, records.at.state, now, records, records.drawn)
        records.drawn = planned.drawn
        retry = None if planned.settles else retry
        line = next_line(records.at, planned, max(now, planned.state.moment), retry, **self._layout)
        check_capacity(line, records.at.state, self._limits)
        return [*lines, line]

    def _put_in_turn(self, lines: Iterable[Line], records: Records) -> tuple[Records, Line | None]:
        """Put lines until another writer's stands in place of one.

        Returns the records under the last line that was put, and the other's line.
        """
        for line in lines:
            standing = self._put(line)
            if standing.write_id != line.write_id:
                self._races += 1
                self._on_lost_race()
                return records, standing
            self.written.append(line)
            records = records.follow(line)
        return records, None

    def _put(self, line: Line) -> Line:
        waits = self._waits and not self._races  # throttled after a lost race, it has met more writers than fit
        try:
            return self._calls.put(requests.put_line(self._reader.table, line), line, waits=waits)
        except OutcomeUnknownError as error:
            if line.is_times_own:  # so the caller's change was not even sent
                raise BusyError from error
            raise

    def _lines_from(self, other: Line, *, needs_all: bool) -> Iterator[Line]:
        """Go on from the line that won the race; every few lost ones, pause and read what was written meanwhile.

        Reading on from a known line takes one request, misses no line, and so keeps the lots already read and needs no
        further look-up of the key; an add without a key has neither, and the last line is all it needs.
        """
        if self._is_overrun(other):
            raise OverrunError from self._calls.last_error
        if not self._waits or self._races % _TRIES_IN_A_ROW:
            yield other
            return
        self._calls.wait(_longest_pause(self._races // _TRIES_IN_A_ROW))
        if needs_all:
            yield other
            yield from self._reader.lines_from(other.sequence + 1)
        else:
            yield from self._reader.lines(below=None, limit=1)

    def _is_overrun(self, other: Line) -> bool:
        """Whether others have put so many lines that to go on would be in vain.

        Lines are counted, not seconds: where calls are slow, everybody's turn comes later, but after as many lines.
        """
        self._first_lost_to = self._first_lost_to or other.sequence
        if not self._waits:
            return self._races >= _TRIES_WITHOUT_WAITING
        return other.sequence - self._first_lost_to >= _OVERRUN_BY


def _longest_pause(pauses: int) -> float:
    """Return how many seconds the next pause lasts at most, of so many.

    They get shorter: were they to become longer, newcomers would overtake those that have waited.
    """
    return _PAUSE_OF_LOSERS_S / pauses**2


def _replay(earlier: Line, retry: Retry) -> Recorded:
    if earlier.retry != retry:
        raise KeyReusedError
    return Recorded(earlier, replayed=True)
