"""What the simulated table refuses, and how it pages."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulator.calls import Call, Client
from tests.simulator.items import Item, item_size
from tests.simulator.table import ITEM_BYTES, PAGE_BYTES, Table, UnexpectedRequestError

LINE: Item = {"account": {"S": "anna"}, "sequence": {"N": "1"}}

PUT: dict[str, Any] = {
    "TableName": "ledger",
    "Item": LINE,
    "ConditionExpression": "attribute_not_exists(#sequence)",
    "ExpressionAttributeNames": {"#sequence": "sequence"},
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}
GET: dict[str, Any] = {"TableName": "ledger", "Key": LINE, "ConsistentRead": True}
QUERY: dict[str, Any] = {
    "TableName": "ledger",
    "KeyConditionExpression": "#account = :account AND #sequence BETWEEN :first AND :last",
    "ExpressionAttributeNames": {"#account": "account", "#sequence": "sequence"},
    "ExpressionAttributeValues": {":account": {"S": "anna"}, ":first": {"N": "1"}, ":last": {"N": "9"}},
    "ConsistentRead": True,
}


def client_of(table: Table) -> Client:
    return Client(table.answer)


def weighing(size: int, **keys: dict[str, str]) -> Item:
    """Make an item of so many bytes."""
    item = LINE | keys | {"filling": {"S": ""}}
    return item | {"filling": {"S": "x" * (size - item_size(item))}}


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("get_item", GET | {"ConsistentRead": False}),
        ("get_item", GET | {"ProjectionExpression": "points"}),
        ("get_item", GET | {"TableName": "another"}),
        ("get_item", GET | {"Key": {"account": {"S": "anna"}}}),
        ("put_item", {name: value for name, value in PUT.items() if name != "ConditionExpression"}),
        ("put_item", PUT | {"ConditionExpression": "attribute_exists(#sequence)"}),
        ("put_item", PUT | {"ReturnValuesOnConditionCheckFailure": "NONE"}),
        ("query", QUERY | {"ConsistentRead": False}),
        ("query", QUERY | {"FilterExpression": "points > :first"}),
        ("query", QUERY | {"KeyConditionExpression": "#account = :account"}),
        ("query", QUERY | {"IndexName": "by_timestamp"}),
        ("query", QUERY | {"ExpressionAttributeValues": QUERY["ExpressionAttributeValues"] | {":first": {"S": "1"}}}),
        ("query", QUERY | {"ExpressionAttributeNames": {"#account": "account", "#sequence": "timestamp"}}),
    ],
)
def test_a_request_of_another_shape_is_unexpected(operation: str, request_: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedRequestError):
        Table().answer(Call(operation, request_))


def test_a_failed_condition_hands_back_what_stands_there() -> None:
    client = client_of(Table())
    client.put_item(**PUT)
    with pytest.raises(ClientError) as raised:
        client.put_item(**PUT | {"Item": LINE | {"points": {"N": "5"}}})
    response: Any = raised.value.response
    assert response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["Item"] == LINE
    assert client.get_item(**GET) == {"Item": LINE}


def test_an_item_weighs_what_is_in_the_indexes_too() -> None:
    indexed: dict[str, Any] = {"timestamp_key": {"S": "key"}}
    entry = item_size(LINE | indexed)
    for too_large in (weighing(ITEM_BYTES + 1), weighing(ITEM_BYTES - entry + 1, **indexed)):
        with pytest.raises(ClientError, match="Item size has exceeded the maximum allowed size") as raised:
            Table().put(too_large)
        assert raised.value.response["Error"]["Code"] == "ValidationException"
    Table().put(weighing(ITEM_BYTES))
    Table().put(weighing(ITEM_BYTES - entry, **indexed))


@pytest.mark.parametrize("key", ["", "k" * 1025])
def test_a_sort_key_has_from_1_to_1024_bytes(key: str) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        Table().put(LINE | {"timestamp_key": {"S": key}})
    Table().put(LINE | {"timestamp_key": {"S": "k" * 1024}})


def test_a_page_ends_before_a_megabyte_and_the_next_begins_there() -> None:
    table = Table()
    for sequence in range(1, 8):
        table.put(weighing(PAGE_BYTES // 3) | {"sequence": {"N": str(sequence)}})
    sequences: list[list[int]] = []
    start: dict[str, Any] = {}
    while True:
        page = client_of(table).query(**QUERY, **start)
        sequences.append([int(item["sequence"]["N"]) for item in page["Items"]])
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert sequences == [[1, 2, 3], [4, 5, 6], [7]]


def test_a_page_that_ends_on_its_limit_does_not_say_that_nothing_is_left() -> None:
    table = Table()
    table.put(LINE)
    assert client_of(table).query(**QUERY, Limit=1)["LastEvaluatedKey"] == LINE
    assert "LastEvaluatedKey" not in client_of(table).query(**QUERY, Limit=2)
