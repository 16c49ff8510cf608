"""The storage, broken in ways that are easily overlooked. The simulator must notice every one of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from points.rules.plans import Plan
from points.rules.positions import next_generation
from points.rules.refusals import NotEnoughPointsError
from points.rules.terms import Lot, Spent
from points.storage import passbook, requests
from points.storage.dynamodb import CALL_ERRORS, Failure, failure_of, standing_item
from points.storage.errors import BusyError, VersionMismatchError
from points.storage.lines import Line, from_item, next_line
from points.storage.open_lots import OpenLots
from points.storage.passbook import Passbook

_put = Passbook._put
_record = Passbook.record
_lines_from = Passbook._lines_from
_tries = Passbook._tries
_follow = OpenLots.follow
_put_line = requests.put_line


class PlanAnewError(Exception):
    """Raised out of a put by a broken build that begins again."""


@contextmanager
def key_looked_up_too_early() -> Iterator[None]:
    """Look for the key before the last line is read: what is written in between is missed."""

    def record(self: Passbook, account: str, change: Any, deadline: float, **terms: Any) -> Any:
        retry = terms.get("retry")
        found = self._line_by_key(account, retry.key, deadline) if retry else None
        with_early_answer = Passbook(self._client, self._table, clock=self._clock, rng=self._rng)
        with_early_answer._line_by_key = lambda *_: found  # type: ignore[method-assign]
        return _record(with_early_answer, account, change, deadline, **terms)

    with patch.object(Passbook, "record", record):
        yield


@contextmanager
def put_without_its_condition() -> Iterator[None]:
    """Put on a condition that always holds."""

    def put_line(table: str, line: Line) -> requests.Request:
        return _put_line(table, line) | {"ExpressionAttributeNames": {"#sequence": "nothing_has_this"}}

    with patch.object(requests, "put_line", put_line):
        yield


@contextmanager
def unclear_put_planned_anew() -> Iterator[None]:
    """Take an answer that never came for a refusal: begin again, without a look at what stands there."""

    def put(self: Passbook, line: Line, _deadline: float) -> Line:
        try:
            self._client.put_item(**requests.put_line(self._table, line))
        except CALL_ERRORS as error:
            if failure_of(error) is Failure.LOST_RACE:
                return from_item(standing_item(error))
            raise PlanAnewError from error
        return line

    def record(self: Passbook, *asked: Any, **terms: Any) -> Any:
        while True:
            try:
                return _record(self, *asked, **terms)
            except PlanAnewError:
                self._line_by_key = lambda *_: None  # type: ignore[method-assign]

    with patch.object(Passbook, "_put", put), patch.object(Passbook, "record", record):
        yield


@contextmanager
def unclear_put_settled_by_reading() -> Iterator[None]:
    """After an answer that never came, read; if nothing stands there, plan anew. But the put may still arrive."""

    def put(self: Passbook, line: Line, deadline: float) -> Line:
        try:
            self._client.put_item(**requests.put_line(self._table, line))
        except CALL_ERRORS as error:
            if failure_of(error) is Failure.LOST_RACE:
                return from_item(standing_item(error))
            standing = self.line(line.account, line.sequence, deadline)
            if standing is None:
                raise PlanAnewError from error
            return standing
        return line

    def record(self: Passbook, *asked: Any, **terms: Any) -> Any:
        while True:
            try:
                return _record(self, *asked, **terms)
            except PlanAnewError:
                continue

    with patch.object(Passbook, "_put", put), patch.object(Passbook, "record", record):
        yield


@contextmanager
def unclear_put_called_nothing_recorded() -> Iterator[None]:
    """When time runs out, say that nothing was recorded, though nobody knows."""

    def failure(error: Exception) -> Failure:
        found = failure_of(error)
        return Failure.REFUSED if found is Failure.UNCLEAR else found

    with patch.object(passbook, "failure_of", failure):
        yield


@contextmanager
def watermark_moved_by_refused_spend() -> Iterator[None]:
    """Leave a line behind when a spend is refused, with the watermark moved on."""

    def record(self: Passbook, account: str, change: Any, deadline: float, **terms: Any) -> Any:
        try:
            return _record(self, account, change, deadline, **terms)
        except NotEnoughPointsError:
            at = self.standing(account, deadline)
            moved = replace(at.state, spent_through=next_generation(at.state.spent_through))
            nothing = Plan(Spent(0, {}), moved)
            self._put(next_line(at, nothing, self._clock.now(), passbook.uuid4().hex, None), deadline)
            raise

    with patch.object(Passbook, "record", record):
        yield


@contextmanager
def newer_lots_in_plan() -> Iterator[None]:
    """Plan with every lot that was read, also with those that are newer than the line."""

    def between(self: OpenLots, above: str, through: str) -> list[Lot]:
        lots = [lot for lot in self._lots.values() if above < lot.position <= through]
        return sorted(lots, key=lambda lot: lot.position)

    with patch.object(OpenLots, "_between", between):
        yield


@contextmanager
def lot_of_missed_line_forgotten() -> Iterator[None]:
    """Go on from a line without its lot."""

    def follow(self: OpenLots, line: Line) -> None:
        _follow(self, line)
        self._lots.pop(line.sequence, None)

    with patch.object(OpenLots, "follow", follow):
        yield


@contextmanager
def key_of_missed_line_ignored() -> Iterator[None]:
    """Do not look at the keys of the lines that are handed back."""

    def lines_from(self: Passbook, standing: Line, races: int, deadline: float, *, needs_all: bool) -> Iterator[Line]:
        for line in _lines_from(self, standing, races, deadline, needs_all=needs_all):
            yield replace(line, retry=None)

    with patch.object(Passbook, "_lines_from", lines_from):
        yield


@contextmanager
def last_line_alone_read_after_a_pause() -> Iterator[None]:
    """After a pause, go on from the last line, whatever was written between."""

    def lines_from(self: Passbook, standing: Line, races: int, deadline: float, **_: bool) -> Iterator[Line]:
        return _lines_from(self, standing, races, deadline, needs_all=False)

    with patch.object(Passbook, "_lines_from", lines_from):
        yield


@contextmanager
def passed_lots_read_again() -> Iterator[None]:
    """Go on reading from where the reading was, though the watermark has passed that."""

    def follow(self: OpenLots, line: Line) -> None:
        read_to = self._read_to
        _follow(self, line)
        self._read_to = read_to

    with patch.object(OpenLots, "follow", follow):
        yield


@contextmanager
def dated_by_the_writers_clock() -> Iterator[None]:
    """Date a line by the clock alone, also if the line above it was dated by one that is fast."""

    def planned(above: Any, plan: Plan, now: Any, *rest: Any) -> Line:
        return replace(next_line(above, plan, now, *rest), recorded_at=now)

    with patch.object(passbook, "next_line", planned):
        yield


@contextmanager
def own_line_known_by_what_it_says() -> Iterator[None]:
    """Take any line for one's own that records the same: two equal requests then share one line."""

    def put(self: Passbook, line: Line, deadline: float) -> Line:
        standing = _put(self, line, deadline)
        same = (standing.transaction, standing.retry) == (line.transaction, line.retry)
        return replace(standing, write_id=line.write_id) if same else standing

    with patch.object(Passbook, "_put", put):
        yield


