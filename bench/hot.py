"""Many clients on one account: how much of what they ask of DynamoDB is of use, and how fast they are together.

What the storage does after a lost race is compared with what it might do. In virtual time, on the simulated table, the
machine's own speed has no part in it, and every run is the same; on a real engine, clients are threads.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import uuid4

from points.rules.terms import Add, Spend
from points.storage import writing
from points.storage.dynamodb import make_client
from points.storage.errors import UnavailableError
from points.storage.lines import Line, Retry
from points.storage.passbook import Passbook
from points.storage.writing import Recorded, Writer

from bench.accounts import START
from bench.designs import TABLE
from bench.meter import Meter
from tests.simulator.agenda import Agenda, Course
from tests.simulator.calls import Answer, Call
from tests.simulator.clock import VirtualClock
from tests.simulator.network import Network
from tests.simulator.process import Pause, Process
from tests.simulator.table import Table

CLIENTS = 16
CHANGES = 50
"""Of each client, one after another."""

ROUND_TRIP_S = (0.003, 0.007)
OWN_TIME_S = 0.001
"""In virtual time: what DynamoDB takes for a call, and what the client itself takes before it."""

PATIENCE_S = 10.5
"""What a function has for a change, of its 15 seconds."""


class Change(NamedTuple):
    """What a client asks for, and how many requests that takes without races."""

    asked: Add | Spend
    retry: Retry | None

    @property
    def requests(self) -> int:
        """The last line and the put; for a spend a page of lots, for a key a look-up."""
        return 2 + isinstance(self.asked, Spend) + (self.retry is not None)


@dataclass
class Outcome:
    """What has become of the changes of all clients.

    Attributes
    ----------
    asked
        How many there were.
    done
        The changes that were recorded, and the seconds that each took.
    requests
        How many they took.
    until
        When the last was done, in seconds.
    """

    asked: int
    done: list[tuple[Change, float]] = field(default_factory=list)
    requests: int = 0
    until: float = 0.0

    @property
    def lost(self) -> int:
        """How many changes were given up."""
        return self.asked - len(self.done)

    @property
    def share(self) -> float:
        """Of all requests, the share that the changes would have taken without races."""
        return sum(change.requests for change, _ in self.done) / self.requests

    @property
    def rate(self) -> float:
        """Changes a second, of all clients together."""
        return len(self.done) / self.until

    @property
    def seconds(self) -> list[float]:
        """What each change took."""
        return [seconds for _, seconds in self.done]


class _LostRaceError(Exception):
    """Another writer was first."""


class _GivesUp(Writer):
    """A writer that does not go on after a lost race."""

    def _lines_from(self, other: Line, *, needs_all: bool) -> Iterator[Line]:  # noqa: ARG002 - as it is called
        raise _LostRaceError


class BeginsAgain(Passbook):
    """A storage that, after a lost race, pauses and begins again, as is the habit."""

    def record(self, *asked: Any, **terms: Any) -> Recorded:
        """Write a change."""
        for races in count(1):
            try:
                return super().record(*asked, **terms)
            except _LostRaceError:
                self._clock.sleep(self._rng.uniform(0, _doubling(races)))
        raise AssertionError

    def _writer(self, account: str, deadline: float, *, waits: bool = True) -> Writer:
        return _GivesUp(self._reader(account, deadline), self._limits, self._on_lost_race, waits=waits)


def _doubling(pauses: int) -> float:
    return min(0.5, 0.02 * 2.0**pauses)


@contextmanager
def _pausing(longest: Callable[[int], float]) -> Iterator[None]:
    with patch.object(writing, "_longest_pause", longest):
        yield


AS_IT_IS = "goes on, after pauses that get shorter"
HABIT = "begins again, after pauses that double"
WAYS: dict[str, tuple[type[Passbook], Callable[[], AbstractContextManager[None]]]] = {
    HABIT: (BeginsAgain, nullcontext),
    "goes on, at once": (Passbook, lambda: _pausing(lambda _: 0)),
    "goes on, after pauses that double": (Passbook, lambda: _pausing(_doubling)),
    AS_IT_IS: (Passbook, nullcontext),
    "goes on, after such pauses, twice as long": (Passbook, lambda: _pausing(lambda pauses: 1.5 / pauses**2)),
    "goes on, after such pauses, half as long": (Passbook, lambda: _pausing(lambda pauses: 0.375 / pauses**2)),
}
"""What a client may do after it has lost a race: the storage, and how long it pauses."""


def in_virtual_time(way: str, clients: int, seed: int = 0, changes: int = CHANGES) -> Outcome:
    """Let clients make their changes, all at once, on the simulated table."""
    book, circumstances = WAYS[way]
    clock, outcome, network = VirtualClock(), Outcome(clients * changes), Network(Table())
    agenda, rng = Agenda(clock), Random(seed)

    def carry(call: Call) -> Answer:
        return network.carry(call, at=clock.elapsed())

    def client(number: int) -> Course:
        for turn in range(changes):
            change, began = _draw_change(rng, f"{number}-{turn}"), clock.elapsed()
            with suppress(UnavailableError):
                yield from steps(Process(_attempt(book, change, began, rng), clock), rng, carry)
                outcome.done.append((change, clock.elapsed() - began))

    with circumstances():
        _open(Passbook(network.client(clock), "ledger", clock=clock), "hot", clock.elapsed())
        before = len(network.journal)
        for number in range(clients):
            agenda.start(client(number))
        agenda.run()
    outcome.requests, outcome.until = len(network.journal) - before, clock.elapsed()
    return outcome


def _attempt(book: type[Passbook], change: Change, now: float, rng: Random) -> Callable[[Any, Any], Recorded]:
    def run(client: Any, clock: Any) -> Recorded:
        storage = book(client, "ledger", clock=clock, rng=rng)
        return storage.record("hot", change.asked, now + PATIENCE_S, retry=change.retry)

    return run


def steps(
    process: Process[Recorded],
    rng: Random,
    carry: Callable[[Call], Answer],
    takes: Callable[[Call, Answer], float] = lambda *_: 0.0,
) -> Course:
    """Take a change's steps; a call arrives half-way between its beginning and its answer.

    Parameters
    ----------
    carry
        Makes a call.
    takes
        The seconds that the client takes over an answer.
    """
    while step := process.step:
        if isinstance(step, Pause):
            yield step.seconds
            process.resume()
        else:
            half = rng.uniform(*ROUND_TRIP_S) / 2
            yield OWN_TIME_S + half
            answer = carry(step)
            yield half + takes(step, answer)
            process.resume(answer)


def on_engine(way: str, meters: Sequence[Meter], changes: int) -> Outcome:
    """Let clients, each in a thread with a metered client of botocore's, make their changes on a new account."""
    book, circumstances = WAYS[way]
    outcome, account = Outcome(len(meters) * changes), str(uuid4())

    def client(number: int) -> None:
        storage, rng = book(meters[number].client, TABLE["TableName"]), Random(number)
        for turn in range(changes):
            change, began = _draw_change(rng, f"{number}-{turn}"), time.monotonic()
            with suppress(UnavailableError):
                storage.record(account, change.asked, began + PATIENCE_S, retry=change.retry)
                outcome.done.append((change, time.monotonic() - began))

    with circumstances(), ThreadPoolExecutor(len(meters)) as threads:
        _open(Passbook(meters[0].client, TABLE["TableName"]), account, time.monotonic())
        before, began = _requests(meters), time.monotonic()
        list(threads.map(client, range(len(meters))))
        outcome.requests, outcome.until = _requests(meters) - before, time.monotonic() - began
    return outcome


