"""The passbook's table, in memory: what DynamoDB does with the requests that the storage makes, and with no others."""

import re
from typing import Any

from tests.simulator import errors
from tests.simulator.calls import Call, Response
from tests.simulator.items import Item, item_size
from tests.simulator.views import INDEXES, KEY_TYPES, Place, View, plain, sequence_of

ITEM_BYTES = 400 * 1024
PAGE_BYTES = 1024 * 1024
SORT_KEY_BYTES = 1024

_ENDLESS = float("inf")
_KEY_CONDITION = re.compile(r"(#\w+) = (:\w+) AND (#\w+) BETWEEN (:\w+) AND (:\w+)")
_PUT_CONDITION = re.compile(r"attribute_not_exists\((#\w+)\)")

_PUT = {"TableName", "Item", "ConditionExpression", "ExpressionAttributeNames", "ReturnValuesOnConditionCheckFailure"}
_GET = {"TableName", "Key", "ConsistentRead"}
_QUERY = {
    "TableName",
    "KeyConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ConsistentRead",
}
_QUERY_AT_MOST = _QUERY | {"IndexName", "Limit", "ScanIndexForward", "ExclusiveStartKey"}

Request = dict[str, Any]


class UnexpectedRequestError(BaseException):
    """The storage asked for something that nobody said it asks for. No error of a call, so that nothing handles it."""


def expect(condition: object, request: object) -> None:
    """Refuse a request of another shape than the storage is known to make."""
    if not condition:
        raise UnexpectedRequestError(request)


def match(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    """Read an expression, or refuse it."""
    found = pattern.fullmatch(text)
    if not found:
        raise UnexpectedRequestError(text)
    return found


class Table:
    """One table, strongly consistent. Items are never changed once they are in it, so answers may share them."""

    def __init__(self, name: str = "ledger") -> None:
        self.name = name
        self._accounts: dict[str, dict[str, View]] = {}

    def copy(self) -> "Table":
        """Return a table with the same items, that goes its own way from here."""
        other = Table(self.name)
        other._accounts = {
            account: {sort_key: view.copy() for sort_key, view in views.items()}
            for account, views in self._accounts.items()
        }
        return other

    def items(self, account: str) -> list[Item]:
        """Return an account's items in the order of their sequence numbers."""
        return self._views(account)["sequence"].items()

    def last(self, account: str) -> int:
        """Return the highest sequence number of an account, or 0."""
        item = self._views(account)["sequence"].last()
        return sequence_of(item) if item else 0

    def put(self, item: Item, *, unless: str | None = None) -> None:
        """Take an item in, in place of the one that stands there, unless that has a certain attribute.

        Raises
        ------
        ClientError
            It has, or DynamoDB does not take such items.
        """
        _check_keys(item)
        views = self._accounts.setdefault(item["account"]["S"], _no_views())
        entries = {sort_key: view.entry(item) for sort_key, view in views.items()}
        sizes = {sort_key: item_size(entry) for sort_key, entry in entries.items()}
        if sum(sizes.values()) > ITEM_BYTES:
            raise errors.invalid("PutItem", "Item size has exceeded the maximum allowed size")
        standing = views["sequence"].get(sequence_of(item))
        if unless in standing:
            raise errors.condition_failed("PutItem", standing)
        for sort_key, view in views.items():
            view.remove(sequence_of(item))
            if entries[sort_key]:
                view.put(entries[sort_key], sizes[sort_key])

    def answer(self, call: Call) -> Response:
        """Do what a call asks.

        Raises
        ------
        ClientError
            As DynamoDB would.
        UnexpectedRequestError
            The request has a shape that the storage does not make.
        """
        expect(call.request.get("TableName") == self.name, call)
        operations = {"get_item": self._get_item, "put_item": self._put_item, "query": self._query}
        return operations[call.operation](call.request)

    def _get_item(self, request: Request) -> Response:
        expect(request.keys() == _GET and request["ConsistentRead"] is True, request)
        expect(request["Key"].keys() == {"account", "sequence"}, request)
        item = self._views(request["Key"]["account"]["S"])["sequence"].get(sequence_of(request["Key"]))
        return {"Item": item} if item else {}

    def _put_item(self, request: Request) -> Response:
        expect(request.keys() == _PUT and request["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD", request)
        condition = match(_PUT_CONDITION, request["ConditionExpression"])
        self.put(request["Item"], unless=request["ExpressionAttributeNames"][condition[1]])
        return {}

    def _query(self, request: Request) -> Response:
        expect(_QUERY <= request.keys() <= _QUERY_AT_MOST and request["ConsistentRead"] is True, request)
        sort_key, account, above, through = _parse_key_condition(request)
        backwards = not request.get("ScanIndexForward", True)
        if start := request.get("ExclusiveStartKey"):
            expect(start.keys() == {"account", "sequence", sort_key} and not backwards, request)
            above = max(above, (plain(start[sort_key]), sequence_of(start)))
        page, cut = self._views(account)[sort_key].read(
            above, through, backwards=backwards, limit=request.get("Limit", _ENDLESS), size=PAGE_BYTES
        )
        response: Response = {"Items": page, "Count": len(page), "ScannedCount": len(page)}
        if cut:
            response["LastEvaluatedKey"] = {name: page[-1][name] for name in ("account", "sequence", sort_key)}
        return response

    def _views(self, account: str) -> dict[str, View]:
        return self._accounts.get(account) or _no_views()


def weight(item: Item) -> int:
    """Return the bytes of an item with its entries in the local indexes, as DynamoDB counts them together."""
    return sum(item_size(view.entry(item)) for view in _no_views().values())


def _no_views() -> dict[str, View]:
    return {sort_key: View(sort_key) for sort_key in KEY_TYPES}


def _parse_key_condition(request: Request) -> tuple[str, str, Place, Place]:
    """Return the sort key's name and the account of a query, and above which and through which place it reads."""
    names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
    condition = match(_KEY_CONDITION, request["KeyConditionExpression"])
    hash_name, hash_value, range_name, first, last = condition.groups()
    sort_key = INDEXES[request["IndexName"]] if "IndexName" in request else "sequence"
    expect(names == {hash_name: "account", range_name: sort_key}, request)
    expect(values.keys() == {hash_value, first, last}, request)
    low, high = values[first], values[last]
    expect(KEY_TYPES[sort_key] in low and KEY_TYPES[sort_key] in high, request)
    if plain(low) > plain(high):
        raise errors.invalid("Query", "The BETWEEN operator requires upper bound to be greater than or equal to lower")
    return sort_key, values[hash_value]["S"], (plain(low), -_ENDLESS), (plain(high), _ENDLESS)


def _check_keys(item: Item) -> None:
    """Refuse keys that DynamoDB refuses."""
    keys = {name: item[name] for name in KEY_TYPES if name in item}
    if "S" not in item["account"] or any(KEY_TYPES[name] not in value for name, value in keys.items()):
        raise errors.invalid("PutItem", "One or more parameter values were invalid: Type mismatch for key")
    sizes = [len(value["S"].encode()) for value in keys.values() if "S" in value]
    if 0 in sizes:
        raise errors.invalid("PutItem", "One or more parameter values are not valid: empty string as index key")
    if any(size > SORT_KEY_BYTES for size in sizes):
        raise errors.invalid(
            "PutItem",
            "One or more parameter values were invalid: "
            "Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
        )
