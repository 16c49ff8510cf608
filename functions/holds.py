"""POST /holds: set points aside; then capture or void the hold by its number."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer_recorded
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.bodies import CAPTURE, HOLD, VOID, Body
from points.api.recording import record

app = make_app()


@app.post("/holds")
@app.post(NAMED_ACCOUNT + "/holds")
def hold() -> Response[str]:
    """Record a hold, and answer with its transaction, whose number names it."""
    return _record(HOLD)


@app.post("/holds/{sequence}/capture")
@app.post(NAMED_ACCOUNT + "/holds/{sequence}/capture")
def capture() -> Response[str]:
    """Spend what was held, or a part of it, and answer with the transaction."""
    return _record(CAPTURE, of_path=True)


@app.post("/holds/{sequence}/void")
@app.post(NAMED_ACCOUNT + "/holds/{sequence}/void")
def void() -> Response[str]:
    """Give back what was held, and answer with the transaction."""
    return _record(VOID, of_path=True)


def _record(body: Body[Any], *, of_path: bool = False) -> Response[str]:
    recorded = record(app, "spend", body, of_path=of_path)
    return answer_recorded(app.current_event, recorded, recorded.line.listed)


handler = make_handler(app)
