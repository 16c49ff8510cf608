"""What the calls answer, as JSON Schema. A field that requests have too is described as there."""

from collections.abc import Mapping
from http import HTTPStatus

from points.api.fields import METADATA, PAYER, POINTS, POSITIVE_POINTS, REFERENCE, TIMESTAMP
from points.rules.terms import MAX_POINTS, Kind

from tools.openapi.schemas import Json, array, one_of_kinds, or_null, record, schema

CURSOR_PATTERN = "^[A-Za-z0-9_-]+={0,2}$"
RECORDED_AT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$"

_PAYER = dict(PAYER.schema)
_GIVEN = dict(POSITIVE_POINTS.schema)
_TAKEN: Json = {"type": "integer", "minimum": -MAX_POINTS, "maximum": -1}
_SOME: Json = {"type": "integer", "minimum": 0, "maximum": MAX_POINTS}
_NONE: Json = {"type": "integer", "const": 0}
_SEQUENCE: Json = {"type": "integer", "minimum": 1}


def _moment(description: str) -> Json:
    return {**TIMESTAMP.schema, "description": description}


def _told(of: Json, description: str) -> Json:
    return {**of, "description": description}


_TIMESTAMP = _moment("When the points were earned, in UTC.")
_EXPIRES_AT = _moment("When the points expire; they can be spent only before.")
_DUE_AT = _moment("When it was due.")
_CURSOR = _told(
    or_null({"type": "string", "pattern": CURSOR_PATTERN}), "The `cursor` of the next page; `null` at the end."
)
_OF = _told(_SEQUENCE, "The transaction it refers to.")
_POINTS = "The change to the sum of the balance."

_ALL: Mapping[str, Json] = {
    "recorded_at": {
        "type": "string",
        "format": "date-time",
        "pattern": RECORDED_AT_PATTERN,
        "description": "When the ledger recorded it, in UTC. Never earlier than the previous transaction.",
    },
    "digest": {
        "type": "string",
        "pattern": "^[0-9a-f]{64}$",
        "description": "SHA-256 of the previous digest and this transaction, in hexadecimal. Seals the history so far.",
    },
}
_LABELS: Mapping[str, Json] = {
    "reference": _told(dict(REFERENCE.schema), "The caller's own name for what it belongs to."),
    "metadata": schema("Metadata"),
}
_TIMES_OWN = {Kind.ARRIVE, Kind.LAPSE, Kind.EXPIRE}

_TAKEN_OF_PAYERS = _told(
    array(schema("TakenOfPayer")), "What was taken from each payer, in the order in which they were first drawn on."
)
_GIVEN_TO_PAYERS = _told(array(schema("GivenToPayer")), "What was returned to each payer, the last drawn first.")

_LOTS: Mapping[str, Json] = {
    "lots": _told(array(schema("DrawnLot")), "The lots it drew on, in that order."),
}
_MORE_LOTS: Mapping[str, Json] = {
    "next_lots_cursor": {
        "type": "string",
        "pattern": CURSOR_PATTERN,
        "description": "The `lots_cursor` for more lots.",
    },
}


def _ended(how: str, *, by_time: bool = False) -> Json:
    if by_time:
        description = f"The transaction by which it {how}; `null` if that is not recorded yet."
        return _told(or_null(_SEQUENCE), description)
    return _told(_SEQUENCE, f"The transaction by which it {how}.")


def _transaction(
    kind: Kind, description: str, required: Mapping[str, Json], optional: Mapping[str, Json] | None = None
) -> Json:
    labels = {} if kind in _TIMES_OWN else _LABELS
    fields = {"sequence": schema("Sequence"), "kind": {"type": "string", "const": kind.value}, **required, **_ALL}
    return record(description, fields, {**(optional or {}), **labels})


