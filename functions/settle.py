"""Records what time has done to the accounts in a queue: points expired, holds lapsed, pending points arrived."""

from itertools import chain
from typing import Any

from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from points.api.batches import process
from points.api.observability import count_lines, logger, metrics
from points.api.runtime import deadline_of, passbook
from points.storage.lines import Line


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Settle the accounts of a batch, each once; those that fail come again, and no others."""
    deadline = deadline_of(context)
    settled: dict[str, list[Line]] = {}

    def settle(record: SQSRecord) -> None:
        account = record.json_body["account"]
        if account not in settled:
            settled[account] = passbook().settle(account, deadline)

    response = process(event, settle, context)
    lines = list(chain.from_iterable(settled.values()))
    count_lines(lines)
    logger.info("settled", accounts=len(settled), lines=len(lines))
    return response
