"""What the fields of a row may hold: the ledger's own rules, so that a file can be checked before anything is sent.

A test holds them to the ledger's, word for word.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import rfc8785

from points_ledger.models import Add, FieldError
from points_ledger.moments import read_moment

MAX_POINTS = 2**53 - 1
MAX_METADATA_BYTES = 2048

_ACCOUNT = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:@|+-]{1,128}")
_KEY = re.compile(r"[!#-+\--~]{1,255}")
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")

# Characters that show nothing and yet are no format characters: fillers, joiners and variation selectors.
_BLANK = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"}
_BLANK_BLOCKS = (range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


def read_account(value: object) -> str:
    """Read an account's name."""
    if not isinstance(value, str) or not _ACCOUNT.fullmatch(value):
        raise ValueError("must have 1 to 128 characters, each a letter from A to Z, a digit or one of . _ : @ | + -")
    return value


def read_key(value: object) -> str:
    """Read an Idempotency-Key."""
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        raise ValueError("must have 1 to 255 visible ASCII characters, with no comma and no quotation mark among them")
    return value


def read_payer(value: object) -> str:
    """Read a payer's name: names that look the same must be the same."""
    payer = _text(value, 128)
    _without_control_characters(payer)
    if payer != payer.strip():
        raise ValueError("must not begin or end with white space")
    if any(map(_is_invisible, payer)):
        raise ValueError("must not contain invisible characters or characters that change the text direction")
    if not unicodedata.is_normalized("NFC", payer):
        raise ValueError("must be in Unicode normalization form C (NFC)")
    return payer


def read_points(value: object) -> int:
    """Read an amount: positive to give, negative to take back."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("must be a whole number")  # noqa: TRY004 - a fault of the row, not of ours
    if value < -MAX_POINTS:
        raise ValueError(f"must be at least {-MAX_POINTS:,}")
    if value > MAX_POINTS:
        raise ValueError(f"must be at most {MAX_POINTS:,}")
    if value == 0:
        raise ValueError("must not be 0")
    return value


def read_timestamp(value: object) -> datetime:
    """Read a moment."""
    return read_moment(value if isinstance(value, str) else "")


def read_reference(value: object) -> str:
    """Read a caller's own name for what an add belongs to."""
    reference = _text(value, 128)
    _without_control_characters(reference)
    return reference


def read_metadata(value: object) -> dict[str, str]:
    """Read names and strings."""
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object of strings")  # noqa: TRY004 - a fault of the row, not of ours
    if len(value) > 20:
        raise ValueError("must have at most 20 names")
    for name, text in value.items():
        _text(name, 40, "a name in it ")
        if text != "":
            _text(text, 500, f"{name} ")
    if len(rfc8785.dumps(value)) > MAX_METADATA_BYTES:
        raise ValueError(f"must have at most {MAX_METADATA_BYTES:,} bytes in all")
    return value


OF_AN_ADD: Mapping[str, Callable[[object], Any]] = {
    "payer": read_payer,
    "points": read_points,
    "timestamp": read_timestamp,
    "effective_at": read_timestamp,
    "expires_at": read_timestamp,
    "reference": read_reference,
    "metadata": read_metadata,
}
REQUIRED = ("payer", "points", "timestamp")

FIELDS: Mapping[str, Callable[[object], Any]] = {"account": read_account, "key": read_key, **OF_AN_ADD}
"""All that a row may hold."""

IGNORED = "reason"
"""Why a row was refused: what a file of refused rows says besides."""


def read_text(name: str, text: str) -> Any:
    """Read a cell of CSV as the JSON that it stands for, for the fields that are no text."""
    if name == "points" and _WHOLE_NUMBER.fullmatch(text.strip()):
        return int(text)
    if name == "metadata":
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def read_row(told: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldError]]:
    """Read all fields of a row, which must be known ones, and say what is wrong with any of them.

    Returns
    -------
    dict
        The fields that are there, in the client's terms.
    list of FieldError
        What is wrong; empty if all is well.
    """
    faults = [FieldError(field=name, message="is missing") for name in REQUIRED if name not in told]
    values: dict[str, Any] = {}
    for name, value in told.items():
        try:
            values[name] = FIELDS[name](value)
        except ValueError as error:  # noqa: PERF203 - each field has its own fault
            faults.append(FieldError(field=name, message=str(error)))
    return values, faults or _check_moments(values)


def add_of(values: Mapping[str, Any]) -> Add:
    """Make the add that a row asks for."""
    return Add(**{name: value for name, value in values.items() if name in OF_AN_ADD})


def _check_moments(values: Mapping[str, Any]) -> list[FieldError]:
    timestamp, effective_at, expires_at = (values.get(name) for name in ("timestamp", "effective_at", "expires_at"))
    if values["points"] < 0:
        names = [name for name in ("effective_at", "expires_at") if name in values]
        return [FieldError(field=name, message="is not allowed with negative points") for name in names]
    if expires_at and expires_at <= timestamp:
        return [FieldError(field="expires_at", message="must be later than timestamp")]
    if expires_at and effective_at and expires_at <= effective_at:
        return [FieldError(field="expires_at", message="must be later than effective_at")]
    return []


def _text(value: object, longest: int, subject: str = "") -> str:
    if not isinstance(value, str):
        raise ValueError(f"{subject}must be a string")  # noqa: TRY004 - a fault of the row, not of ours
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
