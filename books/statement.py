"""What every payer's points came to between two moments, each figure of a balance worked out in two ways.

The queries in `sql/` add up what is recorded. What is due at one of the moments and was not recorded by then is worked
out by the rules, for the accounts that have any such thing, and comes on top: so a figure never depends on whether
somebody came by to record what time had done.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import orjson
from points.moments import format_recorded_at

from books.due import Movement, Standing
from books.engines import Engine
from books.exports import Item
from books.queries import Period

MOVEMENTS = ("issued", "taken_back", "spent", "refunded", "expired", "set_aside")
"""The columns that lead from the opening to the closing balance."""


@dataclass(slots=True)
class Figures:
    """A payer's row of a statement, in points. Movements are signed: opening and all movements come to closing.

    Attributes
    ----------
    opening, closing
        What could be spent at the two moments.
    issued
        Points added, and pending points that arrived.
    taken_back, spent, expired
        Negative adds; spends and captures; what expired. Negative.
    refunded
        What refunds gave back.
    set_aside
        What open holds took out of the balance, negative, and what came back or was captured of them, positive.
    held, pending
        What is in open holds, and what is still to arrive, at the closing moment; in no balance.
    expiring
        Of the closing balance, how much expires in which month (`2026-12`), if nothing else happens.
    """

    opening: int = 0
    issued: int = 0
    taken_back: int = 0
    spent: int = 0
    refunded: int = 0
    expired: int = 0
    set_aside: int = 0
    closing: int = 0
    held: int = 0
    pending: int = 0
    expiring: dict[str, int] = field(default_factory=dict)

    def add(self, column: str, points: int) -> None:
        """Add to one of the figures."""
        setattr(self, column, getattr(self, column) + points)


Statement = dict[str, Figures]
"""The figures of each payer, payers in order."""

COLUMNS = tuple(column.name for column in fields(Figures) if column.name != "expiring")


class Difference(NamedTuple):
    """A balance of a payer in an account that comes to two different figures."""

    account: str
    payer: str
    which: str
    from_flows: int
    from_last_line: int

    def __str__(self) -> str:
        """Name the account and the payer, and say both figures."""
        return (
            f"{self.account}: the {self.which} balance of {self.payer} is {self.from_last_line:,} by the last line, "
            f"and {self.from_flows:,} by all flows"
        )


class WrongBooksError(Exception):
    """There is no statement, since lines are damaged or missing.

    Attributes
    ----------
    differences
        Balances for which the two ways do not come to the same.
    damaged
        Accounts whose lines contradict each other, or of which some are missing.
    """

    def __init__(self, differences: list[Difference], damaged: list[str]) -> None:
        super().__init__(f"{len(differences)} balances and {len(damaged)} accounts are wrong")
        self.differences = differences
        self.damaged = damaged


def make_statement(engine: Engine, period: Period) -> Statement:
    """Work out the statement of a period.

    Raises
    ------
    WrongBooksError
        The flows do not come to what the last lines say, or lines are missing or contradict each other.
    BooksError
        A query cannot be run.
    """
    differences = [Difference(*row) for row in engine.rows("difference")]
    damaged = [account for account, *_ in engine.rows("damaged")]
    if differences or damaged:
        raise WrongBooksError(differences, damaged)
    statement: Statement = defaultdict(Figures)
    for payer, *points in engine.rows("statement"):
        statement[payer] = Figures(*points)
    for payer, month, expiring in engine.rows("expiring"):
        statement[payer].expiring[month] = expiring
    _add_what_is_due(statement, engine, period)
    for figures in statement.values():
        figures.expiring = dict(sorted(figures.expiring.items()))
    return dict(sorted(statement.items()))


def in_sum(statement: Mapping[str, Figures]) -> Figures:
    """Add up all payers."""
    total = Figures()
    for figures in statement.values():
        for column in COLUMNS:
            total.add(column, getattr(figures, column))
        _merge(total.expiring, figures.expiring.items())
    return total


def _add_what_is_due(statement: Statement, engine: Engine, period: Period) -> None:
    """Add what is due at either moment and was not recorded by then."""
    due = set(engine.rows("due"))
    if not due:
        return
    opened = format_recorded_at(period.opened)
    for account, rows in groupby(engine.rows("due_line"), itemgetter(0)):
        lines = {sequence: (recorded_at, body) for _, sequence, recorded_at, body in rows}
        before = sum(recorded_at <= opened for recorded_at, _ in lines.values())
        try:
            if (account, "opening") in due:
                _add_before(statement, account, Standing(_reader(lines), before, period.opened))
            if (account, "closing") in due:
                _add_by_the_end(statement, account, Standing(_reader(lines), len(lines), period.closed))
        except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
            raise WrongBooksError([], [account]) from error


def _reader(lines: Mapping[int, tuple[str, str]]) -> Callable[[int], Item]:
    return lambda sequence: orjson.loads(lines[sequence][1])


def _add_before(statement: Statement, account: str, opening: Standing) -> None:
    """Let what was due at the opening have happened before the period, also if it was recorded in it."""
    for payer, column, points in _movements(account, "opening", opening):
        if column in MOVEMENTS:
            statement[payer].add("opening", points)
            statement[payer].add(column, -points)


def _add_by_the_end(statement: Statement, account: str, closing: Standing) -> None:
    for payer, column, points in _movements(account, "closing", closing):
        statement[payer].add(column, points)
        if column in MOVEMENTS:
            statement[payer].add("closing", points)
    for payer, expires_at, points in closing.expiring():
        _merge(statement[payer].expiring, [(f"{expires_at:%Y-%m}", points)])


def _movements(account: str, which: str, standing: Standing) -> list[Movement]:
    """Return what is due, if the balances that the rules come to are the recorded ones and these movements."""
    movements = list(standing.movements())
    balances = Counter(standing.recorded.balances)
    for payer, column, points in movements:
        if column in MOVEMENTS:
            balances[payer] += points
    worked_out = Counter(standing.state.balances)
    differences = [
        Difference(account, payer, which, balances[payer], worked_out[payer])
        for payer in sorted({*balances, *worked_out})
        if balances[payer] != worked_out[payer]
    ]
    if differences:
        raise WrongBooksError(differences, [])
    return movements


def _merge(points_of_months: dict[str, int], more: Iterable[tuple[str, int]]) -> None:
    for month, points in more:
        points_of_months[month] = points_of_months.get(month, 0) + points