_TRANSACTIONS: Mapping[Kind, Json] = {
    Kind.ADD: _transaction(
        Kind.ADD,
        "A payer's points, added to the account or, if negative, taken back.",
        {"payer": _PAYER, "points": dict(POINTS.schema), "timestamp": _TIMESTAMP},
        {"expires_at": _EXPIRES_AT},
    ),
    Kind.SPEND: _transaction(Kind.SPEND, "Points that were spent.", {"points": _TAKEN, "taken": _TAKEN_OF_PAYERS}),
    Kind.HOLD: _transaction(
        Kind.HOLD,
        "Points that were set aside. Its sequence number identifies the hold.",
        {
            "points": _TAKEN,
            "expires_at": _moment("When the hold lapses, unless it ends earlier."),
            "taken": _TAKEN_OF_PAYERS,
        },
    ),
    Kind.CAPTURE: _transaction(
        Kind.CAPTURE,
        "A hold that was spent, wholly or in part; the rest was returned.",
        {
            "of": _OF,
            "points": _told(_SOME, f"{_POINTS} The part of the hold that was returned."),
            "taken": _told(array(schema("TakenOfPayer")), "What is spent of each payer's held points."),
            "returned": _GIVEN_TO_PAYERS,
        },
    ),
    Kind.VOID: _transaction(
        Kind.VOID, "A hold that was returned in full.", {"of": _OF, "points": _GIVEN, "returned": _GIVEN_TO_PAYERS}
    ),
    Kind.REFUND: _transaction(
        Kind.REFUND,
        "Points returned from a spend or a captured hold, which `of` identifies.",
        {"of": _OF, "points": _GIVEN, "returned": _GIVEN_TO_PAYERS},
    ),
    Kind.PENDING: _transaction(
        Kind.PENDING,
        "Points that will arrive later.",
        {
            "payer": _PAYER,
            "points": _told(_NONE, f"{_POINTS} Nothing yet."),
            "amount": _told(_GIVEN, "The points that will arrive."),
            "timestamp": _TIMESTAMP,
            "effective_at": _moment("When the points arrive."),
        },
        {"expires_at": _EXPIRES_AT},
    ),
    Kind.CANCEL: _transaction(
        Kind.CANCEL,
        "A pending add that was cancelled.",
        {
            "of": _OF,
            "payer": _PAYER,
            "points": _told(_NONE, f"{_POINTS} Nothing."),
            "amount": _told(_GIVEN, "The points that will not arrive."),
        },
    ),
    Kind.ARRIVE: _transaction(
        Kind.ARRIVE,
        "Pending points that arrived. Happens with time; no caller asks for it.",
        {"of": _OF, "payer": _PAYER, "points": _GIVEN, "timestamp": _TIMESTAMP, "effective_at": _DUE_AT},
        {"expires_at": _EXPIRES_AT},
    ),
    Kind.LAPSE: _transaction(
        Kind.LAPSE,
        "A hold that was returned in full because nothing ended it in time. No caller asks for it.",
        {"of": _OF, "points": _GIVEN, "effective_at": _DUE_AT, "returned": _GIVEN_TO_PAYERS},
    ),
    Kind.EXPIRE: _transaction(
        Kind.EXPIRE,
        "Points that expired. Happens with time; no caller asks for it. With 0 points and nobody in `expired`, lots "
        "that paid what their payers owe: when they expired or, if they are very many, before something is drawn.",
        {
            "points": {"type": "integer", "minimum": -MAX_POINTS, "maximum": 0},
            "effective_at": _moment("When the last of them was due, or debts were settled."),
            "expired": _told(array(schema("TakenOfPayer")), "What expired of each payer."),
        },
    ),
}

_LEFT = _told(_SOME, "The points that can still be refunded.")
_MORE: Mapping[Kind, tuple[Mapping[str, Json], Mapping[str, Json]]] = {
    Kind.SPEND: ({"left": _LEFT, **_LOTS}, _MORE_LOTS),
    Kind.HOLD: (
        {"left": _told(_SOME, "The points that can still be captured or, after a capture, refunded."), **_LOTS},
        {
            **_MORE_LOTS,
            "captured_by": _ended("was captured"),
            "voided_by": _ended("was voided"),
            "lapsed_by": _ended("lapsed", by_time=True),
        },
    ),
    Kind.CAPTURE: ({"left": _LEFT}, {}),
    Kind.PENDING: ({}, {"cancelled_by": _ended("was cancelled"), "arrived_by": _ended("arrived", by_time=True)}),
    Kind.EXPIRE: (_LOTS, _MORE_LOTS),
}
"""What the answer for one transaction tells beyond the history, for the kinds that have more to tell."""


def _in_full(kind: Kind) -> Json:
    told, (required, optional) = _TRANSACTIONS[kind], _MORE[kind]
    return told | {
        "properties": {**told["properties"], **required, **optional},
        "required": [*told["required"], *required],
    }


def name_of(kind: Kind) -> str:
    """Return the name of the schema of a kind of transaction."""
    return f"{kind.capitalize()}Transaction"


def _name_in_full(kind: Kind) -> str:
    return f"{kind.capitalize()}InFull" if kind in _MORE else name_of(kind)


def _page(description: str, name: str, entry: str) -> Json:
    return record(description, {name: array(schema(entry)), "next_cursor": _CURSOR})


def _coming(description: str) -> Json:
    return _told(or_null(schema("Coming")), description)


def _points_of_payers(points: Json, description: str) -> Json:
    return {"type": "object", "description": description, "propertyNames": _PAYER, "additionalProperties": points}


