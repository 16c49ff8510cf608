"""What holds and voids of one account cost as they become many: its ranges stay few, since neighbours are joined."""

import sys
from collections import deque
from dataclasses import dataclass
from typing import Any, cast

from points.storage.lines import to_item

from bench import accounts
from bench.accounts import POINTS
from bench.alternatives.ledger import GivesBack
from bench.alternatives.passbook import PassbookLedger, soon
from bench.designs import OURS, TRANSACTIONS, Design
from bench.meter import Cost, Meter
from tests.simulator.items import item_size
from tools.dynamodb_local import patient_client

LOTS = 1_000
OPEN_AT_ONCE = 20
SHOWN = (1, 10, 100, 1_000)
HELD = 2 * POINTS + POINTS // 2
"""Points of a hold: two lots and a half, so that every other hold stops inside a lot."""


@dataclass(frozen=True, slots=True)
class Step:
    """A hold and a void after so many: what they cost.

    Attributes
    ----------
    ranges
        The most open ranges that the account has had so far; 0 where there are none.
    line_bytes
        The bytes of the last line, likewise.
    """

    hold: Cost
    void: Cost
    ranges: int = 0
    line_bytes: int = 0


Steps = dict[str, dict[int, Step]]
"""By the design's name and the number of holds so far."""


def measure(engine: Any, most: int) -> Steps:
    """Hold and void so often, always with some holds open, of which the oldest ends; look at it now and then."""
    return {design.name: _measure(engine, design, most) for design in (OURS, TRANSACTIONS)}


def _measure(engine: Any, design: Design, most: int) -> dict[int, Step]:
    client = patient_client()
    meter, ledger, account = Meter(client), cast(GivesBack, design.ledger(client)), "many holds"
    accounts.write(engine, design.table["TableName"], design.items(accounts.history(account, LOTS, spends=False)))
    open_holds = deque(ledger.draw(account, HELD, hold=True) for _ in range(OPEN_AT_ONCE))
    steps: dict[int, Step] = {}
    ranges = line_bytes = 0
    for number in range(1, most + 1):
        with meter.counting() as hold:
            open_holds.append(ledger.draw(account, HELD, hold=True))
        with meter.counting() as void:
            ledger.give_back(account, open_holds.popleft(), hold=True)
        if isinstance(ledger, PassbookLedger):
            [last] = ledger.passbook.lines(account, soon(), below=None, limit=1)
            ranges, line_bytes = max(ranges, len(last.state.ranges)), item_size(to_item(last))
        if number in SHOWN:
            sys.stderr.write(f"holds and voids: {design.name}, {number:,}\n")
            steps[number] = Step(hold, void, ranges, line_bytes)
    return steps
