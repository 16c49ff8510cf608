"""The statement of a period, held to what the API and the rules say of both its ends."""

import csv
import gzip
import io
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result
from points.api import runtime
from points.moments import format_timestamp
from points.rules.terms import Kind
from points.rules.time import plan_due
from points.storage.records import Records

from books.cli import main
from books.due import Movement, Standing
from books.engines import duckdb_over
from books.exports import DataFile
from books.queries import Period
from books.statement import COLUMNS, MOVEMENTS, Difference, Figures, Statement, WrongBooksError, make_statement
from tests.api.client import Client
from tests.api.moments import DAY, after
from tests.books.exported import Item, export
from tests.books.ledgers import ACCOUNTS, Ledger, items_of
from tests.simulator.clock import START, VirtualClock, moment
from tests.simulator.table import Table

Damage = Callable[[Item], bool]
"""Alters an item by one point, if it has what is to be altered, and says whether it did."""


def statement_of(files: list[DataFile], period: Period) -> Statement:
    with duckdb_over([file.path for file in files], period) as engine:
        return make_statement(engine, period)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["statement", *arguments])


def dates_in(table: Table) -> list[datetime]:
    """Return the very moments at which anything was recorded or falls due."""
    names = ("recorded_at", "expires_at", "effective_at")
    items = [item for account in ACCOUNTS for item in table.items(account)]
    return [datetime.fromisoformat(item[name]["S"]) for item in items for name in names if name in item]


def random_moments(ledger: Ledger, table: Table, rng: Random) -> list[datetime]:
    """Return ten moments, of the past and to come, every other one a date that the ledger itself has."""
    dates = dates_in(table)
    within = ledger.clock.elapsed() + 5 * DAY
    return [
        rng.choice(dates) if number % 2 else START + timedelta(seconds=rng.uniform(0, within)) for number in range(10)
    ]


def as_of(account: str, at: datetime) -> Records:
    return runtime.passbook().as_of(account, at, float("inf"))


def balances(ledger: Ledger, at: datetime) -> Counter[str]:
    """Add up what `GET /balance?at=` answers for all accounts."""
    total: Counter[str] = Counter()
    for account in ACCOUNTS:
        total.update(ledger.client(account).balance(at=format_timestamp(at)).json)
    return total


def held_and_pending(at: datetime) -> tuple[Counter[str], Counter[str]]:
    held: Counter[str] = Counter()
    pending: Counter[str] = Counter()
    for account in ACCOUNTS:
        records = as_of(account, at)
        for hold in records.at.state.holds:
            origin = records.origin(hold)
            assert origin
            held.subtract(origin.transaction.taken or {})
        for add in records.at.state.pending.values():
            pending[add.payer] += add.amount
    return held, pending


def month_ends(first: datetime) -> Iterator[datetime]:
    month = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(12):
        month = (month + timedelta(days=32)).replace(day=1)
        yield month - timedelta(microseconds=1)


def expiring(at: datetime) -> Counter[tuple[str, str]]:
    """Let time go on to the end of each month, and nothing else happen."""
    points: Counter[tuple[str, str]] = Counter()
    for account in ACCOUNTS:
        records = as_of(account, at)
        state = records.at.state._replace(holds={}, pending={})
        for end in month_ends(at):
            while planned := plan_due(state, end, records):
                state = planned.state
                for payer, expired in (planned.transaction.expired or {}).items():
                    points[payer, f"{end:%Y-%m}"] -= expired
    return points


def kinds_due(at: datetime) -> set[Kind]:
    """Say what is due at a moment and was not recorded by then."""
    kinds = set()
    for account in ACCOUNTS:
        reader = runtime.passbook()._reader(account, float("inf"))
        kinds |= {line.transaction.kind for line in reader.lines_from(1) if line.state.moment <= at < line.recorded_at}
    return kinds


def column(statement: Statement, name: str) -> Counter[str]:
    return Counter({payer: getattr(figures, name) for payer, figures in statement.items()})


def check(figures: Figures) -> None:
    assert figures.opening + sum(getattr(figures, name) for name in MOVEMENTS) == figures.closing
    assert min(figures.opening, figures.issued, figures.refunded, figures.closing, figures.held, figures.pending) >= 0
    assert max(figures.taken_back, figures.spent, figures.expired) <= 0
    assert all(points > 0 for points in figures.expiring.values())
    assert sum(figures.expiring.values()) <= figures.closing


