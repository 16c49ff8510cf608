"""What happens reaches whoever listens: events on a queue behind a rule on the deployed bus, complete and in order."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jsonschema import Draft7Validator
from points.storage.dynamodb import make_client
from points.storage.passbook import Passbook

from examples.consumer import Balances
from tests.e2e.conftest import ROOT, Caller
from tests.e2e.listener import Event, Listener, once
from tests.e2e.test_deployment import EXPIRES_S, LEFT, TAKEN, work_the_example
from tools.deploy_local.stack import Stack
from tools.replay import PREFIX, replay

SCHEMAS = {path.stem: json.loads(path.read_text()) for path in (ROOT / "docs/events").glob("points.*.json")}


@pytest.fixture(scope="module")
def listener(stack: Stack) -> Listener:
    """Somebody who hears of everything that happens in this module's tests."""
    return Listener(stack)


def history(caller: Caller) -> list[dict[str, Any]]:
    """Return all transactions, oldest first."""
    listed: list[dict[str, Any]] = caller.send("GET", "/transactions?limit=100").json["transactions"]
    return listed[::-1]


def check_first_publications(events: list[Event], caller: Caller) -> None:
    """Compare all events of an account, doubles left out, with its history."""
    in_order = [event["detail"] for event in once(events)]
    assert [detail["transaction"] for detail in in_order] == history(caller)
    assert [detail["id"] for detail in in_order] == [
        f"{caller.account}/{place}" for place in range(1, len(in_order) + 1)
    ]
    for event in events:
        assert list(Draft7Validator(SCHEMAS[event["detail-type"]]).iter_errors(event)) == []


def test_the_worked_example(somebody: Caller, listener: Listener) -> None:
    work_the_example(somebody)
    events = listener.hear(str(somebody.account), 6)
    check_first_publications(events, somebody)
    assert [event["detail-type"] for event in once(events)] == ["points.add"] * 5 + ["points.spend"]
    spend = once(events)[-1]["detail"]
    assert spend["transaction"]["taken"] == TAKEN
    assert list(spend["balance"].items()) == list(LEFT.items())
    balances = Balances()
    for event in events:
        balances.take(event["detail"])
    assert balances.points == {somebody.account: sum(LEFT.values())}, "so an example of a consumer makes of them"
    assert spend["version"] == somebody.send("GET", "/balance").headers["etag"].strip('"')


def test_what_time_did_whoever_wrote_it_down(
    somebody: Caller, stack: Stack, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=EXPIRES_S)
    somebody.send("POST", "/add", {"payer": "DANNON", "points": 100, "timestamp": "2021-01-01T00:00:00Z"})
    held = somebody.send("POST", "/holds", {"points": 60, "expires_at": soon.isoformat()})
    assert held.status == 200, held.text
    time.sleep(max(0.0, (soon - datetime.now(UTC)).total_seconds()))
    assert somebody.spend(100).status == 200, "the hold has lapsed, which the spend writes down"
    passed = {"payer": "DANNON", "points": 7, "timestamp": "2021-01-01T00:00:00Z", "expires_at": soon.isoformat()}
    assert somebody.send("POST", "/add", passed).status == 200
    settle(stack, str(somebody.account), monkeypatch)

    events = listener.hear(str(somebody.account), 6)
    check_first_publications(events, somebody)
    assert [event["detail-type"].removeprefix("points.") for event in once(events)] == [
        "add", "hold", "lapse", "spend", "add", "expire",
    ]  # fmt: skip
    assert [event["detail"]["balance"]["DANNON"] for event in once(events)] == [100, 40, 100, 0, 7, 0]


def settle(stack: Stack, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write down what is due, as nobody else may have done."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL_DYNAMODB", stack.url),
    ):
        monkeypatch.setenv(name, value)
    Passbook(make_client(), stack.outputs()["TableName"]).settle(account, time.monotonic() + 60)


@contextmanager
def no_bus(stack: Stack) -> Iterator[None]:
    """Let the function be of a version that looks for the bus in another account, where there is none."""
    functions = stack.client("lambda")
    name = stack.outputs()["PublishFunctionName"]
    good = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    settings = functions.get_function_configuration(FunctionName=name)["Environment"]
    elsewhere = "arn:aws:events:us-east-1:111122223333:event-bus/points-ledger"
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**settings["Variables"], "EVENT_BUS": elsewhere}}
    )
    bad = functions.publish_version(FunctionName=name)["Version"]
    assert bad != good
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=bad)
    yield
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=good)
    functions.update_function_configuration(FunctionName=name, Environment=settings)


def last_result(stack: Stack) -> str:
    """Return what became of the last batch that the stream brought."""
    mapping = stack.client("lambda").get_event_source_mapping(UUID=stack.physical_ids()["PublishMapping"])
    result: str = mapping["LastProcessingResult"]
    return result


def test_nothing_is_lost_while_the_function_cannot_publish(somebody: Caller, stack: Stack, listener: Listener) -> None:
    somebody.add("DANNON", 100, "2020-10-31T10:00:00Z")
    listener.hear(str(somebody.account), 1)
    with no_bus(stack):
        for number in range(5):
            assert somebody.spend(10 + number).status == 200, "who calls notices nothing"
        deadline = time.monotonic() + 60
        while last_result(stack) != "FAILED":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert len(listener.events[str(somebody.account)]) == 1
    assert somebody.spend(1).status == 200
    check_first_publications(listener.hear(str(somebody.account), 7), somebody)


def test_what_the_bucket_kept_is_published_by_replay(somebody: Caller, stack: Stack, listener: Listener) -> None:
    """The stand-in puts nothing into a bucket, so this puts there what Lambda would."""
    somebody.add("DANNON", 100, "2020-10-31T10:00:00Z")
    somebody.spend(40)
    listener.hear(str(somebody.account), 2)
    key = {"account": {"S": str(somebody.account)}, "sequence": {"N": "2"}}
    names = stack.outputs()
    line = stack.client("dynamodb").get_item(TableName=names["TableName"], Key=key)["Item"]
    record = {"eventName": "INSERT", "dynamodb": {"Keys": key, "NewImage": line, "SequenceNumber": "7"}}
    s3 = stack.client("s3")
    kept = json.dumps({"version": "1.0", "payload": json.dumps({"Records": [record]})})
    place = f"{PREFIX}{stack.physical_ids()['PublishMapping']}/shard/2026/01/02/2026-01-02T03.04.05-random"
    s3.put_object(Bucket=names["KeptRecordsBucket"], Key=place, Body=kept)

    done = list(replay(s3, stack.client("lambda"), names["KeptRecordsBucket"], names["PublishFunctionName"]))

    assert done == [(place, 1)]
    first, second, again = listener.hear_again(str(somebody.account), 3)
    assert again["detail"] == second["detail"] != first["detail"]
