"""Ledgers of several accounts, made through the handlers by random calls, and exported."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from random import Random

from points.api import runtime
from points.storage.lines import FORMATS

from tests.api.client import Answer, Client
from tests.api.moments import DAY, after
from tests.books.exported import Item, export
from tests.simulator.clock import VirtualClock
from tests.simulator.table import Table

ACCOUNTS = ("anna", "bert", "carl", "dora", "emil")
PAYERS = ("DANNON", "UNILEVER", "MILLER COORS", 'Ärger & Söhne, "GmbH"')


@dataclass
class Ledger:
    """A ledger to which random things happen, at random moments.

    Attributes
    ----------
    calls
        How many calls of each kind were accepted.
    """

    clock: VirtualClock
    rng: Random
    calls: dict[str, int] = field(default_factory=dict)
    _formats: Iterator[int] = field(default_factory=lambda: cycle(sorted(FORMATS)))
    _holds: dict[str, list[int]] = field(default_factory=dict)
    _spends: dict[str, list[int]] = field(default_factory=dict)
    _pending: dict[str, list[int]] = field(default_factory=dict)

    def client(self, account: str) -> Client:
        """Return a caller who acts on an account."""
        return Client(account=account)

    def run(self, calls: int) -> None:
        """Make so many calls, some of them refused, days apart; their lines are of the next format each time."""
        os.environ["LINE_FORMAT"] = str(next(self._formats))
        runtime.passbook.cache_clear()
        for _ in range(calls):
            self.clock.sleep(self.rng.choice((0, 1, self.rng.uniform(0, DAY), self.rng.uniform(0, 10 * DAY))))
            self._call(self.rng.choice(ACCOUNTS))

    def _call(self, account: str) -> None:
        client, rng = self.client(account), self.rng
        holds, spends, pending = (of.setdefault(account, []) for of in (self._holds, self._spends, self._pending))
        kinds: dict[str, Callable[[], Answer]] = {
            "add": lambda: client.add(rng.choice(PAYERS), rng.randint(1, 900), self._past(), **self._dates()),
            "expiring add": lambda: client.add(
                rng.choice(PAYERS), rng.randint(1, 900), self._past(), expires_at=self._later(-5, 60)
            ),
            "take back": lambda: client.add(rng.choice(PAYERS), -rng.randint(1, 200), self._past()),
            "pending add": lambda: client.add(
                rng.choice(PAYERS), rng.randint(1, 900), self._past(), effective_at=self._later(0.01, 30)
            ),
            "spend": lambda: client.spend(rng.randint(1, 700)),
            "hold": lambda: client.hold(rng.randint(1, 500), expires_at=self._later(0.01, 30)),
        }
        if holds:
            kinds |= {
                "capture": lambda: client.capture(holds.pop(), rng.choice((None, 1, rng.randint(1, 300)))),
                "void": lambda: client.void(holds.pop()),
            }
        if spends:
            kinds["refund"] = lambda: client.refund(rng.choice(spends), rng.choice((None, rng.randint(1, 200))))
        if pending:
            kinds["cancel"] = lambda: client.cancel(pending.pop())
        kind = rng.choice(list(kinds))
        answer = kinds[kind]()
        assert answer.status < 500, answer.text
        if answer.status != 200:
            return
        self.calls[kind] = self.calls.get(kind, 0) + 1
        number = int(answer.headers["content-location"].rpartition("/")[2])
        if kind == "hold":
            holds.append(number)
        if kind in ("spend", "capture"):
            spends.append(number)
        if kind == "pending add":
            pending.append(number)

    def _past(self) -> str:
        return after(self.clock.elapsed() - self.rng.uniform(0, 20 * DAY))

    def _later(self, fewest_days: float, most_days: float) -> str:
        return after(self.clock.elapsed() + self.rng.uniform(fewest_days, most_days) * DAY)

    def _dates(self) -> dict[str, str]:
        """Return nothing, or both of the dates that an add may have."""
        if self.rng.random() < 0.5:
            return {}
        return {"effective_at": self._later(0.01, 20), "expires_at": self._later(21, 90)}


def items_of(table: Table) -> list[Item]:
    """Return what stands in the accounts of random ledgers."""
    return [item for account in ACCOUNTS for item in table.items(account)]


def export_of(table: Table, folder: Path) -> Path:
    """Export what stands in the accounts of random ledgers."""
    export(items_of(table), folder)
    return folder
