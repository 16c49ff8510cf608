"""How the calls refuse: with which problems under which status, and where API Gateway may answer instead."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from points.api.problems import CONTENT_TYPE

from tools.openapi.schemas import Json, ref, schema


class Refusal(NamedTuple):
    """An answer by which a request is not done.

    Attributes
    ----------
    kinds
        The problems that it may be.
    gateway
        Whether API Gateway may answer so too, or alone.
    """

    status: int
    description: str
    kinds: tuple[str, ...] = ()
    gateway: bool = False
    headers: tuple[str, ...] = ()


_FULL = "limit-account-size"
_GROWS = (_FULL, "limit-line-size")
_MANY = "limit-lots"
_UNKNOWN = "A plain message comes from the gateway and does not tell whether a change was recorded."

REFUSALS = {
    "InvalidRequest": Refusal(400, "The request is not valid", ("invalid-request",)),
    "InvalidSpend": Refusal(
        400, "The request is not valid, or there are too few points", ("invalid-request", "not-enough-points")
    ),
    "InvalidHold": Refusal(
        400,
        "The request is not valid, there are too few points, or the hold cannot end at that time",
        ("invalid-request", "not-enough-points", "hold-end"),
    ),
    "InvalidMoment": Refusal(
        400, "The request is not valid, or too many lots expire by then", ("invalid-request", "too-far")
    ),
    "Unauthorized": Refusal(401, "No valid token", ("token-missing",), gateway=True, headers=("WWWAuthenticate",)),
    "Forbidden": Refusal(403, "The token lacks the scope", ("scope-missing",), gateway=True),
    "NoTransaction": Refusal(404, "There is no such transaction or hold", ("no-transaction",), gateway=True),
    "NotFound": Refusal(404, "The account name has a slash, so there is no such route", ("no-route",), gateway=True),
    "NotAcceptable": Refusal(406, "Accept-Encoding excludes both gzip and the uncompressed file", ("not-acceptable",)),
    "AddNotAllowed": Refusal(
        409,
        "The payer has too few points to take back, or the account would outgrow a limit",
        ("payer-below-zero", "limit-account-total", "limit-payers", "limit-pending-adds", *_GROWS),
    ),
    "SpendNotAllowed": Refusal(
        409, "The account cannot hold more transactions, or too many lots would be passed through", (_FULL, _MANY)
    ),
    "PreviewNotAllowed": Refusal(409, "Too many lots would be passed through", (_MANY,)),
    "RefundNotAllowed": Refusal(
        409,
        "Less is left, the transaction cannot be refunded, or the account would outgrow a limit",
        ("more-than-left", "not-refundable", "ended", "limit-account-total", *_GROWS),
    ),
    "HoldNotAllowed": Refusal(
        409,
        "The account would outgrow a limit, or too many lots would be passed through",
        ("limit-open-holds", _MANY, *_GROWS),
    ),
    "CaptureNotAllowed": Refusal(409, "The hold has fewer points, or has ended", ("more-than-left", "ended", _FULL)),
    "VoidNotAllowed": Refusal(409, "The hold has ended", ("ended", _FULL)),
    "CancelNotAllowed": Refusal(409, "It is not a pending add, or has ended", ("not-pending", "ended", _FULL)),
    "VersionMismatch": Refusal(
        412, "If-Match or If-None-Match rules out the account's version", ("version-mismatch",), headers=("ETag",)
    ),
    "BodyTooLarge": Refusal(413, "The body is too large", ("body-too-large",), gateway=True),
    "BodyEncoded": Refusal(415, "The body is compressed or otherwise encoded", ("body-encoded",)),
    "KeyReused": Refusal(422, "The key was used for another request", ("idempotency-key-reused",)),
    "TooManyRequests": Refusal(429, "Too many requests at once", gateway=True),
    "InternalError": Refusal(500, f"A fault in the ledger. {_UNKNOWN}", ("internal-error",), gateway=True),
    "Unavailable": Refusal(
        503,
        f"The ledger is busy or unreachable. {_UNKNOWN}",
        ("busy", "unavailable"),
        gateway=True,
        headers=("RetryAfter",),
    ),
    "OutcomeUnknown": Refusal(
        504, "The change may or may not be recorded; repeat it with the same key", ("outcome-unknown",), gateway=True
    ),
    "GatewayTimeout": Refusal(504, "No answer in time", gateway=True),
}


def refusal_response(refusal: Refusal, statuses: Mapping[str, int]) -> Json:
    """Describe a refusal, whose problems must have its status.

    Raises
    ------
    ValueError
        One has another.
    """
    mistaken = [kind for kind in refusal.kinds if statuses[kind] != refusal.status]
    if mistaken:
        raise ValueError(f"not of status {refusal.status}: {mistaken}")
    content: Json = {}
    if refusal.kinds:
        examples = {kind: ref("examples", kind) for kind in refusal.kinds}
        content[CONTENT_TYPE] = {"schema": schema("Problem"), "examples": examples}
    if refusal.gateway:
        example = {"message": HTTPStatus(refusal.status).phrase}
        content["application/json"] = {"schema": schema("GatewayMessage"), "example": example}
    response: Json = {"description": refusal.description, "content": content}
    return response | ({"headers": header_refs(refusal.headers)} if refusal.headers else {})


_VERSION = r"(0|[1-9][0-9]*)(\.[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)?"

HEADERS: dict[str, Json] = {
    "ETag": {
        "description": "The version of the account: the number of the last transaction that a caller asked "
        'for (`"0"` before the first), then the moment of the latest thing that time has done since, if any.',
        "required": True,
        "schema": {"type": "string", "pattern": f'^"{_VERSION}"$'},
        "example": '"7"',
    },
    "ContentLocation": {
        "description": "The path of the transaction.",
        "required": True,
        "schema": {"type": "string", "pattern": "^(/accounts/[^/]+)?/transactions/[1-9][0-9]*$"},
        "example": "/transactions/7",
    },
    "IdempotencyReplayed": {
        "description": "The request was recorded earlier; this is its first answer again.",
        "schema": {"type": "string", "const": "true"},
    },
    "RetryAfter": {
        "description": "Seconds to wait before the next attempt.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Settled": {
        "description": "For a past moment: whether the answer is final. It is once the moment is a minute past.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
    "WWWAuthenticate": {"description": "How to authenticate.", "schema": {"type": "string"}, "example": "Bearer"},
}
_HEADER_NAMES = {
    "ContentLocation": "Content-Location",
    "IdempotencyReplayed": "Idempotency-Replayed",
    "RetryAfter": "Retry-After",
    "WWWAuthenticate": "WWW-Authenticate",
}


def header_refs(names: Sequence[str]) -> Json:
    """Point to headers, by the names that they have in answers."""
    return {_HEADER_NAMES.get(name, name): ref("headers", name) for name in names}
