"""GET /transactions: an account's history, newest first, and GET /transactions/{sequence}: one of it."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer, lot, page
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.identity import account_of
from points.api.queries import Query, no_transaction, read_sequence
from points.api.runtime import deadline_of, passbook
from points.rules.fates import fate_of
from points.rules.terms import Kind
from points.rules.walk import walk_again
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
    start = Query(event, "lots_cursor").number_cursor("lots_cursor", least=1) or 0
    deadline = deadline_of(app.lambda_context)
    wanted = read_sequence(event)
    line = passbook().line(account, wanted, deadline) if wanted else None
    if line is None:
        raise no_transaction(wanted)
    if line.transaction.kind in {Kind.ADD, Kind.ARRIVE, Kind.CANCEL}:
        return answer(line.listed)
    records = passbook().now(account, deadline)
    return answer(line.listed | _fate(line, records) | _lots(line, records, start))


def _fate(line: Line, records: Records) -> dict[str, Any]:
    """Tell what has become of a transaction, and by which number: null while what time has done is not recorded."""
    left, ended = fate_of(line.sequence, records.at.state, records)
    shown: dict[str, Any] = {} if left is None else {"left": left}
    if ended:
        shown[_BECAME[ended.kind]] = ended.sequence if ended.sequence <= records.recorded else None
    return shown


def _lots(line: Line, records: Records, start: int) -> dict[str, Any]:
    """Show the lots that a transaction drew on, in the order in which it did."""
    origin = records.origin(line.sequence) if line.transaction.kind in _DREW else None
    if origin is None:
        return {}
    drawn = [step for step in walk_again(origin, records) if step.given]
    numbered = list(enumerate(drawn, 1))[start : start + LOTS_SHOWN]
    shown = page(
        "lots",
        numbered,
        lambda entry: lot(entry[1].lot, -entry[1].given),
        lambda entry: entry[0],
        more=start + LOTS_SHOWN < len(drawn),
    )
    cursor = shown.pop("next_cursor")
    return shown | ({"next_lots_cursor": cursor} if cursor else {})


handler = make_handler(app)
