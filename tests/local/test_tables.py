"""How tables are made, and which of those that are there already are taken."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from points.storage.lines import FORMAT

from local.dynamodb import make_tables, running_dynamodb
from local.errors import LocalError
from local.template import load_template
from tests.local.engine import Engine, running

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with running(tmp_path_factory.mktemp("engine") / "journal.jsonl") as engine:
        yield engine


@pytest.fixture
def to_start_over(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Have the engine as a DynamoDB of one's own, without its tables."""
    for name in engine.client.list_tables()["TableNames"]:
        engine.client.delete_table(TableName=name)
    for name in ("AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", engine.url)
    with running_dynamodb(tmp_path / "not-used") as remedy:
        yield remedy
    assert not (tmp_path / "not-used").exists()


@pytest.fixture
def table() -> dict[str, Any]:
    """The template's table, with a global index besides."""
    (table,) = deepcopy(load_template(ROOT / "infra/template.yaml").tables)
    hash_key = next(key for key in table["KeySchema"] if key["KeyType"] == "HASH")
    table.setdefault("GlobalSecondaryIndexes", []).append(
        {"IndexName": "global", "KeySchema": [hash_key], "Projection": {"ProjectionType": "KEYS_ONLY"}}
    )
    return table


def line(table: dict[str, Any], **more: dict[str, str]) -> dict[str, Any]:
    kinds = {it["AttributeName"]: it["AttributeType"] for it in table["AttributeDefinitions"]}
    return {key["AttributeName"]: {kinds[key["AttributeName"]]: "1"} for key in table["KeySchema"]} | more


def test_a_table_is_made_once_and_taken_again_with_what_is_in_it(
    engine: Engine, table: dict[str, Any], to_start_over: str
) -> None:
    make_tables([table], to_start_over)
    made = engine.client.describe_table(TableName=table["TableName"])["Table"]
    assert made["KeySchema"] == table["KeySchema"]
    make_tables([table], to_start_over)
    engine.client.put_item(TableName=table["TableName"], Item=line(table, format={"N": str(FORMAT)}))
    make_tables([table], to_start_over)
    assert engine.client.describe_table(TableName=table["TableName"])["Table"]["TableId"] == made["TableId"]


@pytest.mark.parametrize("index", ["LocalSecondaryIndexes", "GlobalSecondaryIndexes"])
@pytest.mark.parametrize("change", ["name", "projection", "absence"])
def test_a_table_with_other_indexes_is_refused(
    table: dict[str, Any], to_start_over: str, index: str, change: str
) -> None:
    make_tables([table], to_start_over)
    other = deepcopy(table)
    if change == "absence":
        other.pop(index)
    elif change == "name":
        other[index][0]["IndexName"] += "-other"
    else:
        other[index][0]["Projection"] = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["other"]}
    with pytest.raises(LocalError, match="does not match the template: its keys or indexes differ"):
        make_tables([other], to_start_over)


def test_a_table_with_other_keys_is_refused(table: dict[str, Any], to_start_over: str) -> None:
    make_tables([table], to_start_over)
    swapped = deepcopy(table)
    first, second = swapped["KeySchema"]
    first["AttributeName"], second["AttributeName"] = second["AttributeName"], first["AttributeName"]
    with pytest.raises(LocalError, match="does not match the template"):
        make_tables([swapped], to_start_over)


@pytest.mark.parametrize(("more", "found"), [({"format": {"N": "0.9"}}, "0.9"), ({}, "unknown")])
def test_a_table_with_lines_of_another_format_is_refused(
    engine: Engine, table: dict[str, Any], to_start_over: str, more: dict[str, Any], found: str
) -> None:
    make_tables([table], to_start_over)
    engine.client.put_item(TableName=table["TableName"], Item=line(table, **more))
    with pytest.raises(LocalError) as refusal:
        make_tables([table], to_start_over)
    assert str(refusal.value) == (
        f"the table {table['TableName']} holds lines of format {found}, but this version writes format {FORMAT}; "
        "to start over, remove the table there or choose another AWS_ENDPOINT_URL_DYNAMODB"
    )
