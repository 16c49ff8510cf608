"""What DynamoDB counts of an item against its limits."""

from typing import Any

from points.storage.indexes import LOCAL_INDEXES

_Value = dict[str, Any]


def stored_bytes(item: dict[str, _Value]) -> int:
    """Return the bytes of an item together with its entries in the local indexes."""
    entries = (index.entry(item) for index in LOCAL_INDEXES)
    return item_bytes(item) + sum(map(item_bytes, entries))


def item_bytes(item: dict[str, _Value]) -> int:
    """Return the bytes of an item: the names of its attributes, and their values."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: _Value) -> int:
    [(kind, content)] = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return (len(content.lstrip("-")) + 1) // 2 + 1 + int(content.startswith("-"))
    names = (1 + len(name.encode()) for name in content) if kind == "M" else (1 for _ in content)
    values = content.values() if kind == "M" else content
    return 3 + sum(names) + sum(map(_value_bytes, values))
