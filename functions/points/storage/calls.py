"""The calls that one request makes to DynamoDB, repeated until there is an answer or time is up."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any

from points.rules.refusals import LimitError
from points.storage import requests
from points.storage.attributes import Item
from points.storage.clock import Clock
from points.storage.dynamodb import (
    CALL_ERRORS,
    COLLECTION_FULL,
    DynamoDB,
    Failure,
    error_code,
    failure_of,
    is_throttled,
    standing_item,
)
from points.storage.errors import BusyError, ClockError, OutcomeUnknownError, OverrunError, UnavailableError
from points.storage.lines import Line, from_item

MOST_SKEW = timedelta(seconds=10)
"""How far a writer's clock may be off DynamoDB's: one that is a year fast would let points expire for good."""

MOST_LATE = timedelta(seconds=30)
"""How old a line may be that is put. With the time of a call and both clocks' skew, that is less than a minute."""

PATIENCE_S = 2.0
"""How long anybody waits for an account, or for DynamoDB, that is too busy, from the first time on since a put."""

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 0.5


class Calls:
    """DynamoDB, for one request.

    Parameters
    ----------
    client
        DynamoDB's low-level client, which must make one attempt per call.
    clock, rng
        Time and chance.
    deadline
        In the clock's elapsed seconds: no call starts after it.

    Attributes
    ----------
    last_error
        What the last call that failed has failed with.
    """

    def __init__(self, client: DynamoDB, clock: Clock, rng: random.Random, deadline: float) -> None:
        self._client = client
        self._rng = rng
        self._deadline = deadline
        self._patient_until: float | None = None
        self._skew = timedelta()
        self.clock = clock
        self.last_error: Exception | None = None

    def get(self, request: requests.Request) -> Item | None:
        """Read one item."""
        return self.read(self._client.get_item, request).get("Item")

    def page(self, request: requests.Request) -> tuple[list[Item], Item | None]:
        """Read a page of a query, and say behind which key there may be more."""
        answer = self.read(self._client.query, request)
        return answer["Items"], answer.get("LastEvaluatedKey")

    def query(self, request: requests.Request) -> Iterator[Item]:
        """Read items, a page at a time; no further page if the caller stops or the request's limit is reached."""
        while True:
            answer = self.read(self._client.query, request)
            yield from answer["Items"]
            if "Limit" in request or "LastEvaluatedKey" not in answer:
                return
            request = {**request, "ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def read(self, call: Callable[..., dict[str, Any]], request: requests.Request) -> dict[str, Any]:
        """Read until there is an answer; reading twice does no harm."""
        for _ in self._tries():
            try:
                answer = call(**request)
            except CALL_ERRORS as error:
                self.last_error = error
                failure = failure_of(error)
                if failure is Failure.DENIED:
                    raise UnavailableError(error_code(error)) from error
                if failure is Failure.REFUSED and not self._is_patient():
                    break
            else:
                if date := answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date"):
                    self._skew = self.clock.now() - parsedate_to_datetime(date)
                return answer
        raise BusyError from self.last_error

    def put(self, request: requests.Request, line: Line, *, waits: bool) -> Line:
        """Put a line at its place until something stands there, and return what does: this line, or another's.

        After an unclear answer the line may land at any later time, so neither reading nor giving up its place would
        settle anything; only something that stands there does. But a line that has grown old is put no more, so that
        the past is settled: see `SETTLED_AFTER`.

        Parameters
        ----------
        waits
            Whether to put it again, after a while, if DynamoDB says that there are too many calls.

        Raises
        ------
        OverrunError
            There are, and it does not wait.
        BusyError, UnavailableError
            It is not written, nor will be.
        OutcomeUnknownError
            It may be written.
        """
        unclear = False
        for _ in self._tries():
            if self.clock.now() - line.recorded_at > MOST_LATE:
                break
            try:
                self._client.put_item(**request)
            except CALL_ERRORS as error:
                self.last_error = error
                failure = failure_of(error)
                if failure is Failure.LOST_RACE:
                    return from_item(standing_item(error))
                if failure is Failure.DENIED and not unclear:
                    raise _denied(error) from error
                unclear = unclear or failure is Failure.UNCLEAR
                if failure is Failure.REFUSED and not unclear:
                    if is_throttled(error) and not waits:
                        raise OverrunError from error
                    if not self._is_patient():
                        break
            else:
                self._patient_until = None
                return line
        raise (OutcomeUnknownError if unclear else BusyError) from self.last_error

    def put_if(self, request: requests.Request) -> bool:
        """Put an item on its condition, until there is an answer, and say whether the condition held.

        After an unclear answer it may be this very item that stands in the way of the next try.

        Raises
        ------
        BusyError, UnavailableError
            It is not known to be written.
        """
        for _ in self._tries():
            try:
                self._client.put_item(**request)
            except CALL_ERRORS as error:
                self.last_error = error
                failure = failure_of(error)
                if failure is Failure.LOST_RACE:
                    return False
                if failure is Failure.DENIED:
                    raise _denied(error) from error
            else:
                return True
        raise BusyError from self.last_error

    def check_clock(self) -> None:
        """Refuse to write by a clock that is far off DynamoDB's, by its last answer.

        Raises
        ------
        ClockError
            It is.
        """
        if abs(self._skew) > MOST_SKEW:
            raise ClockError(self._skew)

    def wait(self, longest: float) -> None:
        """Wait a random time: writers that collided must not collide again.

        Raises
        ------
        BusyError
            That would be longer than there is patience for.
        """
        seconds = self._rng.uniform(0, longest)
        if not self._is_patient(seconds):
            raise BusyError from self.last_error
        self.clock.sleep(seconds)

    def _is_patient(self, seconds: float = 0.0) -> bool:
        now = self.clock.elapsed()
        if self._patient_until is None:
            self._patient_until = now + PATIENCE_S
        return now + seconds < self._patient_until

    def _tries(self) -> Iterator[int]:
        """Count tries until the deadline, with a pause before each but the first."""
        for tries in count():
            if self.clock.elapsed() >= self._deadline:
                return
            yield tries
            self.clock.sleep(self._rng.uniform(0, min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**tries)))


def _denied(error: Exception) -> Exception:
    if error_code(error) == COLLECTION_FULL:
        return LimitError("account-size", "account", "The account cannot hold more transactions.")
    return UnavailableError(error_code(error))
