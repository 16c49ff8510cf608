"""What the embedded DynamoDB has answered is there again after any end of it."""

import json
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.local.engine import LONGEST_S, Engine, running

TABLE = {
    "TableName": "Things",
    "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}, {"AttributeName": "number", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": kind}
        for name, kind in (("owner", "S"), ("number", "N"), ("name", "S"))
    ],
    "LocalSecondaryIndexes": [
        {
            "IndexName": "by_name",
            "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}, {"AttributeName": "name", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}

Item = dict[str, dict[str, Any]]


def put(engine: Engine, item: Item) -> None:
    engine.client.put_item(TableName="Things", Item=item, ConditionExpression="attribute_not_exists(more)")


def items(engine: Engine, owner: str = "me", **query: Any) -> list[Item]:
    pages = engine.client.get_paginator("query").paginate(
        TableName="Things",
        KeyConditionExpression="#owner = :owner",
        ExpressionAttributeNames={"#owner": "owner"},
        ExpressionAttributeValues={":owner": {"S": owner}},
        **query,
    )
    return [item for page in pages for item in page["Items"]]


def thing(number: int, owner: str = "me") -> Item:
    return {
        "owner": {"S": owner},
        "number": {"N": str(number)},
        "name": {"S": f"{100 - number} é 😀 \u2028 \n"},
        "more": {"L": [{"M": {"a": {"N": "0.5"}}}, {"BOOL": True}, {"NULL": True}]},
    }


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_what_was_answered_is_there_after_a_kill(journal: Path) -> None:
    things = [thing(number) for number in range(1, 30)]
    with running(journal) as engine:
        engine.client.create_table(**TABLE)
        for item in things:
            put(engine, item)
        engine.kill()
    with running(journal) as engine:
        assert items(engine) == things
        assert items(engine, IndexName="by_name") == sorted(things, key=lambda item: item["name"]["S"])
        with pytest.raises(engine.client.exceptions.ResourceInUseException):
            engine.client.create_table(**TABLE)
        with pytest.raises(engine.client.exceptions.ConditionalCheckFailedException):
            put(engine, things[0])
        put(engine, thing(30))
        engine.kill()
    with running(journal) as engine:
        assert items(engine) == [*things, thing(30)]


def test_what_was_refused_is_not_there(journal: Path) -> None:
    with running(journal) as engine:
        engine.client.create_table(**TABLE)
        put(engine, thing(1))
        with pytest.raises(engine.client.exceptions.ConditionalCheckFailedException):
            put(engine, thing(1) | {"name": {"S": "other"}})
        with pytest.raises(ClientError):
            engine.client.create_table(**TABLE)
        engine.kill()
    assert len(journal.read_text().splitlines()) == 2
    with running(journal) as engine:
        assert items(engine) == [thing(1)]


def test_a_line_that_was_cut_short_is_left_out_and_written_over(journal: Path) -> None:
    with running(journal) as engine:
        engine.client.create_table(**TABLE)
        for number in (1, 2):
            put(engine, thing(number))
        engine.kill()
    journal.write_bytes(journal.read_bytes()[:-1])
    with running(journal) as engine:
        assert items(engine) == [thing(1)]
        put(engine, thing(2))
        put(engine, thing(3))
        engine.kill()
    with running(journal) as engine:
        assert items(engine) == [thing(1), thing(2), thing(3)]


def test_nothing_is_left_to_be_written_when_it_ends_however_much_there_is(journal: Path) -> None:
    with running(journal) as engine:
        engine.client.create_table(**TABLE)
        engine.kill()
    with journal.open("a") as lines:
        for number in range(1, 20_001):
            owner = f"owner {number % 100}"
            lines.write(json.dumps({"put": ["Things", owner, str(number), thing(number, owner)]}) + "\n")
    with running(journal) as engine:
        assert len(items(engine, "owner 7")) == 200
        files = written(journal.parent)
        engine.end()
    assert engine.process.returncode in {0, -signal.SIGTERM}
    assert written(journal.parent) == files


def test_what_cannot_be_kept_is_not_answered(journal: Path) -> None:
    kept: list[Item] = []
    with running(journal, "sh", "-c", 'ulimit -f 20; exec "$@"', "sh") as engine:  # no file beyond 20 blocks
        engine.client.create_table(**TABLE)
        with suppress(BotoCoreError):
            for number in range(1, 1000):
                put(engine, thing(number))
                kept.append(thing(number))
        assert engine.process.wait(LONGEST_S) == 1
    assert kept
    with running(journal) as engine:
        assert items(engine) == kept


def written(folder: Path) -> dict[str, int]:
    """Tell when each file was last written to, but for the one that names the process while there is one."""
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.suffix != ".pid"}