def _requests(meters: Sequence[Meter]) -> int:
    return sum(meter.total.requests for meter in meters)


def _open(book: Passbook, account: str, now: float) -> None:
    """Give an account so much that no spend is refused."""
    book.record(account, Add("DANNON", 10**9, START), now + PATIENCE_S)


def _draw_change(rng: Random, name: str) -> Change:
    """Draw a change: two adds for each spend, and every other with a key."""
    retry = Retry(name, name) if rng.random() < 0.5 else None
    if rng.random() < 1 / 3:
        return Change(Spend(rng.randint(1, 100)), retry)
    return Change(Add("DANNON", rng.randint(1, 100), START + timedelta(hours=rng.randint(0, 1_000))), retry)


Comparison = dict[tuple[str, int], list[Outcome]]
"""By what a client does and how many there are: the outcomes of some runs."""


def compare_on_engine(runs: int, changes: int = CHANGES) -> Comparison:
    """Compare the habit with how it is, for one client and for many, in turns."""
    meters = [Meter(make_client()) for _ in range(CLIENTS)]
    outcomes: Comparison = {(way, clients): [] for way in (HABIT, AS_IT_IS) for clients in (1, CLIENTS)}
    for _ in range(runs):
        for (way, clients), so_far in outcomes.items():
            so_far.append(on_engine(way, meters[:clients], changes))
    return outcomes


def compare_in_virtual_time(crowds: Sequence[int], seeds: int, changes: int = CHANGES) -> Comparison:
    """Compare all ways, for one client and for some numbers of them, each with some seeds."""
    return {
        (way, clients): [in_virtual_time(way, clients, seed, changes) for seed in range(seeds)]
        for way in WAYS
        for clients in (1, *crowds)
    }
