"""The storage, broken in ways that are easily overlooked. The simulator must notice every one of them."""

from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest.mock import patch

from points.rules import plans
from points.rules.order import next_chapter
from points.rules.plans import Plan
from points.rules.ranges import in_order, whole
from points.rules.refusals import NotEnoughPointsError, Refusal
from points.rules.terms import BEFORE_ALL, Change, Kind, Lot, Origin, Reference, Refund, Spend, State, Transaction
from points.rules.time import plan_due
from points.rules.walk import Step, Tally, walk
from points.storage import calls, requests, timeline, writing
from points.storage.calls import Calls
from points.storage.dynamodb import CALL_ERRORS, Failure, failure_of, standing_item
from points.storage.errors import BusyError, VersionMismatchError
from points.storage.lines import Line, Retry, from_item, next_line
from points.storage.records import Records
from points.storage.timeline import DueLine, after_due, due_lines
from points.storage.writing import Recorded, Writer

_record = Writer.record
_plan = Writer._plan
_put = Writer._put
_lines_from = Writer._lines_from
_tries = Calls._tries
_follow = Records.follow
_is_same_with = Tally.is_same_with
_put_line = requests.put_line

_HIGHEST = 10**9
"""No account of a test has so many lines."""


class PlanAnewError(Exception):
    """Raised out of a put by a broken build that begins again."""


@contextmanager
def key_looked_up_too_early() -> Iterator[None]:
    """Look for the key before the last line is read: what is written in between is missed."""

    def record(self: Writer, change: Change, retry: Retry | None, only_at: Container[str] | None) -> Recorded:
        found = self._reader.under_key(retry.key) if retry else None
        self._reader.under_key = lambda _: found  # type: ignore[method-assign]
        return _record(self, change, retry, only_at)

    with patch.object(Writer, "record", record):
        yield


@contextmanager
def undone_looked_up_too_early() -> Iterator[None]:
    """Look for what is undone of a spend before the last line is read: a refund in between is missed."""

    def record(self: Writer, change: Change, retry: Retry | None, only_at: Container[str] | None) -> Recorded:
        if isinstance(change, Refund):
            found = self._reader.reference(change.of, through=_HIGHEST, newest=True)
            self._reader.reference = lambda *_, **__: found  # type: ignore[method-assign]
        return _record(self, change, retry, only_at)

    with patch.object(Writer, "record", record):
        yield


@contextmanager
def undone_added_up() -> Iterator[None]:
    """Add what a line that is handed back says to be undone in all to what was known to be undone."""

    def latest(self: Records, sequence: int) -> Reference | None:
        found = self._reference(sequence, newest=True)
        for line in self._followed:
            if line.transaction.of == sequence:
                found = line.reference._replace(undone=line.undone + (found.undone if found else 0))
        return found

    with patch.object(Records, "latest", latest):
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

    def put(self: Calls, request: requests.Request, line: Line, **_: bool) -> Line:
        try:
            self._client.put_item(**request)
        except CALL_ERRORS as error:
            if failure_of(error) is Failure.LOST_RACE:
                return from_item(standing_item(error))
            raise PlanAnewError from error
        return line

    def record(self: Writer, *asked: Any) -> Recorded:
        while True:
            try:
                return _record(self, *asked)
            except PlanAnewError:
                self._reader.under_key = lambda _: None  # type: ignore[method-assign]

    with patch.object(Calls, "put", put), patch.object(Writer, "record", record):
        yield


@contextmanager
def unclear_put_settled_by_reading() -> Iterator[None]:
    """After an answer that never came, read; if nothing stands there, plan anew. But the put may still arrive."""

    def put(self: Calls, request: requests.Request, line: Line, **_: bool) -> Line:
        try:
            self._client.put_item(**request)
        except CALL_ERRORS as error:
            if failure_of(error) is Failure.LOST_RACE:
                return from_item(standing_item(error))
            standing = self.get(requests.get_line(request["TableName"], line.account, line.sequence))
            if standing is None:
                raise PlanAnewError from error
            return from_item(standing)
        return line

    def anew(write: Callable[..., Any]) -> Callable[..., Any]:
        def written(self: Writer, *asked: Any) -> Any:
            while True:
                with suppress(PlanAnewError):
                    return write(self, *asked)

        return written

    with (
        patch.object(Calls, "put", put),
        patch.object(Writer, "record", anew(Writer.record)),
        patch.object(Writer, "settle", anew(Writer.settle)),
    ):
        yield


