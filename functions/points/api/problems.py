"""What a request gets that is not done: a problem of RFC 9457, which names the field at fault and the reason."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from random import SystemRandom
from typing import Any, NamedTuple

from aws_lambda_powertools.event_handler import Response

from points.rules.refusals import HoldEndError, NoOriginalError, NotEnoughPointsError, Refusal, TooFarError
from points.storage.errors import (
    BusyError,
    KeyReusedError,
    OutcomeUnknownError,
    UnavailableError,
    VersionMismatchError,
)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_S = (1, 4)
"""From and to how many seconds to wait: callers that were refused together should not come back together."""

MOST_FAULTS = 20
"""Faults of a request that are told one by one."""

_LONGEST_NAME = 64

_REFUSALS = {
    NotEnoughPointsError: HTTPStatus.BAD_REQUEST,
    HoldEndError: HTTPStatus.BAD_REQUEST,
    TooFarError: HTTPStatus.BAD_REQUEST,
    NoOriginalError: HTTPStatus.NOT_FOUND,
}
"""The statuses of the rules' refusals. All others are conflicts with how the account stands."""


class FieldError(NamedTuple):
    """A part of the request, and what is wrong with it."""

    field: str
    message: str


class Problem(Exception):
    """Why a request is not done. `kind` names it in the answer's type and in the metrics."""

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        title: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}

    def to_response(self) -> Response[str]:
        """Write the answer."""
        body: dict[str, Any] = {
            "type": f"urn:points-ledger:problem:{self.kind}",
            "title": self.title,
            "status": self.status.value,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [error._asdict() for error in self.errors]
        text = json.dumps(body, separators=(",", ":"))
        return Response(self.status.value, CONTENT_TYPE, text, {"Cache-Control": "no-store", **self.headers})


def _try_again() -> Mapping[str, str]:
    return {"Retry-After": str(SystemRandom().randint(*RETRY_AFTER_S))}


def invalid(*errors: FieldError) -> Problem:
    """Refuse a request that is not well formed."""
    shown = [FieldError(_shown(error.field), error.message) for error in errors[:MOST_FAULTS]]
    faults = [f"{error.field} {error.message}" for error in shown]
    if more := len(errors) - len(shown):
        faults.append(f"and {more:,} more")
    detail = "; ".join(faults) + "."
    return Problem(HTTPStatus.BAD_REQUEST, "invalid-request", "The request is not valid", detail, errors=shown)


def _shown(name: str) -> str:
    """Return a name as it can be shown, whatever the caller sent: written as UTF-8, and not at any length."""
    name = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    return name.encode(errors="backslashreplace").decode()


def problem_of(error: Exception) -> Problem:  # noqa: PLR0911 - one return for each kind of error
    """Tell a caller of an error that the rules or the storage raised, and of nothing internal."""
    match error:
        case Problem():
            return error
        case Refusal():
            status = _REFUSALS.get(type(error), HTTPStatus.CONFLICT)
            reason = str(error)
            return Problem(status, error.kind, error.title, reason, errors=[FieldError(error.field, reason)])
        case KeyReusedError():
            return Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "idempotency-key-reused",
                "The idempotency key was used for another request",
                "The Idempotency-Key belongs to an earlier request with different content. Nothing was recorded.",
                errors=[FieldError("Idempotency-Key", "was used for another request")],
            )
        case VersionMismatchError():
            return Problem(
                HTTPStatus.PRECONDITION_FAILED,
                "version-mismatch",
                "The account has changed",
                f'The account is at version "{error.version}": If-Match, if sent, must list that as a strong tag, '
                "and If-None-Match must not list it. Nothing was recorded.",
                headers={"ETag": f'"{error.version}"'},
            )
        case BusyError():  # any caller can keep an account busy, so no deployment is rolled back for it
            return Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "busy",
                "The ledger is busy",
                "The ledger could not do this in time. Nothing was recorded; try again.",
                headers=_try_again(),
            )
        case UnavailableError():
            return Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "unavailable",
                "The ledger is not available",
                "The ledger cannot do this at the moment. Nothing was recorded; try again later.",
                headers=_try_again(),
            )
        case OutcomeUnknownError():
            return Problem(
                HTTPStatus.GATEWAY_TIMEOUT,
                "outcome-unknown",
                "It is not known whether the change was recorded",
                "The storage gave no clear answer in time. Send the same request with the same Idempotency-Key "
                "to find out; without a key, look at the history first.",
            )
        case _:
            return Problem(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "internal-error",
                "Something went wrong",
                "The ledger failed unexpectedly. It is not known whether a change was recorded.",
            )
