"""What each call is for, and what it takes and answers: the part of the description that no code can tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from points.api.fields import REFERENCE, TIMESTAMP_PATTERN
from points.api.queries import DEFAULT_LIMIT, MAX_LIMIT

from tools.openapi.answers import CURSOR_PATTERN
from tools.openapi.schemas import Json, any_of_patterns

TITLE = "Points ledger"
ABOUT = """\
Points of many payers. Those that expire soonest are spent first, then the oldest. The balance of a payer never goes
below zero.

**Accounts.** `/add` and its like act on the caller's own account, which is the subject of the token;
`/accounts/{account}/add` and its like act on the account they name. A local run takes no token, and the own account
is `default`.

**Transactions.** Every change is recorded as a transaction, which is never changed: of a kind that a caller asks for
(`add`, `spend`, `refund`, `hold`, `capture`, `void`, `pending`, `cancel`), or of one that time does by itself
(`arrive`, `lapse`, `expire`). Its `points` are what it changed in the sum of the balance. Callers may attach a
`reference` and `metadata` to whatever they ask for.

**Safe retries.** Send an `Idempotency-Key` with every change, and repeat the request with the same key for as long as
there is no answer, one of API Gateway's own (`{"message": …}`), or a 500, 503 or 504: it takes effect once. The answer
is always the first one, with `Idempotency-Replayed: true` if it is given again. Keys are kept for ever; a refused
request does not use one up.

**Versions.** Reads of how an account stands, previews and changes answer with an `ETag`, the version of the account
that the answer stands on. It changes with every change, and with whatever time does. With it as `If-Match`, a change
happens only if that is still the version: so a spend takes exactly what its preview showed. With it as
`If-None-Match`, a read answers 304 for as long as nothing has changed.

**Refusals** are problems as in [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457.html). They leave nothing behind; only
after a 500 or a 504 is that not known."""

TAGS = {
    "Points": "Add and spend, see beforehand what a spend would take, and give back what was spent.",
    "Holds": "Set points aside for an order, and spend them or give them back later.",
    "Pending points": "Points that count only from a moment to come.",
    "Balance and history": "What an account has, had and will have, and how that came about.",
    "Named accounts": "The same calls on an account that the path names.",
    "Documentation": "This description and two pages to look at. They need no token.",
}

_CURSOR: Json = {"type": "string", "pattern": CURSOR_PATTERN}
_TAG = r'(W/)?"[!#-~]*"'
_TAGS = any_of_patterns((r"^\*$", rf"^{_TAG}([ \t]*,[ \t]*{_TAG})*$"))

PARAMETERS: dict[str, Json] = {
    "Account": {
        "name": "account",
        "in": "path",
        "required": True,
        "description": "Whose points: up to 128 letters, digits and `. _ : @ | + -`, but not `.` or `..`.",
        "schema": {"type": "string", "maxLength": 128, "pattern": r"^(?!\.{1,2}$)[A-Za-z0-9._:@|+-]+$"},
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
        "description": "A sequence number, such as `5` (`0` is before the first), or a moment, such as "
        "`2020-12-31T23:59:59Z`. Of a moment to come, how it will be if nothing else happens.",
        "schema": {"type": "string", "pattern": any_of_patterns(("^0$", "^[1-9][0-9]*$", TIMESTAMP_PATTERN))},
    },
    "Limit": {
        "name": "limit",
        "in": "query",
        "description": "How many entries to show at most.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    },
    "Cursor": {
        "name": "cursor",
        "in": "query",
        "description": "The `next_cursor` of the page before. What is recorded meanwhile does not move it.",
        "schema": _CURSOR,
    },
    "LotsCursor": {
        "name": "lots_cursor",
        "in": "query",
        "description": "The `next_lots_cursor` of the answer before, if there are more lots than that showed.",
        "schema": _CURSOR,
    },
    "Reference": {
        "name": "reference",
        "in": "query",
        "description": "Show only transactions that callers gave this reference.",
        "schema": dict(REFERENCE.schema),
        "example": "order-1043",
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes the request safe to repeat: a new one, such as a UUID, for each change. Visible ASCII "
        "without commas and quotation marks.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-+.-~-]+$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": 'Do it only if this `ETag`, such as `"7"`, or one of several, is still the account\'s.',
        "schema": {"type": "string", "pattern": _TAGS},
    },
    "UnlessMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Do it only if none of these is the account's `ETag`.",
        "schema": {"type": "string", "pattern": _TAGS},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Answer only if none of these is the answer's `ETag`, and otherwise with 304.",
        "schema": {"type": "string", "pattern": _TAGS},
    },
}

MEANINGS = {
    "payer": "Whose points they are, in Unicode's form NFC, without white space around it or invisible characters.",
    "points": "How many.",
    "timestamp": "When the points were earned: it ranks them among all others, whenever they arrive.",
    "effective_at": "From when on the points count. If that is still to come, the add is pending until then.",
    "expires_at": "Up to when they last. Of points forever if left out; of a hold 7 days, and a year at most.",
    "reference": "Your own name for what it belongs to, such as an order. It need not be unique.",
}
"""What the fields of bodies mean."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A call. Its `answer` is a schema, or the media type of a page; its refusals are named as in `refusals`."""

    name: str
    tag: str
    summary: str
    description: str
    answer: str
    answers: str
    headers: Sequence[str] = ()
    parameters: Sequence[str] = ()
    refusals: Sequence[str] = ()
    links: Mapping[str, Json] = field(default_factory=dict)

    @property
    def is_page(self) -> bool:
        """Whether it answers with a file."""
        return "/" in self.answer