@contextmanager
def unclear_put_called_nothing_recorded() -> Iterator[None]:
    """When time runs out, say that nothing was recorded, though nobody knows."""

    def failure(error: Exception) -> Failure:
        found = failure_of(error)
        return Failure.REFUSED if found is Failure.UNCLEAR else found

    with patch.object(calls, "failure_of", failure):
        yield


@contextmanager
def watermark_moved_by_refused_spend() -> Iterator[None]:
    """Leave a line behind when a spend is refused, with the watermark moved on."""

    def record(self: Writer, *asked: Any) -> Recorded:
        try:
            return _record(self, *asked)
        except NotEnoughPointsError:
            at, now = self._reader.last(), self._calls.clock.now()
            changed, watermark = at.sequence + 1, next_chapter(at.state.watermark)
            moved = at.state._replace(sequence=changed, changed=changed, moment=now, watermark=watermark)
            self._put(next_line(at, Plan(Transaction(kind=Kind.SPEND, points=0, taken={}), moved), now))
            raise

    with patch.object(Writer, "record", record):
        yield


@contextmanager
def newer_lots_in_plan() -> Iterator[None]:
    """Plan with every lot that was read, also with those that are newer than the line."""

    def known(self: Records, read: Iterable[Lot], first: str, before: str, _through: int | None) -> Iterator[Lot]:
        new = (line.lot for line in self._followed if line.lot)
        lots = {*read, *(lot for lot in new if first <= lot.position < before)}
        return iter(sorted(lots, key=lambda lot: lot.position))

    with patch.object(Records, "_known", known):
        yield


@contextmanager
def newer_lots_in_replay() -> Iterator[None]:
    """Walk an earlier walk again over all lots that its ranges have by now."""

    def walk_again(origin: Origin, records: Records) -> list[Step]:
        ranges = whole(origin.before.ranges)
        return walk(origin.before, in_order(ranges, records, records.at.sequence), -origin.transaction.points)

    with patch.object(plans, "walk_again", walk_again):
        yield


@contextmanager
def lot_of_missed_line_forgotten() -> Iterator[None]:
    """Go on from a line without its lot."""

    def follow(self: Records, line: Line) -> Records:
        return _follow(self, replace(line, lot=None))

    with patch.object(Records, "follow", follow):
        yield


@contextmanager
def walk_kept_beside_any_lot() -> Iterator[None]:
    """After a lost race, keep the walk also if the other line opens a lot that the walk would come to."""
    with patch.object(Tally, "is_same_with", lambda _, lot: lot is not None):
        yield


@contextmanager
def walk_kept_beside_any_line() -> Iterator[None]:
    """After a lost race, keep the walk whatever the other line does, if it opens no lot that the walk would come to."""

    def is_same_with(self: Tally, lot: Lot | None) -> bool:
        return lot is None or _is_same_with(self, lot)

    with patch.object(Tally, "is_same_with", is_same_with):
        yield


@contextmanager
def key_of_missed_line_ignored() -> Iterator[None]:
    """Do not look at the keys of the lines that are handed back."""

    def lines_from(self: Writer, other: Line, *, needs_all: bool) -> Iterator[Line]:
        for line in _lines_from(self, other, needs_all=needs_all):
            yield replace(line, retry=None)

    with patch.object(Writer, "_lines_from", lines_from):
        yield


@contextmanager
def last_line_alone_read_after_a_pause() -> Iterator[None]:
    """After a pause, go on from the last line, whatever was written between."""

    def lines_from(self: Writer, other: Line, **_: bool) -> Iterator[Line]:
        return _lines_from(self, other, needs_all=False)

    with patch.object(Writer, "_lines_from", lines_from):
        yield


@contextmanager
def dated_by_the_writers_clock() -> Iterator[None]:
    """Plan for what the clock shows, also if the line above was dated by one that is fast."""

    def now(self: Writer, _records: Records) -> datetime:
        return self._calls.clock.now()

    with patch.object(Writer, "_now", now):
        yield


@contextmanager
def due_by_the_writers_clock() -> Iterator[None]:
    """Date lines rightly, but judge by the clock alone what is due."""

    def due(records: Records, now: datetime, **layout: int) -> Iterator[DueLine]:
        shown = records._reader.calls.clock.now()
        while planned := plan_due(records.at.state, shown, records):
            line = next_line(records.at, planned, now, **layout)
            records = records.follow(line)
            yield DueLine(planned, line, records)

    with patch.object(writing, "due_lines", due):
        yield


