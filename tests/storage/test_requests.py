"""The requests of the storage, word for word."""

from datetime import UTC, datetime
from typing import Any

import pytest
from points.rules.terms import Kind, Lot, OpenHold, PendingAdd, Range, State, Transaction
from points.storage import requests
from points.storage.indexes import CalendarEntry
from points.storage.lines import Line, Retry

FIRST_OF_NOVEMBER = datetime(2020, 11, 1, 14, tzinfo=UTC)
RECORDED_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
NEXT_YEAR = datetime(2027, 1, 1, tzinfo=UTC)

HOLD = Line(
    "anna",
    RECORDED_AT,
    State(
        sequence=3,
        changed=3,
        moment=RECORDED_AT,
        balances={"DANNON": 700, "UNILEVER": 0},
        owed={"DANNON": 50},
        part_spent={1: 250},
        ranges=(Range("first", "last"),),
        watermark="the watermark",
        holds={3: OpenHold(450, NEXT_YEAR, 2, 3)},
        pending={
            1: PendingAdd("DANNON", 10, FIRST_OF_NOVEMBER, NEXT_YEAR, None),
            2: PendingAdd("UNILEVER", 20, FIRST_OF_NOVEMBER, RECORDED_AT, NEXT_YEAR),
        },
    ),
    "digest",
    2_000,
    transaction=Transaction(
        kind=Kind.HOLD,
        points=-450,
        expires_at=NEXT_YEAR,
        taken={"UNILEVER": -200, "DANNON": -250},
        reference="order 17",
        metadata='{"shop":"Berlin"}',
    ),
    write_id="random",
    retry=Retry("order-17", "digest of the request"),
    calendar=CalendarEntry("2027-01-01T00#5", "2027-01-01T00:00:00.000000Z#anna"),
)

FIRST_LINE = Line(
    "anna",
    RECORDED_AT,
    State(sequence=1, changed=1, moment=RECORDED_AT, balances={"DANNON": 1000}),
    "digest",
    500,
    transaction=Transaction(kind=Kind.ADD, payer="DANNON", points=1000, timestamp=FIRST_OF_NOVEMBER),
    write_id="random",
    lot=Lot(1, "the lot's position", "DANNON", 1000),
)

NEGATIVE_ADD = Line(
    "anna",
    RECORDED_AT,
    State(sequence=2, changed=2, moment=RECORDED_AT, balances={"DANNON": 800}, owed={"DANNON": 200}),
    "digest",
    1_000,
    transaction=Transaction(
        kind=Kind.ADD, payer="DANNON", points=-200, timestamp=FIRST_OF_NOVEMBER.replace(microsecond=5)
    ),
    write_id="random",
)

REFUND = Line(
    "anna",
    RECORDED_AT,
    State(sequence=5, changed=5, moment=RECORDED_AT),
    "digest",
    2_500,
    transaction=Transaction(kind=Kind.REFUND, of=4, points=30, returned={"DANNON": 30}),
    write_id="random",
    undone=40,
)


