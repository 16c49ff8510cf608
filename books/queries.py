"""The SQL of the books: one text of each query, for DuckDB here and for Athena there.

The files in `sql/` are written for Athena; sqlglot translates them for DuckDB. Each is one query, and where it names
another of them as a table, it stands on the rows of that one:

    export → line → damaged
                  → movement → flow → statement, difference
                  → standing → due → due_line, expiring

`export` is no query: a table with one column, `line`, of the lines of text in an export's data files. The moments that
a statement is for are the placeholders in `period`, on which most of them stand.
"""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from points.moments import format_recorded_at
from points.rules.order import keys_through
from sqlglot import exp, parse_one

ATHENA, DUCKDB = "athena", "duckdb"

STEPS = ("period", "line", "movement", "flow", "standing", "due")
"""The queries that others stand on, each after those that it stands on itself."""

RESULTS = ("damaged", "difference", "statement", "expiring", "due", "due_line")
"""The queries whose rows make a statement."""

_SQL = Path(__file__).parent / "sql"


class Period(NamedTuple):
    """What happened after one moment, up to and including another."""

    opened: datetime
    closed: datetime

    @property
    def values(self) -> list[str]:
        """The values of the placeholders, in their order."""
        return [text for moment in self for text in (format_recorded_at(moment), keys_through(moment))]


def text(name: str) -> str:
    """Read a query as it is written, for Athena."""
    return (_SQL / f"{name}.sql").read_text()


def whole(name: str) -> str:
    """Write a query together with all that it stands on, for Athena."""
    steps = [f"{step} AS (\n{text(step)})" for step in steps_of(name)]
    return f"WITH {', '.join(steps)}\n{text(name)}"


def steps_of(name: str) -> list[str]:
    """Name the queries that one stands on, each after those that it stands on itself."""
    return [step for step in STEPS if step in _stands_on(name)]


def translated(query: str, period: Period, dialect: str) -> str:
    """Put the moments of a period into a query, and write it in a dialect."""
    values = map(exp.Literal.string, period.values)
    return exp.replace_placeholders(parse_one(query, read=ATHENA), *values).sql(dialect=dialect)


@cache
def _stands_on(name: str) -> frozenset[str]:
    tables = {table.name for table in parse_one(text(name), read=ATHENA).find_all(exp.Table)}
    below = frozenset(tables.intersection(STEPS))
    return below.union(*map(_stands_on, below))