@contextmanager
def lapse_recorded_twice() -> Iterator[None]:
    """Record the lapse of a hold, though another writer was first to."""

    def put(self: Writer, line: Line) -> Line:
        standing = _put(self, line)
        if standing.transaction.kind is line.transaction.kind is Kind.LAPSE and standing.write_id != line.write_id:
            again = Plan(line.transaction, line.state._replace(sequence=standing.sequence + 1), undone=line.undone)
            _put(self, next_line(standing, again, standing.recorded_at))
        return standing

    with patch.object(Writer, "_put", put):
        yield


@contextmanager
def times_lines_left_by_what_is_refused() -> Iterator[None]:
    """Record what is due, although the change is then refused."""

    def planned(self: Writer, change: Change, records: Records, *asked: Any) -> list[Line]:
        try:
            return _plan(self, change, records, *asked)
        except Refusal:
            self._put_in_turn([due.line for due in due_lines(records, self._now(records))], records)
            raise

    with patch.object(Writer, "_plan", planned):
        yield


@contextmanager
def settled_under_the_callers_key() -> Iterator[None]:
    """Write the caller's key on a line that only settles, too."""

    def planned(
        self: Writer, change: Change, records: Records, retry: Retry | None, only_at: Container[str] | None
    ) -> list[Line]:
        *due, line = _plan(self, change, records, retry, only_at)
        return [*due, replace(line, retry=retry)]

    with patch.object(Writer, "_plan", planned):
        yield


@contextmanager
def settled_though_refused() -> Iterator[None]:
    """Settle before it is asked whether there are enough points."""

    def planned(self: Writer, change: Change, records: Records, *asked: Any) -> list[Line]:
        try:
            return _plan(self, change, records, *asked)
        except NotEnoughPointsError:
            if records.at.state.total:
                line = _plan(self, Spend(1), records, None, None)[-1]
                if line.is_times_own:
                    self._put(line)
            raise

    with patch.object(Writer, "_plan", planned):
        yield


@contextmanager
def settled_at_the_same_moment() -> Iterator[None]:
    """Let what is settled have no moment of its own."""

    def planned(change: Change, state: State, now: datetime, records: Records, drawn: Tally | None = None) -> Plan:
        made = plans.plan(change, state, now, records, drawn)
        if not made.settles:
            return made
        done = made.transaction._replace(effective_at=now)
        return made._replace(transaction=done, state=made.state._replace(moment=now))

    with patch.object(writing, "plan", planned):
        yield


@contextmanager
def settled_beyond_the_version_asked_for() -> Iterator[None]:
    """Once debts are settled, ask no more for the version: whatever another has written meanwhile."""

    def planned(
        self: Writer, change: Change, records: Records, retry: Retry | None, only_at: Container[str] | None
    ) -> list[Line]:
        return _plan(self, change, records, retry, None if self.written else only_at)

    with patch.object(Writer, "_plan", planned):
        yield


@contextmanager
def version_that_forgets_time() -> Iterator[None]:
    """Name the content by the last change alone, whatever time has done since."""
    with patch.object(State, "version", property(lambda self: str(self.changed))):
        yield


@contextmanager
def version_whose_moment_goes_back() -> Iterator[None]:
    """Take what time does to have its effect when it is due, also if the account is past that moment already."""

    def due(state: State, now: datetime, records: Records) -> Plan | None:
        return plan_due(state._replace(moment=BEFORE_ALL), now, records)

    with patch.object(timeline, "plan_due", due):
        yield


@contextmanager
def version_compared_before_what_is_due() -> Iterator[None]:
    """Compare the version of what is recorded, though time has changed more."""

    def planned(
        self: Writer, change: Change, records: Records, retry: Retry | None, only_at: Container[str] | None
    ) -> list[Line]:
        if only_at is not None and records.at.version not in only_at:
            raise VersionMismatchError(records.at.version)
        return _plan(self, change, records, retry, None)

    with patch.object(Writer, "_plan", planned):
        yield


@contextmanager
def version_looked_at_before_key() -> Iterator[None]:
    """Look at the version before the key: a retry of what took effect is told that it did not."""

    def record(self: Writer, change: Change, retry: Retry | None, only_at: Container[str] | None) -> Recorded:
        records = Records(self._reader, self._reader.last())
        at = after_due(records, self._now(records)).at
        if only_at is not None and at.version not in only_at:
            raise VersionMismatchError(at.version)
        return _record(self, change, retry, only_at)

    with patch.object(Writer, "record", record):
        yield


