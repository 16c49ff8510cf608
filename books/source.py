"""What a command reads: an export, a live table or the data of `make run`, in one form."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from books.errors import BooksError
from books.exports import DataFile, find_data_files
from books.local_data import copy_journal
from books.table import copy_table

ENDPOINT = "AWS_ENDPOINT_URL_DYNAMODB"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the lines are: an export's folder, else a table's name, else the folder of `make run`'s data."""

    export: Path | None
    table: str | None
    data: Path

    @contextmanager
    def data_files(self) -> Iterator[list[DataFile]]:
        """Have all lines in the data files of an export; what is copied for that goes when the caller is done.

        Raises
        ------
        BooksError
            There is nothing to read, or it cannot be read.
        """
        if self.export:
            yield find_data_files(self.export)
            return
        if not self.table and ENDPOINT in os.environ:
            raise BooksError(f"{ENDPOINT} is set: name the table there with --table")
        with TemporaryDirectory(prefix="books-") as name:
            folder = Path(name)
            if self.table:
                copy_table(self.table, folder)
            else:
                copy_journal(self.data, folder)
            yield find_data_files(folder)


def reads_lines(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where the lines are, and hand them to it as its `source`."""

    @click.option("--export", type=click.Path(path_type=Path), help="A folder with DynamoDB's own export.")
    @click.option("--table", help=f"A live table, found by {ENDPOINT} or the AWS profile.")
    @click.option(
        "--data",
        type=click.Path(path_type=Path),
        envvar="DATA_DIR",
        default=Path(".data"),
        show_default=True,
        help="Without either: the folder with the data of `make run`.",
    )
    @wraps(command)
    def with_source(export: Path | None, table: str | None, data: Path, **others: Any) -> Any:
        if export and table:
            raise click.UsageError("give --export or --table, not both")
        return command(source=Source(export, table, data), **others)

    return with_source
