"""Whose account a request is about, and whether the caller may act on it.

API Gateway has checked the token and its scope before a function is called. The functions check the scope again, so
that a mistake in the template cannot open an account.
"""

import os
import re
from http import HTTPStatus

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from points.api.observability import logger
from points.api.problems import FieldError, Problem, invalid

_ACCOUNT = re.compile(r"[A-Za-z0-9._:@|-]{1,128}")


def account_of(event: APIGatewayProxyEventV2, action: str) -> str:
    """Return the account that a request acts on.

    Parameters
    ----------
    event
        The request. Its path names an account, or it means the caller's own.
    action
        `add`, `spend` or `read`: the second half of the scope that is needed.

    Raises
    ------
    Problem
        401 without a token, 403 without the scope, 400 for a name that no account can have.
    """
    named = event.path_parameters.get("account")
    account = named if named is not None else _own_account(event)
    if not _ACCOUNT.fullmatch(account) or account in {".", ".."}:
        raise invalid(FieldError("account", "must have 1 to 128 of A-Z a-z 0-9 . _ : @ | - and not be . or .."))
    _check_scope(event, f"accounts/{action}" if named is not None else f"points/{action}")
    logger.append_keys(account=account)
    return account


def _own_account(event: APIGatewayProxyEventV2) -> str:
    subject = _claims(event).get("sub") or os.environ.get("LOCAL_ACCOUNT")
    if not subject:
        raise _unauthorized()
    return str(subject)


def _check_scope(event: APIGatewayProxyEventV2, scope: str) -> None:
    claims = _claims(event)
    if not claims and "LOCAL_ACCOUNT" in os.environ:
        return
    if not claims:
        raise _unauthorized()
    if scope not in re.split(r"[\s,\[\]]+", str(claims.get("scope") or claims.get("scp") or "")):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "scope-missing",
            "The token does not allow this",
            f"The token lacks the scope {scope}.",
        )


def _claims(event: APIGatewayProxyEventV2) -> dict[str, object]:
    authorizer = event.request_context.authorizer
    return authorizer.jwt_claim if authorizer else {}


def _unauthorized() -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "token-missing",
        "A token is needed",
        "The request came without the claims of a valid token.",
        headers={"WWW-Authenticate": "Bearer"},
    )
