"""The ledger on a real engine, and its judge: what stands in the table, against what callers were told."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import groupby
from threading import Barrier
from time import monotonic, sleep
from typing import Any, TypeVar

from points.rules.order import timestamp_of
from points.rules.terms import Change, Kind, Lot, State, Transaction
from points.storage.attributes import Item
from points.storage.capacity import LINE_BYTES, Limits
from points.storage.clock import Clock
from points.storage.errors import BusyError
from points.storage.lines import Line, from_item, to_item
from points.storage.passbook import Passbook
from points.storage.writing import Recorded

from tests.api.conftest import TABLE
from tests.simulator.audit import Book

Result = TypeVar("Result")

_BATCH = 25
_LOADERS = 4


def soon() -> float:
    """Return a deadline that a busy machine meets too."""
    return monotonic() + 120


def together(calls: Sequence[Callable[[], Result]]) -> list[Result | Exception]:
    """Make calls at once, each in a thread of its own, and return what each returned or raised."""
    start = Barrier(len(calls))

    def outcome(call: Callable[[], Result]) -> Result | Exception:
        start.wait()
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - for the test to judge
            return error

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(outcome, calls))


class Ledger:
    """The template's table on an engine.

    Parameters
    ----------
    engine
        A client for what only the tests do.
    client
        The client that the passbooks share.

    Attributes
    ----------
    accepted
        The lines that are recorded, as callers were told. All of them, and no others, must be there in the end.
    """

    def __init__(self, engine: Any, client: Any) -> None:
        self.engine = engine
        self.client = client
        self.accepted: list[Line] = []
        self._begun: set[str] = set()

    def passbook(self, clock: Clock | None = None) -> Passbook:
        """Return a passbook of one's own."""
        return Passbook(self.client, TABLE["TableName"], limits=Limits(payers=LINE_BYTES), clock=clock)

    def record(self, account: str, change: Change, **more: Any) -> Recorded:
        """Make a change in a passbook of its own, as callers do: again after a while if the account is too busy."""
        while True:
            try:
                return self.passbook().record(account, change, soon(), **more)
            except BusyError:
                sleep(random.uniform(0, 1))

    def load(self, lines: Sequence[Line]) -> None:
        """Write lines that were worked out before: much faster than to record one after the other."""
        self._write([to_item(line) for line in lines])
        self.accepted += lines

    def begin(self, account: str, lots: Sequence[Lot], state: State) -> None:
        """Begin an account in the middle: at the line of its last lot, with a state of which no history tells.

        Of the lines before it there is only what the index of lots shows, since nothing else is ever read of them.
        """
        *earlier, last = lots
        self._write([_index_entry(account, lot) for lot in earlier])
        added = Transaction(kind=Kind.ADD, payer=last.payer, points=last.points, timestamp=timestamp_of(last.position))
        line = Line(account, datetime.now(UTC), state, "00" * 32, transaction=added, write_id="begun", lot=last)
        self._write([to_item(line)])
        self.accepted.append(line)
        self._begun.add(account)

    def audit(self) -> int:
        """Judge everything that stands in the table, and return how many lines that is.

        Every account is replayed in the model from its first line, but for those that were begun in the middle.
        """
        pages = self.engine.get_paginator("scan").paginate(
            TableName=TABLE["TableName"],
            ConsistentRead=True,
            FilterExpression="attribute_exists(write_id)",  # lines, not the index entries of `begin`
            PaginationConfig={"PageSize": 2_000},
        )
        items = sorted((item for page in pages for item in page["Items"]), key=lambda item: _place(from_item(item)))
        there = [from_item(item) for item in items]
        assert there == sorted(self.accepted, key=_place), "all that was accepted, and no more"
        for account, passbook in groupby(items, key=lambda item: item["account"]["S"]):
            if account not in self._begun:
                Book(list(passbook))
        return len(items)

    def _write(self, items: Sequence[Item]) -> None:
        def write(start: int) -> None:
            puts = [{"PutRequest": {"Item": item}} for item in items[start : start + _BATCH]]
            left = self.engine.batch_write_item(RequestItems={TABLE["TableName"]: puts})["UnprocessedItems"]
            assert not left

        with ThreadPoolExecutor(_LOADERS) as threads:
            list(threads.map(write, range(0, len(items), _BATCH)))


def _place(line: Line) -> tuple[str, int]:
    return line.account, line.sequence


def _index_entry(account: str, lot: Lot) -> Item:
    return {
        "account": {"S": account},
        "sequence": {"N": str(lot.sequence)},
        "timestamp_key": {"S": lot.position},
        "payer": {"S": lot.payer},
        "points": {"N": str(lot.points)},
    }
