"""What DynamoDB counts of an item against its limits."""

from collections.abc import Iterable
from typing import Any

from points.storage.indexes import LOCAL_INDEXES

_Value = dict[str, Any]


def stored_bytes(item: dict[str, _Value]) -> int:
    """Return the bytes of an item together with its entries in the local indexes."""
    return item_bytes(item) + index_bytes(item)


def item_bytes(item: dict[str, _Value]) -> int:
    """Return the bytes of an item: the names of its attributes, and their values."""
    return _text_bytes("".join(item)) + _values_bytes(item.values())


def index_bytes(item: dict[str, _Value]) -> int:
    """Return the bytes of an item's entries in the local indexes."""
    return sum(item_bytes(index.entry(item)) for index in LOCAL_INDEXES if index.sort_key in item)


def _values_bytes(values: Iterable[_Value]) -> int:
    """Return the bytes of values: in one loop, not by a call for each, since an item has dozens."""
    total = 0
    for value in values:
        if "S" in value:
            total += _text_bytes(value["S"])
        elif "N" in value:
            digits = value["N"]
            total += (len(digits) + 3) // 2 if digits[0] != "-" else len(digits) // 2 + 2
        elif "L" in value:
            elements = value["L"]
            total += 3 + len(elements) + _values_bytes(elements)
        else:
            members = value["M"]
            total += 3 + len(members) + item_bytes(members)
    return total


def _text_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
