"""Lambda's event source mapping, as its guide describes it: what a function gets of a stream, and when again.

One shard, one batch at a time. What a function reports or raises is brought again, from the first record that failed,
in smaller batches; a record that has failed often enough alone is put into the bucket, whole, and the next one follows.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from points.events.publishing import Record

Function = Callable[[dict[str, Any]], dict[str, Any]]


class Mapping:
    """Brings records to a function.

    Parameters
    ----------
    function
        Gets the batches.
    most_attempts
        After how many invocations with the same records these are given up; stands for their age.

    Attributes
    ----------
    batches
        How many records each invocation had.
    bucket
        The objects with what was given up.
    """

    def __init__(self, function: Function, *, most_attempts: int = 1000) -> None:
        self._function = function
        self._most_attempts = most_attempts
        self.batches: list[int] = []
        self.bucket: list[dict[str, Any]] = []

    def run(self, records: Sequence[Record], size: int) -> None:
        """Bring all records, in batches of at most this size."""
        for start in range(0, len(records), size):
            self._bring(list(records[start : start + size]))

    def _bring(self, batch: list[Record]) -> None:
        attempts = 0
        while batch:
            failed = self._first_failed(batch)
            if failed is None:
                return
            if failed > 0:  # what is before it is done with
                batch, attempts = batch[failed:], 0
            elif len(batch) > 1:
                half = len(batch) // 2
                self._bring(batch[:half])
                batch, attempts = batch[half:], 0
            elif (attempts := attempts + 1) == self._most_attempts:
                self.bucket.append(kept(batch))
                return

    def _first_failed(self, batch: list[Record]) -> int | None:
        """Invoke the function, and return the place of the first record that failed."""
        self.batches.append(len(batch))
        try:
            answer = self._function({"Records": batch})
        except Exception:  # noqa: BLE001 - whatever it raises
            return 0
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        failures = [numbers.index(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]
        return min(failures, default=None)


def kept(batch: list[Record]) -> dict[str, Any]:
    """Return what Lambda puts into the bucket for a batch that it gives up."""
    numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
    return {
        "requestContext": {
            "requestId": "316aa6d0-8154-xmpl-9af7-85d5f4a6bc81",
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:publish",
            "condition": "RecordAgeExceeded",
            "approximateInvokeCount": 1,
        },
        "version": "1.0",
        "timestamp": "2026-01-01T00:13:49.717Z",
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000001573689847184-864758bb",
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[-1],
            "batchSize": len(batch),
            "streamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/ledger/stream/2026-01-01T00:04:06.388",
        },
        "payload": json.dumps({"Records": batch}),
    }