_GATE = ("Unauthorized", "Forbidden", "TooManyRequests", "InternalError", "Unavailable")
_READ = (*_GATE, "GatewayTimeout")
_PREVIEW = (*_READ, "BodyTooLarge", "BodyEncoded")
_WRITE = (*_GATE, "VersionMismatch", "BodyTooLarge", "BodyEncoded", "KeyReused", "OutcomeUnknown")
_CHANGE_PARAMETERS = ("IdempotencyKey", "IfMatch", "UnlessMatch")
_CHANGE_HEADERS = ("ETag", "ContentLocation", "IdempotencyReplayed")


def _link(operation: str, description: str, **parameters: str) -> Json:
    return {"operationId": operation, "parameters": parameters, "description": description}


_ITSELF = _link("transaction", "The transaction, with what becomes of it.", sequence="$response.body#/sequence")


def _same(operation: str) -> Json:
    """Link a preview to what it shows."""
    return {
        "operationId": operation,
        "parameters": {"header.If-Match": "$response.header.ETag"},
        "requestBody": "$request.body",
        "description": "Takes exactly this, or answers 412.",
    }


def _next_page(operation: str) -> Json:
    return _link(operation, "The next page.", cursor="$response.body#/next_cursor")


# Every route of the template but those on a named account, which are the same calls.
OPERATIONS = {
    "POST /add": Operation(
        name="add",
        tag="Points",
        summary="Add points of a payer, or take some back",
        description="""\
The timestamp says when the points were earned, and ranks them among all others, whenever they arrive. A negative
amount takes that many points of the payer back. With `effective_at` the points are pending until then; with
`expires_at` they can be spent only before.""",
        parameters=_CHANGE_PARAMETERS,
        answer="Added",
        answers="The transaction, as recorded: of kind `pending` if the points are still to arrive",
        headers=_CHANGE_HEADERS,
        refusals=("InvalidRequest", "AddNotAllowed", *_WRITE),
        links={
            "transaction": _ITSELF,
            "cancel": _link("cancel", "Of a pending add.", sequence="$response.body#/sequence"),
        },
    ),
    "POST /spend": Operation(
        name="spend",
        tag="Points",
        summary="Spend points, those that expire soonest first, then the oldest",
        description="Takes exactly the points asked, or nothing, from however many lots and payers it needs.",
        parameters=_CHANGE_PARAMETERS,
        answer="Taken",
        answers="What was taken from whom, payers in the order in which they were first drawn on",
        headers=_CHANGE_HEADERS,
        refusals=("InvalidSpend", "SpendNotAllowed", *_WRITE),
        links={
            "transaction": _link("transaction", "Its number is the last part of Content-Location."),
            "refund": _link("refund", "Its number is the last part of Content-Location."),
        },
    ),
    "POST /spend/preview": Operation(
        name="preview",
        tag="Points",
        summary="See what a spend would take",
        description="Answers as the spend would, and records nothing.",
        answer="Taken",
        answers="What would be taken from whom",
        headers=("ETag",),
        refusals=("InvalidSpend", "PreviewNotAllowed", *_PREVIEW),
        links={"spend": _same("spend")},
    ),
    "POST /transactions/{sequence}/refund": Operation(
        name="refund",
        tag="Points",
        summary="Give back what was spent, wholly or in part",
        description="""\
Of a spend, or of a hold that was captured, by the hold's number or the capture's. The points go back into the lots they
came from, what was drawn last first; what has expired meanwhile expires again. Without `points`, all that is left.""",
        parameters=("Sequence", *_CHANGE_PARAMETERS),
        answer="RefundTransaction",
        answers="The transaction: what came back to whom",
        headers=_CHANGE_HEADERS,
        refusals=("InvalidRequest", "NoTransaction", "RefundNotAllowed", *_WRITE),
        links={"transaction": _ITSELF},
    ),
    "POST /holds": Operation(
        name="hold",
        tag="Holds",
        summary="Set points aside",
        description="""\
Draws on lots as a spend does. A capture spends the points, a void gives them back; so does `expires_at`, 7 days from
now if left out, a year at most, if nothing has ended the hold before.""",
        parameters=_CHANGE_PARAMETERS,
        answer="HoldTransaction",
        answers="The transaction: its sequence number names the hold",
        headers=_CHANGE_HEADERS,
        refusals=("InvalidHold", "HoldNotAllowed", *_WRITE),
        links={
            "capture": _link("capture_hold", "Spend it.", sequence="$response.body#/sequence"),
            "void": _link("void_hold", "Give it back.", sequence="$response.body#/sequence"),
            "transaction": _ITSELF,
        },
    ),
    "POST /holds/preview": Operation(
        name="preview_hold",
        tag="Holds",
        summary="See what a hold would take",
        description="Answers what the hold would take of whom, and records nothing.",
        answer="Taken",
        answers="What would be taken from whom",
        headers=("ETag",),
        refusals=("InvalidHold", "PreviewNotAllowed", *_PREVIEW),
        links={"hold": _same("hold")},
    ),
    "POST /holds/{sequence}/capture": Operation(
        name="capture_hold",
        tag="Holds",
        summary="Spend a hold, wholly or in part",
        description="Without `points` all of the hold is spent; the rest, if any, goes back as by a refund.",
        parameters=("Sequence", *_CHANGE_PARAMETERS),
        answer="CaptureTransaction",
        answers="The transaction: what is spent of whom, and what came back",
        headers=_CHANGE_HEADERS,
        refusals=("InvalidRequest", "NoTransaction", "CaptureNotAllowed", *_WRITE),
        links={
            "transaction": _ITSELF,
            "refund": _link("refund", "Give it back after all.", sequence="$response.body#/sequence"),
        },
    ),
    "POST /holds/{sequence}/void": Operation(
        name="void_hold",
        tag="Holds",
        summary="Give a hold back",
        description="All points of the hold go back into the lots they came from.",
        parameters=("Sequence", *_CHANGE_PARAMETERS),
        answer="VoidTransaction",
        answers="The transaction: what came back to whom",
        headers=_CHANGE_HEADERS,
        refusals=("InvalidRequest", "NoTransaction", "VoidNotAllowed", *_WRITE),
        links={"transaction": _ITSELF},
    ),
    "GET /holds": Operation(
        name="holds",
        tag="Holds",
        summary="The open holds",
        description="In the order in which they were made; all of them, unless they are too large for one answer.",
        parameters=("Cursor", "IfNoneMatch"),
        answer="HoldPage",
        answers="The open holds",
        headers=("ETag",),
        refusals=("InvalidRequest", *_READ),
        links={"next": _next_page("holds")},
    ),
    "POST /transactions/{sequence}/cancel": Operation(
        name="cancel",
        tag="Pending points",
        summary="Cancel a pending add",
        description="The points never arrive.",
        parameters=("Sequence", *_CHANGE_PARAMETERS),
        answer="CancelTransaction",
        answers="The transaction",
        headers=_CHANGE_HEADERS,
        refusals=("InvalidRequest", "NoTransaction", "CancelNotAllowed", *_WRITE),
        links={"transaction": _ITSELF},
    ),
    "GET /pending": Operation(
        name="pending",
        tag="Pending points",
        summary="The pending adds",
        description="In the order in which they were made; all of them, unless they are too large for one answer.",
        parameters=("Cursor", "IfNoneMatch"),
        answer="PendingPage",
        answers="The pending adds",
        headers=("ETag",),
        refusals=("InvalidRequest", *_READ),
        links={"next": _next_page("pending")},
    ),
    "GET /balance": Operation(
        name="balance",
        tag="Balance and history",
        summary="Points per payer, now, in the past or in time to come",
        description="""\
What can be spent. With `at`, the balance after a transaction, or as of a moment: in the past, after what was recorded
and due by then; in time to come, as it will be if nothing else happens.""",
        parameters=("At", "IfNoneMatch"),
        answer="Balance",
        answers="Points per payer",
        headers=("ETag",),
        refusals=("InvalidMoment", "NoTransaction", *_READ),
    ),
    "GET /account": Operation(
        name="account",
        tag="Balance and history",
        summary="An account at a glance",
        description="What can be spent, what is held, pending and owed, and what comes next by itself.",
        parameters=("IfNoneMatch",),
        answer="Account",
        answers="How the account stands",
        headers=("ETag",),
        refusals=("InvalidRequest", *_READ),
    ),
    "GET /lots": Operation(
        name="lots",
        tag="Balance and history",
        summary="The open lots, in the order in which they will be spent",
        description="""\
A lot is what one add brought. What payers owe, which `/account` shows, is still to be paid from their lots. A page's
`ETag` tells whether it is of the same version as the one before.""",
        parameters=("Limit", "Cursor", "IfNoneMatch"),
        answer="LotPage",
        answers="A page of the open lots",
        headers=("ETag",),
        refusals=("InvalidRequest", *_READ),
        links={"next": _next_page("lots")},
    ),
    "GET /transactions": Operation(
        name="transactions",
        tag="Balance and history",
        summary="The history, newest first",
        description="A page at a time. No transaction is skipped or shown twice, whatever is recorded meanwhile.",
        parameters=("Limit", "Cursor", "Reference"),
        answer="TransactionPage",
        answers="A page of the history",
        refusals=("InvalidRequest", *_READ),
        links={"older": _next_page("transactions")},
    ),
    "GET /transactions/{sequence}": Operation(
        name="transaction",
        tag="Balance and history",
        summary="One transaction, the lots it drew on, and what has become of it",
        description="A lot is what one add brought. `left` is what can still be captured or refunded.",
        parameters=("Sequence", "LotsCursor"),
        answer="TransactionInFull",
        answers="The transaction",
        refusals=("InvalidRequest", "NoTransaction", *_READ),
        links={
            "more_lots": _link(
                "transaction",
                "More lots.",
                sequence="$request.path.sequence",
                lots_cursor="$response.body#/next_lots_cursor",
            )
        },
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
