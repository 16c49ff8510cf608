"""More adds for one account than it can take, each in a function of its own, in virtual time.

Unlike the clients of `bench.hot`, callers do not wait for one another: so many come every second, whatever becomes of
them. Each gets a function that is idle, or a new one, up to Lambda's limit. DynamoDB takes a thousand write units a
second of one account, as of any partition, and refuses what is beyond.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any
from unittest.mock import patch

from points.rules.terms import Add
from points.storage import writing
from points.storage.errors import UnavailableError
from points.storage.passbook import Passbook
from points.storage.writing import Recorded

from bench.accounts import START
from bench.hot import OWN_TIME_S, PATIENCE_S, steps
from tests.simulator import errors
from tests.simulator.agenda import Agenda, Course
from tests.simulator.calls import Answer, Call
from tests.simulator.clock import VirtualClock
from tests.simulator.network import Network
from tests.simulator.process import Process
from tests.simulator.table import Table

MOST_FUNCTIONS = 1_000
WRITE_UNITS = 1_000.0
"""A second's, of one partition; an add takes two, whether it wins or loses."""

SURGE_S = 2.0
"""What it takes at first until functions know that the account is overrun."""

NEEDED = 2
"""Requests of an add that meets nobody."""


@dataclass
class Flood:
    """What became of the adds.

    Attributes
    ----------
    asked, turned_away
        How many came, and how many of them found no function.
    accepted, refused
        The seconds that each took that was recorded, or got a 503.
    recorded_at, requested_at
        When each add was recorded, and each request arrived.
    throttled
        How many puts DynamoDB refused.
    functions
        How many there were in the end.
    """

    asked: int = 0
    turned_away: int = 0
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    recorded_at: list[float] = field(default_factory=list)
    requested_at: list[float] = field(default_factory=list)
    throttled: int = 0
    functions: int = 0

    def wasted(self, since: float = 0.0) -> float:
        """Return how many requests, since a moment, served no add that was recorded, for each that was."""
        requests, recorded = (sum(at >= since for at in all_at) for all_at in (self.requested_at, self.recorded_at))
        return requests / recorded - NEEDED


class _Partition:
    """What is left of a second's write units."""

    def __init__(self) -> None:
        self._left, self._at = WRITE_UNITS, 0.0

    def takes(self, call: Call, now: float) -> bool:
        self._left = min(WRITE_UNITS, self._left + WRITE_UNITS * (now - self._at))
        self._at = now
        if not call.writes:
            return True
        if self._left < 2:
            return False
        self._left -= 2
        return True


class _Current:
    """What stands for the client or the clock that a function has at the time."""

    def __init__(self) -> None:
        self.it: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.it, name)


class _Function:
    """A function: what it remembers outlives its calls."""

    def __init__(self, rng: Random) -> None:
        self._client, self._clock = _Current(), _Current()
        self._book = Passbook(self._client, "ledger", clock=self._clock, rng=rng)

    def add(self, deadline: float) -> Callable[[Any, Any], Recorded]:
        def run(client: Any, clock: Any) -> Recorded:
            self._client.it, self._clock.it = client, clock
            return self._book.record("hot", Add("DANNON", 1, START), deadline)

        return run


def flood(rate: float, seconds: float, seed: int = 0) -> Flood:
    """Let so many adds a second come for one account."""
    rng = Random(seed)

    def arrivals() -> Iterator[float]:
        at = 0.0
        while at < seconds:
            at += rng.expovariate(rate)
            yield at

    return _come(arrivals(), rng)


def burst(adds: int, seed: int = 0) -> Flood:
    """Let so many adds come at once for one account."""
    return _come([0.0] * adds, Random(seed))


def pack(adding: int, seconds: float, seed: int = 0) -> Flood:
    """Keep exactly so many writers adding to one account, each trying again at once after a lost race.

    This is the yardstick: only functions that knew of one another could keep to the best number.
    """
    clock, network, told, rng = VirtualClock(), Network(Table()), Flood(), Random(seed)
    agenda = Agenda(clock)

    def add() -> Course:
        while clock.elapsed() < seconds:
            began = clock.elapsed()
            yield from steps(Process(_Function(rng).add(began + PATIENCE_S), clock), rng, carry)
            told.accepted.append(clock.elapsed() - began)
            told.recorded_at.append(clock.elapsed())

    def carry(call: Call) -> Answer:
        told.requested_at.append(clock.elapsed())
        return network.carry(call, at=clock.elapsed())

    with patch.object(writing, "_TRIES_IN_A_ROW", sys.maxsize):
        for _ in range(adding):
            agenda.start(add())
        agenda.run()
    return told


def _come(arrivals: Iterable[float], rng: Random) -> Flood:
    clock, network, told = VirtualClock(), Network(Table()), Flood()
    agenda, partition = Agenda(clock), _Partition()
    idle: list[_Function] = []

    def call(at: float) -> Course:
        yield at
        told.asked += 1
        if not idle and told.functions == MOST_FUNCTIONS:
            told.turned_away += 1
            return
        if not idle:
            told.functions += 1
            idle.append(_Function(rng))
        function, began = idle.pop(), clock.elapsed()
        try:
            yield from steps(Process(function.add(began + PATIENCE_S), clock), rng, carry)
        except UnavailableError:
            told.refused.append(clock.elapsed() - began)
            yield OWN_TIME_S
        else:
            told.accepted.append(clock.elapsed() - began)
            told.recorded_at.append(clock.elapsed())
        idle.append(function)

    def carry(call: Call) -> Answer:
        now = clock.elapsed()
        told.requested_at.append(now)
        if partition.takes(call, now):
            return network.carry(call, at=now)
        told.throttled += 1
        return Answer(error=errors.throttled("PutItem"))

    for at in arrivals:
        agenda.start(call(at))
    agenda.run()
    return told


def main() -> None:
    """Flood an account: `python -m bench.flood SECONDS RATE …`."""
    seconds, *rates = map(float, sys.argv[1:])
    for rate in rates:
        told = flood(rate, seconds)
        print(
            f"{rate:,.0f} a second: {len(told.accepted) / seconds:.0f} of them recorded, {told.wasted():.1f} requests "
            f"wasted for each, {told.wasted(SURGE_S):.1f} after {SURGE_S:.0f} s, {told.throttled:,} puts throttled, "
            f"{told.functions:,} functions, {told.turned_away:,} turned away; "
            f"slowest {max(told.accepted):.1f} s, slowest 503 {max(told.refused, default=0):.1f} s"
        )
    for adding in range(2, 6):
        told = pack(adding, seconds)
        print(f"{adding} always: {len(told.accepted) / seconds:.0f} a second recorded, {told.wasted():.1f} wasted each")


if __name__ == "__main__":
    main()
