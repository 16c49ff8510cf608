"""POST /transactions/{sequence}/cancel: cancel a pending add before it arrives."""

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer_recorded
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.bodies import CANCEL
from points.api.recording import record

app = make_app()


@app.post("/transactions/{sequence}/cancel")
@app.post(NAMED_ACCOUNT + "/transactions/{sequence}/cancel")
def cancel() -> Response[str]:
    """Record a cancellation, and answer with its transaction."""
    recorded = record(app, "add", CANCEL, of_path=True)
    return answer_recorded(app.current_event, recorded, recorded.line.listed)


handler = make_handler(app)
