"""What each call is for, and what it takes and answers: the part of the description that is not derived from code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from points.api.fields import REFERENCE, TIMESTAMP_PATTERN
from points.api.queries import DEFAULT_LIMIT, MAX_LIMIT

from tools.openapi.answers import CURSOR_PATTERN
from tools.openapi.schemas import Json, any_of_patterns

TITLE = "Points ledger"
ABOUT = """\
Loyalty points from many payers. Points that expire soonest are spent first, then the oldest. A payer's balance never
goes below zero.

**Accounts.** Paths such as `/add` act on the caller's own account, which is the token's subject. Paths such as
`/accounts/{account}/add` act on the account they name. A local run needs no token; its own account is `default`.

**Transactions.** Every change is recorded as a transaction that never changes. Callers ask for most kinds (`add`,
`spend`, `refund`, `hold`, `capture`, `void`, `pending`, `cancel`); some happen with time (`arrive`, `lapse`, `expire`).
`points` is the change to the sum of the balance. Callers may attach a `reference` and `metadata` to anything they ask
for.

**Safe retries.** Send an `Idempotency-Key` with every change. If you get no answer, an answer of API Gateway's own
(`{"message": …}`), or a 500, 503 or 504, repeat the request with the same key: it takes effect once. Every repetition
gets the first answer, with `Idempotency-Replayed: true`. Keys never expire, and a refused request does not use one up.

**Versions.** Reads of the current account, previews and changes answer with an `ETag`: the version of the account that
the answer is based on. It changes with every change and with anything that time does. With it as `If-Match`, a change
happens only if the version is still the same, so a spend takes exactly what its preview showed. With it as
`If-None-Match`, a read answers 304 until something has changed.

**Refusals** are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457.html) problems. A refused request records nothing;
only after a 500 or a 504 is that not known. A call with the wrong method gets 405 and `Allow`; HEAD works wherever GET
does."""

TAGS = {
    "Points": "Add and spend points, preview a spend, and refund it.",
    "Holds": "Set points aside for an order; spend or release them later.",
    "Pending points": "Points that count only from a future moment.",
    "Balance and history": "What an account has, had and will have, and its history.",
    "Named accounts": "The same calls, on the account in the path.",
    "Documentation": "This description and two pages. They need no token.",
}

_CURSOR: Json = {"type": "string", "pattern": CURSOR_PATTERN}
_TAG = r'(W/)?"[!#-~]*"'
_TAGS = any_of_patterns((r"^\*$", rf"^{_TAG}([ \t]*,[ \t]*{_TAG})*$"))

PARAMETERS: dict[str, Json] = {
    "Account": {
        "name": "account",
        "in": "path",
        "required": True,
        "description": "The account: 1 to 128 letters, digits and `. _ : @ | + -`, but not `.` or `..`.",
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
        "description": "A sequence number such as `5` (`0` is before the first), or a moment such as "
        "`2020-12-31T23:59:59Z`. For a future moment: the balance then, if nothing else happens.",
        "schema": {"type": "string", "pattern": any_of_patterns(("^0$", "^[1-9][0-9]*$", TIMESTAMP_PATTERN))},
    },
    "Limit": {
        "name": "limit",
        "in": "query",
        "description": "The maximum number of entries.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    },
    "Cursor": {
        "name": "cursor",
        "in": "query",
        "description": "The `next_cursor` of the previous page. It stays valid while more is recorded.",
        "schema": _CURSOR,
    },
    "LotsCursor": {
        "name": "lots_cursor",
        "in": "query",
        "description": "The `next_lots_cursor` of the previous answer, if it did not show all lots.",
        "schema": _CURSOR,
    },
    "Reference": {
        "name": "reference",
        "in": "query",
        "description": "Show only transactions with this reference, such as `order-1043`.",
        "schema": dict(REFERENCE.schema),
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes the request safe to repeat. Use a new key, such as a UUID, for each change: visible "
        "ASCII without commas or quotation marks.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-+.-~-]+$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": 'Change only if this `ETag`, such as `"7"`, or one in a list is still the account\'s.',
        "schema": {"type": "string", "pattern": _TAGS},
    },
    "UnlessMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Change only if none of these is the account's `ETag`.",
        "schema": {"type": "string", "pattern": _TAGS},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Answer 304 if one of these is the answer's `ETag`.",
        "schema": {"type": "string", "pattern": _TAGS},
    },
}

MEANINGS = {
    "payer": "Who funds the points. In Unicode form NFC, without surrounding white space or invisible characters.",
    "points": "The number of points.",
    "timestamp": "When the points were earned. Determines their place in the spending order, whenever they arrive.",
    "effective_at": "When the points start to count. If in the future, the add is pending until then.",
    "expires_at": "When they expire. If omitted, points never expire; a hold lasts 7 days (at most a year).",
    "reference": "Your own name for what it belongs to, such as an order. Need not be unique.",
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


_ITSELF = _link("transaction", "The transaction, and what became of it.", sequence="$response.body#/sequence")


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
        summary="Add a payer's points, or take some back",
        description="""\