@contextmanager
def own_line_known_by_what_it_says() -> Iterator[None]:
    """Take any line for one's own that records the same: two equal requests then share one line."""

    def put(self: Writer, line: Line) -> Line:
        standing = _put(self, line)
        same = (standing.transaction, standing.retry) == (line.transaction, line.retry)
        return replace(standing, write_id=line.write_id) if same else standing

    with patch.object(Writer, "_put", put):
        yield


@contextmanager
def own_line_not_known() -> Iterator[None]:
    """Take every line that is handed back for somebody else's."""

    def put(self: Writer, line: Line) -> Line:
        standing = _put(self, line)
        return standing if standing is line else replace(standing, write_id="somebody else's", retry=None)

    with patch.object(Writer, "_put", put):
        yield


@contextmanager
def times_unclear_line_called_unknown() -> Iterator[None]:
    """Call the outcome unknown when a line of time's is unclear, though the change was not even sent."""

    def put(self: Writer, line: Line) -> Line:
        return self._calls.put(requests.put_line(self._reader.table, line), line, waits=True)

    with patch.object(Writer, "_put", put):
        yield


@contextmanager
def dated_when_the_request_came() -> Iterator[None]:
    """Look at the clock once for a request, and date with that whatever is planned for it, races later too."""

    def now(self: Writer, records: Records) -> datetime:
        came: datetime = vars(self).setdefault("came", self._calls.clock.now())
        return max(came, records.at.recorded_at)

    with patch.object(Writer, "_now", now):
        yield


@contextmanager
def given_up_after_lost_races() -> Iterator[None]:
    """Give up after a few lost races, though there is time."""

    def lines_from(self: Writer, other: Line, *, needs_all: bool) -> Iterator[Line]:
        if self._races > 1:
            raise BusyError
        return _lines_from(self, other, needs_all=needs_all)

    with patch.object(Writer, "_lines_from", lines_from):
        yield


@contextmanager
def deadline_overstepped() -> Iterator[None]:
    """Try once more when time is up."""

    def tries(self: Calls) -> Iterator[int]:
        yield from _tries(self)
        yield 0

    with patch.object(Calls, "_tries", tries):
        yield


Canary = Callable[[], AbstractContextManager[None]]

WRONG_IN_EFFECT: tuple[Canary, ...] = (
    key_looked_up_too_early,
    undone_looked_up_too_early,
    undone_added_up,
    put_without_its_condition,
    unclear_put_planned_anew,
    unclear_put_settled_by_reading,
    unclear_put_called_nothing_recorded,
    watermark_moved_by_refused_spend,
    newer_lots_in_plan,
    newer_lots_in_replay,
    lot_of_missed_line_forgotten,
    walk_kept_beside_any_lot,
    walk_kept_beside_any_line,
    key_of_missed_line_ignored,
    last_line_alone_read_after_a_pause,
    dated_by_the_writers_clock,
    due_by_the_writers_clock,
    lapse_recorded_twice,
    times_lines_left_by_what_is_refused,
    version_that_forgets_time,
    version_whose_moment_goes_back,
    version_compared_before_what_is_due,
    version_looked_at_before_key,
    own_line_known_by_what_it_says,
    own_line_not_known,
)
"""Broken builds that leave a wrong passbook, or tell a caller something wrong about it."""

WRONG_IN_SETTLING: tuple[Canary, ...] = (
    settled_under_the_callers_key,
    settled_though_refused,
    settled_at_the_same_moment,
    settled_beyond_the_version_asked_for,
)
"""Broken builds that show only where debts are settled before a spend."""

WRONG_IN_CONDUCT: tuple[Canary, ...] = (
    times_unclear_line_called_unknown,
    dated_when_the_request_came,
    given_up_after_lost_races,
    deadline_overstepped,
)
"""Broken builds that do what must not be done, even if nothing comes of it."""

SELDOM_SHOWN: tuple[Canary, ...] = (undone_looked_up_too_early, undone_added_up)
"""Broken builds that one random history in hundreds shows: refunds of one spend must meet."""

CANARIES = (*WRONG_IN_EFFECT, *WRONG_IN_CONDUCT)
