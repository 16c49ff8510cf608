"""What a request gets that is done. A change is answered from its stored line alone, so a replay reads the same."""

import json
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from points.api.headers import is_current
from points.api.queries import make_cursor
from points.moments import format_timestamp
from points.rules.order import expiry_of, timestamp_of
from points.rules.terms import Lot
from points.storage.errors import VersionMismatchError
from points.storage.writing import Recorded

MOST_BYTES = 5_000_000
"""Of the 6 MB that Lambda takes of an answer, what a list may fill."""

PRIVATE = {"Cache-Control": "no-store"}
"""Answers about accounts are nobody else's business, nor true for long."""

Entry = TypeVar("Entry")


def answer(body: Any, headers: Mapping[str, str] | None = None) -> Response[str]:
    """Answer 200 with a JSON body."""
    text = json.dumps(body, separators=(",", ":"))
    return Response(HTTPStatus.OK.value, content_types.APPLICATION_JSON, text, {**PRIVATE, **(headers or {})})


def answer_at(
    event: APIGatewayProxyEventV2, version: str, body: Any, headers: Mapping[str, str] | None = None
) -> Response[str]:
    """Answer a read with a body and the version that it stands on, or 304 to a caller who has that already.

    Raises
    ------
    VersionMismatchError
        The caller has it already, and asks by a method other than GET and HEAD (RFC 9110, 13.1.2).
    """
    headers = {"ETag": f'"{version}"', **(headers or {})}
    if is_current(event, version):
        if event.http_method not in {"GET", "HEAD"}:
            raise VersionMismatchError(version)
        return Response(HTTPStatus.NOT_MODIFIED.value, None, "", {**PRIVATE, **headers})
    return answer(body, headers)


def answer_recorded(event: APIGatewayProxyEventV2, recorded: Recorded, body: Any) -> Response[str]:
    """Answer with what a line says, now or again, and where it is found."""
    line = recorded.line
    named = event.path_parameters.get("account")
    prefix = f"/accounts/{named}" if named is not None else ""
    headers = {"ETag": f'"{line.version}"', "Content-Location": f"{prefix}/transactions/{line.sequence}"}
    return answer(body, headers | ({"Idempotency-Replayed": "true"} if recorded.replayed else {}))


def page(
    name: str, entries: Iterable[Entry], show: Callable[[Entry], Any], place: Callable[[Entry], object], *, more: bool
) -> dict[str, Any]:
    """Show a list as far as it fits into an answer, and the cursor that gets the rest.

    Parameters
    ----------
    name
        What the list is called.
    show
        Shows an entry.
    place
        Tells from an entry where the list goes on after it.
    more
        Whether the list goes on after the last entry.
    """
    shown: list[Any] = []
    size, last = 0, None
    for entry in entries:
        told = show(entry)
        size += len(json.dumps(json.dumps(told)))  # a function's answer is a string within JSON: escaped twice
        if shown and size > MOST_BYTES:
            more = True
            break
        shown.append(told)
        last = entry
    return {name: shown, "next_cursor": make_cursor(place(last)) if more and last is not None else None}


def lot(of: Lot, points: int) -> dict[str, Any]:
    """Show a lot, with the points that are meant of it. One that was pending goes by the number of that."""
    expires_at = expiry_of(of.position)
    return {
        "sequence": of.pending or of.sequence,
        "payer": of.payer,
        "timestamp": format_timestamp(timestamp_of(of.position)),
        **({"expires_at": format_timestamp(expires_at)} if expires_at else {}),
        "points": points,
    }
