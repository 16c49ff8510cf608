"""POST /add: give an account points of a payer, now or later, or take them back."""

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer_recorded
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.bodies import ADD
from points.api.recording import record

app = make_app()


@app.post("/add")
@app.post(NAMED_ACCOUNT + "/add")
def add() -> Response[str]:
    """Record an add, and answer with its transaction."""
    recorded = record(app, "add", ADD)
    return answer_recorded(app.current_event, recorded, recorded.line.listed)


handler = make_handler(app)
