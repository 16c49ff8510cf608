"""POST /transactions/{sequence}/refund: give back a spend or a captured hold, wholly or in part."""

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer_recorded
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.bodies import REFUND
from points.api.recording import record

app = make_app()


@app.post("/transactions/{sequence}/refund")
@app.post(NAMED_ACCOUNT + "/transactions/{sequence}/refund")
def refund() -> Response[str]:
    """Record a refund, and answer with its transaction."""
    recorded = record(app, "refund", REFUND, of_path=True)
    return answer_recorded(app.current_event, recorded, recorded.line.listed)


handler = make_handler(app)
