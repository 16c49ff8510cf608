"""POST /spend/preview, POST /holds/preview: what a spend or a hold would take, without taking it."""

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.bodies import HOLD, SPEND, Body
from points.api.identity import account_of
from points.api.queries import Query
from points.api.runtime import deadline_of, passbook
from points.rules.terms import Hold, Spend
from points.storage.listing import per_payer

app = make_app(previews=True)


@app.post("/spend/preview")
@app.post(NAMED_ACCOUNT + "/spend/preview")
def preview() -> Response[str]:
    """Answer as the spend would. A spend with the answer's ETag as its If-Match takes exactly this."""
    return _preview(SPEND)


@app.post("/holds/preview")
@app.post(NAMED_ACCOUNT + "/holds/preview")
def preview_hold() -> Response[str]:
    """Answer with what the hold would take."""
    return _preview(HOLD)


def _preview(body: Body[Spend] | Body[Hold]) -> Response[str]:
    event = app.current_event
    account = account_of(event, "read")
    Query(event)
    at, planned = passbook().preview(account, body.read(event), deadline_of(app.lambda_context))
    return answer(per_payer(planned.transaction.taken or {}), {"ETag": f'"{at.version}"'})


handler = make_handler(app)
