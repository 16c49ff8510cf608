"""What the sweep costs for each account: to find it in the calendar, and to record what is due in it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from points.rules.terms import Add, Change, Hold, Spend
from points.storage import calls
from points.storage.calendar import Calendar, Stretch
from points.storage.clock import SystemClock
from points.storage.dynamodb import make_client
from points.storage.passbook import Passbook
from points.sweeping.queue import Queue
from points.sweeping.sweep import Job, Search, Sweeper

from bench.alternatives.passbook import soon
from bench.designs import TABLE
from bench.meter import Cost, Meter
from bench.prices import LAMBDA_GB_SECOND, LAMBDA_REQUESTS, MEMORY_GB, READ_UNITS, SECONDS_OF_REQUEST, WRITE_UNITS

SHARDS = 16

SQS_REQUESTS = 0.40
"""Dollars for a million requests to a standard queue."""

BATCH = 10
"""Messages in a request to SQS, and accounts in a call of the function that settles."""

AGO = timedelta(days=1)
"""When all was recorded. It fell due halfway from there to now."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one worker did to some accounts, one after the other: what it cost, and how long it took."""

    what: str
    accounts: int
    cost: Cost
    seconds: float

    @property
    def each(self) -> Cost:
        """What an account cost."""
        cost, accounts = self.cost, self.accounts
        return Cost(cost.requests / accounts, cost.write_units / accounts, cost.read_units / accounts)  # type: ignore[arg-type]

    @property
    def dollars(self) -> float:
        """What a million accounts cost with what Lambda and SQS take, where a message is sent, received and deleted."""
        each = self.each
        waiting = each.requests * SECONDS_OF_REQUEST * MEMORY_GB * LAMBDA_GB_SECOND * 1e6
        shared = (LAMBDA_REQUESTS + 2 * SQS_REQUESTS) / BATCH if each.requests >= 1 else SQS_REQUESTS / BATCH
        return each.write_units * WRITE_UNITS + each.read_units * READ_UNITS + waiting + shared


class _Yesterday(SystemClock):
    """A clock that shows when all was recorded."""

    def now(self) -> datetime:
        """The moment then."""
        return super().now() - AGO


class _Messages:
    """SQS, in no time."""

    def send_message_batch(self, **_: Any) -> dict[str, Any]:
        """Take messages."""
        return {}


def measure(accounts: int) -> list[Measured]:
    """Measure on the engine that the environment names: so many accounts of each kind."""
    due = datetime.now(UTC) - AGO / 2
    lot = Add("DANNON", 100, datetime(2020, 11, 1, tzinfo=UTC), None, due)
    histories: dict[str, list[Change]] = {
        "a lot expires": [lot],
        "ten lots expire": [lot] * 10,
        "a hold lapses": [Add("DANNON", 100, lot.timestamp), Hold(100, due)],
        "nothing is due any more": [lot, Spend(100)],
    }
    skew, calls.MOST_SKEW = calls.MOST_SKEW, timedelta.max
    try:
        for what, changes in histories.items():
            _record(what, changes, accounts)
    finally:
        calls.MOST_SKEW = skew
    return [_search(due, accounts), *(_settle(what, accounts) for what in histories)]


def _name(what: str, number: int) -> str:
    return f"{what.replace(' ', '-')}-{number}"


def _record(what: str, changes: list[Change], accounts: int) -> None:
    sys.stderr.write(f"sweep: {what}, {accounts:,} accounts\n")
    passbook = Passbook(make_client(), TABLE["TableName"], clock=_Yesterday())
    for number in range(accounts):
        for change in changes:
            passbook.record(_name(what, number), change, soon())


def _search(due: datetime, accounts: int) -> Measured:
    meter = Meter(make_client())
    queued: list[str] = []

    def note(account: str) -> str:
        queued.append(account)
        return account

    search = Search(Queue(_Messages(), ""), lambda entry: note(entry.account), lambda _: due)
    sweeper = Sweeper(Calendar(meter.client, TABLE["TableName"]), Queue(_Messages(), ""), {"due": search}, SHARDS)
    stretches = [Stretch.between(due, due + timedelta(seconds=1), shard) for shard in range(SHARDS)]
    measured = _measured("found in the calendar", len(stretches), meter, lambda number: sweeper.work(
        Job("due", stretches[number]), soon()
    ))  # fmt: skip
    if len(set(queued)) != 4 * accounts:
        raise AssertionError("the sweep has found other accounts than those in which something fell due")
    return Measured(measured.what, len(set(queued)), measured.cost, measured.seconds)


def _settle(what: str, accounts: int) -> Measured:
    meter = Meter(make_client())
    passbook = Passbook(meter.client, TABLE["TableName"])
    return _measured(what, accounts, meter, lambda number: passbook.settle(_name(what, number), soon()))


def _measured(what: str, number: int, meter: Meter, deed: Callable[[int], object]) -> Measured:
    with meter.counting() as cost:
        began = perf_counter()
        for each in range(number):
            deed(each)
        seconds = perf_counter() - began
    return Measured(what, number, cost, seconds)
