"""What will expire at a moment to come if nothing is done before."""

from datetime import datetime, timedelta

import pytest
from points.rules.terms import Change, Hold, Spend
from points.storage.passbook import Passbook

from tests.simulator.clock import START, VirtualClock
from tests.simulator.network import Network
from tests.storage.helpers import SOON, add, operations, record_all

DAY = timedelta(days=1)
TOMORROW = START + DAY

HISTORIES: dict[str, tuple[list[Change], dict[datetime, dict[str, int]]]] = {
    "each lot at its own moment": (
        [add(5, expires_at=TOMORROW), add(7, expires_at=TOMORROW + DAY), add(9)],
        {TOMORROW: {"DANNON": 5}, TOMORROW + DAY: {"DANNON": 7}, TOMORROW + 2 * DAY: {}},
    ),
    "by payers, together": (
        [
            add(5, expires_at=TOMORROW),
            add(7, payer="UNILEVER", expires_at=TOMORROW),
            add(1, day=2, expires_at=TOMORROW),
        ],
        {TOMORROW: {"DANNON": 6, "UNILEVER": 7}},
    ),
    "what is left of a lot": ([add(5, expires_at=TOMORROW), Spend(3)], {TOMORROW: {"DANNON": 2}}),
    "nothing of what is spent": ([add(5, expires_at=TOMORROW), Spend(5)], {TOMORROW: {}}),
    "less what its payer owes": ([add(9), add(5, expires_at=TOMORROW), add(-2)], {TOMORROW: {"DANNON": 3}}),
    "what arrives before": (
        [add(5, effective_at=TOMORROW, expires_at=TOMORROW + DAY)],
        {TOMORROW: {}, TOMORROW + DAY: {"DANNON": 5}},
    ),
    "what a hold keeps, when it lapses": (
        [add(5, expires_at=TOMORROW), Hold(3, TOMORROW + DAY)],
        {TOMORROW: {"DANNON": 2}, TOMORROW + DAY: {"DANNON": 3}},
    ),
}


@pytest.mark.parametrize("history", HISTORIES)
def test_what_expires_at_a_moment(history: str, passbook: Passbook, network: Network) -> None:
    changes, expected = HISTORIES[history]
    record_all(passbook, *changes)
    before = network.table.last("anna")
    assert {moment: passbook.expiring("anna", moment, SOON) for moment in expected} == expected
    assert network.table.last("anna") == before, "nothing is recorded by asking"


def test_of_a_moment_that_has_passed_nothing_is_told_at_one_read(
    passbook: Passbook, network: Network, clock: VirtualClock
) -> None:
    record_all(passbook, add(5, expires_at=TOMORROW))
    clock.sleep(DAY.total_seconds())
    network.journal.clear()
    assert passbook.expiring("anna", TOMORROW, clock.elapsed() + SOON) == {}
    assert operations(network) == ["query"]


def test_it_is_what_will_be_recorded_then(passbook: Passbook, clock: VirtualClock) -> None:
    record_all(passbook, add(5, expires_at=TOMORROW), add(7, payer="UNILEVER", expires_at=TOMORROW), Spend(4))
    told = passbook.expiring("anna", TOMORROW, SOON)
    clock.sleep(DAY.total_seconds())
    (line,) = passbook.settle("anna", clock.elapsed() + SOON)
    assert {payer: -points for payer, points in (line.transaction.expired or {}).items()} == told