`timestamp` is when the points were earned; it determines their place in the spending order, whenever they arrive. A
negative amount takes back that many of the payer's points. With `effective_at`, the points are pending until then; with
`expires_at`, they can be spent only before then.""",
        parameters=_CHANGE_PARAMETERS,
        answer="Added",
        answers="The recorded transaction; its kind is `pending` if the points are yet to arrive",
        headers=_CHANGE_HEADERS,
        refusals=("InvalidRequest", "AddNotAllowed", *_WRITE),
        links={
            "transaction": _ITSELF,
            "cancel": _link("cancel", "Cancels a pending add.", sequence="$response.body#/sequence"),
        },
    ),
    "POST /spend": Operation(
        name="spend",
        tag="Points",
        summary="Spend points, soonest to expire first, then oldest",
        description="Takes exactly the points asked for, or nothing, from as many lots and payers as needed.",
        parameters=_CHANGE_PARAMETERS,
        answer="Taken",
        answers="What was taken from each payer, in the order in which they were first drawn on",
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
        description="Answers as the spend would, but records nothing.",
        answer="Taken",
        answers="What would be taken from each payer",
        headers=("ETag",),
        refusals=("InvalidSpend", "PreviewNotAllowed", *_PREVIEW),
        links={"spend": _same("spend")},
    ),
    "POST /transactions/{sequence}/refund": Operation(
        name="refund",
        tag="Points",
        summary="Refund all or part of what was spent",
        description="""\
Refunds a spend, or a captured hold by the hold's number or the capture's. The points return to the lots they came from,
the last drawn first; points that have expired in the meantime expire at once. Without `points`, refunds all that is
left.""",
        parameters=("Sequence", *_CHANGE_PARAMETERS),
        answer="RefundTransaction",
        answers="The transaction, with what was returned to each payer",
        headers=_CHANGE_HEADERS,
        refusals=("InvalidRequest", "NoTransaction", "RefundNotAllowed", *_WRITE),
        links={"transaction": _ITSELF},
    ),
    "POST /holds": Operation(
        name="hold",
        tag="Holds",
        summary="Set points aside",
        description="""\
