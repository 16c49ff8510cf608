"""Moments as text: RFC 3339 in UTC."""

from datetime import datetime


def format_timestamp(moment: datetime) -> str:
    """Write a caller's timestamp: with a fraction only where it has one."""
    return moment.isoformat().replace("+00:00", "Z")


def format_recorded_at(moment: datetime) -> str:
    """Write a time of recording: always with six digits of fraction, so that the texts sort as the moments do."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
