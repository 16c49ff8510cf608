"""The fields of requests: what each may hold, as a check and as JSON Schema for the API's description.

A check returns the value in the ledger's terms, or raises a ValueError that says what is wrong with it.
"""

import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import rfc8785

from points.moments import parse_timestamp
from points.rules.terms import MAX_POINTS

MAX_PAYER_LENGTH = 128
MAX_REFERENCE_LENGTH = 128
MAX_NAMES = 20
MAX_NAME_LENGTH = 40
MAX_STRING_LENGTH = 500
MAX_METADATA_BYTES = 2048

TIMESTAMP_PATTERN = (
    r"^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6}0*)?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""What of RFC 3339 the ledger keeps exactly, as far as JSON Schema can say it; no leap second, no nanoseconds."""

_NO_CONTROL_CHARACTERS = r"^[^\u0000-\u001f\u007f-\u009f]*$"

# Characters that show nothing and yet are no format characters: fillers, joiners and variation selectors.
_BLANK = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"}
_BLANK_BLOCKS = (range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


class Field(NamedTuple):
    """What a field may hold."""

    read: Callable[[Any], Any]
    schema: Mapping[str, Any]


def read_timestamp(value: object) -> datetime:
    """Read a moment."""
    return parse_timestamp(value)


def read_payer(value: object) -> str:
    """Read a payer's name: names that look the same must be the same."""
    payer = _text(value, MAX_PAYER_LENGTH)
    _without_control_characters(payer)
    if payer != payer.strip():
        raise ValueError("must not begin or end with white space")
    if any(map(_is_invisible, payer)):
        raise ValueError("must not contain invisible characters or characters that change the text direction")
    if not unicodedata.is_normalized("NFC", payer):
        raise ValueError("must be in Unicode normalization form C (NFC)")
    return payer


def read_reference(value: object) -> str:
    """Read a caller's own name for what a change belongs to."""
    reference = _text(value, MAX_REFERENCE_LENGTH)
    _without_control_characters(reference)
    return reference


def read_metadata(value: object) -> str:
    """Read names and strings, and return them as canonical JSON."""
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object of strings")  # noqa: TRY004 - a fault of the request, not of ours
    if len(value) > MAX_NAMES:
        raise ValueError(f"must have at most {MAX_NAMES} names")
    for name, text in value.items():
        _text(name, MAX_NAME_LENGTH, "a name in it ")
        if text != "":
            _text(text, MAX_STRING_LENGTH, f"{name} ")
    canonical = rfc8785.dumps(value)
    if len(canonical) > MAX_METADATA_BYTES:
        raise ValueError(f"must have at most {MAX_METADATA_BYTES:,} bytes in all")
    return canonical.decode()


def _read_points(least: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("must be a whole number")  # noqa: TRY004 - a fault of the request, not of ours
        if value < least:
            raise ValueError(f"must be at least {least:,}")
        if value > MAX_POINTS:
            raise ValueError(f"must be at most {MAX_POINTS:,}")
        if value == 0:
            raise ValueError("must not be 0")
        return value

    return read


def _text(value: object, longest: int, subject: str = "") -> str:
    if not isinstance(value, str):
        raise ValueError(f"{subject}must be a string")  # noqa: TRY004 - a fault of the request, not of ours
    if not value:
        raise ValueError(f"{subject}must not be empty")
    if len(value) > longest:
        raise ValueError(f"{subject}must have at most {longest} characters")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{subject}must not contain lone surrogates")
    return value


def _without_control_characters(text: str) -> None:
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("must not contain control characters")


def _is_invisible(character: str) -> bool:
    if unicodedata.category(character) in {"Cf", "Zl", "Zp"} or character in _BLANK:
        return True
    return any(ord(character) in block for block in _BLANK_BLOCKS)


PAYER = Field(
    read_payer, {"type": "string", "minLength": 1, "maxLength": MAX_PAYER_LENGTH, "pattern": _NO_CONTROL_CHARACTERS}
)
POINTS = Field(
    _read_points(-MAX_POINTS), {"type": "integer", "minimum": -MAX_POINTS, "maximum": MAX_POINTS, "not": {"const": 0}}
)
POSITIVE_POINTS = Field(_read_points(1), {"type": "integer", "minimum": 1, "maximum": MAX_POINTS})
TIMESTAMP = Field(read_timestamp, {"type": "string", "format": "date-time", "pattern": TIMESTAMP_PATTERN})
REFERENCE = Field(
    read_reference,
    {"type": "string", "minLength": 1, "maxLength": MAX_REFERENCE_LENGTH, "pattern": _NO_CONTROL_CHARACTERS},
)
METADATA = Field(
    read_metadata,
    {
        "type": "object",
        "maxProperties": MAX_NAMES,
        "propertyNames": {"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH},
        "additionalProperties": {"type": "string", "maxLength": MAX_STRING_LENGTH},
    },
)
