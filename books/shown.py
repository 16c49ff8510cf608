"""A statement as people and programs read it."""

import csv
import io
import json
from collections.abc import Callable, Iterable

from points.moments import format_timestamp
from rich.console import Console
from rich.table import Table
from rich.text import Text

from books.queries import Period
from books.statement import COLUMNS, Figures, Statement, in_sum

_WIDE = 10_000
"""Columns of text: a statement is never wrapped, so that it can be piped."""


def as_json(statement: Statement, period: Period) -> str:  # noqa: ARG001 - the others show it
    """Write a list of one object per payer."""
    rows = [{"payer": payer, **_row(figures), "expiring": figures.expiring} for payer, figures in statement.items()]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def as_csv(statement: Statement, period: Period) -> str:  # noqa: ARG001
    """Write a row per payer, and a column for each month in which something expires."""
    months = _months(statement.values())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["payer", *COLUMNS, *(f"expiring {month}" for month in months)])
    for payer, figures in statement.items():
        writer.writerow([payer, *_row(figures).values(), *(figures.expiring.get(month, 0) for month in months)])
    return text.getvalue().removesuffix("\n")


def as_table(statement: Statement, period: Period) -> str:
    """Write a table of all figures with their sum, and one of what will expire, if anything will."""
    opened, closed = map(format_timestamp, period)
    total = in_sum(statement)
    console = Console(file=io.StringIO(), width=_WIDE, color_system=None)
    with console.capture() as captured:
        console.print(f"Points of every payer from {opened} to {closed}.")
        titles = [column.replace("_", " ").capitalize() for column in COLUMNS]
        console.print(_table(titles, statement, total, lambda figures: list(_row(figures).values())))
        console.print("Opening and the six columns behind it add up to Closing. Held and Pending are in no balance.")
        if months := _months([total]):
            console.print("\nWhat of Closing expires in which month, if nothing else happens:")
            console.print(
                _table(months, statement, total, lambda figures: [figures.expiring.get(month, 0) for month in months])
            )
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


FORMATS: dict[str, Callable[[Statement, Period], str]] = {"table": as_table, "csv": as_csv, "json": as_json}


def _row(figures: Figures) -> dict[str, int]:
    return {column: getattr(figures, column) for column in COLUMNS}


def _months(rows: Iterable[Figures]) -> list[str]:
    return sorted({month for figures in rows for month in figures.expiring})


def _table(titles: list[str], statement: Statement, total: Figures, values: Callable[[Figures], list[int]]) -> Table:
    table = Table("Payer", show_footer=True)
    table.columns[0].footer = "Sum"
    for title, value in zip(titles, values(total), strict=True):
        table.add_column(title, justify="right", footer=f"{value:,}")
    for payer, figures in statement.items():
        table.add_row(Text(payer), *(f"{value:,}" for value in values(figures)))
    return table
