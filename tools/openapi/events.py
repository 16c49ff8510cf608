"""The events on the bus, as JSON Schema and AsyncAPI 3.

JSON Schema is of draft 7, the newest that the generators for AsyncAPI read. Unlike the API's answers, events may get
more fields without notice: no schema closes its objects.
"""

from collections.abc import Mapping
from typing import Any

from points.events.bus import SOURCE
from points.events.recorded import detail_type, event_of
from points.rules.terms import Kind

from tools.openapi.answers import SCHEMAS, name_of
from tools.openapi.document import VERSION, wide
from tools.openapi.schemas import Json, or_null, record, schema
from tools.openapi.worked_example import WorkedExample

_ABOUT = """\
Everything that happens to an account is an event on an Amazon EventBridge bus: whatever callers ask for, and whatever
time does. Each account's events are published in order, each at least once. Its transaction's `sequence` tells doubles
and gaps. See docs/events.md.
"""
_REFERENCES = "#/components/schemas/"
_CHANNEL = "bus"


def event_schemas() -> dict[str, Json]:
    """Describe the events of each kind, by their detail types."""
    return {detail_type(kind): _schema_of(kind) for kind in Kind}


def make_asyncapi() -> Json:
    """Describe the bus."""
    messages = {detail_type(kind): _message(kind) for kind in Kind}
    channel = f"#/channels/{_CHANNEL}"
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Events of the points ledger", "version": VERSION, "description": _ABOUT},
        "defaultContentType": "application/json",
        "channels": {
            _CHANNEL: {
                "address": "points-ledger",
                "title": "The event bus",
                "description": "It has the name of the stack; the output `EventBusName` says it.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "publish": {
                "action": "send",
                "channel": {"$ref": channel},
                "summary": "Tells of a transaction once it is recorded.",
                "messages": [{"$ref": f"{channel}/messages/{name}"} for name in messages],
            }
        },
        "components": {"messages": messages},
    }


def _message(kind: Kind) -> Json:
    name = detail_type(kind)
    return {
        "name": name,
        "title": name,
        "summary": SCHEMAS[name_of(kind)]["description"],
        "payload": {"$ref": f"./{name}.json"},
        "examples": [{"name": "worked-example", "payload": _example(kind)}],
    }


def _example(kind: Kind) -> Json:
    """Return the worked example's first event of a kind, as a rule hands it on."""
    line = next(line for line in WorkedExample().lines if line.transaction.kind is kind)
    event = event_of(line)
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": event.detail_type,
        "source": SOURCE,
        "account": "111122223333",
        "time": line.recorded_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": [],
        "detail": event.detail,
    }


def _schema_of(kind: Kind) -> Json:
    """Describe an event, with all that it refers to."""
    name = name_of(kind)
    detail = record(
        SCHEMAS[name]["description"],
        {
            "id": {"type": "string", "description": "The account and the transaction's number: `anna/7`."},
            "account": {"type": "string", "description": "The account that it happened to."},
            "version": {"type": "string", "description": "The account's version after it: its `ETag`."},
            "transaction": schema(name),
            "balance": or_null({**SCHEMAS["Balance"], "description": _BALANCE}),
        },
    )
    envelope = {
        "version": {"type": "string", "const": "0"},
        "id": {"type": "string", "description": "EventBridge's own: a double has another one."},
        "detail-type": {"type": "string", "const": detail_type(kind)},
        "source": {"type": "string", "const": SOURCE},
        "account": {"type": "string", "description": "The AWS account."},
        "time": {"type": "string", "format": "date-time", "description": "When it was recorded, to the second."},
        "region": {"type": "string"},
        "resources": {"type": "array", "items": {"type": "string"}},
        "detail": detail,
    }
    described: Json = _open(wide(record(SCHEMAS[name]["description"], envelope)))
    definitions = {used: _open(wide(SCHEMAS[used])) for used in sorted(_used_by(schema(name)))}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": detail_type(kind),
        **described,
        "definitions": definitions,
    }


_BALANCE = (
    "Points per payer after the transaction, in the order in which the payers were first seen. `null` if there are so "
    "many that the event would be larger than 256 KB: `GET /accounts/{account}/balance?at={sequence}` has them."
)


def _used_by(described: Any) -> set[str]:
    """Find the schemas that one refers to, and those that they refer to."""
    match described:
        case {"$ref": str(target)}:
            name = target.removeprefix(_REFERENCES)
            return {name} | _used_by(SCHEMAS[name])
        case dict():
            return set[str]().union(*map(_used_by, described.values()))
        case list():
            return set[str]().union(*map(_used_by, described))
    return set()


def _open(described: Any) -> Any:
    """Let objects have more fields, and refer to definitions beside."""
    match described:
        case {"$ref": str(target)}:
            return {"$ref": target.replace(_REFERENCES, "#/definitions/")}
        case Mapping():
            return {
                name: _open(value)
                for name, value in described.items()
                if (name, value) != ("additionalProperties", False)
            }
        case list():
            return [_open(value) for value in described]
    return described
