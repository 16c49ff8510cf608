"""Long histories of concurrent callers, with faults, drawn from a seed. The same seed gives the same history."""

from datetime import UTC, datetime
from itertools import count
from random import Random
from unittest.mock import patch

from points.rules.terms import Add, Spend, State
from points.storage import open_lots
from points.storage.lines import Standing, from_item
from points.storage.passbook import Passbook

from tests.simulator import table as tables
from tests.simulator.agenda import Agenda, Course
from tests.simulator.attempts import (
    ACCOUNT,
    SETTLED,
    Attempt,
    Balance,
    Preview,
    Request,
    Session,
    perform,
    telling_write_ids,
)
from tests.simulator.audit import audit, check_past, check_settled, require
from tests.simulator.clock import VirtualClock
from tests.simulator.faults import no_faults, random_faults
from tests.simulator.network import Network
from tests.simulator.process import Pause, Process
from tests.simulator.table import Table

PAYERS = ("DANNON", "UNILEVER", "MILLER COORS")
LATENCY_S = 0.02
LOOKS_BACK = 3
FEW_LINES = 1_000
"""Bytes that hold one or two lines: with such pages, what is read often comes in several."""


class History:
    """A few callers who send requests to one account, all at the same time, and send them again until they know.

    Everything random comes from the seed: the requests, the faults, the latencies and so the order of the calls.

    Parameters
    ----------
    seed
        Which history.

    Attributes
    ----------
    network, attempts
        What happened.
    book
        What was written.

    Raises
    ------
    BrokenPromiseError
        Or what else the code should not raise, with all calls that were made.
    """

    def __init__(self, seed: int) -> None:
        self._rng = rng = Random(seed)
        self._clock = VirtualClock()
        self._agenda = Agenda(self._clock)
        self._patience = rng.choice((0.5, 2.0, 12.0))
        self._spends = rng.choice((5, 30))
        self._names = count(1)
        self._under_keys: dict[Request, list[Attempt]] = {}
        table = Table()
        self._rival = Session(Network(table), rng, "rival-")
        self.network = Network(table, random_faults(rng, rng.choice((0, 0.05, 0.15, 0.4))), self._write_as_rival)
        self.attempts: list[Attempt] = []
        try:
            with (
                telling_write_ids(),
                patch.object(open_lots, "FIRST_PAGE", rng.choice((1, 2, 100))),
                patch.object(tables, "PAGE_BYTES", rng.choice((FEW_LINES, tables.PAGE_BYTES))),
            ):
                self._live()
        except Exception as broken:
            broken.add_note("\n    ".join([f"in the history of seed {seed}:", *map(str, self.network.journal)]))
            raise

    def _live(self) -> None:
        for _ in range(self._rng.randint(1, 6)):
            self._agenda.start(self._call_often(self._rng.randint(4, 12)))
        self._agenda.run()
        self._settle()
        self.network.land_all()
        self.attempts += self._rival.attempts
        self.book = audit(self.network, self.attempts)
        self._look_back()
        for request, attempts in self._under_keys.items():
            if sum(request.key == other.key for other in self._under_keys) == 1:
                check_settled(attempts, self.book)

    def _look_back(self) -> None:
        """Ask for the past, at a few of the lines."""
        clock = VirtualClock()
        passbook = Passbook(Network(self.network.table).client(clock), "ledger", clock=clock)
        lines = self._rng.sample(self.book.lines, min(LOOKS_BACK, len(self.book.lines)))
        check_past(lines, self.book, passbook)

    def _settle(self) -> None:
        """Send everything that has a key once more, without faults; what was delayed may arrive before or after."""
        self.network.plan = no_faults
        if self._rng.random() < 0.5:
            self.network.land_all()
        for request in list(self._under_keys):
            self._agenda.start(self._send(request))
            self._agenda.run()
            attempts = self._under_keys[request]
            require(attempts[-1].ending.verdict in SETTLED, "a request that is sent again is settled", *attempts)

    def _call_often(self, times: int) -> Course:
        for _ in range(times):
            yield self._rng.uniform(0, 0.3)
            request = self._draw_request()
            if request.key and self._rng.random() < 0.15:
                self._agenda.start(self._send_until_settled(request))
            yield from self._send_until_settled(request)

    def _send_until_settled(self, request: Request) -> Course:
        """Send a request; with a key, again until the end of it is known, and sometimes once more."""
        for _ in range(5):
            yield from self._send(request)
            if not request.key:
                return
            settled = self._under_keys[request][-1].ending.verdict in SETTLED
            if settled and self._rng.random() < 0.9:
                return
            yield self._rng.uniform(0, 2)

    def _send(self, request: Request) -> Course:
        """Send a request once, call by call."""
        name, deadline = str(next(self._names)), self._clock.elapsed() + self._patience
        fast = self._rng.choice((0.0, self._rng.uniform(-5, 5)))
        began_at = self.network.table.last(ACCOUNT)
        process = Process(
            lambda client, clock: perform(name, request, client, clock, deadline=deadline, rng=self._rng),
            self._clock,
            fast,
        )
        while process.step:
            if isinstance(process.step, Pause):
                yield process.step.seconds
                process.resume()
            else:
                answer = self.network.carry(process.step, name, self._clock.elapsed())
                yield answer.seconds + self._rng.uniform(0, LATENCY_S)
                process.resume(answer)
        assert process.result
        until, ended_at = self._clock.elapsed(), self.network.table.last(ACCOUNT)
        attempt = Attempt(name, request, deadline, until, began_at, ended_at, process.result, fast)
        self.attempts.append(attempt)
        if request.key:
            self._under_keys.setdefault(request, []).append(attempt)

    def _write_as_rival(self) -> None:
        self._rival.send(Request(Add(self._rng.choice(PAYERS), self._rng.randint(1, 9), draw_timestamp(self._rng))))

    def _draw_request(self) -> Request:
        items = self.network.table.items(ACCOUNT)[-1:]
        last = from_item(items[0]) if items else Standing(ACCOUNT)
        keys_used = [request.key for request in self._under_keys if request.key]
        return draw_request(self._rng, last, keys_used, spends=self._spends)


def draw_request(rng: Random, at: Standing, keys_used: list[str], *, spends: int = 30) -> Request:
    """Draw a request that is likely to do something to an account as it stands; against 40 adds, so many spends."""
    asked = _draw_asked(rng, at.state, spends)
    if not isinstance(asked, Add | Spend):
        return Request(asked)
    key = None
    if rng.random() < 0.6:
        key = rng.choice(keys_used) if keys_used and rng.random() < 0.05 else f"key-{rng.getrandbits(32):08x}"
    only_at = frozenset({at.sequence - rng.randint(0, 1)}) if rng.random() < 0.15 else None
    return Request(asked, key, only_at)


def _draw_asked(rng: Random, state: State, spends: int) -> Add | Spend | Preview | Balance:
    kind = rng.choices(("add", "negative add", "spend", "preview", "balance"), (40, 12, spends, 8, 10))[0]
    if kind == "add":
        return Add(rng.choice(PAYERS), rng.randint(1, 300), draw_timestamp(rng))
    if kind == "negative add":
        return Add(rng.choice(PAYERS), -rng.randint(1, 150), draw_timestamp(rng))
    if kind == "balance":
        return Balance()
    points = rng.choice((rng.randint(1, 200), rng.randint(1, state.total + 1), state.total or 1))
    return Spend(points) if kind == "spend" else Preview(points)


def draw_timestamp(rng: Random) -> datetime:
    """Draw one of few moments, so that many are equal."""
    return datetime(2020, 10, rng.randint(1, 9), tzinfo=UTC)
