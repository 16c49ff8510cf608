"""Ours, through the functions: true events of the gateway go in, and answers come out."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from points.moments import format_recorded_at
from points.rules.terms import Add

from bench.alternatives.ledger import RefusedError
from tests.api.client import Answer, Client


class FunctionsLedger:
    """What callers of the API see, without the gateway and the network between. A function takes one call at a time."""

    def __init__(self) -> None:
        self._lock = Lock()

    def add(self, account: str, add: Add, key: str | None = None) -> None:
        """Add points of a payer, or take them back."""
        timestamp = format_recorded_at(add.timestamp)
        self._call(lambda: Client(account=account).add(add.payer, add.points, timestamp, **_headers(key)))

    def spend(self, account: str, points: int, key: str | None = None) -> list[tuple[str, int]]:
        """Spend points, oldest first, and say how many were taken from whom."""
        taken = self._call(lambda: Client(account=account).spend(points, **_headers(key)))
        return [(one["payer"], -one["points"]) for one in taken]

    def balance(self, account: str) -> dict[str, int]:
        """Tell the points per payer."""
        points: dict[str, int] = self._call(lambda: Client(account=account).balance())
        return points

    def history(self, account: str) -> list[int]:
        """Tell the points of every accepted request, in order; the last hundred."""
        newest_first = self._call(lambda: Client(account=account).transactions(limit="100"))["transactions"]
        return [one["points"] for one in reversed(newest_first)]

    def _call(self, function: Callable[[], Answer]) -> Any:
        with self._lock:
            answer = function()
        if answer.status != 200:
            raise RefusedError(answer.json["detail"])
        return answer.json


def _headers(key: str | None) -> dict[str, str]:
    return {"idempotency_key": key} if key else {}
