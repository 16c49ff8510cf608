"""The chain of digests, from items alone, as `docs/design.md` tells an auditor to make it: by no code of the ledger's.

A transaction is listed from its item as `GET /transactions` lists it, as canonical JSON (RFC 8785): names sorted, no
white space. Numbers are whole and below 2^53, and all names are ASCII but those in metadata, which is kept canonical.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

Item = Mapping[str, Mapping[str, Any]]

_NUMBERS = ("sequence", "of", "points", "amount")
_TEXTS = ("account", "kind", "payer", "reference", "recorded_at")
_MOMENTS = ("timestamp", "effective_at", "expires_at")
_PER_PAYER = ("taken", "returned", "expired")


def first_digest(account: str) -> bytes:
    """Return what stands above an account's first line."""
    return hashlib.sha256(account.encode()).digest()


def next_digest(above: bytes, item: Item) -> bytes:
    """Return the digest of a line below another's."""
    return hashlib.sha256(above + canonical(item)).digest()


def canonical(item: Item) -> bytes:
    """List a line's transaction, with its account and without its digest, as canonical JSON."""
    told: dict[str, Any] = {name: item[name]["S"] for name in _TEXTS if name in item}
    for name in _NUMBERS:
        if name in item:
            told[name] = int(item[name]["N"])
    for name in _MOMENTS:
        if name in item:
            told[name] = item[name]["S"].replace(".000000Z", "Z")
    for name in _PER_PAYER:
        if name in item:
            pairs = (pair["L"] for pair in item[name]["L"])
            told[name] = [{"payer": payer["S"], "points": int(points["N"])} for payer, points in pairs]
    if "metadata" in item:
        told["metadata"] = orjson.Fragment(item["metadata"]["S"])
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
