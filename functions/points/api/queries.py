"""What a request's path and query string ask for."""

import base64
import binascii
import re
from datetime import datetime
from http import HTTPStatus

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from points.api.problems import FieldError, Problem, invalid
from points.moments import parse_timestamp

DEFAULT_LIMIT = 25
MAX_LIMIT = 100

_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]*")
_HIGHEST = 10**12
"""Beyond every sequence number that an account can reach."""


def read_at(event: APIGatewayProxyEventV2) -> int | datetime | None:
    """Read `at`: a sequence number, a moment of recording, or None for now."""
    at = _parameter(event, "at")
    if at is None:
        return None
    if _WHOLE_NUMBER.fullmatch(at):
        return _existing(at)
    try:
        return parse_timestamp(at.replace(" ", "+"))  # a plus sign that was not encoded arrives as a space
    except ValueError as error:
        raise invalid(FieldError("at", f"must be a sequence number or a moment, which {error}")) from None


def read_limit(event: APIGatewayProxyEventV2) -> int:
    """Read `limit`: how many transactions to show at most."""
    limit = _parameter(event, "limit")
    if limit is None:
        return DEFAULT_LIMIT
    if not _in_range(limit, 1, MAX_LIMIT):
        raise invalid(FieldError("limit", f"must be a whole number from 1 to {MAX_LIMIT}"))
    return int(limit)


def read_cursor(event: APIGatewayProxyEventV2, name: str, *, least: int) -> int | None:
    """Read the number that a cursor hides, `least` or more, or None if the request has no cursor."""
    cursor = _parameter(event, name)
    if cursor is None:
        return None
    try:
        number = base64.urlsafe_b64decode(cursor).decode("ascii")
    except (binascii.Error, ValueError):
        number = ""
    if not _in_range(number, least, _HIGHEST) or make_cursor(int(number)) != cursor:
        raise invalid(FieldError(name, "must be a cursor that an earlier answer gave"))
    return int(number)


def make_cursor(number: int) -> str:
    """Hide a number in a cursor, so that callers do not come to rely on what it is."""
    return base64.urlsafe_b64encode(str(number).encode()).decode()


def read_sequence(event: APIGatewayProxyEventV2) -> int:
    """Read the sequence number in the path."""
    return _existing(event.path_parameters.get("sequence", ""))


def no_transaction(sequence: object) -> Problem:
    """Refuse a request for a transaction that is not there."""
    return Problem(
        HTTPStatus.NOT_FOUND,
        "no-transaction",
        "There is no such transaction",
        f"The account has no transaction {sequence}.",
    )


def _existing(sequence: str) -> int:
    if not _in_range(sequence, 0, _HIGHEST):
        raise no_transaction(sequence)
    return int(sequence)


def _in_range(text: str, least: int, most: int) -> bool:
    return bool(_WHOLE_NUMBER.fullmatch(text)) and len(text) <= len(str(most)) and least <= int(text) <= most


def _parameter(event: APIGatewayProxyEventV2, name: str) -> str | None:
    return event.query_string_parameters.get(name)