def check_at_random_moments(ledger: Ledger, table: Table, folder: Path, rng: Random) -> set[Kind]:
    """Hold statements to the API; return what was due and unrecorded at their ends."""
    files = export(items_of(table), folder)
    seen = set()
    for opened, closed in pairwise(sorted(set(random_moments(ledger, table, rng)))):
        statement = statement_of(files, Period(opened, closed))
        held, pending = held_and_pending(closed)
        assert column(statement, "opening") == balances(ledger, opened)
        assert column(statement, "closing") == balances(ledger, closed)
        assert column(statement, "held") == held
        assert column(statement, "pending") == pending
        by_month = {(payer, month): p for payer, figures in statement.items() for month, p in figures.expiring.items()}
        assert Counter(by_month) == expiring(closed)
        for figures in statement.values():
            check(figures)
        seen |= kinds_due(opened) | kinds_due(closed)
    return seen


def test_it_is_the_sum_of_what_the_api_answers_at_ten_random_moments(
    table: Table, clock: VirtualClock, tmp_path: Path
) -> None:
    rng = Random(1)
    ledger = Ledger(clock, rng)
    seen = set()
    for calls in (100, 100):
        ledger.run(calls)
        folder = tmp_path / str(clock.elapsed())
        folder.mkdir()
        seen |= check_at_random_moments(ledger, table, folder, rng)
    assert seen == {Kind.ARRIVE, Kind.LAPSE, Kind.EXPIRE}, "all of these must have been due and unrecorded"


@pytest.fixture
def anna(table: Table) -> Client:  # noqa: ARG001 - where the requests end
    return Client(account="anna")


def days(number: float) -> str:
    return after(number * DAY)


def figures_of(files: list[DataFile], first: float, last: float) -> Figures:
    """Return DANNON's figures from one day to another."""
    return statement_of(files, Period(moment(first * DAY), moment(last * DAY)))["DANNON"]


def test_a_captured_hold_is_spent_when_it_is_captured(
    anna: Client, table: Table, clock: VirtualClock, tmp_path: Path
) -> None:
    anna.add("DANNON", 1000)
    clock.sleep(1.5 * DAY)
    anna.hold(600)
    clock.sleep(DAY)
    anna.capture(2, 400)
    files = export(items_of(table), tmp_path)
    held = figures_of(files, 1, 2)
    assert (held.opening, held.set_aside, held.spent, held.closing, held.held) == (1000, -600, 0, 400, 600)
    captured = figures_of(files, 2, 3)
    assert (captured.opening, captured.set_aside, captured.spent, captured.closing) == (400, 600, -400, 600)
    assert captured.held == 0


def test_points_are_issued_when_they_arrive(anna: Client, table: Table, clock: VirtualClock, tmp_path: Path) -> None:
    anna.add("DANNON", 500, effective_at=days(1.5))
    anna.add("DANNON", 70, effective_at=days(1.6))
    clock.sleep(DAY / 2)
    anna.cancel(2)
    files = export(items_of(table), tmp_path)
    assert figures_of(files, 0, 1) == Figures(pending=500)
    assert figures_of(files, 1, 2) == Figures(issued=500, closing=500)


def test_what_expired_before_the_period_is_none_of_it_though_it_is_recorded_in_it(
    anna: Client, table: Table, clock: VirtualClock, tmp_path: Path
) -> None:
    anna.add("DANNON", 300, expires_at=days(1))
    clock.sleep(2.5 * DAY)
    anna.add("DANNON", 5)
    assert [item["kind"]["S"] for item in table.items("anna")] == ["add", "expire", "add"]
    assert figures_of(export(items_of(table), tmp_path), 2, 3) == Figures(issued=5, closing=5)


def test_a_moment_belongs_to_the_period_that_ends_with_it(
    anna: Client, table: Table, clock: VirtualClock, tmp_path: Path
) -> None:
    anna.add("DANNON", 300, expires_at=days(2))
    clock.sleep(DAY)
    anna.add("DANNON", 5)
    files = export(items_of(table), tmp_path)
    ends = figures_of(files, 0.5, 1)
    assert ends == Figures(opening=300, issued=5, closing=305, expiring={"2026-01": 300})
    assert figures_of(files, 1, 2) == Figures(opening=305, expired=-300, closing=5)


def test_a_line_recorded_at_the_very_opening_is_none_of_the_period(
    anna: Client, table: Table, clock: VirtualClock, tmp_path: Path
) -> None:
    anna.add("DANNON", 300, expires_at=days(1))
    anna.add("DANNON", 900)
    clock.sleep(1.5 * DAY)
    anna.add("DANNON", -10)
    anna.spend(100)
    anna.refund(5, 20)
    anna.hold(40)
    anna.void(7)
    files = export(items_of(table), tmp_path)
    assert {item["kind"]["S"] for item in table.items("anna")} >= {"add", "expire", "spend", "refund", "hold", "void"}
    for opened in dates_in(table):
        for figures in statement_of(files, Period(opened, moment(3 * DAY))).values():
            check(figures)