@contextmanager
def own_line_not_known() -> Iterator[None]:
    """Take every line that is handed back for somebody else's."""

    def put(self: Passbook, line: Line, deadline: float) -> Line:
        standing = _put(self, line, deadline)
        return standing if standing is line else replace(standing, write_id="somebody else's", retry=None)

    with patch.object(Passbook, "_put", put):
        yield


@contextmanager
def version_looked_at_before_key() -> Iterator[None]:
    """Look at the version before the key: a retry of what took effect is told that it did not."""

    def record(self: Passbook, account: str, change: Any, deadline: float, **terms: Any) -> Any:
        at, only_at = self.standing(account, deadline), terms.get("only_at")
        if only_at is not None and at.sequence not in only_at:
            raise VersionMismatchError(at.sequence)
        return _record(self, account, change, deadline, **terms)

    with patch.object(Passbook, "record", record):
        yield


@contextmanager
def dated_when_the_request_came() -> Iterator[None]:
    """Look at the clock once for a request, and date with that whatever is planned for it, races later too."""

    def record(self: Passbook, *asked: Any, **terms: Any) -> Any:
        came = self._clock.now()
        clock = SimpleNamespace(now=lambda: came, elapsed=self._clock.elapsed, sleep=self._clock.sleep)
        return _record(Passbook(self._client, self._table, clock=clock, rng=self._rng), *asked, **terms)

    with patch.object(Passbook, "record", record):
        yield


@contextmanager
def given_up_after_lost_races() -> Iterator[None]:
    """Give up after a few lost races, though there is time."""

    def lines_from(self: Passbook, standing: Line, races: int, deadline: float, *, needs_all: bool) -> Iterator[Line]:
        if races > 1:
            raise BusyError
        return _lines_from(self, standing, races, deadline, needs_all=needs_all)

    with patch.object(Passbook, "_lines_from", lines_from):
        yield


@contextmanager
def deadline_overstepped() -> Iterator[None]:
    """Try once more when time is up."""

    def tries(self: Passbook, deadline: float) -> Iterator[int]:
        yield from _tries(self, deadline)
        yield 0

    with patch.object(Passbook, "_tries", tries):
        yield


Canary = Callable[[], AbstractContextManager[None]]

WRONG_IN_EFFECT: tuple[Canary, ...] = (
    key_looked_up_too_early,
    put_without_its_condition,
    unclear_put_planned_anew,
    unclear_put_settled_by_reading,
    unclear_put_called_nothing_recorded,
    watermark_moved_by_refused_spend,
    newer_lots_in_plan,
    lot_of_missed_line_forgotten,
    key_of_missed_line_ignored,
    passed_lots_read_again,
    dated_by_the_writers_clock,
    own_line_known_by_what_it_says,
    own_line_not_known,
    version_looked_at_before_key,
)
"""Broken builds that leave a wrong passbook, or tell a caller something wrong about it."""

WRONG_AMONG_FOUR: tuple[Canary, ...] = (last_line_alone_read_after_a_pause,)
"""Broken builds of which the same is true, but only where three others write while one tries to."""

WRONG_IN_CONDUCT: tuple[Canary, ...] = (
    dated_when_the_request_came,
    given_up_after_lost_races,
    deadline_overstepped,
)
"""Broken builds that do what must not be done, even if nothing comes of it."""
