"""A transaction as callers see it. What is shown of a format of line is fixed for good, since its digest covers it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from points.moments import format_recorded_at, format_timestamp
from points.rules.terms import Transaction

_BEFORE_DATE = ("kind", "of", "payer", "points", "amount", "timestamp", "effective_at", "expires_at")
_AFTER_DATE = ("taken", "returned", "expired", "reference", "metadata")


def listed(sequence: int, recorded_at: datetime, transaction: Transaction) -> dict[str, Any]:
    """Show a transaction: what does not apply to its kind is left out."""
    return {
        "sequence": sequence,
        **_shown(transaction, _BEFORE_DATE),
        "recorded_at": format_recorded_at(recorded_at),
        **_shown(transaction, _AFTER_DATE),
    }


def per_payer(points_of_payers: Mapping[str, int]) -> list[dict[str, Any]]:
    """Show points per payer, in the order in which the payers' lots were come to."""
    return [{"payer": payer, "points": points} for payer, points in points_of_payers.items()]


def _shown(transaction: Transaction, names: tuple[str, ...]) -> dict[str, Any]:
    values = ((name, getattr(transaction, name)) for name in names)
    return {name: _value(name, value) for name, value in values if value is not None}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, Mapping):
        return per_payer(value)
    return json.loads(value) if name == "metadata" else value
