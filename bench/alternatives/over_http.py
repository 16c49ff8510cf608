"""A Flask application as a ledger: every call is a request to it, without a network between."""

from typing import Any

from flask import Flask
from points.moments import format_recorded_at
from points.rules.terms import Add

from bench.alternatives.ledger import FailedError, RefusedError


class FlaskLedger:
    """What callers of an application see. `path` stands before its routes, and may have a place for the account."""

    def __init__(self, app: Flask, path: str) -> None:
        app.logger.disabled = True  # what goes wrong is told by the answer
        self._app = app
        self._path = path

    def add(self, account: str, add: Add, key: str | None = None) -> None:
        """Add points of a payer, or take them back."""
        body = {"payer": add.payer, "points": add.points, "timestamp": format_recorded_at(add.timestamp)}
        self._send("POST", account, "add", body, key)

    def spend(self, account: str, points: int, key: str | None = None) -> list[tuple[str, int]]:
        """Spend points, oldest first, and say how many were taken from whom."""
        return [(it["payer"], -it["points"]) for it in self._send("POST", account, "spend", {"points": points}, key)]

    def balance(self, account: str) -> dict[str, int]:
        """Tell the points per payer."""
        points: dict[str, int] = self._send("GET", account, "balance")
        return points

    def history(self, account: str) -> list[int]:
        """Tell the points of every accepted request, in order."""
        points: list[int] = self._send("GET", account, "transactions")
        return points

    def _send(self, method: str, account: str, call: str, body: Any = None, key: str | None = None) -> Any:
        answer = self._app.test_client().open(
            f"{self._path.format(account=account)}/{call}",
            method=method,
            json=body,
            headers={"Idempotency-Key": key} if key else {},
        )
        if answer.status_code == 500:
            raise FailedError("status 500")
        if answer.status_code != 200:
            raise RefusedError(answer.get_data(as_text=True))
        return answer.get_json()
