"""What DynamoDB counts of an item against its limits."""

from typing import Any

from points.storage.indexes import LOCAL_INDEXES

_Value = dict[str, Any]


def stored_bytes(item: dict[str, _Value]) -> int:
    """Return the bytes of an item together with its entries in the local indexes."""
    return item_bytes(item) + index_bytes(item)


def item_bytes(item: dict[str, _Value]) -> int:
    """Return the bytes of an item: the names of its attributes, and their values."""
    return sum(_text_bytes(name) + _value_bytes(value) for name, value in item.items())


def index_bytes(item: dict[str, _Value]) -> int:
    """Return the bytes of an item's entries in the local indexes."""
    return sum(item_bytes(index.entry(item)) for index in LOCAL_INDEXES if index.sort_key in item)


def _value_bytes(value: _Value) -> int:
    [kind] = value
    content: Any = value[kind]
    if kind == "S":
        return _text_bytes(content)
    if kind == "N":
        return (len(content.lstrip("-")) + 1) // 2 + 1 + int(content.startswith("-"))
    if kind == "M":
        return 3 + sum(1 + _text_bytes(name) + _value_bytes(each) for name, each in content.items())
    return 3 + len(content) + sum(map(_value_bytes, content))


def _text_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
