"""Requests, sent to the real storage, and how each attempt ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count
from random import Random
from types import SimpleNamespace
from unittest.mock import patch

from points.rules.plans import SpendPlan
from points.rules.refusals import Refusal
from points.rules.terms import Add, Spend
from points.storage import passbook
from points.storage.clock import Clock
from points.storage.errors import KeyReusedError, OutcomeUnknownError, UnavailableError, VersionMismatchError
from points.storage.lines import Line, Retry, Standing
from points.storage.passbook import Passbook

from tests.simulator.calls import Client
from tests.simulator.clock import VirtualClock
from tests.simulator.faults import ProcessDiedError
from tests.simulator.network import Network

ACCOUNT = "anna"
PATIENCE_S = 12.0


@dataclass(frozen=True, slots=True)
class Preview:
    """A request to be told what a spend would take."""

    points: int


@dataclass(frozen=True, slots=True)
class Balance:
    """A request to be told where the account stands."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller wants: a change, with a key or a version perhaps, or a look."""

    asked: Add | Spend | Preview | Balance
    key: str | None = None
    only_at: frozenset[int] | None = None

    @property
    def retry(self) -> Retry | None:
        """The key as the storage wants it. The version is no part of the digest."""
        return Retry(self.key, repr(self.asked)) if self.key else None

    def __str__(self) -> str:
        match self.asked:
            case Add(payer, points, timestamp):
                asked = f"add {points:+} of {payer} at {timestamp:%Y-%m-%dT%H:%M}"
            case Spend(points):
                asked = f"spend {points}"
            case Preview(points):
                asked = f"preview {points}"
            case Balance():
                asked = "balance"
        key = f", key {self.key}" if self.key else ""
        return asked + key + (f", only at {sorted(self.only_at)}" if self.only_at is not None else "")


class Verdict(Enum):
    """How an attempt ended, for its caller."""

    DONE = auto()  # there is an answer: a line, or what was to be seen
    REPLAYED = auto()  # the answer is the line of an earlier attempt
    REFUSED = auto()  # the request is at fault, and nothing was recorded
    NOT_RECORDED = auto()  # the ledger is at fault, and nothing was recorded
    UNKNOWN = auto()  # the caller was told that it is not known
    DIED = auto()  # the caller was told nothing


SETTLED = {Verdict.DONE, Verdict.REPLAYED, Verdict.REFUSED}
"""How an attempt ends that leaves its caller no reason to send the request again."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What an attempt gave its caller: a line, or what was to be seen, or why not."""

    verdict: Verdict
    line: Line | None = None
    seen: Standing | None = None
    shown: SpendPlan | None = None
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
        How many seconds its clock was fast.
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
        return f"{self.name}: {self.request} -> {ending.verdict.name} {ending.line or ending.seen or ending.error!r}"


_names: ContextVar[Iterator[str]] = ContextVar("names of the lines that the running attempt plans")


@contextmanager
def telling_write_ids() -> Iterator[None]:
    """Let a write_id say which attempt planned the line, so that histories repeat exactly and lines have an origin."""
    with patch.object(passbook, "uuid4", lambda: SimpleNamespace(hex=next(_names.get()))):
        yield


def planned_by(line: Line) -> str:
    """Return the name of the attempt that planned a line."""
    return line.write_id.partition("/")[0]


def perform(name: str, request: Request, client: Client, clock: Clock, *, deadline: float, rng: Random) -> Ending:
    """Send a request to the real storage, and say how that ended. Whatever the storage should not raise is raised."""
    names = _names.set(f"{name}/{plan}" for plan in count(1))
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
    finally:
        _names.reset(names)


def _ask(book: Passbook, request: Request, deadline: float) -> Ending:
    match request.asked:
        case Balance():
            return Ending(Verdict.DONE, seen=book.standing(ACCOUNT, deadline))
        case Preview(points):
            seen, shown = book.preview(ACCOUNT, Spend(points), deadline)
            return Ending(Verdict.DONE, seen=seen, shown=shown)
        case change:
            recorded = book.record(ACCOUNT, change, deadline, retry=request.retry, only_at=request.only_at)
            return Ending(Verdict.REPLAYED if recorded.replayed else Verdict.DONE, recorded.line)


class Session:
    """Attempts, one after the other, across a network.

    Parameters
    ----------
    network, rng
        What the attempts go through, and their chance.
    name
        What the names of the attempts begin with.
    """

    def __init__(self, network: Network, rng: Random, name: str = "") -> None:
        self.network = network
        self.clock = VirtualClock()
        self.attempts: list[Attempt] = []
        self._rng = rng
        self._name = name

    def send(self, request: Request, patience: float = PATIENCE_S) -> Attempt:
        """Send a request once."""
        name = f"{self._name}{len(self.attempts) + 1}"
        deadline = self.clock.elapsed() + patience
        began_at = self.network.table.last(ACCOUNT)
        client = self.network.client(self.clock, name)
        ending = perform(name, request, client, self.clock, deadline=deadline, rng=self._rng)
        until, ended_at = self.clock.elapsed(), self.network.table.last(ACCOUNT)
        self.attempts.append(Attempt(name, request, deadline, until, began_at, ended_at, ending))
        return self.attempts[-1]