@pytest.mark.parametrize("due", ["expiry", "lapse", "arrival"])
def test_what_is_due_at_the_very_moment_has_happened(due: str, anna: Client, table: Table, tmp_path: Path) -> None:
    anna.add("DANNON", 300)
    if due == "expiry":
        anna.add("DANNON", 70, expires_at=days(2))
    if due == "lapse":
        anna.hold(100, expires_at=days(2))
    if due == "arrival":
        anna.add("DANNON", 50, effective_at=days(2))
    figures = figures_of(export(items_of(table), tmp_path), -1, 2)
    assert (figures.closing, figures.held, figures.pending) == (350 if due == "arrival" else 300, 0, 0)


@pytest.mark.parametrize("is_due", [True, False], ids=["by the rules", "by SQL"])
def test_what_a_payer_owes_does_not_expire(
    is_due: bool, anna: Client, table: Table, clock: VirtualClock, tmp_path: Path
) -> None:
    if is_due:
        anna.add("UNILEVER", 5, expires_at=days(0.5))
    anna.add("DANNON", 100, expires_at=days(40))
    anna.add("DANNON", 100, expires_at=days(70))
    anna.add("DANNON", 50)
    anna.add("DANNON", -130)
    Client(account="bert").add("DANNON", 8, expires_at=days(20))
    clock.sleep(DAY)
    assert figures_of(export(items_of(table), tmp_path), 0, 1).expiring == {"2026-01": 8, "2026-03": 70}


def test_a_line_that_was_exported_twice_counts_once(anna: Client, table: Table, tmp_path: Path) -> None:
    anna.add("DANNON", 300)
    anna.spend(100)
    files = export(items_of(table), tmp_path)
    entries = [{"Metadata": {}, "Keys": {}, "NewImage": item} for item in items_of(table)]
    again = tmp_path / "again.json.gz"
    again.write_bytes(gzip.compress("".join(json.dumps(entry) + "\n" for entry in entries).encode()))
    statement = statement_of([*files, DataFile(again)], Period(moment(-1), moment(DAY)))
    assert statement == {"DANNON": Figures(issued=300, spent=-100, closing=200)}


@pytest.mark.parametrize("keys", [{"account": {"S": "#anna"}}, {"sequence": {"N": "0"}}], ids=["account", "sequence"])
def test_the_ledgers_own_items_are_no_lines(keys: Item, anna: Client, table: Table, tmp_path: Path) -> None:
    anna.add("DANNON", 300)
    [line] = items_of(table)
    files = export([line, {**line, **keys}], tmp_path)
    assert statement_of(files, Period(moment(-1), moment(DAY)))["DANNON"].closing == 300


# --- What is wrong is found. ---


def by_one(name: str, kind: str) -> Damage:
    """Alter a figure of the transaction itself."""

    def damage(item: Item) -> bool:
        if item["kind"]["S"] != kind:
            return False
        value = item[name]["L"][0]["L"][1] if "L" in item[name] else item[name]
        value["N"] = str(int(value["N"]) + 1)
        return True

    return damage


def last_balance(item: Item) -> bool:
    """Alter a figure of the state after the last line."""
    if item["sequence"]["N"] == "6":
        item["balances"]["L"][0]["L"][1]["N"] = "0"
    return item["sequence"]["N"] == "6"


@pytest.fixture
def items(anna: Client, table: Table, clock: VirtualClock) -> list[Item]:
    """The items of a small ledger; one account in it has nothing wrong."""
    Client(account="bert").add("DANNON", 10)
    anna.add("DANNON", 500, expires_at=days(9))
    anna.spend(100)
    anna.hold(200)
    anna.capture(3, 50)
    anna.refund(2, 20)
    anna.add("DANNON", -5)
    clock.sleep(DAY)
    every = json.dumps([*table.items("bert"), *table.items("anna")])
    copied: list[Item] = json.loads(every)
    return copied


