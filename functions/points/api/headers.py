"""What a request's headers ask for: that it take effect once, or only on a known version of the account."""

import hashlib
import json
import re

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from points.api.problems import FieldError, invalid
from points.moments import format_timestamp
from points.rules.terms import Add, Spend
from points.storage.lines import Retry

_KEY = re.compile(r"[!-~]{1,255}")
_TAG = r'(?:W/)?"[!#-~\x80-\xff]*"'
_TAGS = re.compile(rf"[ \t]*{_TAG}(?:[ \t]*,[ \t]*{_TAG})*[ \t]*")
_OWN_STRONG_TAG = re.compile(r'(?<!W/)"(0|[1-9]\d{0,15})"', re.ASCII)


def read_retry(event: APIGatewayProxyEventV2, account: str, change: Add | Spend) -> Retry | None:
    """Read the Idempotency-Key, with a digest of what is asked for under it."""
    key = event.headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise invalid(FieldError("Idempotency-Key", "must have 1 to 255 visible ASCII characters"))
    return Retry(key, _digest(account, change))


def read_if_match(event: APIGatewayProxyEventV2) -> frozenset[int] | None:
    """Read the sequence numbers that If-Match names, or None if any will do: an account always has a version."""
    tags = event.headers.get("if-match")
    if tags is None or tags.strip() == "*":
        return None
    if not _TAGS.fullmatch(tags):
        raise invalid(FieldError("If-Match", 'must be * or a list of entity tags such as "7"'))
    return frozenset(map(int, _OWN_STRONG_TAG.findall(tags)))


def _digest(account: str, change: Add | Spend) -> str:
    """Fingerprint a request by its meaning, so that another spelling of it is the same request."""
    match change:
        case Add():
            fields = ["add", change.payer, change.points, format_timestamp(change.timestamp)]
        case Spend():
            fields = ["spend", change.points]
    return hashlib.sha256(json.dumps([account, *fields]).encode()).hexdigest()
