"""POST /spend: spend points of an account, oldest first."""

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer_recorded, transaction
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.bodies import SpendBody
from points.api.observability import count
from points.api.recording import record

app = make_app()


@app.post("/spend")
@app.post(NAMED_ACCOUNT + "/spend")
def spend() -> Response[str]:
    """Record a spend, and answer with what was taken from whom."""
    recorded = record(app, "spend", SpendBody)
    if not recorded.replayed:
        count("Spends")
        count("PointsSpent", recorded.line.transaction.points)
    return answer_recorded(recorded, transaction(recorded.line)["taken"])


handler = make_handler(app)
