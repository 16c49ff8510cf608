"""The passbook's table, in memory: what DynamoDB does with the requests that the storage makes, and with no others."""

import re
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from typing import Any

from tests.simulator import errors
from tests.simulator.calls import Call, Response
from tests.simulator.items import Item, Value, item_size

ITEM_BYTES = 400 * 1024
PAGE_BYTES = 1024 * 1024
SORT_KEY_BYTES = 1024

PROJECTIONS: dict[str, tuple[str, ...]] = {
    "timestamp_key": ("payer", "points", "lot_extra"),
    "idempotency_key": (),
    "reference": (),
}
"""The local secondary indexes: the sort key of each, and what it projects beside the keys."""

INDEXES = {
    "by_timestamp": "timestamp_key",
    "by_idempotency_key": "idempotency_key",
    "by_reference": "reference",
}

_ENDLESS = float("inf")
_KEY_TYPES = {"sequence": "N"} | dict.fromkeys(PROJECTIONS, "S")
_KEY_CONDITION = re.compile(r"(#\w+) = (:\w+) AND (#\w+) (?:(>|=) (:\w+)|BETWEEN (:\w+) AND (:\w+))")
_PUT_CONDITION = re.compile(r"attribute_not_exists\((#\w+)\)")

Place = tuple[int | str, float]
"""Where an item stands in an index: its sort key, then its sequence number."""


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


@dataclass(slots=True)
class Partition:
    """The items of one account, by sequence number, and their order in the table and in each index."""

    items: dict[int, Item] = field(default_factory=dict)
    order: dict[str, list[Place]] = field(default_factory=lambda: {name: [] for name in _KEY_TYPES})

    def copy(self) -> "Partition":
        return Partition(dict(self.items), {name: list(places) for name, places in self.order.items()})

    def put(self, item: Item) -> None:
        sequence = int(item["sequence"]["N"])
        for name, value in _sort_keys(self.items.get(sequence, {})):
            self.order[name].remove((value, sequence))
        self.items[sequence] = item
        for name, value in _sort_keys(item):
            insort(self.order[name], (value, sequence))


