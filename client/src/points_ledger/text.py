"""Between the models and JSON: by the types of their fields, so a model is described in one place."""

from collections.abc import Callable, Mapping
from dataclasses import Field, fields, is_dataclass
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from points_ledger.moments import read_moment, write_moment

Model = TypeVar("Model")


def read(model: type[Model], told: Any, **more: Any) -> Model:
    """Make a model of a JSON object. Names that it does not know are ignored, so the ledger may learn new ones.

    Fields that do not count in comparisons tell of the answer, and are never read from the object.

    Parameters
    ----------
    more
        Values of fields that are not in the object.

    Raises
    ------
    ValueError, TypeError, KeyError
        It is not what the API's description says.
    """
    readers = _readers(cast("Any", model))
    return model(**{name: value(told[name]) for name, value in readers if name in told} | more)


def tell(value: Any) -> Any:
    """Return the JSON of a model, or of what a model holds. Fields that are None are left out."""
    if is_dataclass(value):
        told = ((field.name, getattr(value, field.name)) for field in fields(value) if _is_told(field))
        return {name: tell(part) for name, part in told if part is not None}
    if isinstance(value, datetime):
        return write_moment(value)
    if isinstance(value, Mapping):
        return {name: tell(part) for name, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [tell(part) for part in value]
    return value


def _is_told(field: Field[Any]) -> bool:
    return field.name != "listed"


@cache
def _readers(model: Any) -> list[tuple[str, Callable[[Any], Any]]]:
    hints = get_type_hints(model)
    return [(field.name, _reader(hints[field.name])) for field in fields(model) if field.compare]


def _reader(hint: Any) -> Callable[[Any], Any]:
    if get_origin(hint) is UnionType:
        [present] = [each for each in get_args(hint) if each is not type(None)]
        inner = _reader(present)
        return lambda told: None if told is None else inner(told)
    if get_origin(hint) is tuple:
        each = _reader(get_args(hint)[0])
        return lambda told: tuple(map(each, _checked(list, told)))
    if is_dataclass(hint):
        model: Any = hint
        return lambda told: read(model, _checked(dict, told))
    if hint is datetime:
        return lambda told: read_moment(_checked(str, told))
    if get_origin(hint) is not None:
        return lambda told: _checked(dict, told)
    return lambda told: _checked(hint, told)


def _checked(kind: type[Model], told: Any) -> Model:
    if not isinstance(told, kind):
        raise TypeError(f"{told!r} is no {kind.__name__}")
    return told
