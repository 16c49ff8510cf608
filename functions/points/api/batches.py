"""What the functions behind queues have in common: each message of a batch succeeds or comes again by itself."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from points.api.observability import logger

_processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


def process(
    event: dict[str, Any], handle: Callable[[SQSRecord], None], context: LambdaContext
) -> PartialItemFailureResponse:
    """Handle the messages of an event one after the other, and tell which of them have failed; the log says why."""

    def logged(record: SQSRecord) -> None:
        try:
            handle(record)
        except Exception:
            logger.exception("a message has failed", body=record.body)
            raise

    return process_partial_response(event, logged, _processor, context)
