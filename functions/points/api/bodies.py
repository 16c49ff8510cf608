"""What a request's body asks for. Strict: what could be misread is refused."""

import base64
import json
import unicodedata
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, NoReturn, TypeVar

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from points.api.problems import FieldError, Problem, invalid
from points.moments import parse_timestamp
from points.rules.terms import MAX_POINTS, Add, Spend

MAX_BODY_BYTES = 16 * 1024
MAX_PAYER_LENGTH = 128
MAX_DIGITS = 100

TIMESTAMP_PATTERN = (
    r"^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6}0*)?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""What of RFC 3339 the ledger keeps exactly, as far as JSON Schema can say it; no leap second, no nanoseconds."""


def _timestamp(text: object) -> datetime:
    try:
        return parse_timestamp(text)
    except ValueError as error:
        raise PydanticCustomError("timestamp", "{reason}", {"reason": str(error)}) from error


def _printable(payer: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in payer):
        raise PydanticCustomError("control_character", "must not have control characters")
    return payer


def _not_zero(points: int) -> int:
    if points == 0:
        raise PydanticCustomError("zero", "must not be 0")
    return points


# What a validator of ours demands stands beside it as JSON Schema, for the API's description.
Payer = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_PAYER_LENGTH,
        json_schema_extra={"pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$"},
    ),
    AfterValidator(_printable),
]
Points = Annotated[
    int, Field(ge=-MAX_POINTS, le=MAX_POINTS, json_schema_extra={"not": {"const": 0}}), AfterValidator(_not_zero)
]
Timestamp = Annotated[
    datetime,
    PlainValidator(_timestamp),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": TIMESTAMP_PATTERN}),
]


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class AddBody(_Body):
    """Points of a payer to give to the account, or, if negative, to take back."""

    payer: Payer
    points: Points
    timestamp: Timestamp

    def to_change(self) -> Add:
        """Return what is asked for, in the terms of the rules."""
        return Add(self.payer, self.points, self.timestamp)


class SpendBody(_Body):
    """Points to spend, oldest first."""

    points: Annotated[int, Field(ge=1, le=MAX_POINTS)]

    def to_change(self) -> Spend:
        """Return what is asked for, in the terms of the rules."""
        return Spend(self.points)


AnyBody = TypeVar("AnyBody", bound=_Body)


def read_body(event: APIGatewayProxyEventV2, model: type[AnyBody]) -> AnyBody:
    """Read a request's body as a model; whatever its Content-Type, it must be JSON.

    Raises
    ------
    Problem
        400 or 413.
    """
    try:
        return model.model_validate(_parse_json(_body_text(event)))
    except ValidationError as error:
        raise invalid(*map(_field_error, error.errors(include_url=False, include_input=False))) from None


def _body_text(event: APIGatewayProxyEventV2) -> str:
    body = event.body or ""
    raw = base64.b64decode(body) if event.is_base64_encoded else body.encode(errors="surrogatepass")
    if len(raw) > MAX_BODY_BYTES:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "body-too-large",
            "The body is too large",
            f"The body has {len(raw)} bytes; the most is {MAX_BODY_BYTES}.",
            errors=[FieldError("body", "is too large")],
        )
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise invalid(FieldError("body", "must be UTF-8")) from None


def _parse_json(text: str) -> Any:
    try:
        return json.loads(
            text, object_pairs_hook=_object_without_doubles, parse_int=_int, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise invalid(FieldError("body", "is nested too deeply")) from None
    except json.JSONDecodeError:
        raise invalid(FieldError("body", "must be JSON")) from None


def _object_without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise invalid(FieldError(next(name for name in names if names.count(name) > 1), "stands twice in an object"))
    return members


def _int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise invalid(FieldError("body", f"has a number of more than {MAX_DIGITS} digits"))
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise invalid(FieldError("body", f"must be JSON, which has no {name}"))


_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of this request",
    "model_type": "must be a JSON object",
    "int_type": "must be a whole number",
    "string_type": "must be a string",
    "string_unicode": "must not have lone surrogates",
    "string_too_short": "must not be empty",
    "string_too_long": f"must have at most {MAX_PAYER_LENGTH} characters",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}


def _field_error(error: ErrorDetails) -> FieldError:
    field = ".".join(str(part) for part in error["loc"]) or "body"
    message = _MESSAGES.get(error["type"], error["msg"])
    return FieldError(field, message.format(**error.get("ctx", {})))
