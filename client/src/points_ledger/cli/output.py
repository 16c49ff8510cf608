"""What goes to standard output: tables for people, fields between tabs for programs, or JSON. Words go elsewhere."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from points_ledger.models import Transaction
from points_ledger.text import tell

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Column(Generic[Entry]):
    """A column of a list: its title and what it shows of an entry."""

    title: str
    show: Callable[[Entry], Any]


class Output:
    """Writes what a command found.

    Parameters
    ----------
    as_json
        Whether everything is JSON: one object, or one a line of a list.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    @property
    def as_json(self) -> bool:
        """Whether everything is JSON."""
        return self._as_json

    def one(self, found: Any) -> None:
        """Write one thing with all its fields."""
        told = tell(found)
        if isinstance(found, Transaction):  # the answer's own do not matter to who reads the history
            told = {name: value for name, value in told.items() if name not in {"version", "replayed"} or found.version}
        if self._as_json:
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            self._rows(None, ([name, _shown(value)] for name, value in told.items() if name != "lots"))

    def many(self, found: Iterable[Entry], *columns: Column[Entry]) -> None:
        """Write a list, a line an entry."""
        if self._as_json:
            for entry in found:
                click.echo(json.dumps(_listed(entry), ensure_ascii=False))
        else:
            titles = [column.title for column in columns]
            self._rows(titles, ([_shown(tell(column.show(entry))) for column in columns] for entry in found))

    @staticmethod
    def _rows(titles: list[str] | None, rows: Iterable[list[str]]) -> None:
        if not sys.stdout.isatty():
            for row in rows:
                click.echo("\t".join(row))
            return
        table = Table(show_header=titles is not None)
        for title in titles or ("", ""):
            table.add_column(title, justify="right" if title in {"points", "sequence"} else "left")
        for row in rows:
            table.add_row(*map(Text, row))
        Console().print(table)


def say(words: str) -> None:
    """Tell something that is no data."""
    click.echo(words, err=True)


def _listed(entry: Any) -> Any:
    return entry.listed if isinstance(entry, Transaction) else tell(entry)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping) and value.keys() == {"payer", "points"}:
        return f"{value['payer']} {value['points']}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_shown(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return str(value)
