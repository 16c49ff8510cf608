"""One spend of very many lots beside others' adds to the account, in virtual time: whether its turn ever comes.

Others put lines all the time, so the spend's line stands only if none of theirs has come since the line that it was
planned under was read. What planning takes counts here as time: a walk over the lots, and reading them.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any
from unittest.mock import patch

from points.rules import plans
from points.rules.terms import Add, Change, Spend
from points.rules.walk import Step, walk
from points.storage.errors import UnavailableError
from points.storage.lines import to_item
from points.storage.passbook import Passbook
from points.storage.writing import Recorded

from bench.hot import PATIENCE_S, steps
from tests.simulator.agenda import Agenda, Course
from tests.simulator.calls import Answer, Call
from tests.simulator.clock import VirtualClock
from tests.simulator.network import Network
from tests.simulator.process import Process
from tests.simulator.table import Table
from tests.storage.helpers import lots_of_a_point

LOTS = 100_000
PAYERS = 10

WALK_S = 2.26e-6
READ_S = 10e-6
"""What the processor takes for a lot: to walk over it, and to read it."""


@dataclass
class Outcome:
    """What became of the spend.

    Attributes
    ----------
    seconds
        What it took; None if it was given up.
    walks
        How often it went over the lots.
    races
        How many it lost.
    """

    seconds: float | None = None
    walks: int = 0
    races: int = 0


@cache
def _account(lots: int) -> Table:
    """Make an account of so many lots of a point, and one."""
    table = Table()
    for line in lots_of_a_point(lots + 1, PAYERS):
        table.put(to_item(line))
    return table


def beside(adds: float, seed: int = 0, lots: int = LOTS, walk_s: float = WALK_S, read_s: float = READ_S) -> Outcome:
    """Spend so many lots at once, beside so many adds a second."""
    clock, network, rng, outcome = VirtualClock(), Network(_account(lots).copy()), Random(seed), Outcome()
    agenda = Agenda(clock)
    is_over = False

    def spend() -> Course:
        nonlocal is_over
        began = clock.elapsed()
        with suppress(UnavailableError):
            process = Process(_recording(Spend(lots), began, rng, outcome, walk_s), clock)
            yield from steps(process, rng, carry, reading)
            outcome.seconds = clock.elapsed() - began
        is_over = True

    def add_often() -> Course:
        while not is_over:
            yield rng.expovariate(adds)
            agenda.start(add())

    def add() -> Course:
        with suppress(UnavailableError):
            process = Process(_recording(Add("payer 0", 1, clock.now()), clock.elapsed(), rng), clock)
            yield from steps(process, rng, carry, reading)

    def carry(call: Call) -> Answer:
        return network.carry(call, at=clock.elapsed())

    def reading(call: Call, answer: Answer) -> float:
        return read_s * _lots_in(call, answer)

    agenda.start(add_often())
    agenda.start(spend())
    agenda.run()
    return outcome


def _lots_in(call: Call, answer: Answer) -> int:
    return len(answer.unpack()["Items"]) if call.request.get("IndexName") == "by_timestamp" else 0


def _recording(
    change: Change, now: float, rng: Random, outcome: Outcome | None = None, walk_s: float = 0.0
) -> Callable[[Any, Any], Recorded]:
    def lose() -> None:
        if outcome:
            outcome.races += 1

    def run(client: Any, clock: Any) -> Recorded:
        book = Passbook(client, "ledger", clock=clock, rng=rng, on_lost_race=lose)
        if outcome is None:
            return book.record("anna", change, now + PATIENCE_S)
        with _walks_take(walk_s, clock, outcome):
            return book.record("anna", change, now + PATIENCE_S)

    return run


@contextmanager
def _walks_take(walk_s: float, clock: Any, outcome: Outcome) -> Iterator[None]:
    """Let every walk take its time."""

    def slow(*asked: Any) -> Iterator[Step]:
        outcome.walks += 1
        lots = 0
        for step in walk(*asked):
            lots += 1
            yield step
        clock.sleep(walk_s * lots)

    with patch.object(plans, "walk", slow):
        yield


def main() -> None:
    """Spend beside adds: `python -m bench.beside RUNS RATE …`."""
    runs, *rates = map(int, sys.argv[1:])
    for rate in rates:
        outcomes = [beside(rate, seed) for seed in range(runs)]
        done = [outcome.seconds for outcome in outcomes if outcome.seconds is not None]
        print(
            f"{rate} adds a second: {len(done)} of {runs} spends done, slowest {max(done, default=0):.2f} s; "
            f"{sum(outcome.walks for outcome in outcomes) / runs:.1f} walks and "
            f"{sum(outcome.races for outcome in outcomes) / runs:.1f} lost races for each"
        )


if __name__ == "__main__":
    main()
