"""Requests, sent to the real storage, and how each attempt ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from itertools import count
from random import Random
from types import SimpleNamespace
from typing import get_args
from unittest.mock import patch

from points.rules.plans import Plan
from points.rules.ranges import in_order, whole
from points.rules.refusals import Refusal
from points.rules.terms import Add, Change, Hold, Spend
from points.storage import lines
from points.storage.clock import Clock
from points.storage.errors import KeyReusedError, OutcomeUnknownError, UnavailableError, VersionMismatchError
from points.storage.lines import Line, Retry, Standing
from points.storage.passbook import Passbook
from points.storage.records import Records

from tests.simulator.calls import Client
from tests.simulator.clock import VirtualClock
from tests.simulator.faults import ProcessDiedError
from tests.simulator.network import Network

ACCOUNT = "anna"
PATIENCE_S = 12.0

CHANGES = get_args(Change)


@dataclass(frozen=True, slots=True)
class Preview:
    """A request to be told what a spend or a hold would take."""

    of: Spend | Hold


@dataclass(frozen=True, slots=True)
class Balance:
    """A request to be told where the account stands: now, or as of a moment."""

    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lots:
    """A request to be shown the open lots."""


@dataclass(frozen=True, slots=True)
class Settle:
    """A sweeper's request to have what is due recorded."""


Asked = Change | Preview | Balance | Lots | Settle


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller wants: a change, with a key or a version perhaps, or a look.

    `fast` is how many seconds the clock is ahead by which it is answered.
    """

    asked: Asked
    key: str | None = None
    only_at: frozenset[str] | None = None
    fast: float = 0.0

    @property
    def retry(self) -> Retry | None:
        """The key as the storage wants it. The version is no part of the digest."""
        return Retry(self.key, repr(self.asked)) if self.key else None

    @property
    def is_change(self) -> bool:
        """Whether it is to leave a line of its own."""
        return isinstance(self.asked, CHANGES)

    def __str__(self) -> str:
        key = f", key {self.key}" if self.key else ""
        fast = f", by a clock {self.fast:+.1f} s" if self.fast else ""
        return f"{_told(self.asked)}{key}{fast}" + (f", only at {sorted(self.only_at)}" if self.only_at else "")


def _told(asked: Asked) -> str:
    match asked:
        case Add(payer, points, timestamp, effective_at, expires_at):
            from_to = "".join(
                f", {word} {at:%M:%S.%f}" for word, at in (("from", effective_at), ("to", expires_at)) if at
            )
            return f"add {points:+} of {payer} at {timestamp:%Y-%m-%dT%H:%M}{from_to}"
        case Hold(points, expires_at):
            return f"hold {points}" + (f" to {expires_at:%M:%S.%f}" if expires_at else "")
        case Preview(of):
            return f"preview: {_told(of)}"
        case _:
            return str(asked)


class Verdict(Enum):
    """How an attempt ended, for its caller."""

    DONE = auto()  # there is an answer: a line, or what was to be seen
    REPLAYED = auto()  # the answer is the line of an earlier attempt
    REFUSED = auto()  # the request is at fault, and nothing was recorded
    NOT_RECORDED = auto()  # the ledger is at fault, and nothing was recorded of the change
    UNKNOWN = auto()  # the caller was told that it is not known
    DIED = auto()  # the caller was told nothing


SETTLED = {Verdict.DONE, Verdict.REPLAYED, Verdict.REFUSED}
"""How an attempt ends that leaves its caller no reason to send the request again."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What an attempt gave its caller: a line, or what was to be seen, or why not.

    Attributes
    ----------
    line
        What was recorded of the change.
    due
        The lines of time's that were recorded on the way.
    seen
        Where the account stands.
    lots
        The open lots, by number, and what is left of each.
    shown
        What a change would do.
    """

    verdict: Verdict
    line: Line | None = None
    due: tuple[Line, ...] = ()
    seen: Standing | None = None
    lots: tuple[tuple[int, int], ...] = ()
    shown: Plan | None = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a request.

    Attributes
    ----------
    deadline, until
        By which time it had to end, and when it did.
    began_at, ended_at
        The account's last sequence number when it began and when it ended.
    fast
        How many seconds its clock was ahead.
    """

    name: str
    request: Request
    deadline: float
    until: float
    began_at: int
    ended_at: int
    ending: Ending
    fast: float = 0.0

    def __str__(self) -> str:
        ending = self.ending
        told = ending.line or ending.seen or ending.error or ""
        return f"{self.name}, {self.fast:+.6f} s: {self.request} -> {ending.verdict.name} {told!r}"


