"""Moments as text: RFC 3339 in UTC."""

import re
from datetime import UTC, datetime
from functools import lru_cache

_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)T((?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60))(?:\.(\d+))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII | re.IGNORECASE,
)
_MICROSECOND_DIGITS = 6


def parse_timestamp(text: object) -> datetime:
    """Read an RFC 3339 moment, to the microsecond, as UTC.

    Raises
    ------
    ValueError
        It is not one, or not one that the ledger can keep exactly. The message says which.
    """
    if not isinstance(text, str) or not (found := _RFC_3339.fullmatch(text)):
        raise ValueError("must be an RFC 3339 date and time with a zone, such as 2020-11-02T14:00:00Z")
    date, time, fraction, zone = found.groups(default="")
    if time.endswith(":60"):
        raise ValueError("must not be a leap second, which the ledger cannot keep")
    if fraction.rstrip("0")[_MICROSECOND_DIGITS:]:
        raise ValueError("must not be finer than microseconds")
    digits = fraction[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0")
    try:
        moment = datetime.fromisoformat(f"{date}T{time}.{digits}{zone.upper()}")
    except ValueError:
        raise ValueError("must be a date that exists, in the years 1 to 9999") from None
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be in the years 1 to 9999 in UTC") from None


def format_timestamp(moment: datetime) -> str:
    """Write a caller's timestamp: with a fraction only where it has one."""
    return moment.isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=16)  # a line tells the moment of its recording several times
def format_recorded_at(moment: datetime) -> str:
    """Write a time of recording: always with six digits of fraction, so that the texts sort as the moments do."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
