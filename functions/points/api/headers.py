"""What a request's headers ask for: that it take effect once, or only on a known version of the account.

The gateway joins a header that comes twice with a comma. Lists of tags mean the same joined; a key does not, so one
with a comma is refused.
"""

import hashlib
import re
from dataclasses import fields
from datetime import datetime
from typing import Any

import rfc8785
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from points.api.problems import FieldError, invalid
from points.moments import format_timestamp
from points.rules.terms import Change
from points.storage.lines import Retry

_KEY = re.compile(r"[!#-+\--~]{1,255}")  # visible ASCII but a comma and a double quote
_TAG = r'(?:W/)?"[!#-~\x80-\xff]*"'
_TAGS = re.compile(rf"[ \t]*{_TAG}(?:[ \t]*,[ \t]*{_TAG})*[ \t]*")
_EACH_TAG = re.compile(r'(W/)?"([^"]*)"')


class Versions:
    """The versions at which a change may happen, by If-Match and If-None-Match: it holds those, and no others."""

    def __init__(self, match: frozenset[str] | None, none_match: frozenset[str] | None) -> None:
        self._match = match
        self._none_match = none_match

    def __contains__(self, version: object) -> bool:
        matches = self._match is None or "*" in self._match or version in self._match
        return matches and (self._none_match is None or not ({"*", version} & self._none_match))


def read_retry(event: APIGatewayProxyEventV2, account: str, change: Change) -> Retry | None:
    """Read the Idempotency-Key, with a digest of what is asked for under it."""
    key = event.headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        reason = "must be 1 to 255 visible ASCII characters other than a comma or a quotation mark"
        raise invalid(FieldError("Idempotency-Key", reason))
    return Retry(key, digest(account, change))


def read_versions(event: APIGatewayProxyEventV2) -> Versions | None:
    """Read at which versions of the account a change may happen; None if at any."""
    match = _tags(event, "If-Match", weak=False)
    none_match = _tags(event, "If-None-Match", weak=True)
    return None if match is None and none_match is None else Versions(match, none_match)


def is_current(event: APIGatewayProxyEventV2, version: str) -> bool:
    """Whether the caller of a read has this version already, by If-None-Match."""
    tags = _tags(event, "If-None-Match", weak=True)
    return tags is not None and bool({"*", version} & tags)


def digest(account: str, change: Change) -> str:
    """Fingerprint a request by its kind and all of its values, so that another spelling of it is the same request."""
    values = {name: _plain(getattr(change, name)) for name in (field.name for field in fields(change))}
    told: dict[str, Any] = {"account": account, "change": type(change).__name__, "values": values}
    return hashlib.sha256(rfc8785.dumps(told)).hexdigest()


def _plain(value: Any) -> Any:
    return format_timestamp(value) if isinstance(value, datetime) else value


def _tags(event: APIGatewayProxyEventV2, name: str, *, weak: bool) -> frozenset[str] | None:
    """Read a header of entity tags, the strong ones and perhaps the weak; `*` stands for any."""
    text = event.headers.get(name.lower())
    if text is None:
        return None
    if text.strip() == "*":
        return frozenset("*")
    if not _TAGS.fullmatch(text):
        raise invalid(FieldError(name, 'must be * or a list of entity tags such as "7"'))
    return frozenset(tag for weakness, tag in _EACH_TAG.findall(text) if weak or not weakness)
