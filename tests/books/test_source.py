"""Where lines come from: what `make run` keeps, a live table, and what is said when there are none."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws
from points.rules.plans import plan
from points.rules.terms import Add
from points.storage.lines import Standing, next_line, to_item

from books import local_data
from books.cli import main
from books.records import Records
from books.table import SEGMENTS
from tests.api.conftest import TABLE
from tests.books.exported import Item
from tests.rules.account import day

RIGHT = "6 lines in 3 accounts, "


@pytest.fixture(scope="module")
def items() -> list[Item]:
    """The lines of three accounts, and items that are none."""
    items: list[Item] = [
        {"account": {"S": "#sweeper"}, "sequence": {"N": "1"}, "mark": {"S": "2026-01-01T00"}},
        {"account": {"S": "anna"}, "sequence": {"N": "-1"}},
    ]
    for account in ("anna", "bert", "carl"):
        at, records = Standing(account), Records(lambda _: None)
        for number in range(2):
            planned = plan(Add("DANNON", 10, day(number)), at.state, day(number), records)
            at = next_line(at, planned, day(number))
            items.append(to_item(at))
    return items


def verify(*arguments: str, env: dict[str, str | None] | None = None) -> Result:
    environment: dict[str, str | None] = {"AWS_ENDPOINT_URL_DYNAMODB": None, "DATA_DIR": None} | (env or {})
    return CliRunner().invoke(main, ["verify", "--processes", "1", *arguments], env=environment)


def write_journal(folder: Path, items: list[Item], end: str = "") -> None:
    puts = [{"put": [TABLE["TableName"], item["account"]["S"], item["sequence"]["N"], item]} for item in items]
    others = [{"create": TABLE}, {"put": ["Another", "a", "1", items[-1]]}]
    lines = [json.dumps(entry, separators=(",", ":")) + "\n" for entry in [*others, *puts]]
    (folder / "journal.jsonl").write_text("".join(lines) + end)


def test_the_table_of_a_local_run_is_the_templates() -> None:
    assert TABLE["TableName"] == local_data.TABLE


@pytest.mark.parametrize("end", ["", '{"put": ["Led'])
def test_the_data_of_a_local_run(tmp_path: Path, items: list[Item], end: str) -> None:
    write_journal(tmp_path, items, end)
    assert verify("--data", str(tmp_path)).output.startswith(RIGHT)
    assert verify(env={"DATA_DIR": str(tmp_path)}).output.startswith(RIGHT)


def test_no_data_of_a_local_run(tmp_path: Path) -> None:
    said = verify("--data", str(tmp_path))
    assert said.exit_code == 2
    assert "`make run` has kept nothing" in said.output


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """DynamoDB with an empty table."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(**TABLE)
        yield client


def test_a_live_table_is_read_in_parts(aws: Any, items: list[Item], monkeypatch: pytest.MonkeyPatch) -> None:
    for item in items:
        aws.put_item(TableName=TABLE["TableName"], Item=item)
    asked = []
    make_client = boto3.client

    def client(*arguments: Any, **options: Any) -> Any:
        made = make_client(*arguments, **options)
        made.meta.events.register("before-parameter-build.dynamodb.Scan", lambda params, **_: asked.append(params))
        return made

    monkeypatch.setattr(boto3, "client", client)
    assert verify("--table", TABLE["TableName"]).output.startswith(RIGHT)
    assert sorted(request["Segment"] for request in asked) == list(range(SEGMENTS))
    assert all(request["ConsistentRead"] and request["TotalSegments"] == SEGMENTS for request in asked)


@pytest.mark.usefixtures("aws")
def test_a_table_that_is_not_there() -> None:
    said = verify("--table", "Elsewhere")
    assert said.exit_code == 2
    assert "the table Elsewhere cannot be read" in said.output


@pytest.mark.parametrize(
    ("arguments", "env", "reason"),
    [
        (["--export", "a", "--table", "b"], {}, "give --export or --table, not both"),
        ([], {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1"}, "name the table there with --table"),
        (["--export", "none"], {}, "none is not a folder"),
    ],
)
def test_what_cannot_be_read_is_told(arguments: list[str], env: dict[str, str | None], reason: str) -> None:
    said = verify(*arguments, env=env)
    assert said.exit_code == 2
    assert reason in said.output
