"""The statement of a period, held to what the API itself answers about both of its ends."""

from collections import Counter
from datetime import timedelta, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from books.due import Standing
from books.engines import duckdb_over
from books.exports import find_data_files
from books.queries import Period
from books.statement import MOVEMENTS, Figures, Statement, make_statement
from points.storage.lines import from_item
from tests.books.ledgers import ACCOUNTS, Ledger, export_of
from tests.simulator.clock import START, VirtualClock
from tests.simulator.table import Table


def statement_of(folder: Path, period: Period) -> Statement:
    with duckdb_over([file.path for file in find_data_files(folder)], period, lambda _: None) as engine:
        return make_statement(engine, period)


def told(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def balances_by_api(ledger: Ledger, moment: datetime) -> Counter[str]:
    total: Counter[str] = Counter()
    for account in ACCOUNTS:
        total.update(ledger.client(account).balance(at=told(moment)).json)
    return total


def nonzero(points: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in points.items() if value}


@pytest.mark.parametrize("seed", range(3))
def test_it_equals_the_balances_that_the_api_answers_with(
    seed: int, table: Table, clock: VirtualClock, tmp_path: Path
) -> None:
    ledger = Ledger(clock, Random(seed))
    ledger.run(150)
    folder = export_of(table, tmp_path)
    print(ledger.calls)
    rng = Random(seed)
    for _ in range(10):
        opened, closed = sorted(START + timedelta(seconds=rng.uniform(0, clock.elapsed() + 864000)) for _ in range(2))
        statement = statement_of(folder, Period(opened, closed))
        assert nonzero({p: f.opening for p, f in statement.items()}) == nonzero(balances_by_api(ledger, opened))
        assert nonzero({p: f.closing for p, f in statement.items()}) == nonzero(balances_by_api(ledger, closed))
        for figures in statement.values():
            assert figures.opening + sum(getattr(figures, column) for column in MOVEMENTS) == figures.closing