_names: ContextVar[Iterator[str]] = ContextVar("names of the lines that the running attempt plans")


@contextmanager
def telling_write_ids() -> Iterator[None]:
    """Let a write_id say which attempt planned the line, so that histories repeat exactly and lines have an origin."""
    with patch.object(lines, "uuid4", lambda: SimpleNamespace(hex=next(_names.get()))):
        yield


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Let all lines be planned in a name."""
    names = _names.set(f"{name}/{plan}" for plan in count(1))
    try:
        yield
    finally:
        _names.reset(names)


def planned_by(line: Line) -> str:
    """Return the name of the attempt that planned a line."""
    return line.write_id.partition("/")[0]


def perform(name: str, request: Request, client: Client, clock: Clock, *, deadline: float, rng: Random) -> Ending:
    """Send a request to the real storage, and say how that ended. Whatever the storage should not raise is raised."""
    with naming(name):
        try:
            return _ask(Passbook(client, "ledger", clock=clock, rng=rng), request, deadline)
        except (Refusal, KeyReusedError, VersionMismatchError) as error:
            return Ending(Verdict.REFUSED, error=error)
        except UnavailableError as error:
            return Ending(Verdict.NOT_RECORDED, error=error)
        except OutcomeUnknownError as error:
            return Ending(Verdict.UNKNOWN, error=error)
        except ProcessDiedError as error:
            return Ending(Verdict.DIED, error=error)


def _ask(book: Passbook, request: Request, deadline: float) -> Ending:
    match request.asked:
        case Balance(None):
            return Ending(Verdict.DONE, seen=book.now(ACCOUNT, deadline).at)
        case Balance(at):
            return Ending(Verdict.DONE, seen=book.as_of(ACCOUNT, at, deadline).at)
        case Lots():
            records = book.now(ACCOUNT, deadline)
            return Ending(Verdict.DONE, seen=records.at, lots=open_lots(records))
        case Preview(of):
            seen, shown = book.preview(ACCOUNT, of, deadline)
            return Ending(Verdict.DONE, seen=seen, shown=shown)
        case Settle():
            return Ending(Verdict.DONE, due=tuple(book.settle(ACCOUNT, deadline)))
        case change:
            recorded = book.record(ACCOUNT, change, deadline, retry=request.retry, only_at=request.only_at)
            verdict = Verdict.REPLAYED if recorded.replayed else Verdict.DONE
            return Ending(verdict, recorded.line, recorded.due)


def open_lots(records: Records) -> tuple[tuple[int, int], ...]:
    """Read the open lots of an account in the order in which they will be spent, and what is left of each."""
    state = records.at.state
    lots = (lot for _, lot in in_order(whole(state.ranges), records, state.sequence))
    return tuple((lot.sequence, lot.points - state.part_spent.get(lot.sequence, 0)) for lot in lots)


class Session:
    """Attempts, one after the other, across a network.

    Parameters
    ----------
    network, rng
        What the attempts go through, and their chance.
    name
        What the names of the attempts begin with.
    clock
        Their time; left out, one of their own.
    """

    def __init__(self, network: Network, rng: Random, name: str = "", clock: VirtualClock | None = None) -> None:
        self.network = network
        self.clock = clock or VirtualClock()
        self.attempts: list[Attempt] = []
        self._rng = rng
        self._name = name

    def send(self, request: Request, patience: float = PATIENCE_S) -> Attempt:
        """Send a request once."""
        name = f"{self._name}{len(self.attempts) + 1}"
        deadline = self.clock.elapsed() + patience
        began_at = self.network.table.last(ACCOUNT)
        client = self.network.client(self.clock, name)
        clock = self.clock.shown_fast(request.fast)
        ending = perform(name, request, client, clock, deadline=deadline, rng=self._rng)
        until, ended_at = self.clock.elapsed(), self.network.table.last(ACCOUNT)
        attempt = Attempt(name, request, deadline, until, began_at, ended_at, ending, request.fast)
        self.attempts.append(attempt)
        return attempt
