"""How DynamoDB's calls fail."""

from collections.abc import Callable
from datetime import UTC, datetime
from math import inf
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from points.api import runtime
from points.rules.terms import Add
from points.storage.passbook import Passbook

from tests.api.conftest import TABLE

NOT_CONNECTED = EndpointConnectionError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com")
NO_ANSWER = ReadTimeoutError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com")


def client_error(code: str, status: int = 400) -> ClientError:
    """DynamoDB answers, and the answer is an error."""
    error = {"Code": code, "Message": "arn:aws:dynamodb:us-east-1:123456789012:table/LedgerTable says no"}
    return ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutItem")


def rival_first(dynamodb: Any, account: str, times: float = inf) -> Callable[..., Any]:
    """Make a put before which, so many times, somebody else's add reaches the account."""
    rival = Passbook(dynamodb, TABLE["TableName"], clock=runtime._clock)
    rivals = 0

    def put_item(**request: Any) -> Any:
        nonlocal rivals
        if rivals < times:
            rivals += 1
            rival.record(account, Add("RIVAL", 1, datetime(2020, 1, 1, tzinfo=UTC)), deadline=inf)
        return dynamodb.put_item(**request)

    return put_item


def lost_answers(dynamodb: Any, error: Exception, *, landed: bool, times: float = inf) -> Callable[..., Any]:
    """Make a put whose answer is lost so many times; the first of these puts `landed`, or none did."""
    calls = 0

    def put_item(**request: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > times:
            return dynamodb.put_item(**request)
        if landed and calls == 1:
            dynamodb.put_item(**request)
        raise error

    return put_item
