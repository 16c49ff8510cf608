"""The event of points that will expire: the only one that tells of what has not happened."""

from collections.abc import Mapping
from datetime import datetime

from points.events.bus import Event
from points.moments import format_timestamp
from points.storage.listing import per_payer

EXPIRING = "points.expiring"
"""The detail type of such events."""


def expiring_event(account: str, at: datetime, expiring: Mapping[str, int]) -> Event:
    """Tell of points per payer that expire at a moment, if nothing is done before. Repeated, it has the same id."""
    moment = format_timestamp(at)
    return Event(
        EXPIRING,
        {
            "id": f"{account}/{moment}",
            "account": account,
            "at": moment,
            "points": sum(expiring.values()),
            "expiring": per_payer(expiring),
        },
    )
