"""POST /spend/preview: what a spend would take, without taking it."""

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer, taken
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.bodies import SpendBody, read_body
from points.api.identity import account_of
from points.api.runtime import deadline_of, passbook

app = make_app()


@app.post("/spend/preview")
@app.post(NAMED_ACCOUNT + "/spend/preview")
def preview() -> Response[str]:
    """Answer as the spend would. A spend with the answer's ETag as its If-Match takes exactly this."""
    event = app.current_event
    account = account_of(event, "read")
    spend = read_body(event, SpendBody).to_change()
    at, planned = passbook().preview(account, spend, deadline_of(app.lambda_context))
    return answer(taken(planned.transaction.taken), at=at.sequence)


handler = make_handler(app)
