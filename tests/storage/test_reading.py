"""What can be read from a passbook."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from points.rules.refusals import NotEnoughPointsError
from points.rules.terms import Spend
from points.rules.walk import walk_again
from points.storage.errors import UnavailableError
from points.storage.lines import Standing
from points.storage.passbook import Passbook

from tests.simulator import faults
from tests.simulator.clock import VirtualClock
from tests.simulator.network import Network
from tests.storage.helpers import SOON, add, at_queries, lines, operations, record_all


def test_an_account_without_lines_stands_at_0(passbook: Passbook) -> None:
    assert passbook.now("anna", SOON).at == Standing("anna")
    assert passbook.line("anna", 1, SOON) is None


def test_an_account_stands_after_its_last_line(passbook: Passbook, network: Network) -> None:
    record_all(passbook, add(300), Spend(100))
    assert passbook.now("anna", SOON).at == lines(network)[-1]
    assert passbook.line("anna", 1, SOON) == lines(network)[0]


def test_accounts_know_nothing_of_each_other(passbook: Passbook) -> None:
    record_all(passbook, add(300))
    passbook.record("bert", add(5), SOON)
    assert passbook.now("bert", SOON).at.state.balances == {"DANNON": 5}
    with pytest.raises(NotEnoughPointsError):
        passbook.record("bert", Spend(6), SOON)


def test_side_items_are_no_lines(passbook: Passbook, network: Network) -> None:
    for sequence in ("0", "-1"):
        network.table.put({"account": {"S": "anna"}, "sequence": {"N": sequence}, "format": {"N": "side"}})
    assert passbook.now("anna", SOON).at == Standing("anna")
    record_all(passbook, add(300))
    assert [line.sequence for line in passbook.lines("anna", SOON, below=None, limit=5)] == [1]
    assert [line.sequence for line in passbook.lines("anna", SOON, below=2, limit=5)] == [1]


def test_the_history_is_read_newest_first(passbook: Passbook) -> None:
    record_all(passbook, *[add(1)] * 7)
    assert [line.sequence for line in passbook.lines("anna", SOON, below=None, limit=3)] == [7, 6, 5]
    assert [line.sequence for line in passbook.lines("anna", SOON, below=5, limit=3)] == [4, 3, 2]
    assert [line.sequence for line in passbook.lines("anna", SOON, below=2, limit=3)] == [1]


def test_the_standing_as_of_a_moment(passbook: Passbook, network: Network, clock: VirtualClock) -> None:
    for _ in range(20):
        record_all(passbook, add(1), add(1))
        clock.sleep(0.1)
    first, last = lines(network)[0], lines(network)[-1]
    before = first.recorded_at - timedelta(microseconds=1)
    assert passbook.as_of("anna", before, SOON).at == Standing("anna")
    assert passbook.as_of("anna", first.recorded_at, SOON).at.sequence == 2, "the last of that moment"
    assert passbook.as_of("anna", last.recorded_at + timedelta(days=1), SOON).at == last
    for line in lines(network):
        through = line.recorded_at + timedelta(seconds=0.05)
        network.journal.clear()
        assert passbook.as_of("anna", through, SOON).at.sequence == line.sequence + line.sequence % 2
        assert len(network.journal) <= 7, "about log2 of the lines"


def test_a_preview_is_what_a_spend_then_takes(passbook: Passbook, network: Network) -> None:
    record_all(passbook, add(300, day=3), add(200, day=1, payer="UNILEVER"), add(-50))
    standing, shown = passbook.preview("anna", Spend(420), SOON)
    assert standing.sequence == 3
    assert operations(network)[-2:] == ["query", "query"], "and nothing is written"
    recorded = passbook.record("anna", Spend(420), SOON, only_at={standing.version})
    assert recorded.line.transaction == shown.transaction
    assert recorded.line.state == shown.state


def test_a_preview_is_refused_like_a_spend(passbook: Passbook) -> None:
    with pytest.raises(NotEnoughPointsError):
        passbook.preview("anna", Spend(1), SOON)


def test_a_preview_leaves_out_lots_that_are_newer_than_its_line(
    passbook: Passbook, network: Network, clock: VirtualClock
) -> None:
    record_all(passbook, add(300, day=3))
    other = Passbook(Network(network.table).client(clock), "ledger", clock=clock)
    network.rival = lambda: record_all(other, add(200, day=1, payer="UNILEVER"))
    network.plan = at_queries(None, faults.RIVAL_FIRST)
    _, shown = passbook.preview("anna", Spend(100), SOON)
    assert shown.transaction.taken == {"DANNON": -100}


def test_the_lots_of_a_spend_are_found_again(passbook: Passbook) -> None:
    record_all(passbook, add(10, day=1), add(20, day=3), add(-5), Spend(15), add(7, day=2), Spend(12), add(99, day=1))
    records = passbook.now("anna", SOON)
    walks = [list(walk_again(origin, records)) for origin in map(records.origin, (4, 6)) if origin]
    drawn = [[(step.lot.sequence, step.given) for step in steps] for steps in walks]
    assert drawn == [[(1, 5), (2, 10)], [(5, 7), (2, 5)]]


def test_lines_are_found_by_their_reference(passbook: Passbook) -> None:
    bare = add(1)
    for reference in ("order 1", "order 10", "order 1", None, "order 1"):
        passbook.record("anna", replace(bare, reference=reference), SOON)

    def found(**part: Any) -> list[int]:
        return [line.sequence for line in passbook.lines("anna", SOON, reference="order 1", **part)]

    assert found(below=None, limit=5) == [5, 3, 1]
    assert found(below=5, limit=1) == [3]
    assert found(below=3, limit=5) == [1]


@pytest.mark.parametrize("fault", [faults.DENIED, faults.DIES_BEFORE], ids=str)
def test_a_read_that_fails_for_good_fails_the_request(
    fault: faults.Fault, passbook: Passbook, network: Network
) -> None:
    network.plan = lambda *_: fault
    reads: list[Callable[[], object]] = [
        lambda: passbook.now("anna", SOON).at,
        lambda: passbook.line("anna", 1, SOON),
        lambda: passbook.lines("anna", SOON, below=None, limit=1),
    ]
    for read in reads:
        with pytest.raises((UnavailableError, faults.ProcessDiedError)):
            read()
    assert len(network.journal) == len(reads)
