"""The passbook: reads an account's lines, and writes the next one under the last.

A line can only be put at the place right after the line that it was worked out from, on condition that nothing stands
there. That one condition keeps every rule under concurrency; what is left to do is to answer a put that was not
answered by a plain yes.
"""

import random
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any
from uuid import uuid4

from points.rules.plans import SpendPlan, plan, plan_spend
from points.rules.refusals import LimitError
from points.rules.terms import Add, Draw, Lot, Spend
from points.storage import requests
from points.storage.capacity import check_capacity
from points.storage.clock import Clock, SystemClock
from points.storage.dynamodb import (
    CALL_ERRORS,
    COLLECTION_FULL,
    DynamoDB,
    Failure,
    error_code,
    failure_of,
    standing_item,
)
from points.storage.errors import (
    BusyError,
    KeyReusedError,
    OutcomeUnknownError,
    UnavailableError,
    VersionMismatchError,
)
from points.storage.lines import Line, Retry, Standing, from_item, lot_from_item, next_line
from points.storage.open_lots import OpenLots

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.5
_RACES_BEFORE_PAUSE = 2
_PAUSE_OF_LOSERS_S = 1.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """The line that a request has left, now or, if `replayed`, when it was first sent."""

    line: Line
    replayed: bool = False


class Passbook:
    """The ledger's storage. Every method takes a `deadline` in the clock's elapsed seconds: no call starts after it.

    Parameters
    ----------
    client
        DynamoDB's low-level client, which must make one attempt per call.
    table
        The name of the table.
    on_lost_race
        Called whenever another writer was first.
    clock, rng
        Time and chance; tests hand in their own.

    Raises
    ------
    UnavailableError
        From every method, if DynamoDB gives no usable answer before the deadline. Nothing was recorded.
    """

    def __init__(
        self,
        client: DynamoDB,
        table: str,
        *,
        on_lost_race: Callable[[], None] = lambda: None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._client = client
        self._table = table
        self._on_lost_race = on_lost_race
        self._clock = clock or SystemClock()
        self._rng = rng or random.SystemRandom()  # copies of one snapshot would share the state of any other

    def close(self) -> None:
        """End the connections to DynamoDB; the next call makes new ones."""
        self._client.close()

    def standing(self, account: str, deadline: float) -> Standing:
        """Read where an account stands: its last line, or sequence 0 with an empty state."""
        for line in self._query(requests.last_lines(self._table, account), deadline):
            return line
        return Standing(account)

    def line(self, account: str, sequence: int, deadline: float) -> Line | None:
        """Read one line."""
        found = self._read(self._client.get_item, requests.get_line(self._table, account, sequence), deadline)
        return from_item(found["Item"]) if "Item" in found else None

    def lines(self, account: str, deadline: float, *, below: int | None, limit: int) -> list[Line]:
        """Read lines newest first: from the last one, or from below a sequence number of at least 2."""
        return list(self._query(requests.last_lines(self._table, account, below=below, limit=limit), deadline))

    def standing_as_of(self, account: str, moment: datetime, deadline: float) -> Standing:
        """Read where an account stood at a moment: after the last line recorded at or before it.

        Lines are never dated before the one above them, so a binary search finds it, in about log2 of the lines.
        """
        last = self.standing(account, deadline)
        if last.recorded_at <= moment:
            return last
        found, later = Standing(account), last.sequence
        while later - found.sequence > 1:
            middle = self.line(account, (found.sequence + later) // 2, deadline)
            if middle is None:
                raise AssertionError("a line is missing: the passbook is damaged")
            if middle.recorded_at <= moment:
                found = middle
            else:
                later = middle.sequence
        return found

    def draws(self, spent: Line, deadline: float) -> list[Draw]:
        """Work out again which lots a spend drew on.

        The line before it and the lots up to there fix that exactly, and none of them ever changes.
        """
        before = self.line(spent.account, spent.sequence - 1, deadline) or Standing(spent.account)
        return plan_spend(Spend(spent.transaction.points), before.state, self._open_lots(before, deadline)).draws

    def preview(self, account: str, spend: Spend, deadline: float) -> tuple[Standing, SpendPlan]:
        """Work out what a spend would take if it were the next line, and where the account stands.

        Raises
        ------
        Refusal
            The spend would be refused.
        """
        at = self.standing(account, deadline)
        return at, plan_spend(spend, at.state, self._open_lots(at, deadline))

    def record(
        self,
        account: str,
        change: Add | Spend,
        deadline: float,
        *,
        retry: Retry | None = None,
        only_at: Container[int] | None = None,
    ) -> Recorded:
        """Write a change as the account's next line, exactly once.

        Parameters
        ----------
        account, change
            What to record.
        retry
            If a line was written under its key before, that line is the answer and nothing is written.
        only_at
            Write only if the account's last line has one of these sequence numbers. A replay comes first.

        Raises
        ------
        Refusal
            The rules do not allow the change.
        KeyReusedError
            The key belongs to another request.
        VersionMismatchError
            The last line is another than `only_at` says.
        OutcomeUnknownError
            Time ran out without a clear answer: the change may or may not be recorded.
        """
        at = self.standing(account, deadline)
        # After the last line, never before it: a line written under the key since then fails the put's condition.
        if retry and (earlier := self._line_by_key(account, retry.key, deadline)):
            return _replay(earlier, retry)
        lots = self._open_lots(at, deadline)
        races = 0
        while True:
            if only_at is not None and at.sequence not in only_at:
                raise VersionMismatchError(at.sequence)
            planned = plan(change, at.state, at.sequence + 1, lots)
            line = next_line(at, planned, self._clock.now(), uuid4().hex, retry)
            check_capacity(line)
            standing = self._put(line, deadline)
            if standing.write_id == line.write_id:
                return Recorded(line)
            races += 1
            self._on_lost_race()
            needs_all = isinstance(change, Spend) or retry is not None
            for missed in self._lines_from(standing, races, deadline, needs_all=needs_all):
                if retry and missed.retry and missed.retry.key == retry.key:
                    return _replay(missed, retry)
                lots.follow(missed)
                at = missed

    def _put(self, line: Line, deadline: float) -> Line:
        """Put a line at its place until something stands there, and return what does: this line, or another's.

        After an unclear answer the line may land at any later time, so neither reading nor giving up its place would
        settle anything; only something that stands there does.
        """
        unclear = False
        for _ in self._tries(deadline):
            try:
                self._client.put_item(**requests.put_line(self._table, line))
            except CALL_ERRORS as error:
                failure = failure_of(error)
                if failure is Failure.LOST_RACE:
                    return from_item(standing_item(error))
                if failure is Failure.DENIED and not unclear:
                    raise _denied(error) from error
                unclear = unclear or failure is Failure.UNCLEAR
            else:
                return line
        raise OutcomeUnknownError if unclear else BusyError

    def _lines_from(self, standing: Line, races: int, deadline: float, *, needs_all: bool) -> Iterator[Line]:
        """Go on from the line that won the race; after a few lost ones, pause and read what was written meanwhile.

        Reading on from a known line takes one request, misses no line, and so keeps the lots already read and needs no
        further look-up of the key; an add without a key has neither, and the last line is all it needs.
        """
        if races < _RACES_BEFORE_PAUSE:
            yield standing
            return
        self._pause(_longest_pause(races))
        if needs_all:
            yield standing
            yield from self._query(requests.lines_above(self._table, standing.account, standing.sequence), deadline)
        else:
            yield from self._query(requests.last_lines(self._table, standing.account), deadline)

    def _line_by_key(self, account: str, key: str, deadline: float) -> Line | None:
        found = self._read(self._client.query, requests.find_key(self._table, account, key), deadline)
        if not found["Items"]:
            return None
        return self.line(account, int(found["Items"][0]["sequence"]["N"]), deadline)

    def _open_lots(self, at: Standing, deadline: float) -> OpenLots:
        def read_page(above: str, limit: int) -> tuple[list[Lot], bool]:
            request = requests.open_lots(self._table, at.account, above=above, limit=limit)
            page = self._read(self._client.query, request, deadline)
            return [lot_from_item(item) for item in page["Items"]], "LastEvaluatedKey" in page

        return OpenLots(read_page, at)

    def _query(self, request: requests.Request, deadline: float) -> Iterator[Line]:
        """Read lines, a page at a time; no further page if the caller stops or the request's limit is reached."""
        while True:
            page = self._read(self._client.query, request, deadline)
            yield from map(from_item, page["Items"])
            if "Limit" in request or "LastEvaluatedKey" not in page:
                return
            request = {**request, "ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _read(self, call: Callable[..., dict[str, Any]], request: requests.Request, deadline: float) -> dict[str, Any]:
        """Read until there is an answer; reading twice does no harm."""
        for _ in self._tries(deadline):
            try:
                return call(**request)
            except CALL_ERRORS as error:
                if failure_of(error) is Failure.DENIED:
                    raise UnavailableError(error_code(error)) from error
        raise BusyError

    def _tries(self, deadline: float) -> Iterator[int]:
        """Count tries until the deadline, with a pause before each but the first."""
        for tries in count():
            if self._clock.elapsed() >= deadline:
                return
            yield tries
            self._pause(min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**tries))

    def _pause(self, longest: float) -> None:
        """Wait a random time: writers that collided must not collide again."""
        self._clock.sleep(self._rng.uniform(0, longest))


def _longest_pause(races: int) -> float:
    """Return how many seconds to wait at most after so many lost races.

    They get fewer: were they to become more, newcomers would overtake those that have waited.
    """
    return _PAUSE_OF_LOSERS_S / races


def _replay(earlier: Line, retry: Retry) -> Recorded:
    if earlier.retry != retry:
        raise KeyReusedError
    return Recorded(earlier, replayed=True)


def _denied(error: Exception) -> Exception:
    if error_code(error) == COLLECTION_FULL:
        return LimitError("account-size", "account", "The account holds as many transactions as it can.")
    return UnavailableError(error_code(error))