def test_put_of_a_hold() -> None:
    first_of_november = {"S": "2020-11-01T14:00:00.000000Z"}
    recorded_at = {"S": "2026-01-01T12:00:00.000000Z"}
    next_year = {"S": "2027-01-01T00:00:00.000000Z"}
    assert requests.put_line("ledger", HOLD) == {
        "TableName": "ledger",
        "Item": {
            "account": {"S": "anna"},
            "sequence": {"N": "3"},
            "format": {"N": "2"},
            "recorded_at": recorded_at,
            "write_id": {"S": "random"},
            "digest": {"S": "digest"},
            "size": {"N": "2000"},
            "kind": {"S": "hold"},
            "points": {"N": "-450"},
            "expires_at": next_year,
            "taken": {
                "L": [
                    {"L": [{"S": "UNILEVER"}, {"N": "-200"}]},
                    {"L": [{"S": "DANNON"}, {"N": "-250"}]},
                ]
            },
            "reference": {"S": "order 17"},
            "metadata": {"S": '{"shop":"Berlin"}'},
            "changed": {"N": "3"},
            "moment": recorded_at,
            "balances": {
                "L": [
                    {"L": [{"S": "DANNON"}, {"N": "700"}]},
                    {"L": [{"S": "UNILEVER"}, {"N": "0"}]},
                ]
            },
            "owed": {"M": {"DANNON": {"N": "50"}}},
            "part_spent": {"M": {"1": {"N": "250"}}},
            "ranges": {"L": [{"L": [{"S": "first"}, {"S": "last"}]}]},
            "watermark": {"S": "the watermark"},
            "holds": {"M": {"3": {"L": [{"N": "450"}, next_year, {"N": "2"}, {"N": "3"}]}}},
            "pending": {
                "M": {
                    "1": {"L": [{"S": "DANNON"}, {"N": "10"}, first_of_november, next_year]},
                    "2": {"L": [{"S": "UNILEVER"}, {"N": "20"}, first_of_november, recorded_at, next_year]},
                }
            },
            "idempotency_key": {"S": "caller#order-17"},
            "request_digest": {"S": "digest of the request"},
            "reference_key": {"S": "order 17\n000000000003"},
            "calendar_key": {"S": "2027-01-01T00#5"},
            "due_key": {"S": "2027-01-01T00:00:00.000000Z#anna"},
        },
        "ConditionExpression": "attribute_not_exists(#sequence)",
        "ExpressionAttributeNames": {"#sequence": "sequence"},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def test_item_of_the_first_add_opens_the_account_and_is_a_lot() -> None:
    assert requests.put_line("ledger", FIRST_LINE)["Item"] == {
        "account": {"S": "anna"},
        "sequence": {"N": "1"},
        "format": {"N": "2"},
        "recorded_at": {"S": "2026-01-01T12:00:00.000000Z"},
        "opened_at": {"S": "2026-01-01T12:00:00.000000Z"},
        "write_id": {"S": "random"},
        "digest": {"S": "digest"},
        "size": {"N": "500"},
        "kind": {"S": "add"},
        "payer": {"S": "DANNON"},
        "points": {"N": "1000"},
        "timestamp": {"S": "2020-11-01T14:00:00.000000Z"},
        "timestamp_key": {"S": "the lot's position"},
        "changed": {"N": "1"},
        "moment": {"S": "2026-01-01T12:00:00.000000Z"},
        "balances": {"L": [{"L": [{"S": "DANNON"}, {"N": "1000"}]}]},
        "watermark": {"S": "00000000"},
    }


def test_item_of_a_negative_add_is_in_no_index() -> None:
    item = requests.put_line("ledger", NEGATIVE_ADD)["Item"]
    assert item["points"] == {"N": "-200"}
    assert item["timestamp"] == {"S": "2020-11-01T14:00:00.000005Z"}
    keys = {"timestamp_key", "idempotency_key", "original_key", "reference_key", "calendar_key", "due_key", "opened_at"}
    assert item.keys().isdisjoint(keys)


def test_item_of_a_refund_refers_to_the_spend() -> None:
    item = requests.put_line("ledger", REFUND)["Item"]
    assert item["of"] == {"N": "4"}
    assert item["original_key"] == {"S": "000000000004#000000000005"}
    assert item["undone"] == {"N": "40"}


def test_get_of_a_line() -> None:
    assert requests.get_line("ledger", "anna", 7) == {
        "TableName": "ledger",
        "Key": {"account": {"S": "anna"}, "sequence": {"N": "7"}},
        "ConsistentRead": True,
    }


def query(sort_key: str, first: dict[str, str], last: dict[str, str]) -> dict[str, Any]:
    return {
        "TableName": "ledger",
        "KeyConditionExpression": f"#account = :account AND #{sort_key} BETWEEN :first AND :last",
        "ExpressionAttributeNames": {"#account": "account", f"#{sort_key}": sort_key},
        "ExpressionAttributeValues": {":account": {"S": "anna"}, ":first": first, ":last": last},
        "ConsistentRead": True,
    }


def test_query_for_the_last_line_leaves_out_side_items() -> None:
    assert requests.last_lines("ledger", "anna") == {
        **query("sequence", {"N": "1"}, {"N": "999999999999"}),
        "ScanIndexForward": False,
        "Limit": 1,
    }


def test_query_for_the_lines_below_one() -> None:
    assert requests.last_lines("ledger", "anna", below=8, limit=25) == {
        **query("sequence", {"N": "1"}, {"N": "7"}),
        "ScanIndexForward": False,
        "Limit": 25,
    }


def test_query_for_the_lines_from_one_on() -> None:
    assert requests.lines_from("ledger", "anna", 8) == query("sequence", {"N": "8"}, {"N": "999999999999"})
    assert requests.lines_from("ledger", "anna", 8, 9) == query("sequence", {"N": "8"}, {"N": "9"})


def test_query_for_a_key() -> None:
    key = {"S": "caller#order-17"}
    assert requests.find_key("ledger", "anna", "order-17") == {
        **query("idempotency_key", key, key),
        "IndexName": "by_idempotency_key",
        "Limit": 1,
    }


@pytest.mark.parametrize("newest", [True, False])
def test_query_for_what_refers_to_a_line(newest: bool) -> None:
    assert requests.references("ledger", "anna", 4, through=9, newest=newest) == {
        **query("original_key", {"S": "000000000004#000000000000"}, {"S": "000000000004#000000000009"}),
        "IndexName": "by_original",
        "ScanIndexForward": not newest,
        "Limit": 1,
    }


@pytest.mark.parametrize(("below", "last"), [(None, "999999999999"), (8, "000000000007")])
def test_query_for_the_lines_of_a_reference(below: int | None, last: str) -> None:
    assert requests.lines_of_reference("ledger", "anna", "order 17", below=below, limit=25) == {
        **query("reference_key", {"S": "order 17\n000000000000"}, {"S": f"order 17\n{last}"}),
        "IndexName": "by_reference",
        "ScanIndexForward": False,
        "Limit": 25,
    }


def test_query_for_lots() -> None:
    assert requests.lots("ledger", "anna", "one", "another", limit=100) == {
        **query("timestamp_key", {"S": "one"}, {"S": "another"}),
        "IndexName": "by_timestamp",
        "Limit": 100,
    }


def test_query_for_entries_of_the_calendar() -> None:
    page, first, before = "2027-01-01T00#5", "2027-01-01T00:00:00.000000Z#anna ", "2027-01-01T03:00:00.000000Z"
    assert requests.calendar_entries("ledger", page, first, before, recorded_after="2026", limit=100) == {
        "TableName": "ledger",
        "IndexName": "calendar",
        "KeyConditionExpression": "#page = :page AND #due_key BETWEEN :first AND :before",
        "FilterExpression": "#recorded_at > :recorded_after",
        "ExpressionAttributeNames": {"#page": "calendar_key", "#due_key": "due_key", "#recorded_at": "recorded_at"},
        "ExpressionAttributeValues": {
            ":page": {"S": page},
            ":first": {"S": first},
            ":before": {"S": before},
            ":recorded_after": {"S": "2026"},
        },
        "Limit": 100,
    }


def test_get_of_a_mark() -> None:
    key = {"account": {"S": "#due"}, "sequence": {"N": "0"}}
    assert requests.get_mark("ledger", "due") == {"TableName": "ledger", "Key": key, "ConsistentRead": True}


@pytest.mark.parametrize(("seen", "condition"), [
    (None, {"ConditionExpression": "attribute_not_exists(#until)"}),
    ("2026", {"ConditionExpression": "#until = :seen", "ExpressionAttributeValues": {":seen": {"S": "2026"}}}),
])  # fmt: skip
def test_put_of_a_mark(seen: str | None, condition: dict[str, Any]) -> None:
    assert requests.put_mark("ledger", "due", "2027", 16, seen=seen) == {
        "TableName": "ledger",
        "Item": {"account": {"S": "#due"}, "sequence": {"N": "0"}, "until": {"S": "2027"}, "shards": {"N": "16"}},
        "ExpressionAttributeNames": {"#until": "until"},
        **condition,
    }
