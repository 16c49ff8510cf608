"""What each call is for, and what it takes and answers: the part of the description that no code can tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from points.api.bodies import AddBody, SpendBody
from points.api.queries import DEFAULT_LIMIT, MAX_LIMIT
from pydantic import BaseModel

from tools.openapi.answers import AddTransaction, Balance, TakenPerPayer, TransactionPage, TransactionWithLots
from tools.openapi.worked_example import SPEND, WorkedExample, add_bodies

Json = dict[str, Any]

TITLE = "Points ledger"
ABOUT = """\
Points of many payers, spent oldest first. The balance of a payer never goes below zero.

**Accounts.** `/add` and its like act on the caller's own account, which is the subject of the token;
`/accounts/{account}/add` and its like act on the account they name. A local run takes no token, and the own account
is `default`.

**Safe retries.** Send an `Idempotency-Key` with an add or a spend, and repeat the request with the same key for as
long as there is no answer, one of API Gateway's own (`{"message": …}`), or a 500, 503 or 504: it takes effect once.
The answer is always the first one, with `Idempotency-Replayed: true` if it is given again. Keys are kept for ever; a
refused request does not use one up.

**Versions.** Every balance, preview, add and spend answers with an `ETag`: the sequence number of the account's
transaction that it stands on. With it as `If-Match`, an add or a spend happens only if nothing else has happened since.
So a spend takes exactly what its preview showed.

**Refusals** are problems as in [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457.html). They leave nothing behind; only
after a 500 or a 504 is that not known."""

TAGS = {
    "Points": "Add and spend, and see beforehand what a spend would take.",
    "Balance and history": "What an account has, what it had, and how that came about.",
    "Named accounts": "The same calls on an account that the path names.",
    "Documentation": "This description and two pages to look at. They need no token.",
}

PARAMETERS: dict[str, Json] = {
    "Account": {
        "name": "account",
        "in": "path",
        "required": True,
        "description": "Whose points: up to 128 letters, digits and `. _ : @ | -`, but not `.` or `..`.",
        "schema": {"type": "string", "maxLength": 128, "pattern": r"^(?!\.{1,2}$)[A-Za-z0-9._:@|-]+$"},
        "example": "default",
    },
    "Sequence": {
        "name": "sequence",
        "in": "path",
        "required": True,
        "description": "The transaction's sequence number.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 6,
    },
    "At": {
        "name": "at",
        "in": "query",
        "description": "A sequence number, such as `5` (`0` is before the first), or a moment of recording, such as "
        "`2020-12-31T23:59:59Z`.",
        "schema": {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                AddBody.model_json_schema()["properties"]["timestamp"] | {"title": "Moment"},
            ]
        },
    },
    "Limit": {
        "name": "limit",
        "in": "query",
        "description": "How many transactions to show at most.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    },
    "Cursor": {
        "name": "cursor",
        "in": "query",
        "description": "The `next_cursor` of the page before. Transactions that are recorded meanwhile do not move it.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]+={0,2}$"},
    },
    "LotsCursor": {
        "name": "lots_cursor",
        "in": "query",
        "description": "The `next_lots_cursor` of the answer before, if the spend drew on more lots than that showed.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]+={0,2}$"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes the request safe to repeat. Visible ASCII; a new one, such as a UUID, for each change.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": 'Do it only if this `ETag`, such as `"7"`, or one of several, is still the account\'s.',
        "schema": {
            "anyOf": [
                {"type": "string", "const": "*"},
                {"type": "string", "pattern": r'^(W/)?"[!#-~]*"([ \t]*,[ \t]*(W/)?"[!#-~]*")*$'},
            ]
        },
    },
}


@dataclass(frozen=True, slots=True)
class Operation:
    """A call. Its answers are those of success; which refusals belong to it, `refusals` says by status and kinds."""

    name: str
    tag: str
    summary: str
    description: str
    answer: type[BaseModel] | str
    """A model, or the media type of a page."""
    answers: str
    example: Any = None
    headers: Sequence[str] = ()
    parameters: Sequence[str] = ()
    body: type[BaseModel] | None = None
    body_examples: Mapping[str, Json] = field(default_factory=dict)
    refusals: Sequence[str] = ()
    links: Mapping[str, Json] = field(default_factory=dict)


_worked = WorkedExample()
_READ = ("Unauthorized", "Forbidden", "TooManyRequests", "InternalError", "Unavailable", "GatewayTimeout")
_WRITE = (
    "Unauthorized",
    "Forbidden",
    "VersionMismatch",
    "BodyTooLarge",
    "KeyReused",
    "TooManyRequests",
    "InternalError",
    "Unavailable",
    "OutcomeUnknown",
)
_SPEND_EXAMPLE = {"worked": {"summary": "The worked example's spend", "value": {"points": SPEND.points}}}

# Every route of the template but those on a named account, which are the same calls.
OPERATIONS = {
    "POST /add": Operation(
        name="add",
        tag="Points",
        summary="Add points of a payer, or take some back",
        description="""\
