"""The requests of the storage, word for word."""

from datetime import UTC, datetime

from points.rules.terms import Added, Spent, State
from points.storage import requests
from points.storage.lines import Line, Retry

FIRST_OF_NOVEMBER = datetime(2020, 11, 1, 14, tzinfo=UTC)
RECORDED_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)

SPEND = Line(
    "anna",
    3,
    RECORDED_AT,
    State({"DANNON": 700, "UNILEVER": 0}, {"DANNON": 50}, {1: 250}, "the watermark"),
    transaction=Spent(450, {"UNILEVER": 200, "DANNON": 250}),
    write_id="random",
    retry=Retry("order-17", "digest"),
)

FIRST_LINE = Line(
    "anna",
    1,
    RECORDED_AT,
    State({"DANNON": 1000}),
    transaction=Added("DANNON", 1000, FIRST_OF_NOVEMBER, "the lot's position"),
    write_id="random",
)

NEGATIVE_ADD = Line(
    "anna",
    2,
    RECORDED_AT,
    State({"DANNON": 800}, {"DANNON": 200}),
    transaction=Added("DANNON", -200, FIRST_OF_NOVEMBER.replace(microsecond=5), None),
    write_id="random",
)


def test_put_of_a_spend() -> None:
    assert requests.put_line("ledger", SPEND) == {
        "TableName": "ledger",
        "Item": {
            "account": {"S": "anna"},
            "sequence": {"N": "3"},
            "format": {"N": "1"},
            "recorded_at": {"S": "2026-01-01T12:00:00.000000Z"},
            "write_id": {"S": "random"},
            "kind": {"S": "spend"},
            "points": {"N": "-450"},
            "taken": {
                "L": [
                    {"L": [{"S": "UNILEVER"}, {"N": "200"}]},
                    {"L": [{"S": "DANNON"}, {"N": "250"}]},
                ]
            },
            "balances": {
                "L": [
                    {"L": [{"S": "DANNON"}, {"N": "700"}]},
                    {"L": [{"S": "UNILEVER"}, {"N": "0"}]},
                ]
            },
            "owed": {"M": {"DANNON": {"N": "50"}}},
            "part_spent": {"M": {"1": {"N": "250"}}},
            "spent_through": {"S": "the watermark"},
            "idempotency_key": {"S": "caller#order-17"},
            "request_digest": {"S": "digest"},
        },
        "ConditionExpression": "attribute_not_exists(#sequence)",
        "ExpressionAttributeNames": {"#sequence": "sequence"},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def test_item_of_the_first_add_opens_the_account_and_is_a_lot() -> None:
    assert requests.put_line("ledger", FIRST_LINE)["Item"] == {
        "account": {"S": "anna"},
        "sequence": {"N": "1"},
        "format": {"N": "1"},
        "recorded_at": {"S": "2026-01-01T12:00:00.000000Z"},
        "opened_at": {"S": "2026-01-01T12:00:00.000000Z"},
        "write_id": {"S": "random"},
        "kind": {"S": "add"},
        "payer": {"S": "DANNON"},
        "points": {"N": "1000"},
        "timestamp": {"S": "2020-11-01T14:00:00Z"},
        "timestamp_key": {"S": "the lot's position"},
        "balances": {"L": [{"L": [{"S": "DANNON"}, {"N": "1000"}]}]},
        "owed": {"M": {}},
        "part_spent": {"M": {}},
        "spent_through": {"S": "00000000"},
    }


def test_item_of_a_negative_add_is_in_no_index() -> None:
    item = requests.put_line("ledger", NEGATIVE_ADD)["Item"]
    assert item["points"] == {"N": "-200"}
    assert item["timestamp"] == {"S": "2020-11-01T14:00:00.000005Z"}
    assert item.keys().isdisjoint({"timestamp_key", "idempotency_key", "reference", "opened_at"})


def test_get_of_a_line() -> None:
    assert requests.get_line("ledger", "anna", 7) == {
        "TableName": "ledger",
        "Key": {"account": {"S": "anna"}, "sequence": {"N": "7"}},
        "ConsistentRead": True,
    }


def test_query_for_the_last_line() -> None:
    assert requests.last_lines("ledger", "anna") == {
        "TableName": "ledger",
        "KeyConditionExpression": "#account = :account AND #sequence > :zero",
        "ExpressionAttributeNames": {"#account": "account", "#sequence": "sequence"},
        "ExpressionAttributeValues": {":account": {"S": "anna"}, ":zero": {"N": "0"}},
        "ConsistentRead": True,
        "ScanIndexForward": False,
        "Limit": 1,
    }


def test_query_for_the_lines_below_one() -> None:
    assert requests.last_lines("ledger", "anna", below=8, limit=25) == {
        "TableName": "ledger",
        "KeyConditionExpression": "#account = :account AND #sequence BETWEEN :first AND :last",
        "ExpressionAttributeNames": {"#account": "account", "#sequence": "sequence"},
        "ExpressionAttributeValues": {":account": {"S": "anna"}, ":first": {"N": "1"}, ":last": {"N": "7"}},
        "ConsistentRead": True,
        "ScanIndexForward": False,
        "Limit": 25,
    }


def test_query_for_the_lines_above_one() -> None:
    assert requests.lines_above("ledger", "anna", 7) == {
        "TableName": "ledger",
        "KeyConditionExpression": "#account = :account AND #sequence > :known",
        "ExpressionAttributeNames": {"#account": "account", "#sequence": "sequence"},
        "ExpressionAttributeValues": {":account": {"S": "anna"}, ":known": {"N": "7"}},
        "ConsistentRead": True,
    }


def test_query_for_a_key() -> None:
    assert requests.find_key("ledger", "anna", "order-17") == {
        "TableName": "ledger",
        "IndexName": "by_idempotency_key",
        "KeyConditionExpression": "#account = :account AND #idempotency_key = :key",
        "ExpressionAttributeNames": {"#account": "account", "#idempotency_key": "idempotency_key"},
        "ExpressionAttributeValues": {":account": {"S": "anna"}, ":key": {"S": "caller#order-17"}},
        "ConsistentRead": True,
        "Limit": 1,
    }


def test_query_for_open_lots() -> None:
    assert requests.open_lots("ledger", "anna", above="the watermark", limit=100) == {
        "TableName": "ledger",
        "IndexName": "by_timestamp",
        "KeyConditionExpression": "#account = :account AND #timestamp_key > :above",
        "ExpressionAttributeNames": {"#account": "account", "#timestamp_key": "timestamp_key"},
        "ExpressionAttributeValues": {":account": {"S": "anna"}, ":above": {"S": "the watermark"}},
        "ConsistentRead": True,
        "Limit": 100,
    }
