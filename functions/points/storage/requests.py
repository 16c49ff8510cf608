"""The exact DynamoDB requests of the passbook, as data. Every read is strongly consistent."""

from typing import Any

from points.storage.lines import CALLERS_KEY, Line, to_item

BY_TIMESTAMP = "by_timestamp"
BY_IDEMPOTENCY_KEY = "by_idempotency_key"

Request = dict[str, Any]


def put_line(table: str, line: Line) -> Request:
    """Write a line, if nothing stands at its place; otherwise have what stands there handed back."""
    return {
        "TableName": table,
        "Item": to_item(line),
        "ConditionExpression": "attribute_not_exists(#sequence)",
        "ExpressionAttributeNames": {"#sequence": "sequence"},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def get_line(table: str, account: str, sequence: int) -> Request:
    """Read the line with this sequence number."""
    return {
        "TableName": table,
        "Key": {"account": {"S": account}, "sequence": {"N": str(sequence)}},
        "ConsistentRead": True,
    }


def last_lines(table: str, account: str, *, below: int | None = None, limit: int = 1) -> Request:
    """Read lines newest first, from the last one or from below a sequence number. Side items live at 0 and below."""
    between = {":first": {"N": "1"}, ":last": {"N": str(below - 1)}} if below is not None else {":zero": {"N": "0"}}
    condition = "#sequence BETWEEN :first AND :last" if below is not None else "#sequence > :zero"
    return _query(table, account, "sequence", condition, between) | {
        "ScanIndexForward": False,
        "Limit": limit,
    }


def lines_above(table: str, account: str, sequence: int) -> Request:
    """Read the lines above a sequence number, oldest first."""
    return _query(table, account, "sequence", "#sequence > :known", {":known": {"N": str(sequence)}})


def find_key(table: str, account: str, key: str) -> Request:
    """Look up the sequence number of the line that was written under a caller's idempotency key."""
    return _query(table, account, "idempotency_key", "#idempotency_key = :key", {":key": {"S": CALLERS_KEY + key}}) | {
        "IndexName": BY_IDEMPOTENCY_KEY,
        "Limit": 1,
    }


def open_lots(table: str, account: str, *, above: str, limit: int) -> Request:
    """Read a page of lots in the order of their positions, from above a position."""
    return _query(table, account, "timestamp_key", "#timestamp_key > :above", {":above": {"S": above}}) | {
        "IndexName": BY_TIMESTAMP,
        "Limit": limit,
    }


def _query(table: str, account: str, range_key: str, condition: str, values: dict[str, Any]) -> Request:
    return {
        "TableName": table,
        "KeyConditionExpression": f"#account = :account AND {condition}",
        "ExpressionAttributeNames": {"#account": "account", f"#{range_key}": range_key},
        "ExpressionAttributeValues": {":account": {"S": account}, **values},
        "ConsistentRead": True,
    }