@pytest.mark.parametrize(
    "damage",
    [
        by_one("points", "add"),
        by_one("taken", "spend"),
        by_one("taken", "hold"),
        by_one("returned", "capture"),
        by_one("returned", "refund"),
        last_balance,
    ],
    ids=["add", "spend", "hold", "capture", "refund", "state"],
)
def test_one_point_of_difference_is_an_error_that_names_account_and_payer(
    damage: Damage, items: list[Item], tmp_path: Path
) -> None:
    assert any(damage(item) for item in items if item["account"]["S"] == "anna")
    export(items, tmp_path)
    done = run("--export", str(tmp_path), "--from", "2025-12-31", "--to", "2026-01-02")
    assert done.exit_code == 3
    (said,) = done.stdout.splitlines()
    assert said.startswith("anna: the closing balance of DANNON is ")


def test_a_payer_that_only_one_of_the_two_ways_has_is_named(items: list[Item], tmp_path: Path) -> None:
    items[-1]["balances"] = {"L": [{"L": [{"S": "UNILEVER"}, {"N": "7"}]}]}
    export(items, tmp_path)
    done = run("--export", str(tmp_path), "--from", "2025-12-31", "--to", "2026-01-02")
    assert (done.exit_code, done.stdout.splitlines()) == (
        3,
        [
            "anna: the closing balance of DANNON is 0 by the last line, and 365 by all flows",
            "anna: the closing balance of UNILEVER is 7 by the last line, and 0 by all flows",
        ],
    )


def test_a_missing_line_is_an_error_that_names_the_account(items: list[Item], tmp_path: Path) -> None:
    export([item for item in items if item["kind"]["S"] != "capture"], tmp_path)
    done = run("--export", str(tmp_path), "--from", "2025-12-31", "--to", "2026-01-02")
    assert done.exit_code == 3
    assert [line.partition(" ")[::2] for line in done.stdout.splitlines()] == [
        ("anna:", "the closing balance of DANNON is 365 by the last line, and 215 by all flows"),
        ("anna:", "lines are missing or contradict each other; run `verify`"),
    ]


def test_a_missing_line_that_moved_no_points_is_an_error_too(anna: Client, table: Table, tmp_path: Path) -> None:
    anna.add("DANNON", 100)
    anna.add("DANNON", 50, effective_at=days(1))
    anna.cancel(2)
    anna.spend(10)
    export([item for item in items_of(table) if item["kind"]["S"] != "cancel"], tmp_path)
    for closed in "2026-01-02", table.items("anna")[-1]["recorded_at"]["S"]:
        done = run("--export", str(tmp_path), "--from", "2025-12-31", "--to", closed)
        assert (done.exit_code, done.stdout) == (1, "anna: lines are missing or contradict each other; run `verify`\n")


def test_a_line_of_which_there_are_two_is_an_error(items: list[Item], tmp_path: Path) -> None:
    other = {**items[-1], "digest": {"S": "00" * 32}, "points": {"N": "0"}}
    export([*items, other], tmp_path)
    done = run("--export", str(tmp_path), "--from", "2025-12-31", "--to", "2026-01-02")
    assert (done.exit_code, done.stdout) == (1, "anna: lines are missing or contradict each other; run `verify`\n")


def test_what_is_due_is_worked_out_in_two_ways_too(
    anna: Client, table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna.add("DANNON", 300, expires_at=days(1))
    monkeypatch.setattr(Standing, "movements", lambda _: iter([Movement("DANNON", "expired", -299)]))
    with pytest.raises(WrongBooksError) as caught:
        statement_of(export(items_of(table), tmp_path), Period(moment(0), moment(DAY)))
    assert caught.value.differences == [Difference("anna", "DANNON", "closing", 1, 0)]


@pytest.mark.parametrize("layout", ["1", "4"])
def test_an_unknown_layout_is_an_error(items: list[Item], tmp_path: Path, layout: str) -> None:
    items[-1]["format"]["N"] = layout
    export(items, tmp_path)
    done = run("--export", str(tmp_path), "--from", "2025-12-31", "--to", "2026-01-02")
    assert (done.exit_code, done.stdout.partition(":")[0]) == (1, "anna")


def test_a_state_that_contradicts_itself_is_an_error(items: list[Item], tmp_path: Path) -> None:
    """The lot that is to expire stands in no range that the index has."""
    for item in items:
        item.pop("timestamp_key", None)
    export(items, tmp_path)
    done = run("--export", str(tmp_path), "--from", "2025-12-31", "--to", "2026-02-01")
    assert (done.exit_code, done.stdout.partition(":")[0]) == (1, "anna")


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "export.json.gz").write_bytes(gzip.compress(b'{"Item": {"account"\n'))
    done = run("--export", str(tmp_path), "--from", "2025-12-31", "--to", "2026-01-02")
    assert done.exit_code == 2
    assert "the export cannot be read" in done.stderr


