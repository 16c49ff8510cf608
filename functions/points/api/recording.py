"""What add and spend have in common: a body becomes the account's next line."""

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from points.api.bodies import AddBody, SpendBody, read_body
from points.api.headers import read_if_match, read_retry
from points.api.identity import account_of
from points.api.runtime import deadline_of, passbook
from points.storage.passbook import Recorded


def record(app: APIGatewayHttpResolver, action: str, model: type[AddBody] | type[SpendBody]) -> Recorded:
    """Record what the current request asks for, once, and only if the caller may.

    Raises
    ------
    Exception
        Whatever `problem_of` tells the caller of.
    """
    event = app.current_event
    account = account_of(event, action)
    change = read_body(event, model).to_change()
    return passbook().record(
        account,
        change,
        deadline_of(app.lambda_context),
        retry=read_retry(event, account, change),
        only_at=read_if_match(event),
    )
