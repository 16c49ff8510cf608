"""The data of `make run`: the journal of its embedded DynamoDB, which notes each item as it is put.

It is only ever written at its end, so it can be read while the server runs, too: up to its last whole line.
"""

from pathlib import Path

import orjson

from books.errors import BooksError
from books.exports import NewExport, is_line

TABLE = "LedgerTable"
"""The name of the table in it: the template's own."""


def copy_journal(data: Path, folder: Path) -> None:
    """Copy the lines of all accounts into an export.

    Parameters
    ----------
    data
        The folder that `make run` keeps its data in.
    folder
        Where to make the export.
    """
    journal = data / "journal.jsonl"
    if not journal.is_file():
        raise BooksError(
            f"{journal} is not there: `make run` has kept nothing in {data}. "
            "Name that folder by --data, or a table by --table, or an export by --export."
        )
    export = NewExport(folder, TABLE)
    with journal.open("rb") as entries, export.data_file() as put:
        for entry in entries:
            if not entry.endswith(b"\n"):  # it is being written
                break
            table, *_, item = orjson.loads(entry).get("put", [None, None])
            if table == TABLE and is_line(item):
                put(item)
    export.finish()
