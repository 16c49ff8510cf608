"""Tells of points before they expire: works out what will go from the accounts in a queue, and puts it on the bus."""

import os
from datetime import datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from points.api.batches import process
from points.api.observability import count, logger, metrics
from points.api.runtime import deadline_of, passbook
from points.events.bus import Bus, make_client
from points.events.expiring import expiring_event


class NotToldError(Exception):
    """The bus did not take a reminder. It is repeated."""


@cache
def _bus() -> Bus:
    return Bus(make_client(), os.environ["EVENT_BUS"])


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Tell of each account and moment of a batch, if points will go; those that fail come again, and no others."""
    deadline = deadline_of(context)

    def remind(record: SQSRecord) -> None:
        message = record.json_body
        at = datetime.fromisoformat(message["at"])
        if expiring := passbook().expiring(message["account"], at, deadline):
            for failed in _bus().put([expiring_event(message["account"], at, expiring)]):
                raise NotToldError(failed.reason)
            count("Reminders")

    return process(event, remind, context)


if "EVENT_BUS" in os.environ:
    _bus()  # a function that starts has more processor time than later
