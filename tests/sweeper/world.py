"""A ledger with a sweeper, whose every part may die at any call, and whose time passes only when a test lets it."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from random import Random
from typing import Any

from points.rules.terms import Add, Change
from points.storage.calendar import Calendar, Entry
from points.storage.capacity import Limits
from points.storage.indexes import CALENDAR
from points.storage.lines import Line
from points.storage.passbook import Passbook
from points.sweeping.queue import Queue
from points.sweeping.sweep import Job, Search, Sweeper

from tests.simulator.clock import START, VirtualClock

FOREVER = float("inf")


class DiedError(BaseException):
    """Whoever made a call is no more. Nothing in it can handle that."""


class Calls:
    """Stands between the ledger and AWS: counts the calls, and does something else at one of them."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self._before: dict[int, Callable[[], object]] = {}
        self._after: dict[int, Callable[[], object]] = {}

    def before(self, number: int, deed: Callable[[], object]) -> None:
        """Do something just before the call of that number, counted from 1 and from now."""
        self._before[len(self.seen) + number] = deed

    def after(self, number: int, deed: Callable[[], object]) -> None:
        """Do something when the call has been made, and before its answer is there."""
        self._after[len(self.seen) + number] = deed

    def forget_plans(self) -> None:
        """Do nothing else any more."""
        self._before.clear()
        self._after.clear()

    def carry(self, name: str, call: Callable[..., Any], request: dict[str, Any]) -> Any:
        """Make a call."""
        self.seen.append((name, request))
        number = len(self.seen)
        self._before.pop(number, lambda: None)()
        answer = call(**request)
        self._after.pop(number, lambda: None)()
        return answer

    @contextmanager
    def counted(self) -> Iterator[list[tuple[str, dict[str, Any]]]]:
        """Collect the calls that are made inside."""
        calls: list[tuple[str, dict[str, Any]]] = []
        first = len(self.seen)
        yield calls
        calls += self.seen[first:]


class Client:
    """A client of AWS's, each of whose calls goes through `Calls`."""

    def __init__(self, calls: Calls, client: Any) -> None:
        self._calls = calls
        self._client = client

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        return lambda **request: self._calls.carry(name, call, request)


class LaggingIndex:
    """A client of DynamoDB's whose calendar does not have the entries of some accounts yet."""

    def __init__(self, client: Any) -> None:
        self.missing: set[str] = set()
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **request: Any) -> Any:
        answer = self._client.query(**request)
        if request.get("IndexName") == CALENDAR:
            answer["Items"] = [it for it in answer["Items"] if it["account"]["S"] not in self.missing]
        return answer


class Messages:
    """SQS, as far as the sweeper knows it, with one queue in it: each message is there until it was worked off."""

    def __init__(self) -> None:
        self.waiting: deque[str] = deque()
        self.sent: list[str] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803, ARG002
        assert 1 <= len(Entries) <= 10
        bodies = [entry["MessageBody"] for entry in Entries]
        self.waiting += bodies
        self.sent += bodies
        return {"Successful": Entries}

    def work_off(self, work: Callable[[str], object]) -> None:
        """Take the messages in turn, those too that come meanwhile; one that is not worked off stays."""
        while self.waiting:
            first = self.waiting[0]
            work(first)
            with suppress(ValueError):  # somebody else has worked it off meanwhile
                self.waiting.remove(first)


def message(entry: Entry) -> str:
    """Name an account, as the sweep function does."""
    return json.dumps({"account": entry.account})


class World:
    """A ledger on a table, a calendar and its sweepers, and what is queued."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self.clock = VirtualClock()
        self.calls = Calls()
        self.jobs, self.due = Messages(), Messages()
        self.index = LaggingIndex(dynamodb)
        self._dynamodb = Client(self.calls, self.index)
        self._table = table
        self.passbook = self.passbook_of()

    def passbook_of(self, shards: int = 2) -> Passbook:
        """Return the storage of a deployment with so many shards."""
        limits = Limits(calendar_shards=shards)
        return Passbook(self._dynamodb, self._table, limits=limits, clock=self.clock, rng=Random(0))

    def calendar(self) -> Calendar:
        return Calendar(self._dynamodb, self._table, clock=self.clock, rng=Random(0))

    def sweeper(self, shards: int = 2) -> Sweeper:
        """Return the sweeper of a deployment with so many shards."""
        calendar = self.calendar()
        due = Search(Queue(Client(self.calls, self.due), "due"), message, begins_at=lambda _: START)
        return Sweeper(calendar, Queue(Client(self.calls, self.jobs), "jobs"), {"due": due}, shards)

    def record(self, account: str, *changes: Change, shards: int = 2) -> None:
        passbook = self.passbook_of(shards)
        for change in changes:
            passbook.record(account, change, FOREVER)

    def search(self, shards: int = 2) -> None:
        """Work off the jobs."""
        sweeper = self.sweeper(shards)
        self.jobs.work_off(lambda job: sweeper.work(Job.from_text(job), FOREVER))

    def settle(self) -> list[Line]:
        """Settle the accounts that are queued."""
        written: list[Line] = []
        self.due.work_off(lambda body: written.extend(self.passbook.settle(json.loads(body)["account"], FOREVER)))
        return written

    def sweep(self, shards: int = 2) -> list[Line]:
        """Do all that a run leads to."""
        self.sweeper(shards).run(FOREVER)
        self.search(shards)
        return self.settle()

    def queued(self) -> list[str]:
        """Return the accounts that are waiting to be settled, with doubles."""
        return [json.loads(body)["account"] for body in self.due.waiting]

    def kinds(self, account: str) -> list[str]:
        """Return the kinds of an account's lines."""
        lines = self.passbook.lines(account, FOREVER, below=None, limit=100)
        return [str(line.transaction.kind) for line in reversed(lines)]

    def wait(self, **time: float) -> None:
        self.clock.sleep(timedelta(**time).total_seconds())


def lot(expires_at: datetime | None = None, *, effective_at: datetime | None = None) -> Add:
    """Return an add of five points."""
    return Add("DANNON", 5, START - timedelta(days=365), effective_at, expires_at)
