"""The calls of the API, each in one place: what it sends and how its answer is read. Nothing here sends anything.

The names are those of the API's description; `Client` and `AsyncClient` make a method of each.
"""

import json
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4

from points_ledger import models
from points_ledger.errors import VersionMismatch
from points_ledger.http import Call, Page, Pages, Request, Response
from points_ledger.models import Account, Balance, Lot, OpenHold, PendingAdd, Preview, Spent, Transaction
from points_ledger.moments import write_moment
from points_ledger.text import read, tell

Entry = TypeVar("Entry")
Kind = TypeVar("Kind", bound=Transaction)

PAGE = 100
"""Entries asked for at once, the most that the ledger gives."""

_KEY = re.compile(r"[!#-+\--~]{1,255}")
_NO_VERSION = "none"
"""A tag that no account's version ever has."""

KINDS: Mapping[str, type[Transaction]] = {
    "add": models.AddTransaction,
    "spend": models.SpendTransaction,
    "hold": models.HoldTransaction,
    "capture": models.CaptureTransaction,
    "void": models.VoidTransaction,
    "refund": models.RefundTransaction,
    "pending": models.PendingTransaction,
    "cancel": models.CancelTransaction,
    "arrive": models.ArriveTransaction,
    "lapse": models.LapseTransaction,
    "expire": models.ExpireTransaction,
}
"""How each kind is listed."""

KINDS_IN_FULL: Mapping[str, type[Transaction]] = {
    **KINDS,
    "spend": models.SpendInFull,
    "hold": models.HoldInFull,
    "capture": models.CaptureInFull,
    "pending": models.PendingInFull,
    "expire": models.ExpireInFull,
}
"""How each kind is told of by its number."""


def add(
    change: models.Add, *, key: str | None = None, if_match: str | None = None
) -> Call[models.AddTransaction | models.PendingTransaction]:
    """Add points of a payer, now or from `effective_at` on; or take some back, if they are negative."""
    return _change("/add", change, _recorded(models.AddTransaction, models.PendingTransaction), key, if_match)


def spend(change: models.Spend, *, key: str | None = None, if_match: str | None = None) -> Call[Spent]:
    """Spend points, those that expire soonest first, then the oldest."""
    return _change("/spend", change, _spent, key, if_match)


def preview(change: models.Spend) -> Call[Preview]:
    """See what a spend would take; nothing is recorded."""
    return Call(Request("POST", "/spend/preview", json=tell(change)), _preview)


def spend_previewed(
    change: models.Spend, agree: Callable[[Preview], bool], *, key: str | None = None
) -> Generator[Call[Any], Any, Spent | None]:
    """Spend exactly what a preview showed.

    If the account changes between the two, it is previewed, and `agree` is asked, again.

    Parameters
    ----------
    agree
        Is shown the preview, and says whether to spend that.
    key
        If given, and it has been recorded already, the first answer is given again without asking.

    Returns
    -------
    Spent or None
        None if it was not agreed to.
    """
    if key is not None:
        with suppress(VersionMismatch):  # the ledger looks at the key first, so this says that it is a new one
            return (yield from spend(change, key=key, if_match=_NO_VERSION))
    spent = None
    while spent is None and agree(seen := (yield from preview(change))):
        with suppress(VersionMismatch):
            spent = yield from spend(change, key=key, if_match=seen.version)
    return spent


def refund(
    sequence: int, change: models.Refund = models.Refund(), *, key: str | None = None, if_match: str | None = None
) -> Call[models.RefundTransaction]:
    """Give back what was spent, wholly or in part: of a spend, or of a captured hold by its number or the capture's."""
    path = f"/transactions/{sequence}/refund"
    return _change(path, change, _recorded(models.RefundTransaction), key, if_match)


def cancel(
    sequence: int, change: models.Cancel = models.Cancel(), *, key: str | None = None, if_match: str | None = None
) -> Call[models.CancelTransaction]:
    """Cancel a pending add before it arrives."""
    path = f"/transactions/{sequence}/cancel"
    return _change(path, change, _recorded(models.CancelTransaction), key, if_match)


def hold(change: models.Hold, *, key: str | None = None, if_match: str | None = None) -> Call[models.HoldTransaction]:
    """Set points aside for a spend that is not certain yet; the answer's `sequence` names the hold."""
    return _change("/holds", change, _recorded(models.HoldTransaction), key, if_match)


def preview_hold(change: models.Hold) -> Call[Preview]:
    """See what a hold would take; nothing is recorded."""
    return Call(Request("POST", "/holds/preview", json=tell(change)), _preview)


def capture(
    sequence: int, change: models.Capture = models.Capture(), *, key: str | None = None, if_match: str | None = None
) -> Call[models.CaptureTransaction]:
    """Spend a hold, wholly or in part; the rest comes back. A hold is captured once."""
    return _change(f"/holds/{sequence}/capture", change, _recorded(models.CaptureTransaction), key, if_match)


