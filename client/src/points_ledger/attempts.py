"""A call, attempt after attempt, until it is known what came of it or time is up. Pure: others do what it asks for.

For each attempt one of three things is true, and they are never confused: it is done; it was refused, and nothing was
recorded; or that is not known. A change that may have been recorded is sent again with its key, which settles it.
"""

import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from itertools import count
from json import loads
from typing import Any, TypeVar

from points_ledger.errors import (
    Busy,
    LedgerError,
    NoAnswer,
    OutcomeUnknown,
    Refused,
    TryAgain,
    Unauthorized,
    Unavailable,
    error_of,
)
from points_ledger.http import Call, Request, Response

Result = TypeVar("Result")

_SHORTEST_ATTEMPT_S = 0.1


@dataclass(frozen=True)
class Patience:
    """How long to go on, in seconds.

    Attributes
    ----------
    deadline_s
        A call is given up when no further attempt would begin by then.
    attempt_s
        How long one attempt may take: longer than the gateway waits for the ledger, so that it has its say.
    first_pause_s, longest_pause_s
        The pauses between attempts are random, up to a bound that doubles from the first to the longest.
    """

    deadline_s: float = 120
    attempt_s: float = 35
    first_pause_s: float = 0.2
    longest_pause_s: float = 10


@dataclass(frozen=True)
class Authorize:
    """Asks for a token, another one than `refused`. The outcome is a token, None, or why there is none."""

    refused: str | None


@dataclass(frozen=True)
class Send:
    """Asks for a request to be sent. The outcome is a `Response` or `Lost`."""

    request: Request
    token: str | None
    timeout_s: float


@dataclass(frozen=True)
class Pause:
    """Asks for some seconds to pass."""

    seconds: float


@dataclass(frozen=True)
class Ask:
    """Asks for what a function of the caller's returns."""

    question: Callable[[], Any]


Step = Authorize | Send | Pause | Ask


@dataclass(frozen=True)
class Lost:
    """There was no answer. `sent` tells whether the request may have reached the ledger."""

    reason: str
    sent: bool


def settle(
    call: Call[Result],
    patience: Patience,
    clock: Callable[[], float] = time.monotonic,
    uniform: Callable[[float, float], float] = random.uniform,
) -> Generator[Step, Any, Result]:
    """Make a call's attempts: yields what is to be done next, is sent the outcome, and returns the result.

    Raises
    ------
    LedgerError
        It was refused, or time is up.
    """
    deadline = clock() + patience.deadline_s
    perhaps_recorded = False
    refused: str | None = None
    for attempt in count():
        try:
            token = (yield Authorize(refused)) if call.authorized else None
        except LedgerError as error:
            raise _given_up(call, error, perhaps_recorded) from error
        timeout_s = max(_SHORTEST_ATTEMPT_S, min(patience.attempt_s, deadline - clock()))
        outcome: Response | Lost = yield Send(call.request, token, timeout_s)
        try:
            return _result(call, outcome)
        except LedgerError as error:
            failure = error
        if isinstance(failure, Unauthorized) and refused is None and token is not None:
            refused = token  # it may have expired on the way: another one, once
            if (yield Authorize(refused)) != token:
                continue
        if not isinstance(failure, TryAgain):
            raise _final(call, failure, perhaps_recorded) from None
        perhaps_recorded = perhaps_recorded or not _surely_not_recorded(failure, outcome)
        pause_s = _pause(attempt, outcome, patience, uniform)
        if clock() + pause_s >= deadline:
            raise _given_up(call, failure, perhaps_recorded) from failure
        yield Pause(pause_s)
    raise AssertionError("the attempts never end by themselves")


def _result(call: Call[Result], outcome: Response | Lost) -> Result:
    if isinstance(outcome, Lost):
        raise NoAnswer(outcome.reason, key=call.key)
    if 200 <= outcome.status < 300:
        try:
            return call.read(outcome)
        except (ValueError, TypeError, KeyError) as error:
            reason = f"the answer is not one of the ledger's: {error!r}"
            raise NoAnswer(reason, key=call.key, status=outcome.status) from error
    version = outcome.headers.get("ETag", "").strip('"') or None
    raise error_of(outcome.status, _body(outcome), key=call.key, version=version)


def _body(response: Response) -> Any:
    try:
        return loads(response.content)
    except ValueError:
        return None


def _surely_not_recorded(failure: LedgerError, outcome: Response | Lost) -> bool:
    """Only the ledger's own word counts, or a connection that never was; the gateway does not know."""
    return isinstance(failure, (Busy, Unavailable)) or (isinstance(outcome, Lost) and not outcome.sent)


def _final(call: Call[Any], failure: LedgerError, perhaps_recorded: bool) -> LedgerError:
    """A refused token says nothing of an earlier attempt. Any other refusal does: the ledger looks at the key first."""
    beyond = isinstance(failure, Refused) and failure.status in {401, 403} and perhaps_recorded
    return _given_up(call, failure, perhaps_recorded) if beyond else failure


def _given_up(call: Call[Any], failure: LedgerError, perhaps_recorded: bool) -> LedgerError:
    if call.key is not None and perhaps_recorded:
        return OutcomeUnknown(
            f"it is not known whether the change was recorded ({failure}); the same request with the key {call.key} "
            "finds out",
            key=call.key,
            status=failure.status,
        )
    if not isinstance(failure, TryAgain):
        return failure
    nothing = "" if call.key is None else "; nothing was recorded"
    return Unavailable(
        f"the ledger could not be asked in time ({failure}){nothing}", key=call.key, status=failure.status
    )


def _pause(
    attempt: int, outcome: Response | Lost, patience: Patience, uniform: Callable[[float, float], float]
) -> float:
    """Return how long to wait: what the ledger asks for, and a random time more, so that not all come at once."""
    asked = 0.0 if isinstance(outcome, Lost) else _retry_after(outcome.headers)
    return asked + uniform(0, min(patience.longest_pause_s, patience.first_pause_s * 2 ** min(attempt, 30)))


def _retry_after(headers: Mapping[str, str]) -> float:
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0
    return max(0, (moment.astimezone(timezone.utc) - datetime.now(timezone.utc)).total_seconds())
