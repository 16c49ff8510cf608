"""Accounts of any size, worked out by the ledger's own rules, and written faster than by one change after another."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from points.rules.plans import plan
from points.rules.terms import Add, Added, Lot, Spend
from points.storage.lines import Item, Line, Standing, next_line

START = datetime(2020, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=1)
LATER = START + timedelta(days=3_650)
"""Younger than every lot of every history."""

POINTS = 10
"""In every lot."""

KEPT_OPEN = 20
"""Lots that stay open in a history with spends."""

_SPENT_EVERY = 10
_BATCH = 25
_WRITERS = 4


def history(account: str, lines: int, *, payers: int = 3, spends: bool) -> Iterator[Line]:
    """Work out the lines of an account to which payers add a lot in turn, every minute.

    With spends, every tenth line spends what nine have brought, so that about as many lots are open at any time.
    """
    at, open_lots = Standing(account), deque[Lot]()
    for number in range(lines):
        moment = START + number * STEP
        spend = spends and number >= KEPT_OPEN and number % _SPENT_EVERY == 0
        change = Spend((_SPENT_EVERY - 1) * POINTS) if spend else Add(payer(number % payers), POINTS, moment)
        at = next_line(at, plan(change, at.state, at.sequence + 1, open_lots), moment, f"{number:032}", None)
        if at.lot:
            open_lots.append(at.lot)
        while open_lots and open_lots[0].position <= at.state.spent_through:
            open_lots.popleft()
        yield at


def left_of_lots(lines: Sequence[Line]) -> Iterator[tuple[Line, Added, int]]:
    """Say of each lot of a history how many points are left in the end: its line, its add, and they."""
    state = lines[-1].state
    for line in lines:
        if line.lot and isinstance(line.transaction, Added):
            still_open = line.lot.position > state.spent_through
            left = line.transaction.points - state.part_spent.get(line.sequence, 0) if still_open else 0
            yield line, line.transaction, left


def signed_points(line: Line) -> int:
    """Return what a line added, or less than 0 for what it spent."""
    done = line.transaction
    return done.points if isinstance(done, Added) else -done.points


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