def void(
    sequence: int, change: models.Void = models.Void(), *, key: str | None = None, if_match: str | None = None
) -> Call[models.VoidTransaction]:
    """Give back the whole of a hold."""
    return _change(f"/holds/{sequence}/void", change, _recorded(models.VoidTransaction), key, if_match)


def balance(*, at: int | datetime | None = None) -> Call[Balance]:
    """Return the points per payer: now, after a transaction, or as of a moment, past or to come."""
    query = {} if at is None else {"at": write_moment(at) if isinstance(at, datetime) else str(at)}
    return Call(Request("GET", "/balance", query), _balance)


def account() -> Call[Account]:
    """Return the account at a glance: what there is, what is held, pending and owed, and what comes next."""
    return Call(Request("GET", "/account"), lambda response: read(Account, _json(response), version=_version(response)))


def lots() -> Pages[Lot]:
    """Iterate over the open lots in the order in which they will be spent, each with what is left of it."""
    return _pages("lots", {"limit": str(PAGE)}, lambda told: read(Lot, told))


def holds() -> Pages[OpenHold]:
    """Iterate over the open holds in the order in which they were made."""
    return _pages("holds", {}, lambda told: read(OpenHold, told))


def pending() -> Pages[PendingAdd]:
    """Iterate over the points that are still to arrive, in the order in which they were added."""
    return _pages("pending", {}, lambda told: read(PendingAdd, told))


def transactions(*, reference: str | None = None) -> Pages[Transaction]:
    """Iterate over the history, newest first: all of it, or what has this reference."""
    query = {"limit": str(PAGE)} | ({} if reference is None else {"reference": reference})
    return _pages("transactions", query, lambda told: _transaction(told, KINDS))


def transaction(sequence: int) -> Generator[Call[Any], Any, Transaction]:
    """Return one transaction, with all the lots that it drew on and what has become of it since."""
    path = f"/transactions/{sequence}"

    def look(cursor: str | None) -> Call[Transaction]:
        query = {} if cursor is None else {"lots_cursor": cursor}
        return Call(Request("GET", path, query), lambda response: _transaction(_json(response), KINDS_IN_FULL))

    found: Any = yield from look(None)
    while cursor := getattr(found, "next_lots_cursor", None):
        more: Any = yield from look(cursor)
        found = replace(found, lots=found.lots + more.lots, next_lots_cursor=more.next_lots_cursor)
    whole: Transaction = found
    return whole


# How requests are made.


def _change(
    path: str, change: models.Change, read_answer: Callable[[Response], Entry], key: str | None, if_match: str | None
) -> Call[Entry]:
    key = uuid4().hex if key is None else key
    if not _KEY.fullmatch(key):
        raise ValueError(f"the key {key!r} is not 1 to 255 visible ASCII characters without comma and quotation mark")
    headers = {"Idempotency-Key": key} | ({} if if_match is None else {"If-Match": _tag(if_match)})
    return Call(Request("POST", path, headers=headers, json=tell(change)), read_answer, key)


def _tag(version: str) -> str:
    return version if version == "*" else f'"{version}"'


def _pages(name: str, query: Mapping[str, str], read_entry: Callable[[Any], Entry]) -> Pages[Entry]:
    def read_page(response: Response) -> Page[Entry]:
        told = _json(response)
        return Page(tuple(map(read_entry, told[name])), told["next_cursor"])

    def call(cursor: str | None) -> Call[Page[Entry]]:
        return Call(Request("GET", f"/{name}", {**query, **({} if cursor is None else {"cursor": cursor})}), read_page)

    return call


# How answers are read.


def _json(response: Response) -> Any:
    return json.loads(response.content)


def _version(response: Response) -> str:
    return response.headers["ETag"].strip('"')


def _replayed(response: Response) -> bool:
    return response.headers.get("Idempotency-Replayed") == "true"


def _taken(response: Response) -> tuple[models.PayerPoints, ...]:
    return tuple(read(models.PayerPoints, each) for each in _json(response))


def _preview(response: Response) -> Preview:
    return Preview(taken=_taken(response), version=_version(response))


def _balance(response: Response) -> Balance:
    told = _json(response)
    if not isinstance(told, dict):
        raise TypeError("a balance is a JSON object")
    return Balance(payers=told, version=_version(response))


def _spent(response: Response) -> Spent:
    sequence = int(response.headers["Content-Location"].rpartition("/")[2])
    return Spent(taken=_taken(response), sequence=sequence, version=_version(response), replayed=_replayed(response))


def _recorded(*kinds: type[Kind]) -> Callable[[Response], Kind]:
    def read_answer(response: Response) -> Kind:
        told = _transaction(_json(response), KINDS)
        if not isinstance(told, kinds):
            raise TypeError(f"the answer is of kind {told.kind}")
        return replace(told, version=_version(response), replayed=_replayed(response))

    return read_answer


def _transaction(told: Any, kinds: Mapping[str, type[Transaction]]) -> Transaction:
    return read(kinds.get(told["kind"], Transaction), told, listed=told)
