"""POST /spend: spend points of an account, those that expire soonest first, then the oldest."""

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer_recorded
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.bodies import SPEND
from points.api.recording import record

app = make_app()


@app.post("/spend")
@app.post(NAMED_ACCOUNT + "/spend")
def spend() -> Response[str]:
    """Record a spend, and answer with what was taken from whom."""
    recorded = record(app, "spend", SPEND)
    return answer_recorded(app.current_event, recorded, recorded.line.listed["taken"])


handler = make_handler(app)
