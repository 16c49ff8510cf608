"""GET /balance: an account's points per payer."""

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.identity import account_of
from points.api.runtime import deadline_of, passbook

app = make_app()


@app.get("/balance")
@app.get(NAMED_ACCOUNT + "/balance")
def balance() -> Response[str]:
    """Answer with the balance of every payer that the account has ever had points of."""
    account = account_of(app.current_event, "read")
    standing = passbook().standing(account, deadline_of(app.lambda_context))
    return answer(standing.state.balances, at=standing.sequence)


handler = make_handler(app)
