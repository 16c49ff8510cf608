"""Publishes what is recorded: puts the lines that the table's stream brings on the bus, as events."""

import os
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from points.api.observability import count, logger, metrics
from points.events.bus import LONGEST_PUT_S, Bus, make_client
from points.events.publishing import Unpublished, publish

_MARGIN_MS = 1000 * (LONGEST_PUT_S + 0.5)


class NotPublishedError(Exception):
    """Not even the first line of a batch is on the bus. Lambda brings the batch again."""


@cache
def _bus() -> Bus:
    return Bus(make_client(), os.environ["EVENT_BUS"])


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Publish a batch, and name its first line that is not published: from there on, Lambda brings it again."""
    records = event["Records"]
    left = publish(records, _bus(), lambda: context.get_remaining_time_in_millis() > _MARGIN_MS)
    count("EventsPublished", len(records) - len(left))
    for line in (line for line in left if line.reason):
        count("EventsFailed")
        logger.error("not published", account=line.account, sequence=line.sequence, reason=line.reason)
    return {"batchItemFailures": _first(left)}


def _first(left: list[Unpublished]) -> list[dict[str, str]]:
    if not left:
        return []
    first = left[0]
    if first.position == 0:  # so nothing is gained by an answer; an error is seen by the alarm
        raise NotPublishedError(f"{first.account}/{first.sequence}: {first.reason or 'there was no time'}")
    return [{"itemIdentifier": first.number}]


if "EVENT_BUS" in os.environ:
    _bus()  # a function that starts has more processor time than later
