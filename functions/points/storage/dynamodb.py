"""DynamoDB's client, and what a failed call says about whether it took effect."""

import json
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Protocol, cast

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError
from botocore.session import get_session

from points.storage.connections import CALL_TIMEOUT_S, POOLS

CONNECT_TIMEOUT_S = 1

CALL_ERRORS = (ClientError, BotoCoreError, ResponseParserError)
"""Everything by which a call can fail."""

_NEVER_CONNECTED = (ConnectTimeoutError, EndpointConnectionError)
_NEVER_SENT = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, ParamValidationError)
_THROTTLED = {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}
_TRY_AGAIN = _THROTTLED | {"ReplicatedWriteConflictException", "TransactionConflictException"}
_ALWAYS = {"Query": {"Items"}}
"""What an answer always has; and none has anything that the operation is not known to answer."""

LOST_RACE = "ConditionalCheckFailedException"
COLLECTION_FULL = "ItemCollectionSizeLimitExceededException"


class DynamoDB(Protocol):
    """The calls that the passbook makes, of botocore's client."""

    def get_item(self, **request: Any) -> dict[str, Any]: ...
    def put_item(self, **request: Any) -> dict[str, Any]: ...
    def query(self, **request: Any) -> dict[str, Any]: ...
    def close(self) -> None: ...


class DynamoDBTables(DynamoDB, Protocol):
    """With the one call that is about a table itself."""

    def describe_table(self, **request: Any) -> dict[str, Any]: ...


def make_client() -> DynamoDBTables:
    """Make a client whose every call is one attempt, so that no unclear attempt hides behind a clear one.

    It is spared a third and more of its usual work, which serves nobody here: see docs/measurements/handlers.md.
    """
    session = get_session()
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=CALL_TIMEOUT_S,
        retries={"total_max_attempts": 1, "mode": "standard"},
        tcp_keepalive=True,
        user_agent=session.user_agent(),  # once: the usual one, with marks of features, is made twice for every call
        parameter_validation=False,  # the tests have it check requests of every kind
    )
    client = session.create_client("dynamodb", config=config)
    cast(Any, client)._endpoint.http_session._pool_classes_by_scheme.update(POOLS)  # noqa: SLF001 - there is no other way
    for operation in ("GetItem", "PutItem", "Query"):
        client.meta.events.register(f"before-parse.dynamodb.{operation}", _read_answer)
    return cast(DynamoDBTables, client)


def _read_answer(
    operation_model: Any, response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Read DynamoDB's JSON as it stands: botocore would walk through every value of it by the service's model.

    Of strings, numbers, lists and maps, which is all that lines hold, it would come to the same.

    Raises
    ------
    ResponseParserError
        It is no answer of DynamoDB's, so it says nothing. botocore would take some such for a put that has worked.
    """
    status = response_dict["status_code"]
    try:
        answer = json.loads(response_dict["body"])
    except (ValueError, RecursionError):
        answer = None
    known = isinstance(answer, dict) and not HTTPStatus.OK < status < HTTPStatus.BAD_REQUEST
    if known and status == HTTPStatus.OK:
        known = _ALWAYS.get(operation_model.name, set()) <= answer.keys() <= operation_model.output_shape.members.keys()
    if not known:
        raise ResponseParserError(f"an answer with status {status} that is not DynamoDB's")
    if status == HTTPStatus.OK:
        customized_response_dict.update(answer)
        response_dict["body"] = b"{}"


class Failure(Enum):
    """What a failed call says of its effect."""

    LOST_RACE = auto()  # nothing was written: another line stands at the place
    REFUSED = auto()  # nothing was written; the same call may work in a moment
    DENIED = auto()  # nothing was written, nor will be by the same call
    UNCLEAR = auto()  # it may have been written, or may be yet


def failure_of(error: Exception) -> Failure:
    """Classify a failed call. What is not known to be harmless is unclear."""
    if isinstance(error, ClientError):
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500:
            return Failure.UNCLEAR
        code = error_code(error)
        if code.isdigit():  # the status, for want of the name that DynamoDB always gives
            return Failure.UNCLEAR
        if code == LOST_RACE:
            return Failure.LOST_RACE
        return Failure.REFUSED if code in _TRY_AGAIN else Failure.DENIED
    if isinstance(error, _NEVER_SENT):
        return Failure.DENIED
    return Failure.REFUSED if isinstance(error, _NEVER_CONNECTED) else Failure.UNCLEAR


def is_throttled(error: Exception) -> bool:
    """Whether DynamoDB has refused a call because there are too many."""
    return error_code(error) in _THROTTLED


def error_code(error: Exception) -> str:
    """Return DynamoDB's name for an error, or the class's."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__


def standing_item(error: Exception) -> dict[str, Any]:
    """Return the item that a put with a failed condition hands back."""
    return cast(dict[str, Any], cast(ClientError, error).response)["Item"]  # type: ignore[no-any-return]
