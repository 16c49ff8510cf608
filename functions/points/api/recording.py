"""What all changes have in common: a body becomes the account's next line."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from points.api.bodies import Body
from points.api.headers import read_retry, read_versions
from points.api.identity import account_of
from points.api.observability import count_recorded
from points.api.queries import Query, read_sequence
from points.api.runtime import deadline_of, passbook
from points.rules.terms import Change
from points.storage.writing import Recorded


def record(app: APIGatewayHttpResolver, action: str, body: Body[Any], *, of_path: bool = False) -> Recorded:
    """Record what the current request asks for, once, and only if the caller may.

    Parameters
    ----------
    app
        Has the request.
    action
        The second half of the scope that is needed.
    body
        What the request's body may hold.
    of_path
        Whether the change is to the transaction that the path names.

    Raises
    ------
    Exception
        Whatever `problem_of` tells the caller of.
    """
    event = app.current_event
    account = account_of(event, action)
    Query(event)
    change: Change = body.read(event, **({"of": read_sequence(event)} if of_path else {}))
    recorded = passbook().record(
        account,
        change,
        deadline_of(app.lambda_context),
        retry=read_retry(event, account, change),
        only_at=read_versions(event),
    )
    count_recorded(recorded)
    return recorded
