"""Accounts with a history, and the records by which the table's stream tells of it."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from points.events.publishing import Record
from points.rules.terms import Add, Cancel, Capture, Change, Hold, Refund, Spend, Void
from points.storage.lines import Line, to_item
from points.storage.passbook import Passbook

from tests.simulator.clock import START, VirtualClock
from tests.simulator.network import Network
from tests.simulator.table import Table

DEADLINE = 1e9
EXAMPLE = [
    ("DANNON", 1000, "2020-11-02T14:00:00+00:00"),
    ("UNILEVER", 200, "2020-10-31T11:00:00+00:00"),
    ("DANNON", -200, "2020-10-31T15:00:00+00:00"),
    ("MILLER COORS", 10_000, "2020-11-01T14:00:00+00:00"),
    ("DANNON", 300, "2020-10-31T10:00:00+00:00"),
]
"""The adds of the worked example."""


class Ledger:
    """Accounts, whose lines are kept in the order in which they were written."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.clock = VirtualClock()
        self._passbook = Passbook(Network(Table()).client(self.clock), "ledger", clock=self.clock, rng=Random(0))

    def record(self, account: str, *changes: Change) -> None:
        """Make changes, after what is due by then."""
        for change in changes:
            recorded = self._passbook.record(account, change, DEADLINE)
            self.lines += [*recorded.due, recorded.line]

    def settle(self, account: str) -> None:
        """Write what is due."""
        self.lines += self._passbook.settle(account, DEADLINE)

    @property
    def records(self) -> list[Record]:
        """What the stream brings of it."""
        return [record_of(line, number) for number, line in enumerate(self.lines, 1)]


def record_of(line: Line, number: int) -> Record:
    """Tell of a line as the stream does that has its number in it."""
    item = to_item(line)
    return {
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "Keys": {name: item[name] for name in ("account", "sequence")},
            "NewImage": item,
            "SequenceNumber": f"{number:021d}",
            "StreamViewType": "NEW_IMAGE",
        },
    }


def ids(details: list[dict[str, Any]]) -> list[str]:
    """Return which events there are."""
    return [detail["id"] for detail in details]


def adds_of(accounts: str) -> Ledger:
    """Make an add for each letter, to the account of that name: "aab" are two of a and then one of b."""
    ledger = Ledger()
    for account in accounts:
        ledger.record(account, Add("DANNON", 10, START))
    return ledger


def every_kind() -> Ledger:
    """Have a transaction of every kind."""
    ledger = Ledger()
    payers_adds = [Add(payer, points, datetime.fromisoformat(at)) for payer, points, at in EXAMPLE]
    ledger.record("anna", *payers_adds, Spend(5000, reference="order-1", metadata='{"a":"ü"}'))
    soon = ledger.clock.now() + timedelta(minutes=1)
    ledger.record(
        "anna",
        Refund(6, 20),
        Hold(30),
        Capture(8, 10),
        Hold(10),
        Void(10),
        Hold(10, soon),
        Add("DANNON", 5, START, effective_at=soon),
        Add("DANNON", 6, START, effective_at=soon + timedelta(minutes=5)),
        Cancel(14),
        Add("UNILEVER", 7, START, expires_at=soon),
    )
    ledger.clock.sleep(120)
    ledger.settle("anna")
    return ledger
