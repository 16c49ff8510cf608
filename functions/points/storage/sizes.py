"""What DynamoDB counts of an item against its limits."""

from collections.abc import Iterable
from typing import Any

from points.storage.indexes import LOCAL_INDEXES

_Value = dict[str, Any]


def stored_bytes(item: dict[str, _Value]) -> int:
    """Return the bytes of an item together with its entries in the local indexes: of names and of values."""
    texts, values = list(item), list(item.values())
    for index in LOCAL_INDEXES:
        entry = index.entry(item)
        texts += entry
        values += entry.values()
    total = _other_bytes(values, texts)
    text = "".join(texts)
    return total + (len(text) if text.isascii() else len(text.encode()))


def _other_bytes(values: Iterable[_Value], texts: list[str]) -> int:
    """Return the bytes of values without their texts, which are collected: dozens are quickest counted as one."""
    total = 0
    for value in values:
        if "S" in value:
            texts.append(value["S"])
        elif "N" in value:
            digits = value["N"]
            total += (len(digits) + 3) // 2 if digits[0] != "-" else len(digits) // 2 + 2
        elif "L" in value:
            elements = value["L"]
            total += 3 + len(elements) + _other_bytes(elements, texts)
        else:
            members = value["M"]
            texts += members
            total += 3 + len(members) + _other_bytes(members.values(), texts)
    return total
