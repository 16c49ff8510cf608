"""Accounts of any size, worked out by the ledger's own rules, and written faster than by one change after another."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from points.rules.plans import plan
from points.rules.ranges import is_open
from points.rules.terms import Add, Lot, Origin, Reference, Spend
from points.storage.attributes import Item
from points.storage.lines import Line, Standing, next_line

START = datetime(2020, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=1)
LATER = START + timedelta(days=3_650)
"""Younger than every lot of every history."""

EXPIRED = START + timedelta(days=1_825)
"""Later than every lot of every history, and past."""

POINTS = 10
"""In every lot."""

KEPT_OPEN = 20
"""Lots that stay open in a history with spends."""

_SPENT_EVERY = 10
_BATCH = 25
_WRITERS = 4


class _Lots:
    """The lots of an account whose lots arrive in the order of spending: all that its adds and spends look up."""

    def __init__(self) -> None:
        self._lots: list[Lot] = []
        self._positions: list[str] = []

    def append(self, lot: Lot) -> None:
        """Take in the lot that arrives next."""
        self._lots.append(lot)
        self._positions.append(lot.position)

    def lots(self, first: str, before: str, *, through: int | None = None) -> Iterator[Lot]:  # noqa: ARG002 - all are old
        """Read lots in order of position."""
        for number in range(bisect_left(self._positions, first), bisect_left(self._positions, before)):
            yield self._lots[number]

    def peek(self, first: str, before: str) -> Lot | None:
        """Read the first of such lots alone."""
        return next(self.lots(first, before), None)

    def origin(self, sequence: int) -> Origin | None:
        """Nothing in these histories refers to another line."""
        raise NotImplementedError

    def closing(self, sequence: int) -> Reference | None:
        """Nothing in these histories refers to another line."""
        raise NotImplementedError

    def latest(self, sequence: int) -> Reference | None:
        """Nothing in these histories refers to another line."""
        raise NotImplementedError


def history(
    account: str, lines: int, *, payers: int = 3, spends: bool, expires_at: datetime | None = None
) -> Iterator[Line]:
    """Work out the lines of an account to which payers add a lot in turn, every minute; all may expire at a moment.

    With spends, every tenth line spends what nine have brought, so that about as many lots are open at any time.
    """
    at, lots = Standing(account), _Lots()
    for number in range(lines):
        moment = START + number * STEP
        spend = spends and number >= KEPT_OPEN and number % _SPENT_EVERY == 0
        add = Add(payer(number % payers), POINTS, moment, expires_at=expires_at)
        change = Spend((_SPENT_EVERY - 1) * POINTS) if spend else add
        at = next_line(at, plan(change, at.state, moment, lots), moment)
        if at.lot:
            lots.append(at.lot)
        yield at


def left_of_lots(lines: Sequence[Line]) -> Iterator[tuple[Line, Add, int]]:
    """Say of each lot of a history how many points are left in the end: its line, its add, and they."""
    state = lines[-1].state
    for line in lines:
        done = line.transaction
        if line.lot and done.timestamp:
            still_open = is_open(state.ranges, line.lot.position)
            left = done.points - state.part_spent.get(line.sequence, 0) if still_open else 0
            yield line, Add(line.lot.payer, done.points, done.timestamp, expires_at=done.expires_at), left


def signed_points(line: Line) -> int:
    """Return what a line added, or less than 0 for what it spent."""
    return line.transaction.points


def payer(number: int) -> str:
    """Name a payer."""
    return f"PAYER {number:04}"


def write(client: Any, table: str, items: Iterable[Item]) -> None:
    """Write items into a table, as they are."""

    def write_batch(batch: list[Item]) -> None:
        puts = [{"PutRequest": {"Item": item}} for item in batch]
        if client.batch_write_item(RequestItems={table: puts})["UnprocessedItems"]:
            raise RuntimeError("the engine has not taken all items")

    with ThreadPoolExecutor(_WRITERS) as writers:
        for _ in writers.map(write_batch, _batches(items)):
            pass


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    left = iter(items)
    while batch := list(islice(left, _BATCH)):
        yield batch
