"""What a request gets that is done. Built from the stored line alone, so that a replay reads the same to the byte."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response, content_types

from points.moments import format_recorded_at, format_timestamp
from points.rules.positions import lot_timestamp
from points.rules.terms import Added, Draw, Spent
from points.storage.lines import Line
from points.storage.passbook import Recorded


def answer(body: Any, *, at: int | None = None, replayed: bool = False) -> Response[str]:
    """Answer 200 with a JSON body, and as ETag the sequence number of the line that it stands on, if on one."""
    headers = {} if at is None else {"ETag": f'"{at}"'}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    text = json.dumps(body, separators=(",", ":"))
    return Response(HTTPStatus.OK.value, content_types.APPLICATION_JSON, text, headers)


def answer_recorded(recorded: Recorded, body: Any) -> Response[str]:
    """Answer with what a line says, now or again."""
    return answer(body, at=recorded.line.sequence, replayed=recorded.replayed)


def transaction(line: Line) -> dict[str, Any]:
    """Show a line as a transaction."""
    done = line.transaction
    match done:
        case Added():
            shown = {
                "kind": "add",
                "payer": done.payer,
                "points": done.points,
                "timestamp": format_timestamp(done.timestamp),
                "recorded_at": format_recorded_at(line.recorded_at),
            }
        case Spent():
            shown = {
                "kind": "spend",
                "points": -done.points,
                "recorded_at": format_recorded_at(line.recorded_at),
                "taken": taken(done.taken),
            }
    return {"sequence": line.sequence, **shown}


def lots(draws: Iterable[Draw]) -> list[dict[str, Any]]:
    """Show which lots a spend drew on, in order."""
    return [
        {
            "payer": draw.lot.payer,
            "timestamp": format_timestamp(lot_timestamp(draw.lot.position)),
            "points": -draw.points,
        }
        for draw in draws
    ]


def taken(points_of_payers: Mapping[str, int]) -> list[dict[str, Any]]:
    """Show what a spend takes from whom, payers in the order in which they were first drawn on."""
    return [{"payer": payer, "points": -points} for payer, points in points_of_payers.items()]
