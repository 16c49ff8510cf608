"""The event of a line: what was recorded, and what the account came to by it."""

from dataclasses import replace

from points.events.bus import ANY_TARGET_BYTES, Event
from points.rules.terms import Kind
from points.storage.lines import Line


def detail_type(kind: Kind) -> str:
    """Return the detail type of the events of a kind of transaction."""
    return f"points.{kind}"


def event_of(line: Line) -> Event:
    """Tell of a line.

    The balance of very many payers is left out, as null, if the event would fit behind some rules only with that.
    """
    event = Event(
        detail_type(line.transaction.kind),
        {
            "id": f"{line.account}/{line.sequence}",
            "account": line.account,
            "version": line.version,
            "transaction": line.listed,
            "balance": dict(line.state.balances),
        },
        line.recorded_at,
    )
    return event if event.size <= ANY_TARGET_BYTES else replace(event, detail={**event.detail, "balance": None})
