"""GET /transactions: an account's history, newest first, and GET /transactions/{sequence}: one of it."""

from collections.abc import Iterator
from typing import Any

from aws_lambda_powertools.event_handler import Response
from points.api import lots_cursor
from points.api.answers import answer, lot, page
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.identity import account_of
from points.api.queries import Query, no_transaction, read_sequence
from points.api.runtime import deadline_of, passbook
from points.rules.fates import fate_of
from points.rules.terms import Kind
from points.rules.walk import Step, beginning, walk_again
from points.storage.lines import Line
from points.storage.records import Records

LOTS_SHOWN = 10_000
"""Lots of a transaction in one answer, if they fit."""

_DREW = {Kind.SPEND, Kind.HOLD, Kind.EXPIRE}
_BECAME = {
    Kind.CAPTURE: "captured_by",
    Kind.VOID: "voided_by",
    Kind.LAPSE: "lapsed_by",
    Kind.CANCEL: "cancelled_by",
    Kind.ARRIVE: "arrived_by",
}

app = make_app()


@app.get("/transactions")
@app.get(NAMED_ACCOUNT + "/transactions")
def transactions() -> Response[str]:
    """Answer with a page of the history; lines written meanwhile do not move what a cursor points at."""
    event = app.current_event
    account = account_of(event, "read")
    query = Query(event, "limit", "cursor", "reference")
    limit, below, reference = query.limit(), query.number_cursor(least=2), query.reference()
    deadline = deadline_of(app.lambda_context)
    if reference is None:  # a page may be cut short by its bytes, but the history always goes on to line 1
        lines = passbook().lines(account, deadline, below=below, limit=limit)
        more = bool(lines) and lines[-1].sequence > 1
    else:
        lines = passbook().lines(account, deadline, below=below, limit=limit + 1, reference=reference)
        lines, more = lines[:limit], len(lines) > limit
    return answer(page("transactions", lines, lambda line: line.listed, lambda line: line.sequence, more=more))


@app.get("/transactions/{sequence}")
@app.get(NAMED_ACCOUNT + "/transactions/{sequence}")
def one_transaction() -> Response[str]:
    """Answer with one transaction; of what drew on lots also with them, and with what has become of it since."""
    event = app.current_event
    account = account_of(event, "read")
    cursor = Query(event, lots_cursor.NAME).cursor(lots_cursor.NAME)
    deadline = deadline_of(app.lambda_context)
    wanted = read_sequence(event)
    line = passbook().line(account, wanted, deadline) if wanted else None
    if line is None:
        raise no_transaction(wanted)
    if cursor is not None and line.transaction.kind not in _DREW:
        raise lots_cursor.not_given()
    if line.transaction.kind in {Kind.ADD, Kind.ARRIVE, Kind.CANCEL}:
        return answer(line.listed)
    records = passbook().now(account, deadline)
    return answer(line.listed | _fate(line, records) | _lots(line, records, cursor))


def _fate(line: Line, records: Records) -> dict[str, Any]:
    """Tell what has become of a transaction, and by which number: null while what time has done is not recorded."""
    left, ended = fate_of(line.sequence, records.at.state, records)
    shown: dict[str, Any] = {} if left is None else {"left": left}
    if ended:
        shown[_BECAME[ended.kind]] = ended.sequence if ended.sequence <= records.recorded else None
    return shown


def _lots(line: Line, records: Records, cursor: str | None) -> dict[str, Any]:
    """Show the lots that a transaction drew on, in the order in which it did."""
    origin = records.origin(line.sequence) if line.transaction.kind in _DREW else None
    if origin is None:
        return {}
    secret = line.write_id
    start = lots_cursor.find(cursor, origin, secret, records) if cursor else beginning(origin)
    passed = list(_until_drawn(walk_again(origin, records, start), LOTS_SHOWN))

    def next_page(last: Step) -> str:
        return lots_cursor.hide(start.after(passed[: passed.index(last) + 1]), origin, secret)

    shown = page(
        "lots",
        (step for step in passed if step.given),
        lambda step: lot(step.lot, -step.given),
        next_page,
        more=start.after(passed).given < -line.transaction.points,
    )
    following = shown.pop("next_cursor")
    return shown | ({"next_lots_cursor": following} if following else {})


def _until_drawn(steps: Iterator[Step], lots: int) -> Iterator[Step]:
    """Go through a walk until so many lots have given points."""
    for step in steps:
        yield step
        lots -= bool(step.given)
        if not lots:
            return


handler = make_handler(app)
