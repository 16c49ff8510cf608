"""Flask with SQLite: the tables that one would expect, and a transaction that only one writer at a time can have."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, request
from points.moments import format_recorded_at
from points.storage.lines import Line

from bench.accounts import left_of_lots, signed_points

FILE = "points.sqlite"
PATIENCE_S = 60

_TABLES = """
PRAGMA journal_mode = WAL;
CREATE TABLE lots (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, payer TEXT NOT NULL, timestamp TEXT NOT NULL,
    points INTEGER NOT NULL, left INTEGER NOT NULL CHECK (left >= 0)
);
CREATE INDEX open_lots ON lots (account, timestamp, id) WHERE left > 0;
CREATE TABLE balances (
    account TEXT NOT NULL, payer TEXT NOT NULL,
    points INTEGER NOT NULL CHECK (points >= 0), owed INTEGER NOT NULL CHECK (owed >= 0),
    PRIMARY KEY (account, payer)
);
CREATE TABLE requests (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, key TEXT, points INTEGER NOT NULL, answer TEXT NOT NULL,
    UNIQUE (account, key)
);
CREATE INDEX requests_of_account ON requests (account, id);
"""


class NotEnoughError(Exception):
    """The points are not there."""


@contextmanager
def running_app(folder: Path) -> Iterator[Flask]:
    """Have the application, over a file in a folder."""
    with closing(sqlite3.connect(folder / FILE)) as database:
        database.executescript(_TABLES)
        yield make_app(
            folder / FILE
        )  # as long as this connection is open, the last of a request has nothing to clear up


def make_app(file: Path) -> Flask:
    """Make the application."""
    app = Flask(__name__)

    @contextmanager
    def connected() -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(file, timeout=PATIENCE_S, isolation_level=None)) as database:
            yield database

    def record(account: str, change: Any) -> Any:
        """Make a change in a transaction of its own, unless its key says that it has been made."""
        key = request.headers.get("Idempotency-Key")
        with connected() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                earlier = database.execute(
                    "SELECT answer FROM requests WHERE account = ? AND key = ?", (account, key)
                ).fetchone()
                if earlier:
                    return Response(earlier[0], mimetype="application/json")
                points, answer = change(database, account, request.get_json())
                row = (account, key, points, json.dumps(answer))
                database.execute("INSERT INTO requests (account, key, points, answer) VALUES (?, ?, ?, ?)", row)
                database.execute("COMMIT")
            except NotEnoughError:
                return "there are not enough points", 400
            return jsonify(answer)

    @app.post("/accounts/<account>/add")
    def add(account: str) -> Any:
        return record(account, add_points)

    @app.post("/accounts/<account>/spend")
    def spend(account: str) -> Any:
        return record(account, spend_points)

    @app.get("/accounts/<account>/balance")
    def balance(account: str) -> Any:
        with connected() as database:
            return jsonify(dict(database.execute("SELECT payer, points FROM balances WHERE account = ?", (account,))))

    @app.get("/accounts/<account>/transactions")
    def transactions(account: str) -> Any:
        with connected() as database:
            rows = database.execute("SELECT points FROM requests WHERE account = ? ORDER BY id", (account,))
            return jsonify([points for (points,) in rows])

    return app


def fill(folder: Path, lines: Sequence[Line]) -> None:
    """Store a history of ours."""
    account, balances = lines[-1].account, lines[-1].state.balances
    with closing(sqlite3.connect(folder / FILE)) as database, database:
        database.executemany(
            "INSERT INTO lots (account, payer, timestamp, points, left) VALUES (?, ?, ?, ?, ?)",
            [
                (account, added.payer, format_recorded_at(added.timestamp), added.points, left)
                for _, added, left in left_of_lots(lines)
            ],
        )
        database.executemany(
            "INSERT INTO balances VALUES (?, ?, ?, 0)", [(account, payer, points) for payer, points in balances.items()]
        )
        database.executemany(
            "INSERT INTO requests (account, points, answer) VALUES (?, ?, '')",
            [(account, signed_points(line)) for line in lines],
        )


def add_points(database: sqlite3.Connection, account: str, body: Any) -> tuple[int, Any]:
    """Make a lot of positive points; negative ones are owed until a spend comes to the payer's oldest lots."""
    payer, points = body["payer"], body["points"]
    row = database.execute("SELECT points FROM balances WHERE account = ? AND payer = ?", (account, payer)).fetchone()
    if (row[0] if row else 0) + points < 0:
        raise NotEnoughError
    database.execute("INSERT OR IGNORE INTO balances VALUES (?, ?, 0, 0)", (account, payer))
    database.execute(
        "UPDATE balances SET points = points + ?, owed = owed + ? WHERE account = ? AND payer = ?",
        (points, max(0, -points), account, payer),
    )
    if points > 0:
        database.execute(
            "INSERT INTO lots (account, payer, timestamp, points, left) VALUES (?, ?, ?, ?, ?)",
            (account, payer, body["timestamp"], points, points),
        )
    return points, body


def spend_points(database: sqlite3.Connection, account: str, body: Any) -> tuple[int, Any]:
    """Take points from the oldest lots; each first pays what its payer owes."""
    missing = body["points"]
    rows = database.execute("SELECT payer, points, owed FROM balances WHERE account = ?", (account,)).fetchall()
    if missing > sum(points for _, points, _ in rows):
        raise NotEnoughError
    owed = {payer: owed for payer, _, owed in rows}
    taken: dict[str, int] = {}
    left_of: list[tuple[int, int]] = []
    for lot, payer, left in database.execute(
        "SELECT id, payer, left FROM lots WHERE account = ? AND left > 0 ORDER BY timestamp, id", (account,)
    ):
        settled = min(left, owed[payer])
        given = min(left - settled, missing)
        owed[payer] -= settled
        if given:
            taken[payer] = taken.get(payer, 0) + given
        missing -= given
        left_of.append((left - settled - given, lot))
        if not missing:
            break
    database.executemany("UPDATE lots SET left = ? WHERE id = ?", left_of)
    database.executemany(
        "UPDATE balances SET points = points - ?, owed = ? WHERE account = ? AND payer = ?",
        [(taken.get(payer, 0), owed[payer], account, payer) for payer in owed],
    )
    return -body["points"], [{"payer": payer, "points": -points} for payer, points in taken.items()]
