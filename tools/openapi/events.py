"""The events on the bus, as JSON Schema and AsyncAPI 3.

JSON Schema is of draft 7, the newest that the generators for AsyncAPI read. Unlike the API's answers, events may get
more fields without notice: no schema closes its objects.
"""

from collections.abc import Mapping
from typing import Any

from points.events.bus import SOURCE, Event
from points.events.expiring import EXPIRING, expiring_event
from points.events.recorded import detail_type, event_of
from points.moments import parse_timestamp
from points.rules.terms import Kind

from tools.openapi.answers import SCHEMAS, name_of
from tools.openapi.document import VERSION, wide
from tools.openapi.schemas import Json, array, or_null, record, schema
from tools.openapi.worked_example import ACCOUNT, WorkedExample

_ABOUT = """\
Everything that happens to an account is an event on an Amazon EventBridge bus: whatever callers ask for, and whatever
time does. Each account's events are published in order, each at least once. Its transaction's `sequence` tells doubles
and gaps. See docs/events.md.
"""
_ACCOUNT: Json = {"type": "string", "description": "The account that it is about."}
_BALANCE = (
    "Points per payer after the transaction, in the order in which the payers were first seen. `null` if there are so "
    "many that the event would be larger than 256 KB: `GET /accounts/{account}/balance?at={sequence}` has them."
)
_REFERENCES = "#/components/schemas/"
_CHANNEL = "bus"


def event_schemas() -> dict[str, Json]:
    """Describe every event, by its detail type."""
    return {name: _event(name, detail) for name, detail in _details().items()}


def make_asyncapi() -> Json:
    """Describe the bus."""
    examples = _examples()
    messages = {name: _message(name, detail, examples[name]) for name, detail in _details().items()}
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
                "summary": "Tells of what is recorded, and of points that will expire.",
                "messages": [{"$ref": f"{channel}/messages/{name}"} for name in messages],
            }
        },
        "components": {"messages": messages},
    }


def _message(name: str, detail: Json, example: Json) -> Json:
    return {
        "name": name,
        "title": name,
        "summary": detail["description"],
        "payload": {"$ref": f"./{name}.json"},
        "examples": [{"name": "worked-example", "payload": example}],
    }


def _examples() -> dict[str, Json]:
    """Return the worked example's first event of each kind, and a reminder a week before some of its points expire."""
    lines = WorkedExample().lines
    of_kinds = {kind: next(line for line in lines if line.transaction.kind is kind) for kind in Kind}
    expiry = parse_timestamp("2020-11-30T00:00:00Z")
    return {
        **{detail_type(kind): _received(event_of(line), line.listed["recorded_at"]) for kind, line in of_kinds.items()},
        EXPIRING: _received(expiring_event(ACCOUNT, expiry, {"UNILEVER": 70}), "2020-11-23T00:05:00Z"),
    }


def _received(event: Event, time: str) -> Json:
    """Return an event as a rule hands it on."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": event.detail_type,
        "source": SOURCE,
        "account": "111122223333",
        "time": time.partition(".")[0].removesuffix("Z") + "Z",
        "region": "us-east-1",
        "resources": [],
        "detail": event.detail,
    }


def _details() -> dict[str, Json]:
    """Describe what each event tells."""
    return {**{detail_type(kind): _transaction(kind) for kind in Kind}, EXPIRING: _expiring()}


def _transaction(kind: Kind) -> Json:
    name = name_of(kind)
    return record(
        SCHEMAS[name]["description"],
        {
            "id": {"type": "string", "description": "The account and the transaction's number: `anna/7`."},
            "account": _ACCOUNT,
            "version": {"type": "string", "description": "The account's version after it: its `ETag`."},
            "transaction": schema(name),
            "balance": or_null({**SCHEMAS["Balance"], "description": _BALANCE}),
        },
    )


def _expiring() -> Json:
    return record(
        "Points that will expire if nothing is done before.",
        {
            "id": {"type": "string", "description": "The account and the moment: the same if it comes again."},
            "account": _ACCOUNT,
            "at": {**SCHEMAS["Coming"]["properties"]["at"], "description": "The moment from which on they are gone."},
            "points": {**SCHEMAS["GivenToPayer"]["properties"]["points"], "description": "How many, of all payers."},
            "expiring": {**array(schema("GivenToPayer")), "description": "How many of which payer."},
        },
    )


def _event(name: str, detail: Json) -> Json:
    """Describe an event as a rule hands it on, with all that it refers to."""
    envelope = {
        "version": {"type": "string", "const": "0"},
        "id": {"type": "string", "description": "EventBridge's own: a double has another one."},
        "detail-type": {"type": "string", "const": name},
        "source": {"type": "string", "const": SOURCE},
        "account": {"type": "string", "description": "The AWS account."},
        "time": {"type": "string", "format": "date-time", "description": "When it happened, to the second."},
        "region": {"type": "string"},
        "resources": {"type": "array", "items": {"type": "string"}},
        "detail": detail,
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": name,
        **_open(wide(record(detail["description"], envelope))),
        "definitions": {used: _open(wide(SCHEMAS[used])) for used in sorted(_used_by(detail))},
    }


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
