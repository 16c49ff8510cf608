"""GET /transactions: an account's history, newest first, and GET /transactions/{sequence}: one of it."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer, lots, transaction
from points.api.app import ANYTHING, NAMED_ACCOUNT, make_app, make_handler
from points.api.identity import account_of
from points.api.queries import make_cursor, no_transaction, read_cursor, read_limit, read_sequence
from points.api.runtime import deadline_of, passbook
from points.rules.terms import Spent
from points.storage.lines import Line

LOTS_SHOWN = 10_000
"""Lots of a spend in one answer: a function's answer holds 6 MB."""

app = make_app()


@app.get("/transactions")
@app.get(NAMED_ACCOUNT + "/transactions")
def transactions() -> Response[str]:
    """Answer with a page of the history; lines written meanwhile do not move what a cursor points at."""
    event = app.current_event
    account = account_of(event, "read")
    limit, below = read_limit(event), read_cursor(event, "cursor", least=2)
    lines = passbook().lines(account, deadline_of(app.lambda_context), below=below, limit=limit)
    more = bool(lines) and lines[-1].sequence > 1
    return answer(
        {
            "transactions": [transaction(line) for line in lines],
            "next_cursor": make_cursor(lines[-1].sequence) if more else None,
        }
    )


@app.get(f"/transactions/{ANYTHING}")
@app.get(f"{NAMED_ACCOUNT}/transactions/{ANYTHING}")
def one_transaction() -> Response[str]:
    """Answer with one transaction; of a spend also with the lots that it drew on."""
    event = app.current_event
    account = account_of(event, "read")
    deadline = deadline_of(app.lambda_context)
    wanted = read_sequence(event)
    line = passbook().line(account, wanted, deadline) if wanted else None
    if line is None:
        raise no_transaction(wanted)
    return answer(transaction(line) | _lots_of(line, read_cursor(event, "lots_cursor", least=1) or 0, deadline))


def _lots_of(line: Line, start: int, deadline: float) -> dict[str, Any]:
    if not isinstance(line.transaction, Spent):
        return {}
    draws = passbook().draws(line, deadline)
    end = start + LOTS_SHOWN
    shown = {"lots": lots(draws[start:end])}
    return shown | {"next_lots_cursor": make_cursor(end)} if end < len(draws) else shown


handler = make_handler(app)
