"""The queries: one text for both engines, and how often it reads an export."""

import pytest
from points.storage.lines import FORMATS
from sqlglot import exp, parse_one
from sqlglot.errors import ErrorLevel

from books.queries import ATHENA, DUCKDB, RESULTS, STEPS, Period, steps_of, text, translated, whole
from tests.simulator.clock import moment

PERIOD = Period(moment(0), moment(1))


def reads(name: str) -> int:
    """Count how often a query reads the export: Athena works out a step anew wherever it is named."""
    tables = [table.name for table in parse_one(text(name), read=ATHENA).find_all(exp.Table)]
    return sum(1 if table == "export" else reads(table) for table in tables if table != "period")


def test_athena_reads_an_export_ten_times_for_a_statement() -> None:
    assert sum(map(reads, RESULTS)) == 10


@pytest.mark.parametrize("name", sorted({*STEPS, *RESULTS}))
def test_each_is_a_query_of_athenas_and_has_a_translation(name: str) -> None:
    parsed = parse_one(text(name), read=ATHENA, error_level=ErrorLevel.RAISE)
    assert isinstance(parsed, exp.Query)
    assert translated(text(name), PERIOD, DUCKDB)


@pytest.mark.parametrize("name", RESULTS)
def test_a_whole_query_names_no_table_but_the_export(name: str) -> None:
    query = parse_one(translated(whole(name), PERIOD, ATHENA), read=ATHENA)
    tables = {table.name for table in query.find_all(exp.Table)}
    assert tables - set(steps_of(name)) == {"export"}
    assert not list(query.find_all(exp.Placeholder))


def test_the_moments_of_a_period_stand_where_they_belong() -> None:
    assert translated(text("period"), PERIOD, ATHENA).partition("*/ ")[2] == (
        "SELECT '2026-01-01T00:00:00.000000Z' AS opened, '1oo78t2ko000~' AS opened_through, "
        "'2026-01-01T00:00:01.000000Z' AS closed, '1oo78t2lmgi0~' AS closed_through"
    )


def test_the_layouts_that_they_know_are_those_that_are_read() -> None:
    known = {literal.this for literal in parse_one(text("damaged"), read=ATHENA).find_all(exp.Literal)}
    assert known == set(map(str, FORMATS))
