"""Reads the JSON of a request's body. Strict: what two readers could take for different things is refused."""

import base64
import json
from http import HTTPStatus
from typing import Any, NoReturn

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from points.api.problems import FieldError, Problem, invalid

MAX_BODY_BYTES = 16 * 1024
MAX_DIGITS = 100

_BYTE_ORDER_MARK = "\ufeff"


def read_json(event: APIGatewayProxyEventV2) -> Any:
    """Read a request's body, whatever its Content-Type.

    Raises
    ------
    Problem
        400, 413 or 415.
    """
    if encoding := event.headers.get("content-encoding"):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "body-encoded",
            "The body is encoded",
            f"Send the body without a Content-Encoding; this one has {encoding}.",
            errors=[FieldError("Content-Encoding", "must be omitted")],
        )
    text = _body_text(event)
    if not text.strip():
        raise invalid(FieldError("body", "is empty; it must be a JSON object"))
    if text.startswith(_BYTE_ORDER_MARK):
        raise invalid(FieldError("body", "must not begin with a byte order mark"))
    try:
        return json.loads(
            text, object_pairs_hook=_object_without_doubles, parse_int=_int, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise invalid(FieldError("body", "is nested too deeply")) from None
    except json.JSONDecodeError as error:
        raise invalid(FieldError("body", f"must be JSON: {error}")) from None


def _body_text(event: APIGatewayProxyEventV2) -> str:
    body = event.body or ""
    raw = base64.b64decode(body) if event.is_base64_encoded else body.encode(errors="surrogatepass")
    if len(raw) > MAX_BODY_BYTES:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "body-too-large",
            "The body is too large",
            f"The body has {len(raw):,} bytes; at most {MAX_BODY_BYTES:,} are allowed.",
            errors=[FieldError("body", "is too large")],
        )
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise invalid(FieldError("body", "must be UTF-8")) from None


def _object_without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise invalid(FieldError(name, "appears twice in an object"))
        members[name] = value
    return members


def _int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise invalid(FieldError("body", f"contains a number with more than {MAX_DIGITS} digits"))
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise invalid(FieldError("body", f"must be JSON, which has no {name}"))
