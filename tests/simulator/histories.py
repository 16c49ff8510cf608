"""Long histories of concurrent callers, with faults, drawn from a seed. The same seed gives the same history."""

from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import NamedTuple
from unittest.mock import patch

from points.rules import plans
from points.rules.terms import Add, Cancel, Capture, Change, Hold, Kind, Refund, Spend, Void
from points.storage import lot_pages
from points.storage.lines import Line, Standing, from_item
from points.storage.passbook import Passbook

from tests.simulator import table as tables
from tests.simulator.agenda import Agenda, Course
from tests.simulator.attempts import (
    ACCOUNT,
    PATIENCE_S,
    SETTLED,
    Asked,
    Attempt,
    Balance,
    Lots,
    Preview,
    Request,
    Session,
    Settle,
    perform,
    telling_write_ids,
)
from tests.simulator.audit import audit, check_past, check_settled
from tests.simulator.clock import VirtualClock, moment
from tests.simulator.faults import no_faults, random_faults
from tests.simulator.network import Network
from tests.simulator.process import Pause, Process
from tests.simulator.promises import require
from tests.simulator.table import Table

PAYERS = ("DANNON", "UNILEVER", "MILLER COORS")
LATENCIES_S = (0.02, 0.3)
LOOKS_BACK = 3
FEW_LOTS, FEW_LINES = 300, 1_000
"""Bytes that hold one or two of them: with such pages, what is read often comes in several."""

SKEW_S, TOO_FAR_OFF_S, FAR_OFF_S = 5.0, 12.0, 20.0
"""Clocks differ by so much, or are wrong by so much."""

