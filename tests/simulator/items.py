"""Items as DynamoDB weighs them."""

from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]


def item_size(item: Item) -> int:
    """Return an item's bytes: the names of its attributes and their values."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Value) -> int:
    """Return a value's bytes; a container costs three, and one for each of its elements."""
    [(kind, content)] = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        digits = content.lstrip("-")
        return (len(digits) + 1) // 2 + 1 + (len(digits) < len(content))
    if kind == "L":
        return 3 + sum(1 + value_size(element) for element in content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + value_size(element) for name, element in content.items())
    raise NotImplementedError(f"values of type {kind}")
