"""What a request's body asks for. Strict: a field that is missing, unknown or of another kind is refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from points.api.fields import (
    METADATA,
    PAYER,
    POINTS,
    POSITIVE_POINTS,
    REFERENCE,
    TIMESTAMP,
    Field,
)
from points.api.json_text import read_json
from points.api.problems import FieldError, invalid
from points.rules.terms import Add, Cancel, Capture, Change, Hold, Refund, Spend, Void

LABELS = {"reference": REFERENCE, "metadata": METADATA}


AnyChange = TypeVar("AnyChange", bound=Change)


@dataclass(frozen=True, slots=True)
class Body(Generic[AnyChange]):
    """The body of one kind of request.

    Attributes
    ----------
    name, description
        What it is called in the API's description.
    change
        What it asks for, in the terms of the rules; it has the same fields.
    required, optional
        The fields.
    check
        Says what is wrong between fields that are right each by itself.
    """

    name: str
    description: str
    change: Callable[..., AnyChange]
    required: Mapping[str, Field]
    optional: Mapping[str, Field] = field(default_factory=lambda: LABELS)
    check: Callable[[Mapping[str, Any]], list[FieldError]] = lambda _: []

    def read(self, event: APIGatewayProxyEventV2, **of: int) -> AnyChange:
        """Read a request's body.

        Parameters
        ----------
        event
            The request.
        of
            The transaction that the path names, if it names one.

        Raises
        ------
        Problem
            400, 413 or 415; it names every field at fault.
        """
        body = read_json(event)
        if not isinstance(body, dict):
            raise invalid(FieldError("body", "must be a JSON object"))
        values, errors = self._read_fields(body)
        errors = errors or self.check(values)
        if errors:
            raise invalid(*errors)
        return self.change(**of, **values)

    def _read_fields(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldError]]:
        known = {**self.required, **self.optional}
        errors = [FieldError(name, "is missing") for name in self.required if name not in body]
        values = {}
        for name, value in body.items():
            if name not in known:
                errors.append(FieldError(name, "is not a field of this request"))
                continue
            try:
                values[name] = known[name].read(value)
            except ValueError as error:
                errors.append(FieldError(name, str(error)))
        return values, errors


def _check_add(values: Mapping[str, Any]) -> list[FieldError]:
    timestamp, effective_at, expires_at = (values.get(name) for name in ("timestamp", "effective_at", "expires_at"))
    if values["points"] < 0:
        names = [name for name in ("effective_at", "expires_at") if name in values]
        return [FieldError(name, "is not allowed with negative points") for name in names]
    if expires_at and expires_at <= timestamp:
        return [FieldError("expires_at", "must be later than timestamp")]
    if expires_at and effective_at and expires_at <= effective_at:
        return [FieldError("expires_at", "must be later than effective_at")]
    return []


ADD = Body(
    "Add",
    "Points of a payer to give to the account, or, if negative, to take back.",
    Add,
    {"payer": PAYER, "points": POINTS, "timestamp": TIMESTAMP},
    {"effective_at": TIMESTAMP, "expires_at": TIMESTAMP, **LABELS},
    _check_add,
)
SPEND = Body(
    "Spend", "Points to spend, those that expire soonest first, then the oldest.", Spend, {"points": POSITIVE_POINTS}
)
HOLD = Body(
    "Hold",
    "Points to set aside until a capture, a void or `expires_at`.",
    Hold,
    {"points": POSITIVE_POINTS},
    {"expires_at": TIMESTAMP, **LABELS},
)
_PERHAPS_POINTS = {"points": POSITIVE_POINTS, **LABELS}
REFUND = Body("Refund", "Points to give back; without `points`, all that is left.", Refund, {}, _PERHAPS_POINTS)
CAPTURE = Body("Capture", "Points of the hold to spend; without `points`, all of them.", Capture, {}, _PERHAPS_POINTS)
VOID = Body("Void", "Nothing but what the caller may attach.", Void, {})
CANCEL = Body("Cancel", "Nothing but what the caller may attach.", Cancel, {})
