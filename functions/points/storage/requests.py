"""The exact DynamoDB requests of the storage, as data. Every read of an account is strongly consistent."""

from typing import Any

from points.storage.indexes import (
    BY_IDEMPOTENCY_KEY,
    BY_ORIGINAL,
    BY_REFERENCE,
    BY_TIMESTAMP,
    CALENDAR,
    Index,
    original_key,
    reference_key,
)
from points.storage.lines import CALLERS_KEY, Line, to_item

Request = dict[str, Any]

_HIGHEST = 10**12 - 1
"""Beyond every sequence number that an account can reach."""


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
    last = _HIGHEST if below is None else below - 1
    return _query(table, account, "sequence", {"N": "1"}, {"N": str(last)}) | {
        "ScanIndexForward": False,
        "Limit": limit,
    }


def lines_from(table: str, account: str, first: int, last: int = _HIGHEST) -> Request:
    """Read lines oldest first, from one sequence number through another, or to the last."""
    return _query(table, account, "sequence", {"N": str(first)}, {"N": str(last)})


def find_key(table: str, account: str, key: str) -> Request:
    """Look up the sequence number of the line that was written under a caller's idempotency key."""
    callers = CALLERS_KEY + key
    return _index_query(table, account, BY_IDEMPOTENCY_KEY, callers, callers) | {"Limit": 1}


def references(table: str, account: str, of: int, *, through: int, newest: bool) -> Request:
    """Look up the first or the last line, of those through a sequence number, that refers to an earlier one."""
    between = original_key(of, 0), original_key(of, through)
    return _index_query(table, account, BY_ORIGINAL, *between) | {"ScanIndexForward": not newest, "Limit": 1}


def lines_of_reference(table: str, account: str, reference: str, *, below: int | None, limit: int) -> Request:
    """Look up the sequence numbers of the lines with a caller's reference, newest first."""
    last = _HIGHEST if below is None else below - 1
    between = reference_key(reference, 0), reference_key(reference, last)
    return _index_query(table, account, BY_REFERENCE, *between) | {"ScanIndexForward": False, "Limit": limit}


def lots(table: str, account: str, first: str, through: str, *, limit: int) -> Request:
    """Read a page of lots in the order of their positions, from one position through another."""
    return _index_query(table, account, BY_TIMESTAMP, first, through) | {"Limit": limit}


def calendar_entries(table: str, page: str, first: str, before: str, *, recorded_after: str, limit: int) -> Request:
    """Read entries of a page of the calendar, from one place to another. A global index is never strongly consistent.

    `before` is a moment's text: no entry has it as its key, so it is left out.
    """
    return {
        "TableName": table,
        "IndexName": CALENDAR,
        "KeyConditionExpression": "#page = :page AND #due_key BETWEEN :first AND :before",
        "FilterExpression": "#recorded_at > :recorded_after",
        "ExpressionAttributeNames": {"#page": "calendar_key", "#due_key": "due_key", "#recorded_at": "recorded_at"},
        "ExpressionAttributeValues": {
            ":page": {"S": page},
            ":first": {"S": first},
            ":before": {"S": before},
            ":recorded_after": {"S": recorded_after},
        },
        "Limit": limit,
    }


def get_mark(table: str, name: str) -> Request:
    """Read how far a sweep has come: a side item, of an account that nobody can have."""
    return get_line(table, _marks_account(name), 0)


def put_mark(table: str, name: str, until: str, shards: int, *, seen: str | None) -> Request:
    """Write how far a sweep has come, if what stands there is what was seen."""
    item = {
        "account": {"S": _marks_account(name)},
        "sequence": {"N": "0"},
        "until": {"S": until},
        "shards": {"N": str(shards)},
    }
    condition = {
        "ConditionExpression": "attribute_not_exists(#until)" if seen is None else "#until = :seen",
        "ExpressionAttributeNames": {"#until": "until"},
    }
    values = {} if seen is None else {"ExpressionAttributeValues": {":seen": {"S": seen}}}
    return {"TableName": table, "Item": item, **condition, **values}


def _marks_account(name: str) -> str:
    return f"#{name}"


def _index_query(table: str, account: str, index: Index, first: str, last: str) -> Request:
    return _query(table, account, index.sort_key, {"S": first}, {"S": last}) | {"IndexName": index.name}


def _query(table: str, account: str, sort_key: str, first: dict[str, str], last: dict[str, str]) -> Request:
    return {
        "TableName": table,
        "KeyConditionExpression": f"#account = :account AND #{sort_key} BETWEEN :first AND :last",
        "ExpressionAttributeNames": {"#account": "account", f"#{sort_key}": sort_key},
        "ExpressionAttributeValues": {":account": {"S": account}, ":first": first, ":last": last},
        "ConsistentRead": True,
    }
