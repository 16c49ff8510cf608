"""GET /balance: an account's points per payer, now, in the past or in time to come."""

from collections.abc import Mapping
from datetime import datetime

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer_at
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.identity import account_of
from points.api.queries import Query, no_transaction
from points.api.runtime import deadline_of, passbook

app = make_app()


@app.get("/balance")
@app.get(NAMED_ACCOUNT + "/balance")
def balance() -> Response[str]:
    """Answer with the balance of every payer that the account has had points of by then."""
    event = app.current_event
    account = account_of(event, "read")
    at = Query(event, "at").at()
    version, balances = _stands(account, at, deadline_of(app.lambda_context))
    headers = {"Settled": str(passbook().is_settled(at)).lower()} if isinstance(at, datetime) else {}
    return answer_at(event, version, balances, headers)


def _stands(account: str, at: int | datetime | None, deadline: float) -> tuple[str, Mapping[str, int]]:
    """Return the version and the balances; after a transaction, as stored, and its number."""
    if isinstance(at, int):
        line = passbook().line(account, at, deadline) if at else None
        if at and line is None:
            raise no_transaction(at)
        return str(at), line.state.balances if line else {}
    stands = passbook().now(account, deadline) if at is None else passbook().as_of(account, at, deadline)
    return stands.at.version, stands.at.state.balances


handler = make_handler(app)
