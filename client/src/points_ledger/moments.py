"""Moments as text: RFC 3339 in UTC, as the ledger writes them."""

import re
from datetime import datetime, timezone

_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)T((?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60))(?:\.(\d+))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII | re.IGNORECASE,
)


def read_moment(text: str) -> datetime:
    """Read an RFC 3339 moment as UTC.

    Raises
    ------
    ValueError
        It is not one, or not one that the ledger can keep exactly. The message says which.
    """
    if not (found := _RFC_3339.fullmatch(text)):
        raise ValueError("must be an RFC 3339 date and time with a zone, such as 2020-11-02T14:00:00Z")
    date, time, fraction, zone = found.groups(default="")
    if time.endswith(":60"):
        raise ValueError("must not be a leap second, which the ledger cannot keep")
    if fraction.rstrip("0")[6:]:
        raise ValueError("must not be finer than microseconds")
    offset = "+00:00" if zone in {"Z", "z"} else zone
    try:
        moment = datetime.fromisoformat(f"{date}T{time}.{fraction[:6].ljust(6, '0')}{offset}")
    except ValueError:
        raise ValueError("must be a date that exists, in the years 1 to 9999") from None
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError("must be in the years 1 to 9999 in UTC") from None


def write_moment(moment: datetime) -> str:
    """Write a moment, in UTC, with a fraction only where it has one.

    Raises
    ------
    ValueError
        It has no zone, so it is not known which moment it is.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no zone, so it is not known which moment it is")
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
