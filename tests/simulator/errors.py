"""Failed calls as botocore raises them."""

from typing import Any, cast

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from tests.simulator.items import Item

ENDPOINT = "https://dynamodb.simulated"


def answered_error(
    operation: str, code: str, message: str, *, status: int = 400, item: Item | None = None
) -> ClientError:
    """Build the error of a call that DynamoDB answered, with the item that it hands back, if it does."""
    response: dict[str, Any] = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {
            "RequestId": "simulated",
            "HTTPStatusCode": status,
            "HTTPHeaders": {"content-type": "application/x-amz-json-1.0"},
            "RetryAttempts": 0,
        },
        "message": message,
    }
    if item is not None:
        response["Item"] = item
    return ClientError(cast(Any, response), operation)


def condition_failed(operation: str, standing: Item) -> ClientError:
    return answered_error(operation, "ConditionalCheckFailedException", "The conditional request failed", item=standing)


def invalid(operation: str, message: str) -> ClientError:
    return answered_error(operation, "ValidationException", message)


def throttled(operation: str) -> ClientError:
    return answered_error(
        operation,
        "ThrottlingException",
        "Throughput exceeds the current capacity of your table or index. Please try again shortly.",
    )


def transaction_conflict(operation: str) -> ClientError:
    return answered_error(operation, "TransactionConflictException", "Transaction is ongoing for the item")


def denied(operation: str) -> ClientError:
    return answered_error(operation, "AccessDeniedException", "User is not authorized to perform this action")


def collection_full(operation: str) -> ClientError:
    return answered_error(operation, "ItemCollectionSizeLimitExceededException", "Collection size exceeded.")


def internal_error(operation: str) -> ClientError:
    return answered_error(
        operation, "InternalServerError", "The request processing has failed because of an unknown error", status=500
    )


def read_timeout() -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url=ENDPOINT)


def connection_closed() -> ConnectionClosedError:
    return ConnectionClosedError(endpoint_url=ENDPOINT)


def connect_timeout() -> ConnectTimeoutError:
    return ConnectTimeoutError(endpoint_url=ENDPOINT)


def endpoint_unreachable() -> EndpointConnectionError:
    return EndpointConnectionError(endpoint_url=ENDPOINT)
