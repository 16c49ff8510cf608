"""The ledger on a real engine, and its judge: what stands in the table, against what callers were told."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from threading import Barrier
from time import monotonic
from typing import Any, TypeVar

from points.rules.positions import lot_timestamp
from points.rules.terms import Added, Lot, State
from points.storage.lines import Item, Line, from_item, to_item
from points.storage.passbook import Passbook

from tests.api.conftest import TABLE
from tests.model import Model, ModelLot

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
        The lines that callers were told are recorded. All of them, and no others, must be there in the end.
    """

    def __init__(self, engine: Any, client: Any) -> None:
        self.engine = engine
        self.client = client
        self.accepted: list[Line] = []
        self._begun: dict[str, Follower] = {}

    def passbook(self) -> Passbook:
        """Return a passbook of one's own."""
        return Passbook(self.client, TABLE["TableName"])

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
        added = Added(last.payer, last.points, lot_timestamp(last.position), last.position)
        self.load([Line(account, last.sequence, datetime.now(UTC), state, transaction=added, write_id="begun")])
        model_lots = [
            ModelLot(lot_timestamp(lot.position), lot.payer, lot.points - state.part_spent.get(lot.sequence, 0))
            for lot in lots
        ]
        self._begun[account] = Follower(Model(model_lots, dict(state.owed)), list(lots), state, last.sequence)

    def audit(self) -> int:
        """Judge everything that stands in the table, and return how many lines that is."""
        pages = self.engine.get_paginator("scan").paginate(
            TableName=TABLE["TableName"],
            ConsistentRead=True,
            FilterExpression="attribute_exists(write_id)",  # lines, not the index entries of `begin`
            PaginationConfig={"PageSize": 2_000},
        )
        lines = [from_item(item) for page in pages for item in page["Items"]]
        assert sorted(lines, key=_place) == sorted(self.accepted, key=_place), "all that was accepted, and no more"
        for account, passbook in groupby(sorted(lines, key=_place), key=lambda line: line.account):
            follower = self._begun.get(account, Follower())
            for line in passbook:
                if line.sequence > follower.sequence or account not in self._begun:
                    follower.follow(line)
            follower.compare_lots()
        return len(lines)

    def _write(self, items: Sequence[Item]) -> None:
        def write(start: int) -> None:
            puts = [{"PutRequest": {"Item": item}} for item in items[start : start + _BATCH]]
            left = self.engine.batch_write_item(RequestItems={TABLE["TableName"]: puts})["UnprocessedItems"]
            assert not left

        with ThreadPoolExecutor(_LOADERS) as threads:
            list(threads.map(write, range(0, len(items), _BATCH)))


@dataclass
class Follower:
    """Goes through an account's history line by line, with the model; every line must carry what the model comes to."""

    model: Model = field(default_factory=Model)
    lots: list[Lot] = field(default_factory=list)
    state: State = field(default_factory=State)
    sequence: int = 0

    def follow(self, line: Line) -> None:
        """Go on to the next line."""
        assert line.sequence == self.sequence + 1, "no gap and no double"
        before, self.state, self.sequence = self.state, line.state, line.sequence
        done = line.transaction
        balances = dict(before.balances)
        if line.lot:
            # What the model's add does, without its count of all lots: to add points is never refused.
            self.model.lots.append(ModelLot(done.timestamp, done.payer, done.points))
            self.lots.append(line.lot)
            balances[done.payer] = balances.get(done.payer, 0) + done.points
            assert self.state == State(balances, before.owed, before.part_spent, before.spent_through)
        else:
            if isinstance(done, Added):
                self.model.add(done.payer, done.points, done.timestamp)
                balances[done.payer] += done.points
            else:
                assert self.model.spend(done.points) == list(done.taken.items()), "the oldest points are spent"
                assert sum(done.taken.values()) == done.points, "exactly what was asked is spent"
                balances = {payer: points - done.taken.get(payer, 0) for payer, points in balances.items()}
            self.compare_lots()
        assert list(self.state.balances.items()) == list(balances.items()), "adds less spends are the balance"
        assert min(balances.values()) >= 0, "no payer is below zero"

    def compare_lots(self) -> None:
        """Compare what is left of each lot, and what payers owe."""
        assert list(self.state.balances.items()) == list(self.model.balances.items())
        assert self.state.owed == {payer: points for payer, points in self.model.owed.items() if points}
        assert [self._left(lot) for lot in self.lots] == [lot.remaining for lot in self.model.lots]

    def _left(self, lot: Lot) -> int:
        spent = lot.position <= self.state.spent_through
        return 0 if spent else lot.points - self.state.part_spent.get(lot.sequence, 0)


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
