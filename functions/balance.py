"""GET /balance: an account's points per payer, now or in the past."""

from datetime import datetime

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.identity import account_of
from points.api.queries import no_transaction, read_at
from points.api.runtime import deadline_of, passbook
from points.storage.lines import Standing

app = make_app()


@app.get("/balance")
@app.get(NAMED_ACCOUNT + "/balance")
def balance() -> Response[str]:
    """Answer with the balance of every payer that the account has had points of by then."""
    account = account_of(app.current_event, "read")
    standing = _standing(account, read_at(app.current_event), deadline_of(app.lambda_context))
    return answer(standing.state.balances, at=standing.sequence)


def _standing(account: str, at: int | datetime | None, deadline: float) -> Standing:
    match at:
        case None:
            return passbook().standing(account, deadline)
        case datetime():
            return passbook().standing_as_of(account, at, deadline)
        case 0:
            return Standing(account)
        case sequence:
            if line := passbook().line(account, sequence, deadline):
                return line
            raise no_transaction(sequence)


handler = make_handler(app)