_OWED = "Points taken back from payers, which their next open lots will pay."
_BALANCE = "Points per payer, in the order in which payers were first seen. A payer stays in the list, even at 0."

SCHEMAS: Mapping[str, Json] = {
    "Metadata": _told(dict(METADATA.schema), "The caller's own names and strings, 2 KB in all."),
    "Sequence": _told(_SEQUENCE, "The transaction's place in the account's history: 1, 2, 3 …"),
    **{name_of(kind): told for kind, told in _TRANSACTIONS.items()},
    **{_name_in_full(kind): _in_full(kind) for kind in _MORE},
    "Transaction": one_of_kinds("One line of an account's history.", {kind: name_of(kind) for kind in _TRANSACTIONS}),
    "TransactionInFull": one_of_kinds(
        "One line of an account's history, with the lots it drew on and what became of it.",
        {kind: _name_in_full(kind) for kind in _TRANSACTIONS},
    ),
    "Added": one_of_kinds(
        "Points that were added, or will arrive later.", {kind: name_of(kind) for kind in (Kind.ADD, Kind.PENDING)}
    ),
    "TransactionPage": _page("A page of an account's history, newest first.", "transactions", "Transaction"),
    "TakenOfPayer": record(
        "What was taken from one payer.", {"payer": _PAYER, "points": _told(_TAKEN, "A negative number.")}
    ),
    "GivenToPayer": record("What was returned to one payer.", {"payer": _PAYER, "points": _GIVEN}),
    "Taken": _told(
        array(schema("TakenOfPayer")),
        "What is taken from each payer, in the order in which they are first drawn on.",
    ),
    "DrawnLot": record(
        "What was taken from one lot, the points of one add.",
        {"sequence": schema("Sequence"), "payer": _PAYER, "timestamp": _TIMESTAMP, "points": _TAKEN},
        {"expires_at": _EXPIRES_AT},
    ),
    "Lot": record(
        "What is left of the points of one add. For points that were pending, `sequence` is the number of the "
        "pending add.",
        {"sequence": schema("Sequence"), "payer": _PAYER, "timestamp": _TIMESTAMP, "points": _GIVEN},
        {"expires_at": _EXPIRES_AT},
    ),
    "LotPage": _page("A page of the open lots, in spending order.", "lots", "Lot"),
    "OpenHold": record(
        "Points set aside.",
        {
            "sequence": schema("Sequence"),
            "points": _GIVEN,
            "expires_at": _moment("When the hold lapses, unless it ends earlier."),
            "taken": _TAKEN_OF_PAYERS,
        },
    ),
    "HoldPage": _page("The open holds, in the order in which they were made.", "holds", "OpenHold"),
    "PendingAdd": record(
        "Points that have not arrived yet.",
        {
            "sequence": schema("Sequence"),
            "payer": _PAYER,
            "amount": _GIVEN,
            "timestamp": _TIMESTAMP,
            "effective_at": _moment("When the points arrive."),
        },
        {"expires_at": _EXPIRES_AT},
    ),
    "PendingPage": _page("The pending adds, in the order in which they were made.", "pending", "PendingAdd"),
    "Balance": _points_of_payers(_SOME, _BALANCE),
    "Owed": _points_of_payers({"type": "integer", "minimum": 1}, _OWED),
    "Coming": record(
        "When something happens next, and to how many points.",
        {"at": _moment("The moment."), "points": _told(_SOME, "All the points of that moment.")},
    ),
    "Account": record(
        "An account at a glance.",
        {
            "available": _told(_SOME, "What can be spent now, over all payers."),
            "balances": schema("Balance"),
            "held": _told(_SOME, "What open holds have set aside."),
            "pending": _told(_SOME, "What has not arrived yet."),
            "owed": schema("Owed"),
            "next_expiry": _coming("When points expire next, and how many of those available now."),
            "next_lapse": _coming("When a hold lapses next, and how many points return."),
            "next_arrival": _coming("When pending points arrive next, and how many."),
        },
    ),
    "FieldError": record(
        "A part of the request, and what is wrong with it.",
        {"field": {"type": "string"}, "message": {"type": "string"}},
    ),
    "GatewayMessage": {
        "type": "object",
        "description": "API Gateway's own answer. It does not tell whether a change happened.",
        "properties": {"message": {"type": "string"}},
        "required": ["message"],
    },
}


def problem_schema(types: list[str]) -> Json:
    """Describe problems of these types."""
    return record(
        "Why a request was refused. Nothing was recorded, unless the status is 500 or 504.",
        {
            "type": {"type": "string", "format": "uri", "enum": types},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": HTTPStatus.BAD_REQUEST.value},
            "detail": {"type": "string"},
        },
        {"errors": array(schema("FieldError"))},
    )
