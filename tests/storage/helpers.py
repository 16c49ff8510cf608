"""Short ways to say what a test is about."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from points.rules.positions import FIRST_GENERATION, lot_position
from points.rules.terms import Add, Added, Spend, State
from points.storage.clock import Clock
from points.storage.lines import Item, Line, Retry, from_item
from points.storage.passbook import Passbook

from tests.simulator.calls import Call, Client
from tests.simulator.clock import START, VirtualClock
from tests.simulator.faults import Fault, FaultPlan
from tests.simulator.network import Network
from tests.simulator.process import Process

Result = TypeVar("Result")

SOON = 12.0
"""A deadline that leaves time for a few tries."""

ORDER_17 = Retry("order-17", "digest of the request")


def add(points: int, day: int = 1, payer: str = "DANNON") -> Add:
    return Add(payer, points, datetime(2020, 11, day, tzinfo=UTC))


def record_all(passbook: Passbook, *changes: Add | Spend, retry: Retry | None = None) -> None:
    for change in changes:
        passbook.record("anna", change, SOON, retry=retry)


def lines(network: Network) -> list[Line]:
    """Return the lines that stand in the table."""
    return [from_item(item) for item in network.table.items("anna")]


def operations(network: Network) -> list[str]:
    return [sent.call.operation for sent in network.journal]


def lots_of_a_point(lots: int, payers: int) -> Iterator[Line]:
    """Make the lines of as many adds of a point, by so many payers, in no order of time.

    Only the last line tells how the account stands: nobody reads the others for that.
    """
    balances = dict.fromkeys((f"payer {number}" for number in range(payers)), 0)
    for sequence in range(1, lots + 1):
        change = add(1, day=1 + 11 * sequence % 28, payer=f"payer {sequence % payers}")
        balances[change.payer] += 1
        position = lot_position(change.timestamp, sequence, FIRST_GENERATION)
        lot = Added(change.payer, change.points, change.timestamp, position)
        state = State(balances) if sequence == lots else State()
        yield Line("anna", sequence, START, state, transaction=lot, write_id=str(sequence))


def items_put(network: Network) -> list[Item]:
    """Return what was put, every try."""
    return [sent.call.request["Item"] for sent in network.journal if sent.call.writes]


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
