"""What a function needs beside the request: the passbook, and until when to try."""

import os
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from points.api.observability import count
from points.storage.clock import SystemClock
from points.storage.dynamodb import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, make_client
from points.storage.passbook import Passbook

_clock = SystemClock()
_MARGIN_S = CONNECT_TIMEOUT_S + READ_TIMEOUT_S + 0.5


@cache
def passbook() -> Passbook:
    """Return the function's one passbook, over the table that TABLE_NAME names."""
    return Passbook(make_client(), os.environ["TABLE_NAME"], on_lost_race=lambda: count("LostRaces"), clock=_clock)


def deadline_of(context: LambdaContext) -> float:
    """Return the time after which no call to DynamoDB may start.

    A call that starts just before still ends within the function's own timeout, which is shorter than the gateway's:
    nothing is recorded after the caller was told that the request had failed.
    """
    return _clock.elapsed() + context.get_remaining_time_in_millis() / 1000 - _MARGIN_S