LULL_S = 75.0
"""After such a time without a call, what is past is final."""


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
        self._latency = rng.choice(LATENCIES_S)
        self._habits = Habits(rng.choice((5, 40)), rng.choice((0, 15, 60)), rng.choice((0.0, 0.3, 0.8)))
        self._gap = rng.choice((0.05, 0.4))
        self._names = count(1)
        self._under_keys: dict[Request, list[Attempt]] = {}
        table = Table()
        self._rival = Session(Network(table), rng, "rival-", self._clock)
        self.network = Network(table, random_faults(rng, rng.choice((0, 0.05, 0.15, 0.4))), self._write_as_rival)
        self.attempts: list[Attempt] = []
        try:
            with (
                telling_write_ids(),
                patch.object(plans, "MOST_SETTLED", Random(-seed).choice((1, 2, plans.MOST_SETTLED))),
                patch.object(lot_pages, "FIRST_PAGE", rng.choice((1, 2, 101))),
                patch.object(tables, "PAGE_BYTES", rng.choice((FEW_LOTS, FEW_LINES, tables.PAGE_BYTES))),
            ):
                self._live()
        except Exception as broken:
            broken.add_note("\n    ".join([f"in the history of seed {seed}:", *map(str, self.network.journal)]))
            raise

    def _live(self) -> None:
        self._call_all_at_once(self._rng.randint(1, 6))
        if self._rng.random() < 0.3:
            self._clock.sleep(LULL_S)
            self._call_all_at_once(2)
        self._settle()
        self.network.land_all()
        self.attempts += self._rival.attempts
        self.book = audit(self.network, self.attempts)
        self._look_back()
        for request, attempts in self._under_keys.items():
            if sum(request.key == other.key for other in self._under_keys) == 1:
                check_settled(attempts, self.book)

    def _call_all_at_once(self, callers: int) -> None:
        for _ in range(callers):
            self._agenda.start(self._call_often(self._rng.randint(4, 12)))
        self._agenda.run()

    def _look_back(self) -> None:
        """Ask for the past, at a few of the lines."""
        clock = VirtualClock()
        passbook = Passbook(Network(self.network.table).client(clock), "ledger", clock=clock)
        lines = self._rng.sample(self.book.lines, min(LOOKS_BACK, len(self.book.lines)))
        check_past(lines, self.book, passbook)

    def _settle(self) -> None:
        """Send everything that has a key once more, without faults; what was delayed may arrive before or after."""
        self.network.plan, self._patience = no_faults, PATIENCE_S
        if self._rng.random() < 0.5:
            self.network.land_all()
        for request in list(self._under_keys):
            self._agenda.start(self._send(request, fast=0.0))
            self._agenda.run()
            attempts = self._under_keys[request]
            require(attempts[-1].ending.verdict in SETTLED, "a request that is sent again is settled", *attempts)

    def _call_often(self, times: int) -> Course:
        for _ in range(times):
            yield self._rng.uniform(0, self._gap)
            request = self._draw_request()
            if request.key and self._rng.random() < 0.15:
                self._agenda.start(self._send_until_settled(request))
            yield from self._send_until_settled(request)

    def _send_until_settled(self, request: Request) -> Course:
        """Send a request; with a key, again until the end of it is known, and sometimes once more."""
        for _ in range(5):
            yield from self._send(request, draw_fast(self._rng))
            if not request.key:
                return
            settled = self._under_keys[request][-1].ending.verdict in SETTLED
            if settled and self._rng.random() < 0.9:
                return
            yield self._rng.uniform(0, 2)

    def _send(self, request: Request, fast: float) -> Course:
        """Send a request once, call by call."""
        name, deadline = str(next(self._names)), self._clock.elapsed() + self._patience
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
                yield answer.seconds + self._rng.uniform(0, self._latency)
                process.resume(answer)
        assert process.result
        until, ended_at = self._clock.elapsed(), self.network.table.last(ACCOUNT)
        attempt = Attempt(name, request, deadline, until, began_at, ended_at, process.result, fast)
        self.attempts.append(attempt)
        if request.key:
            self._under_keys.setdefault(request, []).append(attempt)

    def _write_as_rival(self) -> None:
        points = self._rng.randint(1, 9)
        self._rival.send(Request(Add(self._rng.choice(PAYERS), points, draw_timestamp(self._rng))))

    def _draw_request(self) -> Request:
        lines = [from_item(item) for item in self.network.table.items(ACCOUNT)]
        keys_used = [request.key for request in self._under_keys if request.key]
        drawing = Drawing(self._rng, lines, self._clock.elapsed(), self._habits)
        if self._rng.random() < 0.08 and (request := self._after_a_preview()):
            return request
        return drawing.request(keys_used)

    def _after_a_preview(self) -> Request | None:
        """Ask for what the last preview has shown, if it is still so."""
        for attempt in reversed(self.attempts):
            if isinstance(attempt.request.asked, Preview) and attempt.ending.seen:
                return Request(attempt.request.asked.of, only_at=frozenset({attempt.ending.seen.version}))
        return None


class Habits(NamedTuple):
    """What callers do, against 30 adds: how many spends and holds; and what share of what they add ends, or waits."""

    spends: int = 30
    holds: int = 12
    mortal: float = 0.4


