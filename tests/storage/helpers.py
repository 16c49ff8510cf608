"""Short ways to say what a test is about."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from math import ceil
from typing import TypeVar

from points.rules.order import FIRST_CHAPTER, end_of_chapter, lot_key
from points.rules.terms import Add, Change, Kind, Lot, Range, State, Transaction
from points.storage.clock import Clock
from points.storage.lines import Line, Retry, from_item
from points.storage.passbook import Passbook

from tests.simulator.calls import Call, Client
from tests.simulator.clock import START, VirtualClock
from tests.simulator.faults import Fault, FaultPlan
from tests.simulator.items import Item, item_size
from tests.simulator.network import Network
from tests.simulator.process import Process
from tests.simulator.views import KEY_TYPES, View

Result = TypeVar("Result")

SOON = 12.0
"""A deadline that leaves time for a few tries."""

ORDER_17 = Retry("order-17", "digest of the request")


def add(
    points: int,
    day: int = 1,
    payer: str = "DANNON",
    *,
    effective_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> Add:
    return Add(payer, points, datetime(2020, 11, day, tzinfo=UTC), effective_at, expires_at)


def record_all(passbook: Passbook, *changes: Change, retry: Retry | None = None, deadline: float = SOON) -> None:
    for change in changes:
        passbook.record("anna", change, deadline, retry=retry)


def lines(network: Network) -> list[Line]:
    """Return the lines that stand in the table."""
    return [from_item(item) for item in network.table.items("anna")]


def operations(network: Network) -> list[str]:
    return [sent.call.operation for sent in network.journal]


def lots_of_a_point(lots: int, payers: int) -> Iterator[Line]:
    """Make the lines of as many adds of a point, by so many payers, in no order of time.

    Only the last line tells how the account stands: nobody reads the others for that.
    """
    names = [f"payer {number}" for number in range(payers)]
    balances = dict.fromkeys(names, 0)
    first = FIRST_CHAPTER + "~~"
    for sequence in range(1, lots + 1):
        change = add(1, day=1 + 11 * sequence % 28, payer=names[sequence % payers])
        balances[change.payer] += 1
        lot = Lot(sequence, FIRST_CHAPTER + lot_key(change.timestamp, sequence, None), change.payer, 1)
        first = min(first, lot.position)
        state = State(sequence=sequence, changed=sequence, moment=START)
        if sequence == lots:
            whole = Range(first, end_of_chapter(first))
            state = State(sequence=sequence, changed=sequence, moment=START, balances=balances, ranges=(whole,))
        done = Transaction(kind=Kind.ADD, payer=change.payer, points=1, timestamp=change.timestamp)
        yield Line("anna", START, state, digest="00", transaction=done, write_id=str(sequence), lot=lot)


def items_put(network: Network) -> list[Item]:
    """Return what was put, every try."""
    return [sent.call.request["Item"] for sent in network.journal if sent.call.writes]


def write_units(network: Network) -> int:
    """Count what the puts cost, every try: each kilobyte begun, in the table and in each index that the item is in."""
    items = items_put(network)
    sizes = [item_size(View(sort_key).entry(item)) for sort_key in KEY_TYPES for item in items]
    return sum(ceil(size / 1024) for size in sizes) + sum("calendar_key" in item for item in items)


def read_units(network: Network) -> int:
    """Count what the reads cost: each four kilobytes begun of what is found, and at least one."""
    answers = [sent.answer.unpack() for sent in network.journal if not sent.call.writes]
    found = [answer.get("Items") or [answer.get("Item", {})] for answer in answers]
    return sum(max(1, ceil(sum(map(item_size, items)) / 4096)) for items in found)


def at_puts(*faults: Fault | None) -> FaultPlan:
    """Let the next puts go wrong in turn."""
    return _at(lambda call: call.writes, faults)


def at_queries(*faults: Fault | None) -> FaultPlan:
    """Let the next queries go wrong in turn."""
    return _at(lambda call: call.operation == "query", faults)


def _at(concerns: Callable[[Call], bool], faults: Sequence[Fault | None]) -> FaultPlan:
    left = iter(faults)
    return lambda _number, call: next(left, None) if concerns(call) else None


def always(fault: Fault) -> FaultPlan:
    """Let every put go wrong."""
    return lambda _number, call: fault if call.writes else None


def all_at_once(network: Network, tasks: Sequence[Callable[[Client, Clock], Result]]) -> list[Result]:
    """Run tasks in step: each makes one call, then each the next."""
    time = VirtualClock()
    processes = [Process(task, time) for task in tasks]
    while running := [process for process in processes if process.step]:
        for process in running:
            step = process.step
            process.resume(network.carry(step) if isinstance(step, Call) else None)
    return [process.result for process in processes if process.result is not None]