# --- How it reads. ---


def test_as_json_it_is_a_list_of_one_object_per_payer(items: list[Item], tmp_path: Path) -> None:
    export(items, tmp_path)
    done = run(
        "--export", str(tmp_path), "--from", "2025-12-31", "--to", "2026-01-02T01:00:00+01:00", "--format", "json"
    )
    assert done.exit_code == 0
    assert json.loads(done.stdout) == [
        {
            "payer": "DANNON",
            "opening": 0,
            "issued": 510,
            "taken_back": -5,
            "spent": -150,
            "refunded": 20,
            "expired": 0,
            "set_aside": 0,
            "closing": 375,
            "held": 0,
            "pending": 0,
            "expiring": {"2026-01": 365},
        }
    ]


def test_as_csv_it_has_a_row_per_payer(items: list[Item], tmp_path: Path) -> None:
    export(items, tmp_path)
    done = run("--export", str(tmp_path), "--from", "2025-12-31", "--to", "2026-01-02", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert list(row) == ["payer", *COLUMNS, "expiring 2026-01"]
    assert (row["payer"], row["closing"], row["expiring 2026-01"]) == ("DANNON", "375", "365")


def test_as_a_table_it_ends_in_the_sum(items: list[Item], table: Table, tmp_path: Path) -> None:
    Client(account="carl").add("[bold]UNILEVER[/bold]", 1_000)
    export([*items, *table.items("carl")], tmp_path)
    said = run("--export", str(tmp_path), "--from", "2025-12-31", "--to", "2026-01-03").stdout
    lines = [line for line in said.replace("┃", "│").splitlines() if line.startswith("│")]
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines]
    assert rows == [
        ["Payer", *(name.replace("_", " ").capitalize() for name in COLUMNS)],
        ["DANNON", "0", "510", "-5", "-150", "20", "0", "0", "375", "0", "0"],
        ["[bold]UNILEVER[/bold]", "0", "1,000", "0", "0", "0", "0", "0", "1,000", "0", "0"],
        ["Sum", "0", "1,510", "-5", "-150", "20", "0", "0", "1,375", "0", "0"],
        ["Payer", "2026-01"],
        ["DANNON", "365"],
        ["[bold]UNILEVER[/bold]", "0"],
        ["Sum", "365"],
    ]


def test_a_period_that_is_none_is_refused(tmp_path: Path) -> None:
    done = run("--export", str(tmp_path), "--from", "2026-01-02", "--to", "2026-01-02")
    assert (done.exit_code, "--from must be before --to" in done.stderr) == (2, True)


def test_a_moment_without_a_zone_is_refused(tmp_path: Path) -> None:
    done = run("--export", str(tmp_path), "--from", "2026-01-01T00:00:00", "--to", "2026-01-02")
    assert (done.exit_code, "with a zone" in done.stderr) == (2, True)


def test_a_statement_that_may_still_change_says_so(items: list[Item], tmp_path: Path) -> None:
    export(items, tmp_path)
    for seconds_ago, may_change in (30, True), (90, False):
        closed = format_timestamp(datetime.now(UTC) - timedelta(seconds=seconds_ago))
        done = run("--export", str(tmp_path), "--from", "2025-12-31", "--to", closed)
        assert (done.exit_code, "the figures may still change" in done.stderr) == (0, may_change)


def test_athena_reads_no_folder(tmp_path: Path) -> None:
    done = run("--athena", "books", "--export", str(tmp_path), "--from", "2026-01-01", "--to", "2026-01-02")
    assert (done.exit_code, "--athena reads exports in S3" in done.stderr) == (2, True)


def test_without_a_way_to_aws_there_is_no_athena(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    done = run("--athena", "books", "--from", "2026-01-01", "--to", "2026-01-02")
    assert (done.exit_code, "there is no way to AWS" in done.stderr) == (2, True)


def test_a_figure_that_is_no_number_is_an_error(items: list[Item], tmp_path: Path) -> None:
    items[-1]["balances"]["L"][0]["L"][1]["N"] = "many"
    export(items, tmp_path)
    done = run("--export", str(tmp_path), "--from", "2025-12-31", "--to", "2026-01-02")
    assert (done.exit_code, "the export cannot be read" in done.stderr) == (2, True)


def test_an_empty_ledger_has_an_empty_statement(tmp_path: Path) -> None:
    export([], tmp_path)
    done = run("--export", str(tmp_path), "--from", "2025-12-31", "--to", "2026-01-02", "--format", "json")
    assert (done.exit_code, done.stdout) == (0, "[]\n")
