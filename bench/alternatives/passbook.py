"""Ours: a passbook, at the storage's own interface, without the handlers."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from points.rules.refusals import Refusal
from points.rules.terms import Add, Change, Hold, Refund, Spend, Void
from points.storage.attributes import Item
from points.storage.errors import UnavailableError
from points.storage.lines import Line, Retry, to_item
from points.storage.passbook import Passbook
from points.storage.writing import Recorded

from bench.accounts import signed_points
from bench.alternatives.ledger import RefusedError

PATIENCE_S = 60


class PassbookLedger:
    """One conditional put a change, with the state after it on every line."""

    def __init__(self, client: Any, table: str) -> None:
        self.passbook = Passbook(client, table)

    def add(self, account: str, add: Add, key: str | None = None) -> None:
        """Add points of a payer, or take them back."""
        self._record(account, add, key)

    def spend(self, account: str, points: int, key: str | None = None) -> list[tuple[str, int]]:
        """Spend points, oldest first, and say how many were taken from whom."""
        taken = self._record(account, Spend(points), key).line.transaction.taken or {}
        return [(payer, -points) for payer, points in taken.items()]

    def draw(self, account: str, points: int, *, hold: bool) -> str:
        """Spend points or hold them, and say under which name they can come back."""
        return str(self._record(account, Hold(points) if hold else Spend(points), None).line.sequence)

    def give_back(self, account: str, name: str, *, hold: bool) -> None:
        """Refund a spend, or void a hold."""
        self._record(account, Void(int(name)) if hold else Refund(int(name)), None)

    def expire(self, account: str) -> None:
        """Record what has expired."""
        self.passbook.settle(account, soon())

    def balance(self, account: str) -> dict[str, int]:
        """Tell the points per payer."""
        return dict(self.passbook.now(account, soon()).at.state.balances)

    def history(self, account: str) -> list[int]:
        """Tell the points of every accepted request, in order."""
        newest_first = self.passbook.lines(account, soon(), below=None, limit=1_000)
        return [signed_points(line) for line in reversed(newest_first)]

    def _record(self, account: str, change: Change, key: str | None) -> Recorded:
        retry = Retry(key, repr(change)) if key else None
        try:
            return self.passbook.record(account, change, soon(), retry=retry)
        except (Refusal, UnavailableError) as refusal:
            raise RefusedError(str(refusal)) from refusal


def items(lines: Iterable[Line]) -> Iterable[Item]:
    """Lay out a history as this ledger keeps it."""
    return map(to_item, lines)


def last_line_and_lots(lines: Iterable[Line]) -> Iterator[Item]:
    """Lay out the last line, and of the others only what the index of lots shows: nothing else of them is ever read.

    The engine here ends a page of an index where the whole lines come to a megabyte; DynamoDB, where the entries do.
    With lines that are no more than their entries, both end it at the same place.
    """
    before: Line | None = None
    for line in lines:
        if before and before.lot:
            lot = before.lot
            yield {
                "account": {"S": line.account},
                "sequence": {"N": str(lot.sequence)},
                "timestamp_key": {"S": lot.position},
                "payer": {"S": lot.payer},
                "points": {"N": str(lot.points)},
            }
        before = line
    if before:
        yield to_item(before)


def soon() -> float:
    """Return a deadline that a busy machine meets too."""
    return time.monotonic() + PATIENCE_S
