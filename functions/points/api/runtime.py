"""What a function needs beside the request: the passbook, the calendar, and until when to try."""

import os
from contextlib import suppress
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from points.api.observability import count
from points.storage.calendar import Calendar
from points.storage.capacity import Limits
from points.storage.clock import SystemClock
from points.storage.connections import CALL_TIMEOUT_S
from points.storage.dynamodb import make_client
from points.storage.errors import UnavailableError
from points.storage.passbook import Passbook

_clock = SystemClock()
_LIMITS = {
    "MAX_PAYERS": "payers",
    "MAX_PART_SPENT_LOTS": "part_spent_lots",
    "MAX_OPEN_HOLDS": "open_holds",
    "MAX_PENDING_ADDS": "pending_adds",
    "CALENDAR_SHARDS": "calendar_shards",
    "LINE_FORMAT": "line_format",
}
"""The variables by which a deployment sets limits of its own."""
_MARGIN_S = CALL_TIMEOUT_S + 0.5


@cache
def passbook() -> Passbook:
    """Return the function's one passbook, over the table that TABLE_NAME names."""
    return Passbook(
        make_client(),
        os.environ["TABLE_NAME"],
        limits=limits(),
        on_lost_race=lambda: count("LostRaces"),
        clock=_clock,
    )


@cache
def calendar() -> Calendar:
    """Return the function's one calendar, over the same table."""
    return Calendar(make_client(), os.environ["TABLE_NAME"], clock=_clock)


def limits() -> Limits:
    """Return the limits that the deployment has set, or their defaults."""
    settings = {name: int(os.environ[variable]) for variable, name in _LIMITS.items() if os.environ.get(variable)}
    return Limits(**settings)


def deadline_of(context: LambdaContext) -> float:
    """Return the time after which no call to DynamoDB may start.

    A call that starts just before still ends within the function's own timeout, which is shorter than the gateway's:
    nothing is recorded after the caller was told that the request had failed.
    """
    return _clock.elapsed() + context.get_remaining_time_in_millis() / 1000 - _MARGIN_S


def _start() -> None:
    """Do what the first request would otherwise wait for: a function that starts has more processor time than later.

    Before SnapStart takes its snapshot, also ask once for an account that cannot exist, so that the snapshot holds all
    that botocore loads for its first call. The connection is of no use in copies of the snapshot and is closed.
    """
    ready = passbook()
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        with suppress(UnavailableError):
            ready.now("#", _clock.elapsed() + _MARGIN_S)
        ready.close()


if "TABLE_NAME" in os.environ:
    _start()