class Drawing:
    """Draws requests that are likely to do something to an account as it stands.

    Parameters
    ----------
    lines
        What has been recorded.
    elapsed
        How many seconds have passed.
    """

    def __init__(self, rng: Random, lines: list[Line], elapsed: float, habits: Habits) -> None:
        self._rng = rng
        self._lines = lines
        self._elapsed = elapsed
        self._habits = habits
        self._at: Standing = lines[-1] if lines else Standing(ACCOUNT)

    def request(self, keys_used: list[str]) -> Request:
        """Draw a request, with a key perhaps, or a version."""
        rng = self._rng
        asked = self._asked()
        if isinstance(asked, Preview | Balance | Lots | Settle):
            return Request(asked)
        key = None
        if rng.random() < 0.6:
            key = rng.choice(keys_used) if keys_used and rng.random() < 0.05 else f"key-{rng.getrandbits(32):08x}"
        only_at = None
        if rng.random() < 0.06:
            only_at = frozenset({rng.choice([self._at.version, str(self._at.state.changed)])})
        return Request(asked, key, only_at)

    def _asked(self) -> Asked:
        spends, holds, _ = self._habits
        kinds = {
            self._add: 30,
            self._negative_add: 10,
            self._spend: spends,
            self._hold: holds,
            self._capture: holds,
            self._void: holds // 2,
            self._refund: spends,
            self._cancel: 10,
            self._preview: 8,
            self._balance: 10,
            Lots: 4,
            Settle: 8,
        }
        [draw] = self._rng.choices(list(kinds), list(kinds.values()))
        return draw()

    def _add(self) -> Add:
        rng, mortal = self._rng, self._habits.mortal
        expires_at = self._soon(-1, 5) if rng.random() < mortal else None
        effective_at = self._soon(-1, 3) if rng.random() < mortal / 2 else None
        if expires_at and effective_at and expires_at <= effective_at:
            expires_at = None
        timestamp = draw_timestamp(rng)
        reference = rng.choice((None, None, "an order"))
        return Add(rng.choice(PAYERS), rng.randint(1, 300), timestamp, effective_at, expires_at, reference=reference)

    def _negative_add(self) -> Add:
        return Add(self._rng.choice(PAYERS), -self._rng.randint(1, 150), draw_timestamp(self._rng))

    def _spend(self) -> Spend:
        rng, total = self._rng, self._total()
        return Spend(rng.choice((rng.randint(1, 200), rng.randint(1, total + 1), total or 1)))

    def _total(self) -> int:
        return max(0, self._at.state.total)  # below zero, the storage is wrong; the judge shall say so

    def _hold(self) -> Hold:
        rng = self._rng
        total = self._total()
        expires_at = self._soon(0.3, rng.choice((1, 6))) if rng.random() < 0.9 else None
        return Hold(rng.choice((rng.randint(1, 200), rng.randint(1, total + 1))), expires_at)

    def _preview(self) -> Preview:
        return Preview(self._rng.choice((self._spend, self._hold))())

    def _capture(self) -> Change:
        of = self._open_hold()
        return Capture(of, self._rng.choice((None, self._rng.randint(1, 150)))) if of else self._hold()

    def _void(self) -> Change:
        of = self._open_hold()
        return Void(of) if of else self._hold()

    def _refund(self) -> Change:
        kinds = self._rng.choice(({Kind.SPEND}, {Kind.SPEND, Kind.HOLD, Kind.CAPTURE}))
        of = self._one_of(kinds)
        return Refund(of, self._rng.choice((None, self._rng.randint(1, 100)))) if of else self._spend()

    def _cancel(self) -> Change:
        of = self._one_of({Kind.PENDING})
        return Cancel(of) if of else self._add()

    def _balance(self) -> Balance:
        times = (None, self._soon(-3, 6), self._soon(-80, -60))
        return Balance(self._rng.choice(times))

    def _open_hold(self) -> int:
        """Draw an open hold, mostly the next to lapse, or one that was open a moment ago."""
        holds = self._at.state.holds
        if holds and self._rng.random() < 0.8:
            return self._rng.choice([min(holds, key=lambda hold: holds[hold].expires_at), *holds])
        return self._one_of({Kind.HOLD})

    def _one_of(self, kinds: set[Kind]) -> int:
        """Draw one of the last lines of some kinds, rarely any number; 0 if there is none."""
        if self._rng.random() < 0.03:
            return self._rng.randint(1, self._at.sequence + 2)
        numbers = [line.sequence for line in self._lines if line.transaction.kind in kinds]
        return self._rng.choice(numbers[-4:]) if numbers else 0

    def _soon(self, first: float, last: float) -> datetime:
        """Draw one of few moments, seconds from now, so that many are equal."""
        return moment(round(4 * (self._elapsed + self._rng.uniform(first, last))) / 4)


def draw_timestamp(rng: Random) -> datetime:
    """Draw one of few moments, so that many are equal."""
    return datetime(2020, 10, rng.randint(1, 9), tzinfo=UTC)


def draw_fast(rng: Random) -> float:
    """Draw how far ahead somebody's clock is: mostly a little, rarely too far."""
    if rng.random() < 0.03:
        return rng.choice((-1, 1)) * rng.uniform(TOO_FAR_OFF_S, FAR_OFF_S)
    return rng.choice((0.0, rng.uniform(-SKEW_S, SKEW_S)))
