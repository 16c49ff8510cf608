"""POST /add: give an account points of a payer, or take them back."""

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer_recorded, transaction
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.bodies import AddBody
from points.api.observability import count
from points.api.recording import record

app = make_app()


@app.post("/add")
@app.post(NAMED_ACCOUNT + "/add")
def add() -> Response[str]:
    """Record an add, and answer with its transaction."""
    recorded = record(app, "add", AddBody)
    if not recorded.replayed:
        count("Adds")
        count("PointsAdded", recorded.line.transaction.points)
    return answer_recorded(recorded, transaction(recorded.line))


handler = make_handler(app)