class Table:
    """One table. Items are never changed once they are in it, so answers may share them."""

    def __init__(self, name: str = "ledger") -> None:
        self.name = name
        self._partitions: dict[str, Partition] = {}

    def copy(self) -> "Table":
        """Return a table with the same items, that goes its own way from here."""
        other = Table(self.name)
        other._partitions = {account: partition.copy() for account, partition in self._partitions.items()}
        return other

    def accounts(self) -> list[str]:
        return list(self._partitions)

    def items(self, account: str) -> list[Item]:
        """Return an account's items in the order of their sequence numbers."""
        return [item for _, item in sorted(self._partition(account).items.items())]

    def last(self, account: str) -> int:
        """Return the highest sequence number of an account, or 0."""
        places = self._partition(account).order["sequence"]
        return int(places[-1][0]) if places else 0

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

    def _get_item(self, request: dict[str, Any]) -> Response:
        expect(request.keys() == {"TableName", "Key", "ConsistentRead"} and request["ConsistentRead"] is True, request)
        expect(request["Key"].keys() == {"account", "sequence"}, request)
        partition = self._partition(request["Key"]["account"]["S"])
        item = partition.items.get(int(request["Key"]["sequence"]["N"]))
        return {} if item is None else {"Item": item}

    def _put_item(self, request: dict[str, Any]) -> Response:
        expect(
            request.keys()
            == {
                "TableName",
                "Item",
                "ConditionExpression",
                "ExpressionAttributeNames",
                "ReturnValuesOnConditionCheckFailure",
            }
            and request["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD",
            request,
        )
        condition = match(_PUT_CONDITION, request["ConditionExpression"])
        item = request["Item"]
        _check_item(item)
        partition = self._partitions.setdefault(item["account"]["S"], Partition())
        standing = partition.items.get(int(item["sequence"]["N"]), {})
        if request["ExpressionAttributeNames"][condition[1]] in standing:
            raise errors.condition_failed("PutItem", standing)
        partition.put(item)
        return {}

    def _query(self, request: dict[str, Any]) -> Response:
        required = {
            "TableName",
            "KeyConditionExpression",
            "ExpressionAttributeNames",
            "ExpressionAttributeValues",
            "ConsistentRead",
        }
        optional = {"IndexName", "Limit", "ScanIndexForward", "ExclusiveStartKey"}
        expect(required <= request.keys() <= required | optional and request["ConsistentRead"] is True, request)
        sort_key, account, low, high = _parse_key_condition(request)
        partition = self._partition(account)
        places = partition.order[sort_key]
        wanted = range(bisect_left(places, low), bisect_right(places, high))
        if start := request.get("ExclusiveStartKey"):
            expect(start.keys() == {"account", "sequence", sort_key}, request)
            after = (_plain(start[sort_key]), int(start["sequence"]["N"]))
            wanted = range(max(wanted.start, bisect_right(places, after)), wanted.stop)
        if not request.get("ScanIndexForward", True):
            expect(not start, request)
            wanted = wanted[::-1]
        read = (_project(partition.items[int(places[index][1])], request) for index in wanted)
        return _page(read, len(wanted), request.get("Limit", _ENDLESS), sort_key)

    def _partition(self, account: str) -> Partition:
        return self._partitions.get(account) or Partition()


def _page(items: Any, available: int, limit: float, sort_key: str) -> Response:
    """Read up to a limit, or to a megabyte. A page that ends on its limit says so even if nothing is left."""
    page: list[Item] = []
    size = 0
    for item in items:
        size += item_size(item)
        if size > PAGE_BYTES:
            break
        page.append(item)
        if len(page) == limit:
            break
    response: Response = {"Items": page, "Count": len(page), "ScannedCount": len(page)}
    if page and (len(page) == limit or len(page) < available):
        response["LastEvaluatedKey"] = {name: page[-1][name] for name in ("account", "sequence", sort_key)}
    return response


def _parse_key_condition(request: dict[str, Any]) -> tuple[str, str, Place, Place]:
    """Return the sort key's name, the account, and the first and the last place that a query asks for."""
    names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
    condition = match(_KEY_CONDITION, request["KeyConditionExpression"])
    hash_name, hash_value, range_name, operator, operand, first, last = condition.groups()
    used = {hash_value, operand or first, operand or last}
    expect(names.keys() == {hash_name, range_name} and values.keys() == used, request)
    sort_key = INDEXES[request["IndexName"]] if "IndexName" in request else "sequence"
    expect(names[hash_name] == "account" and names[range_name] == sort_key, request)
    expect(all(_KEY_TYPES[sort_key] in values[name] for name in used - {hash_value}), request)
    account = values[hash_value]["S"]
    if operator == ">":
        return sort_key, account, (_plain(values[operand]), _ENDLESS), (_above(values[operand]), _ENDLESS)
    low, high = _plain(values[operand or first]), _plain(values[operand or last])
    return sort_key, account, (low, -_ENDLESS), (high, _ENDLESS)


def _above(value: Value) -> Any:
    """Return something above every key of a value's type."""
    return _ENDLESS if "N" in value else "\U0010ffff"


def _project(item: Item, request: dict[str, Any]) -> Item:
    if "IndexName" not in request:
        return item
    return _index_entry(item, INDEXES[request["IndexName"]])


def _index_entry(item: Item, sort_key: str) -> Item:
    names = ("account", "sequence", sort_key, *PROJECTIONS[sort_key])
    return {name: item[name] for name in names if name in item}


def _sort_keys(item: Item) -> list[tuple[str, int | str]]:
    return [(name, _plain(item[name])) for name in _KEY_TYPES if name in item]


def _plain(value: Value) -> int | str:
    [(kind, content)] = value.items()
    return int(content) if kind == "N" else str(content)


def _check_item(item: Item) -> None:
    """Refuse what DynamoDB refuses: a key of the wrong type or size, and more than 400 KB with all index entries."""
    if "S" not in item["account"] or any(kind not in item.get(name, {kind: ""}) for name, kind in _KEY_TYPES.items()):
        raise errors.invalid("PutItem", "One or more parameter values were invalid: Type mismatch for key")
    indexed = [name for name in PROJECTIONS if name in item]
    for name in indexed:
        size = len(item[name]["S"].encode())
        if not size:
            raise errors.invalid(
                "PutItem", "One or more parameter values are not valid: an index key is an empty string"
            )
        if size > SORT_KEY_BYTES:
            raise errors.invalid(
                "PutItem",
                "One or more parameter values were invalid: "
                "Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
            )
    if item_size(item) + sum(item_size(_index_entry(item, name)) for name in indexed) > ITEM_BYTES:
        raise errors.invalid("PutItem", "Item size has exceeded the maximum allowed size")
