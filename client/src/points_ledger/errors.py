"""What goes wrong, each by a name: that of the problem's `type`, as the API's description lists them.

```
LedgerError
├── Refused                 the ledger, or the gateway before it, said no: nothing was recorded
│   ├── InvalidRequest, NotEnoughPoints, Ended, … one for each type of problem
│   └── Unauthorized, Forbidden, NotFound, LimitReached: bases of those that belong together
├── TryAgain                one attempt's failure, and the cause of the next two
│   └── OutcomeUnknown, Unavailable, Busy, InternalError, TooManyRequests, NoAnswer
```

Time ran out for a change: `OutcomeUnknown` if one of the attempts may have been recorded, `Unavailable` if none was.
Both carry the key under which the same request settles the matter.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from points_ledger.models import FieldError

PROBLEM = "urn:points-ledger:problem:"


class LedgerError(Exception):
    """Why a call did not do what it was asked.

    Attributes
    ----------
    key
        The Idempotency-Key of the change; None of a read.
    status
        The answer's HTTP status; None if there was no answer.
    type
        The problem's type without what all types begin with; empty if the answer was the gateway's own.
    title, detail
        What is wrong in general, and in this case.
    errors
        The parts of the request that are at fault.
    version
        Of a `VersionMismatch`, the version at which the account stands.
    """

    def __init__(
        self,
        detail: str,
        *,
        key: str | None = None,
        status: int | None = None,
        type: str = "",  # noqa: A002 - the name that RFC 9457 gives it
        title: str = "",
        errors: Sequence[FieldError] = (),
        version: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.key = key
        self.status = status
        self.type = type
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.version = version


class Refused(LedgerError):
    """The request was refused, and nothing was recorded."""


class Unauthorized(Refused):
    """There is no valid token."""


class Forbidden(Refused):
    """The token does not allow this."""


class NotFound(Refused):
    """There is no such thing."""


class LimitReached(Refused):
    """The account would outgrow a limit."""


class InvalidRequest(Refused):
    """A field, a header or the path is not as it must be; `errors` says which."""


class BodyTooLarge(Refused):
    """The body is too large."""


class BodyEncoded(Refused):
    """The body came with a Content-Encoding."""


class TokenMissing(Unauthorized):
    """The request came without a valid token."""


class ScopeMissing(Forbidden):
    """The token lacks the scope of this call."""


class NoTransaction(NotFound):
    """The account has no such transaction, or it is no hold."""


class NoRoute(NotFound):
    """No route has this path; perhaps the URL is not the ledger's."""


class MethodNotAllowed(Refused):
    """The route does not take this method."""


class NotEnoughPoints(Refused):
    """The account has fewer points than were asked for."""


class HoldEnd(Refused):
    """The hold cannot end then."""


class TooFar(Refused):
    """Too many lots expire until this moment."""


class PayerBelowZero(Refused):
    """The payer has fewer points in the account than were to be taken back."""


class MoreThanLeft(Refused):
    """A refund or a capture of more than there is left."""


class NotRefundable(Refused):
    """The transaction is nothing that can be refunded."""


class Ended(Refused):
    """The hold or the pending add has ended already."""


class NotPending(Refused):
    """The transaction is no pending add."""


class LimitAccountTotal(LimitReached):
    """The account would hold too many points."""


class LimitLots(LimitReached):
    """A spend or a hold would pass through more lots than one change can; two smaller ones can."""


class LimitPayers(LimitReached):
    """The account has no room for another payer."""


class LimitOpenHolds(LimitReached):
    """The account has as many open holds as it can."""


class LimitPendingAdds(LimitReached):
    """The account has as many pending adds as it can."""


class LimitLineSize(LimitReached):
    """What the account has open would no longer fit into a line."""


class LimitAccountSize(LimitReached):
    """The account has as many transactions as it can."""


class VersionMismatch(Refused):
    """The account is not at the version that the change was meant for."""


class IdempotencyKeyReused(Refused):
    """The key belongs to an earlier request with other content."""


class TryAgain(LedgerError):
    """An attempt failed in a way that the next one may not."""


class OutcomeUnknown(TryAgain):
    """The change may or may not be recorded. The same request with the same key finds out."""


class Unavailable(TryAgain):
    """The ledger is not available, and nothing was recorded."""


class Busy(TryAgain):
    """Others change the account at the same time, or the storage is overloaded; nothing was recorded."""


class InternalError(TryAgain):
    """The ledger failed in a way that it did not expect."""


class TooManyRequests(TryAgain):
    """The gateway takes no more requests at the moment."""


class NoAnswer(TryAgain):
    """The connection was lost, or what came is no answer of the ledger's."""


def _subclasses(of: type[LedgerError]) -> list[type[LedgerError]]:
    return [each for child in of.__subclasses__() for each in (child, *_subclasses(child))]


def type_of(error: type[LedgerError]) -> str:
    """Return the type of problem that an error is named after: NotEnoughPoints, not-enough-points."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in error.__name__)[1:]


_BY_TYPE = {type_of(each): each for each in _subclasses(LedgerError)}
_BY_STATUS = {401: Unauthorized, 403: Forbidden, 404: NotFound, 413: BodyTooLarge, 429: TooManyRequests}


def error_of(status: int, body: Any, *, key: str | None = None, version: str | None = None) -> LedgerError:
    """Make an error of an answer that is no success.

    Parameters
    ----------
    body
        What the answer says, as far as that was JSON: a problem, the gateway's own message, an issuer's error.
    """
    told: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    kind = str(told.get("type", "")).removeprefix(PROBLEM)
    reasons = (told.get(name) for name in ("detail", "message", "error_description", "error"))
    by_status = _BY_STATUS.get(status, NoAnswer if status >= 500 else Refused)
    return _BY_TYPE.get(kind, LimitReached if kind.startswith("limit-") else by_status)(
        str(next(filter(None, reasons), f"the answer has the status {status}")),
        key=key,
        status=status,
        type=kind,
        title=str(told.get("title", "")),
        errors=[
            FieldError(field=str(it.get("field")), message=str(it.get("message"))) for it in told.get("errors", ())
        ],
        version=version,
    )
