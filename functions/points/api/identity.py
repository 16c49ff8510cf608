"""Whose account a request is about, and whether the caller may act on it.

API Gateway has checked the token and its scope before a function is called. The functions check the scope again, so
that a mistake in the template cannot open an account.
"""

import os
import re
from collections.abc import Mapping
from http import HTTPStatus

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from points.api.observability import logger
from points.api.problems import FieldError, Problem, invalid

_ACTIONS = ("add", "spend", "refund", "read")
_ALL_SCOPES = " ".join(f"{whose}/{action}" for whose in ("points", "accounts") for action in _ACTIONS)
_ACCOUNT = re.compile(r"[A-Za-z0-9._:@|+-]{1,128}")


def account_of(event: APIGatewayProxyEventV2, action: str) -> str:
    """Return the account that a request acts on.

    Parameters
    ----------
    event
        The request. Its path names an account, or it means the caller's own.
    action
        `add`, `spend`, `refund` or `read`: the second half of the scope that is needed.

    Raises
    ------
    Problem
        401 without a token, 403 without the scope, 400 for a name that no account can have.
    """
    claims = _claims(event)
    named = event.path_parameters.get("account")
    account = str(claims.get("sub", "")) if named is None else named
    if not _ACCOUNT.fullmatch(account) or account in {".", ".."}:
        reason = (
            "must be 1 to 128 characters from A-Z, a-z, 0-9 and . _ : @ | + -, and must not be a single dot or two dots"
        )
        raise invalid(FieldError("account", reason))
    _check_scope(claims, f"points/{action}" if named is None else f"accounts/{action}")
    logger.append_keys(account=account)
    return account


def _claims(event: APIGatewayProxyEventV2) -> Mapping[str, object]:
    """Return the token's claims; of a local run, which has no token, those of an owner of everything."""
    authorizer = event.request_context.authorizer
    if authorizer and authorizer.jwt_claim:
        return authorizer.jwt_claim
    if local := os.environ.get("LOCAL_ACCOUNT"):
        return {"sub": local, "scope": _ALL_SCOPES}
    raise Problem(
        HTTPStatus.UNAUTHORIZED,
        "token-missing",
        "A token is needed",
        "The request has no claims of a valid token.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _check_scope(claims: Mapping[str, object], scope: str) -> None:
    granted = str(claims.get("scope") or claims.get("scp") or "")  # a list arrives as text: [one two]
    if scope not in re.split(r"[\s,\[\]]+", granted):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "scope-missing",
            "The token does not allow this",
            f"The token lacks the scope {scope}.",
        )
