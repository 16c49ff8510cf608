"""Ours, through the functions: true events of the gateway go in, and answers come out."""

from points.moments import format_recorded_at
from points.rules.terms import Add

from bench.alternatives.ledger import RefusedError
from tests.api.client import Answer, Client


class FunctionsLedger:
    """What callers of the API see, without the gateway and the network between."""

    def add(self, account: str, add: Add, key: str | None = None) -> None:
        """Add points of a payer, or take them back."""
        _done(Client(account=account).add(add.payer, add.points, format_recorded_at(add.timestamp), **_headers(key)))

    def spend(self, account: str, points: int, key: str | None = None) -> list[tuple[str, int]]:
        """Spend points, oldest first, and say how many were taken from whom."""
        taken = _done(Client(account=account).spend(points, **_headers(key))).json
        return [(one["payer"], -one["points"]) for one in taken]

    def balance(self, account: str) -> dict[str, int]:
        """Tell the points per payer."""
        points: dict[str, int] = _done(Client(account=account).balance()).json
        return points

    def history(self, account: str) -> list[int]:
        """Tell the points of every accepted request, in order; the last hundred."""
        newest_first = _done(Client(account=account).transactions(limit="100")).json["transactions"]
        return [one["points"] for one in reversed(newest_first)]


def _headers(key: str | None) -> dict[str, str]:
    return {"idempotency_key": key} if key else {}


def _done(answer: Answer) -> Answer:
    if answer.status != 200:
        raise RefusedError(answer.json["detail"])
    return answer
