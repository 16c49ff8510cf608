"""The events are as their JSON Schemas say, and those are as the code makes them."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft7Validator
from points.events.bus import SOURCE, Event
from points.events.expiring import EXPIRING, expiring_event
from points.events.recorded import event_of
from points.rules.terms import Kind

from tests.events.histories import every_kind
from tests.simulator.clock import START
from tools.openapi.__main__ import EVENTS, descriptions_of_events

LINES = every_kind().lines
SCHEMAS: dict[str, Any] = {path.stem: json.loads(path.read_text()) for path in EVENTS.glob("points.*.json")}
ASYNCAPI = json.loads((EVENTS / "asyncapi.json").read_text())


def received(event: Event) -> dict[str, Any]:
    """Return an event as a rule hands it to a target."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": event.detail_type,
        "source": SOURCE,
        "account": "111122223333",
        "time": "2026-01-01T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": json.loads(json.dumps(event.detail)),
    }


def errors(received: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft7Validator(SCHEMAS[received["detail-type"]]).iter_errors(received)]


def test_the_descriptions_are_as_the_code_makes_them() -> None:
    written = {path.name: path.read_text() for path in EVENTS.iterdir()}
    assert written == descriptions_of_events(), "make openapi renews them"


def test_there_is_a_valid_schema_for_each_kind() -> None:
    assert SCHEMAS.keys() == {*(f"points.{kind}" for kind in Kind), EXPIRING}
    for schema in SCHEMAS.values():
        Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.sequence}-{line.transaction.kind}")
def test_an_event_is_as_its_schema_says_and_has_no_field_besides(line: Any) -> None:
    event = received(event_of(line))
    assert errors(event) == []
    schema = SCHEMAS[event["detail-type"]]
    detail = schema["properties"]["detail"]
    (target,) = detail["properties"]["transaction"].values()
    transaction = schema["definitions"][target.rpartition("/")[2]]
    assert event["detail"].keys() == detail["properties"].keys() == set(detail["required"])
    assert event["detail"]["transaction"].keys() <= transaction["properties"].keys()


def test_a_reminder_is_as_its_schema_says_and_has_no_field_besides() -> None:
    event = received(expiring_event("anna", START, {"DANNON": 70, "UNILEVER": 30}))
    assert errors(event) == []
    detail = SCHEMAS[EXPIRING]["properties"]["detail"]
    assert event["detail"].keys() == detail["properties"].keys() == set(detail["required"])


def test_an_event_may_lack_the_balance_and_nothing_else() -> None:
    event = received(event_of(LINES[0]))
    assert errors({**event, "detail": {**event["detail"], "balance": None}}) == []
    for name in event["detail"]:
        less = {key: value for key, value in event["detail"].items() if key != name}
        assert errors({**event, "detail": less}) == [f"'{name}' is a required property"]


@pytest.mark.parametrize(
    "wrong", [{"source": "somebody"}, {"detail": {}}, {"version": "1"}, {"detail-type": "points.spend"}], ids=str
)
def test_what_is_no_such_event_does_not_pass(wrong: dict[str, Any]) -> None:
    assert errors({**received(event_of(LINES[0])), **wrong})


def test_events_may_get_more_fields() -> None:
    event = received(event_of(LINES[0]))
    event["detail"]["more"] = event["detail"]["transaction"]["more"] = event["more"] = 1
    assert errors(event) == []


def test_the_example_of_the_guide_is_the_worked_example_s_spend() -> None:
    text = (EVENTS.parent / "events.md").read_text()
    (block,) = re.findall(r"<!-- example -->\n\n```json\n(.*?)```", text, re.DOTALL)
    (described,) = ASYNCAPI["components"]["messages"]["points.spend"]["examples"]
    shown = json.loads(block)
    assert shown["detail"]["transaction"]["digest"] == "…"
    shown["detail"]["transaction"]["digest"] = described["payload"]["detail"]["transaction"]["digest"]
    assert shown == described["payload"]


def test_the_bus_has_a_message_for_each_kind_with_an_example_of_it() -> None:
    messages = ASYNCAPI["components"]["messages"]
    assert messages.keys() == SCHEMAS.keys()
    for name, message in messages.items():
        assert (EVENTS / message["payload"]["$ref"]).resolve() == EVENTS / f"{name}.json"
        (example,) = message["examples"]
        assert example["payload"]["detail-type"] == name
        assert errors(example["payload"]) == []
    (channel,) = ASYNCAPI["channels"].values()
    assert channel["messages"].keys() == messages.keys()
