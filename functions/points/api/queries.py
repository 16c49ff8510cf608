"""What a request's path and query string ask for."""

import base64
import binascii
import re
from collections import Counter
from datetime import datetime
from http import HTTPStatus
from urllib.parse import parse_qsl

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from points.api.fields import read_reference
from points.api.problems import FieldError, Problem, invalid
from points.moments import parse_timestamp

DEFAULT_LIMIT = 25
MAX_LIMIT = 100

_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]*")
_HIGHEST = 10**12
"""Beyond every sequence number that an account can reach."""


class Query:
    """The parameters of a request's query string.

    Raises
    ------
    Problem
        400: a parameter is none of those `known`, or comes twice.
    """

    def __init__(self, event: APIGatewayProxyEventV2, *known: str) -> None:
        pairs = parse_qsl(event.raw_query_string or "", keep_blank_values=True)
        counts = Counter(name for name, _ in pairs)
        errors = [
            FieldError(name, "is not a parameter of this request" if name not in known else "is given more than once")
            for name, times in counts.items()
            if name not in known or times > 1
        ]
        if errors:
            raise invalid(*errors)
        self._values = dict(pairs)

    def at(self) -> int | datetime | None:
        """Read `at`: a sequence number, a moment, or None for now."""
        at = self._values.get("at")
        if at is None:
            return None
        if _WHOLE_NUMBER.fullmatch(at):
            return _existing(at)
        try:
            return parse_timestamp(at.replace(" ", "+"))  # a plus sign that was not encoded arrives as a space
        except ValueError as error:
            raise invalid(FieldError("at", f"must be a sequence number or a moment; a moment {error}")) from None

    def limit(self) -> int:
        """Read `limit`: how many entries to show at most."""
        limit = self._values.get("limit")
        if limit is None:
            return DEFAULT_LIMIT
        if not _in_range(limit, 1, MAX_LIMIT):
            raise invalid(FieldError("limit", f"must be a whole number from 1 to {MAX_LIMIT}"))
        return int(limit)

    def reference(self) -> str | None:
        """Read `reference`: show only what callers gave it."""
        reference = self._values.get("reference")
        if reference is None:
            return None
        try:
            return read_reference(reference)
        except ValueError as error:
            raise invalid(FieldError("reference", str(error))) from None

    def cursor(self, name: str = "cursor") -> str | None:
        """Read what a cursor hides, or None if the request has no cursor."""
        cursor = self._values.get(name)
        if cursor is None:
            return None
        try:
            hidden = base64.urlsafe_b64decode(cursor).decode("ascii")
        except (binascii.Error, ValueError):
            hidden = ""
        if not hidden or make_cursor(hidden) != cursor:
            raise bad_cursor(name)
        return hidden

    def number_cursor(self, *, least: int) -> int | None:
        """Read the number that a cursor hides, `least` or more."""
        hidden = self.cursor()
        if hidden is None:
            return None
        if not _in_range(hidden, least, _HIGHEST):
            raise bad_cursor()
        return int(hidden)


def make_cursor(place: object) -> str:
    """Hide a place in a list in a cursor, so that callers do not come to rely on what it is."""
    return base64.urlsafe_b64encode(str(place).encode()).decode()


def bad_cursor(name: str = "cursor") -> Problem:
    """Refuse a cursor that no answer gave."""
    return invalid(FieldError(name, "must be a cursor from an earlier answer"))


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