The timestamp says when the points were earned, and ranks them among all others, whenever they arrive. A negative
amount takes that many of the payer's oldest points back.""",
        parameters=("IdempotencyKey", "IfMatch"),
        body=AddBody,
        body_examples={
            f"worked{n}": {"summary": f"{n}. {body['payer']} {body['points']}", "value": body}
            for n, body in enumerate(add_bodies(), start=1)
        },
        answer=AddTransaction,
        answers="The transaction, as recorded",
        example=_worked.added(),
        headers=("ETag", "IdempotencyReplayed"),
        refusals=("InvalidRequest", "AddNotAllowed", *_WRITE),
        links={"transaction": {"operationId": "transaction", "parameters": {"sequence": "$response.body#/sequence"}}},
    ),
    "POST /spend": Operation(
        name="spend",
        tag="Points",
        summary="Spend points, oldest first",
        description="Takes exactly the points asked, or nothing, from however many lots and payers it needs.",
        parameters=("IdempotencyKey", "IfMatch"),
        body=SpendBody,
        body_examples=_SPEND_EXAMPLE,
        answer=TakenPerPayer,
        answers="What was taken from whom, payers in the order in which they were first drawn on",
        example=_worked.taken(),
        headers=("ETag", "IdempotencyReplayed"),
        refusals=("InvalidSpend", "AccountFull", *_WRITE),
    ),
    "POST /spend/preview": Operation(
        name="preview",
        tag="Points",
        summary="See what a spend would take",
        description="Answers as the spend would, and records nothing.",
        body=SpendBody,
        body_examples=_SPEND_EXAMPLE,
        answer=TakenPerPayer,
        answers="What would be taken from whom",
        example=_worked.taken(),
        headers=("ETag",),
        refusals=("InvalidSpend", "BodyTooLarge", *_READ),
        links={
            "spend": {
                "operationId": "spend",
                "parameters": {"header.If-Match": "$response.header.ETag"},
                "requestBody": "$request.body",
                "description": "Takes exactly this, or answers 412.",
            }
        },
    ),
    "GET /balance": Operation(
        name="balance",
        tag="Balance and history",
        summary="Points per payer, now or in the past",
        description="With `at`, the balance after a transaction, or after the last one recorded by a moment.",
        parameters=("At",),
        answer=Balance,
        answers="Points per payer",
        example=_worked.balance(),
        headers=("ETag",),
        refusals=("InvalidRequest", "NoTransaction", *_READ),
    ),
    "GET /transactions": Operation(
        name="transactions",
        tag="Balance and history",
        summary="The history, newest first",
        description="A page at a time. No transaction is skipped or shown twice, whatever is recorded meanwhile.",
        parameters=("Limit", "Cursor"),
        answer=TransactionPage,
        answers="A page of the history",
        example=_worked.page(),
        refusals=("InvalidRequest", *_READ),
        links={"older": {"operationId": "transactions", "parameters": {"cursor": "$response.body#/next_cursor"}}},
    ),
    "GET /transactions/{sequence}": Operation(
        name="transaction",
        tag="Balance and history",
        summary="One transaction, and of a spend the lots it drew on",
        description="A lot is what one add brought. The lots say which points were spent, oldest first.",
        parameters=("Sequence", "LotsCursor"),
        answer=TransactionWithLots,
        answers="The transaction",
        example=_worked.spent(),
        refusals=("InvalidRequest", "NoTransaction", *_READ),
    ),
    "GET /openapi.json": Operation(
        name="openapi",
        tag="Documentation",
        summary="This description",
        description="For programs: an OpenAPI 3.1 document.",
        answer="application/json",
        answers="The document",
    ),
    "GET /docs": Operation(
        name="docs",
        tag="Documentation",
        summary="A page to read this description and to try the calls",
        description="For people.",
        answer="text/html",
        answers="The page",
    ),
    "GET /": Operation(
        name="home",
        tag="Documentation",
        summary="A page that shows an account at a glance",
        description="For people: the balance, what would be spent next, and the history.",
        answer="text/html",
        answers="The page",
    ),
}

ASSETS = "GET /assets/{file}"
"""The one route that is no call: what the pages load."""
