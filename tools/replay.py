"""Publishes what could not be published (`make replay ARGS=STACK`): hands what the bucket kept to the function again.

Oldest first; an object that is on the bus as a whole is deleted. It stays as an older version for 30 days.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

import boto3

ALIAS = "live"
DEFAULT_STACK = "points-ledger"
PREFIX = "aws/lambda/"
"""Under which Lambda puts what it gives up: mapping, shard, year, month and day, then the second and a random id."""


class ReplayError(Exception):
    """An object could not be published; the message is a line for the person at the terminal."""


def replay(s3: Any, functions: Any, bucket: str, function: str) -> Iterator[tuple[str, int]]:
    """Publish what a bucket holds, oldest first; yield each object's key, and how many records it had.

    Parameters
    ----------
    s3, functions
        Clients of S3 and of Lambda.
    bucket, function
        Where the records are, and what publishes them.

    Raises
    ------
    ReplayError
        An object failed again. It stays where it is, as do all that are newer.
    """
    for key in sorted(_keys(s3, bucket), key=lambda key: key.rpartition("/")[2]):
        kept = json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])
        records = json.loads(kept["payload"])["Records"]
        try:
            _publish(functions, function, records)
        except ReplayError as error:
            raise ReplayError(f"{key}: {error}") from None
        s3.delete_object(Bucket=bucket, Key=key)
        yield key, len(records)


def _keys(s3: Any, bucket: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX):
        for entry in page.get("Contents", []):
            yield entry["Key"]


def _publish(functions: Any, function: str, records: list[dict[str, Any]]) -> None:
    """Invoke the function as the stream does, and again with what it reports, until nothing is left."""
    while records:
        payload = json.dumps({"Records": records})
        answer = functions.invoke(FunctionName=function, Qualifier=ALIAS, Payload=payload)
        result = json.load(answer["Payload"])
        if "FunctionError" in answer:
            raise ReplayError(f"{result.get('errorType')}: {result.get('errorMessage')}")
        failed = {failure["itemIdentifier"] for failure in result["batchItemFailures"]}
        places = [place for place, it in enumerate(records) if it["dynamodb"]["SequenceNumber"] in failed]
        records = records[places[0] :] if places else []


def main(stack: str) -> None:
    """Publish what the stack's bucket holds, and say what that was."""
    (described,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    bucket, function = outputs["KeptRecordsBucket"], outputs["PublishFunctionName"]
    objects = 0
    for key, records in replay(boto3.client("s3"), boto3.client("lambda"), bucket, function):
        objects += 1
        print(f"published {records} records of {key}", flush=True)
    print(f"nothing is left in {bucket}" if objects else f"there is nothing in {bucket}")


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else DEFAULT_STACK)
    except ReplayError as failure:
        sys.exit(f"error: {failure}")
