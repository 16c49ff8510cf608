"""Moments of the tests' clock, as callers write them."""

from tests.simulator.clock import moment

MINUTE = 60
DAY = 24 * 60 * MINUTE


def after(seconds: float) -> str:
    """Return what the clock shows after so many seconds."""
    return moment(seconds).isoformat().replace("+00:00", "Z")


def due(seconds: int) -> str:
    """Return such a moment with six digits, as versions and times of recording have it."""
    return moment(seconds).isoformat(timespec="microseconds").replace("+00:00", "Z")
