"""All rows of a file: checked, each with its key, in the order in which they are to be sent; on disk, not in memory.

A row's key is made of what it says and of its place among those of its account that say the same. So whoever sends the
file again, after a crash or from elsewhere, sends the same keys, and two equal rows are two changes.

The rows of an account go in the order of the file, negative ones after all others: by the ledger's rules adds may
arrive in any order, but a payer must have the points that are taken back.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from points_ledger.models import Add, FieldError
from points_ledger.moving.fields import add_of, read_row
from points_ledger.moving.files import Row
from points_ledger.text import read, tell

OWN = ""
"""Stands for the caller's own account."""

_TABLES = """
    CREATE TABLE row (account TEXT, last INTEGER, number INTEGER, key TEXT, told TEXT,
                      PRIMARY KEY (account, last, number)) WITHOUT ROWID;
    CREATE TABLE equal (digest BLOB PRIMARY KEY, times INTEGER) WITHOUT ROWID;
    CREATE TABLE given (account TEXT, key TEXT, number INTEGER, PRIMARY KEY (account, key)) WITHOUT ROWID;
    CREATE TABLE fault (number INTEGER, field TEXT, message TEXT);
    CREATE TABLE refused (number INTEGER, account TEXT, key TEXT, told TEXT, reason TEXT);
"""


class Planned(NamedTuple):
    """A row that is to be sent."""

    number: int
    account: str
    key: str
    change: Add


class Fault(NamedTuple):
    """What is wrong with a row."""

    number: int
    field: str
    message: str


class Plan:
    """The rows of a file, and what became of them.

    Parameters
    ----------
    account
        Whose rows are those that name no account.
    """

    def __init__(self, account: str | None = None) -> None:
        self._account = account or OWN
        self._database = sqlite3.connect("", isolation_level=None)  # a file without a name, gone at the end
        self._database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_TABLES} BEGIN;")
        self.read = 0

    def close(self) -> None:
        """Let go of the rows."""
        self._database.close()

    def take(self, rows: Iterable[Row]) -> None:
        """Check rows, and note either what is to be sent or what is wrong."""
        for row in rows:
            self.read += 1
            values, faults = ({}, row.faults) if row.faults else read_row(row.told)
            if not faults:
                faults = self._place(row.number, values)
            for it in faults:
                fault = (row.number, _printable(it.field), _printable(it.message))
                self._database.execute("INSERT INTO fault VALUES (?, ?, ?)", fault)

    def _place(self, number: int, values: Mapping[str, Any]) -> list[FieldError]:
        account, told = values.get("account", self._account), tell(add_of(values))
        text = json.dumps(told, sort_keys=True)
        key = values.get("key")
        if key is None:
            key = _derive(text, self._times(account, text))
        elif earlier := self._note_key(account, key, number):
            return [FieldError(field="key", message=f"is that of row {earlier} already")]
        last = told["points"] < 0
        self._database.execute("INSERT INTO row VALUES (?, ?, ?, ?, ?)", (account, last, number, key, text))
        return []

    def _times(self, account: str, text: str) -> int:
        """Return how often an account's row has said the same, this time included."""
        digest = hashlib.sha256(f"{account}\n{text}".encode()).digest()
        counted = "INSERT INTO equal VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times"
        [times] = self._database.execute(counted, (digest,)).fetchone()
        return int(times)

    def _note_key(self, account: str, key: str, number: int) -> int | None:
        """Note the key that a row brings, or return the number of the row that brought it before."""
        look = "SELECT number FROM given WHERE account = ? AND key = ?"
        if found := self._database.execute(look, (account, key)).fetchone():
            return int(found[0])
        self._database.execute("INSERT INTO given VALUES (?, ?, ?)", (account, key, number))
        return None

    def faults(self) -> Iterator[Fault]:
        """Say what is wrong, in the order of the file."""
        yield from map(Fault._make, self._database.execute("SELECT * FROM fault ORDER BY number, rowid"))

    @property
    def faulty(self) -> int:
        """How many rows have faults."""
        return self._count("SELECT count(DISTINCT number) FROM fault")

    @property
    def accounts(self) -> int:
        """How many accounts the rows are of."""
        return self._count("SELECT count(DISTINCT account) FROM row")

    def each_account(self) -> Iterator[str]:
        """Name the accounts, those with the most rows first, so that no long one is left over at the end."""
        named = "SELECT account FROM row GROUP BY account ORDER BY count(*) DESC, account"
        yield from (account for [account] in self._database.execute(named))

    def rows_of(self, account: str) -> Iterator[Planned]:
        """Return an account's rows in the order in which they are to be sent."""
        rows = "SELECT number, key, told FROM row WHERE account = ? ORDER BY last, number"
        for number, key, text in self._database.execute(rows, (account,)):
            yield Planned(number, account, key, read(Add, json.loads(text)))

    def refuse(self, row: Planned, reason: str) -> None:
        """Note that the ledger refused a row."""
        text = json.dumps(tell(row.change))
        self._database.execute(
            "INSERT INTO refused VALUES (?, ?, ?, ?, ?)", (row.number, row.account, row.key, text, reason)
        )

    def refused(self) -> Iterator[dict[str, Any]]:
        """Return what was refused as rows of a file: with their keys, so that each stays the change that it was."""
        for account, key, text, reason in self._database.execute(
            "SELECT account, key, told, reason FROM refused ORDER BY number"
        ):
            named = {} if account == OWN else {"account": account}
            yield {**named, "key": key, **json.loads(text), "reason": reason}

    def _count(self, query: str) -> int:
        [number] = self._database.execute(query).fetchone()
        return int(number)


def _derive(text: str, place: int) -> str:
    return hashlib.sha256(f"{place}\n{text}".encode()).hexdigest()


def _printable(text: str) -> str:
    """Return a text that can be written, whatever the file holds."""
    return text.encode(errors="backslashreplace").decode()
