"""Flask with TinyDB, as this project began: one user, and a spend rewrites the stored points.

A negative add is stored like any other. A spend walks all that is stored, oldest first; where it comes upon a negative
add, the points go back to what is still to be spent.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask, jsonify, request
from points.moments import format_recorded_at
from points.storage.lines import Line
from tinydb import TinyDB
from tinydb.table import Table

from bench.accounts import left_of_lots

FILE = "points.json"
TABLE = "points"


@contextmanager
def running_app(folder: Path) -> Iterator[Flask]:
    """Have the application, over a file in a folder."""
    with TinyDB(folder / FILE) as database:
        yield make_app(database.table(TABLE))


def make_app(stored: Table) -> Flask:
    """Make the application."""
    app = Flask(__name__)

    def balance() -> dict[str, int]:
        points: dict[str, int] = {}
        for one in stored:
            points[one["payer"]] = points.get(one["payer"], 0) + one["points"]
        return points

    @app.post("/add")
    def add() -> Any:
        body = request.get_json()
        if balance().get(body["payer"], 0) + body["points"] < 0:
            return "the payer does not have enough points", 400
        stored.insert(body)
        return jsonify(body)

    @app.post("/spend")
    def spend() -> Any:
        missing = request.get_json()["points"]
        if missing > sum(balance().values()):
            return "the user does not have enough points", 400
        return jsonify([{"payer": payer, "points": -points} for payer, points in spend_points(stored, missing).items()])

    @app.get("/balance")
    def show_balance() -> Any:
        return jsonify(balance())

    @app.get("/transactions")
    def transactions() -> Any:
        return jsonify([one["points"] for one in stored])

    return app


def fill(folder: Path, lines: Sequence[Line]) -> None:
    """Store what is left of a history of ours."""
    rows = [
        {"payer": added.payer, "points": left, "timestamp": format_recorded_at(added.timestamp)}
        for _, added, left in left_of_lots(lines)
    ]
    with TinyDB(folder / FILE) as database:
        database.table(TABLE).insert_multiple(rows)


def spend_points(stored: Table, missing: int) -> dict[str, int]:
    """Take points from what is stored, in one write, and return how many were taken from whom."""
    taken: dict[str, int] = {}
    left: dict[int, int] = {}
    for one in sorted(stored, key=lambda one: str(one["timestamp"])):
        if not missing:
            break
        points = min(one["points"], missing)
        if points:
            taken[one["payer"]] = taken.get(one["payer"], 0) + points
            left[one.doc_id] = one["points"] - points
        missing -= points
    in_turn = iter(left.values())
    stored.update(lambda one: one.update(points=next(in_turn)), doc_ids=list(left))
    return taken