Draws on lots as a spend does. A capture spends the points; a void returns them. If neither happens, they return at
`expires_at`: 7 days from now by default, at most a year.""",
        parameters=_CHANGE_PARAMETERS,
        answer="HoldTransaction",
        answers="The transaction; its sequence number identifies the hold",
        headers=_CHANGE_HEADERS,
        refusals=("InvalidHold", "HoldNotAllowed", *_WRITE),
        links={
            "capture": _link("capture_hold", "Spends it.", sequence="$response.body#/sequence"),
            "void": _link("void_hold", "Returns it.", sequence="$response.body#/sequence"),
            "transaction": _ITSELF,
        },
    ),
    "POST /holds/preview": Operation(
        name="preview_hold",
        tag="Holds",
        summary="See what a hold would take",
        description="Answers what the hold would take from each payer, but records nothing.",
        answer="Taken",
        answers="What would be taken from each payer",
        headers=("ETag",),
        refusals=("InvalidHold", "PreviewNotAllowed", *_PREVIEW),
        links={"hold": _same("hold")},
    ),
    "POST /holds/{sequence}/capture": Operation(
        name="capture_hold",
        tag="Holds",
        summary="Spend all or part of a hold",
        description="Without `points`, spends the whole hold; otherwise the rest is returned, as by a refund.",
        parameters=("Sequence", *_CHANGE_PARAMETERS),
        answer="CaptureTransaction",
        answers="The transaction, with what is spent and what was returned",
        headers=_CHANGE_HEADERS,
        refusals=("InvalidRequest", "NoTransaction", "CaptureNotAllowed", *_WRITE),
        links={
            "transaction": _ITSELF,
            "refund": _link("refund", "Returns it later.", sequence="$response.body#/sequence"),
        },
    ),
    "POST /holds/{sequence}/void": Operation(
        name="void_hold",
        tag="Holds",
        summary="Return a hold",
        description="All points of the hold return to the lots they came from.",
        parameters=("Sequence", *_CHANGE_PARAMETERS),
        answer="VoidTransaction",
        answers="The transaction, with what was returned to each payer",
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
        summary="Points per payer, now or at a past or future moment",
        description="""\
What can be spent. With `at`, the balance after a transaction or at a moment. A past moment includes what was recorded
and due by then; a future one assumes that nothing else happens. An answer about a moment less than a minute past may
still change, since a transaction is dated when it is worked out and may be recorded half a minute later: the header
`Settled` says whether the answer is final.""",
        parameters=("At", "IfNoneMatch"),
        answer="Balance",
        answers="Points per payer",
        headers=("ETag", "Settled"),
        refusals=("InvalidMoment", "NoTransaction", *_READ),
    ),
    "GET /account": Operation(
        name="account",
        tag="Balance and history",
        summary="An account at a glance",
        description="What can be spent; what is held, pending and owed; and what time will do next.",
        parameters=("IfNoneMatch",),
        answer="Account",
        answers="The account",
        headers=("ETag",),
        refusals=("InvalidRequest", *_READ),
    ),
    "GET /lots": Operation(
        name="lots",
        tag="Balance and history",
        summary="The open lots, in spending order",
        description="""\
A lot is what one add brought. Debts, which `/account` shows as owed, have not been deducted from the payers' lots yet.
A page's `ETag` tells whether it shows the same version as the page before.""",
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
        description="In pages. No transaction is skipped or repeated, even while more are recorded.",
        parameters=("Limit", "Cursor", "Reference"),
        answer="TransactionPage",
        answers="A page of the history",
        refusals=("InvalidRequest", *_READ),
        links={"older": _next_page("transactions")},
    ),
    "GET /transactions/{sequence}": Operation(
        name="transaction",
        tag="Balance and history",
        summary="One transaction, the lots it drew on, and what became of it",
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
        refusals=("NotAcceptable",),
    ),
    "GET /docs": Operation(
        name="docs",
        tag="Documentation",
        summary="A page to read this description and to try the calls",
        description="For people.",
        answer="text/html",
        answers="The page",
        refusals=("NotAcceptable",),
    ),
    "GET /": Operation(
        name="home",
        tag="Documentation",
        summary="A page that shows an account at a glance",
        description="For people: the balance, what a spend would take, and the history.",
        answer="text/html",
        answers="The page",
        refusals=("NotAcceptable",),
    ),
}

ASSETS = "GET /assets/{file}"
"""The one route that is no call: what the pages load."""
