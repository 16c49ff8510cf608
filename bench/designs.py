"""The ledgers that are compared."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from points.storage.attributes import Item
from points.storage.lines import Line

from bench.alternatives import passbook, sqlite_app, sums, tinydb_app, transactions
from bench.alternatives.ledger import Ledger
from bench.alternatives.over_http import FlaskLedger
from bench.alternatives.passbook import PassbookLedger
from bench.alternatives.sums import SumsLedger
from bench.alternatives.transactions import TransactionsLedger
from local.template import load_template

(TABLE,) = load_template(Path(__file__).parents[1] / "infra/template.yaml").tables


@dataclass(frozen=True, slots=True)
class Design:
    """A ledger on DynamoDB.

    Attributes
    ----------
    table
        How its table is made.
    make
        Makes the ledger, of a client and the table's name.
    items
        Lays out a history of ours as this ledger keeps it.
    """

    name: str
    table: dict[str, Any]
    make: Callable[[Any, str], Ledger]
    items: Callable[[Iterable[Line]], Iterable[Item]]

    def ledger(self, client: Any) -> Ledger:
        """Make the ledger on its table."""
        return self.make(client, self.table["TableName"])


OURS = Design("passbook", TABLE, PassbookLedger, passbook.items)
OURS_OF_MANY_LOTS = replace(OURS, items=passbook.last_line_and_lots)
"""Ours, where the history matters only for its lots."""

TRANSACTIONS = Design("transactions", transactions.table("transactions"), TransactionsLedger, transactions.items)
SUMS = Design("sums", sums.table("sums"), SumsLedger, sums.items)
DESIGNS = (OURS, TRANSACTIONS, SUMS)


@dataclass(frozen=True, slots=True)
class App:
    """A ledger that needs no DynamoDB.

    Attributes
    ----------
    running
        Has the application, over a folder of its own.
    fill
        Stores a history of ours there.
    path
        What stands before its routes.
    """

    name: str
    running: Callable[[Path], AbstractContextManager[Flask]]
    fill: Callable[[Path, Sequence[Line]], None]
    path: str

    @contextmanager
    def ledger(self, lines: Sequence[Line] = ()) -> Iterator[FlaskLedger]:
        """Have the ledger in a folder that is removed in the end, with a history or empty."""
        with TemporaryDirectory() as folder, self.running(Path(folder)) as app:
            if lines:
                self.fill(Path(folder), lines)
            yield FlaskLedger(app, self.path)


APPS = (
    App("Flask, TinyDB", tinydb_app.running_app, tinydb_app.fill, ""),
    App("Flask, SQLite", sqlite_app.running_app, sqlite_app.fill, "/accounts/{account}"),
)


@contextmanager
def tables(client: Any) -> Iterator[None]:
    """Have the tables of all designs, empty, and remove them in the end."""
    for design in DESIGNS:
        client.create_table(**design.table)
    try:
        yield
    finally:
        for design in DESIGNS:
            client.delete_table(TableName=design.table["TableName"])
