"""What the bucket kept is published by one command, in order, and is gone from there only then."""

import io
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import publish
import pytest
from moto import mock_aws
from points.events.bus import Bus
from points.events.publishing import Record

from tests.api.client import Context
from tests.events.bridges import EventBridge
from tests.events.histories import adds_of, ids
from tests.events.mapping import Mapping, kept
from tools import replay as tool

BUCKET = "kept-records"
FUNCTION = "points-ledger-publish"


class Lambda:
    """Lambda's client, with the one function, which runs here."""

    def __init__(self) -> None:
        self.remaining_ms = 15_000
        self.asked: list[tuple[str, str]] = []

    def invoke(self, *, FunctionName: str, Qualifier: str, Payload: str) -> dict[str, Any]:  # noqa: N803
        self.asked.append((FunctionName, Qualifier))
        try:
            result = publish.handler(json.loads(Payload), Context(self.remaining_ms))
        except publish.NotPublishedError as error:
            told = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(told).encode())}
        return {"Payload": io.BytesIO(json.dumps(result).encode())}


@pytest.fixture
def bridge(monkeypatch: pytest.MonkeyPatch) -> EventBridge:
    """What the function puts its events on."""
    bridge = EventBridge()
    monkeypatch.setattr(publish, "_bus", lambda: Bus(bridge, "ledger"))
    return bridge


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """S3, with the bucket."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


def put(s3: Any, record: dict[str, Any], second: int, identifier: str = "8e9d", shard: str = "shardId-01") -> str:
    """Put an object as Lambda does, and return its key."""
    moment = f"2026/01/02/2026-01-02T00.13.{second:02d}-{identifier}"
    key = f"aws/lambda/9f2a1c0e-1a2b-4c3d-8e9f-0123456789ab/{shard}/{moment}"
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(record))
    return key


def keys(s3: Any) -> list[str]:
    return [it["Key"] for it in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_everything_is_published_oldest_first_and_then_gone(s3: Any, bridge: EventBridge) -> None:
    records = adds_of("abab").records
    later, first = (
        put(s3, kept(records[2:]), 50, shard="shardId-01"),
        put(s3, kept(records[:2]), 49, shard="shardId-02"),
    )
    functions = Lambda()
    assert list(tool.replay(s3, functions, BUCKET, FUNCTION)) == [(first, 2), (later, 2)]
    assert ids(bridge.taken) == ["a/1", "b/1", "a/2", "b/2"]
    assert set(functions.asked) == {(FUNCTION, "live")}
    assert keys(s3) == []
    assert len(s3.list_object_versions(Bucket=BUCKET)["Versions"]) == 2, "they can be had back"


def test_what_is_reported_is_handed_over_again(s3: Any, bridge: EventBridge, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the function runs out of time, which it notices: here before its second request, every time."""
    put(s3, kept(adds_of("aaab").records), 0)
    monkeypatch.setattr(publish, "publish", one_request(publish.publish))
    assert [records for _, records in tool.replay(s3, Lambda(), BUCKET, FUNCTION)] == [4]
    assert list(dict.fromkeys(ids(bridge.taken))) == ["a/1", "b/1", "a/2", "a/3"]


def one_request(whole: Any) -> Any:
    def one(records: list[Record], bus: Bus, _: Any) -> Any:
        time = iter([True])
        return whole(records, bus, lambda: next(time, False))

    return one


def test_what_fails_again_stays_with_all_that_is_newer(s3: Any, bridge: EventBridge) -> None:
    records = adds_of("abc").records
    objects = [put(s3, kept([record]), second) for second, record in enumerate(records)]
    bridge.refuses = lambda detail: detail["id"] == "b/1"
    replay = tool.replay(s3, Lambda(), BUCKET, FUNCTION)
    assert next(replay) == (objects[0], 1)
    with pytest.raises(tool.ReplayError, match=r"T00\.13\.01.*NotPublishedError: b/1: InternalFailure"):
        next(replay)
    assert keys(s3) == objects[1:]


def test_nothing_is_lost_on_the_way_through_the_bucket(s3: Any, bridge: EventBridge) -> None:
    records = adds_of("aabbab").records
    bridge.refuses = lambda detail: detail["account"] == "a"
    mapping = Mapping(lambda event: publish.handler(event, Context()), most_attempts=3)
    mapping.run(records, 4)
    for second, record in enumerate(mapping.bucket):
        put(s3, record, second)
    bridge.refuses = lambda _: False
    assert len(list(tool.replay(s3, Lambda(), BUCKET, FUNCTION))) == 3
    assert [it for it in dict.fromkeys(ids(bridge.taken)) if it.startswith("a/")] == ["a/1", "a/2", "a/3"]
    assert set(ids(bridge.taken)) == {"a/1", "a/2", "a/3", "b/1", "b/2", "b/3"}


def test_the_command_finds_the_bucket_and_the_function_by_the_stack(
    s3: Any,
    bridge: EventBridge,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    outputs = {"KeptRecordsBucket": BUCKET, "PublishFunctionName": FUNCTION}
    described = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
    stacks = {"ledger": {"Stacks": [{"Outputs": described}]}}
    clients = {
        "cloudformation": SimpleNamespace(describe_stacks=lambda *, StackName: stacks[StackName]),  # noqa: N803
        "lambda": Lambda(),
        "s3": s3,
    }
    monkeypatch.setattr(boto3, "client", clients.__getitem__)
    key = put(s3, kept(adds_of("ab").records), 0)
    tool.main("ledger")
    assert capsys.readouterr().out.endswith(f"published 2 records of {key}\nnothing is left in {BUCKET}\n")
    assert ids(bridge.taken) == ["a/1", "b/1"]
    tool.main("ledger")
    assert capsys.readouterr().out == f"there is nothing in {BUCKET}\n"
