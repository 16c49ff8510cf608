"""How many requests an operation makes, whatever the history: counted where they leave for DynamoDB."""

from collections.abc import Callable

import pytest
from points.rules.terms import Add, Spend
from points.storage.lines import to_item
from points.storage.passbook import Passbook

from tests.simulator import faults
from tests.simulator.clock import VirtualClock
from tests.simulator.network import Network
from tests.simulator.table import Table
from tests.storage.helpers import ORDER_17, SOON, add, at_puts, items_put, lots_of_a_point, operations, record_all

LOTS = 10_000


@pytest.fixture(scope="module")
def account_of_many_lots() -> Table:
    """Return a table with an account of 10,000 lots of a point, of ten payers."""
    table = Table()
    for line in lots_of_a_point(LOTS, payers=10):
        table.put(to_item(line))
    return table


@pytest.fixture
def network(account_of_many_lots: Table) -> Network:
    """Return the way to that account."""
    return Network(account_of_many_lots.copy())


CHANGES: dict[str, tuple[Add | Spend, list[str]]] = {
    "add": (add(5), ["query", "put_item"]),
    "negative add": (add(-5, payer="payer 7"), ["query", "put_item"]),
    "spend of a lot": (Spend(1), ["query", "query", "put_item"]),
    "spend of 100 lots": (Spend(100), ["query", "query", "put_item"]),
    "spend of 2,000 lots": (Spend(2_000), ["query"] * 6 + ["put_item"]),
    "spend of 10,000 lots": (Spend(10_000), ["query"] * 8 + ["put_item"]),
}


@pytest.mark.parametrize(("change", "calls"), CHANGES.values(), ids=CHANGES)
def test_a_change(change: Add | Spend, calls: list[str], passbook: Passbook, network: Network) -> None:
    line = passbook.record("anna", change, SOON).line
    assert operations(network) == calls
    assert len(items_put(network)) == 1
    assert network.table.items("anna")[LOTS:] == [to_item(line)], "one line is written, and no other touched"


@pytest.mark.parametrize(("change", "calls"), CHANGES.values(), ids=CHANGES)
def test_a_key_costs_one_request_more(
    change: Add | Spend, calls: list[str], passbook: Passbook, network: Network
) -> None:
    record_all(passbook, change, retry=ORDER_17)
    assert operations(network) == ["query", *calls]


@pytest.mark.parametrize(("change", "calls"), CHANGES.values(), ids=CHANGES)
def test_a_lost_race_costs_one_request_more(
    change: Add | Spend, calls: list[str], passbook: Passbook, network: Network
) -> None:
    clock = VirtualClock()
    winner = Passbook(Network(network.table).client(clock), "ledger", clock=clock)
    network.rival = lambda: record_all(winner, add(1, day=1))
    network.plan = at_puts(faults.RIVAL_FIRST)
    record_all(passbook, change)
    assert operations(network) == [*calls, "put_item"]


def test_a_late_add(passbook: Passbook, network: Network) -> None:
    record_all(passbook, Spend(9_000))
    network.journal.clear()
    record_all(passbook, add(5, day=1))
    assert operations(network) == ["query", "put_item"]


def test_a_balance(passbook: Passbook, network: Network) -> None:
    assert passbook.standing("anna", SOON).state.total == LOTS
    assert operations(network) == ["query"]


def test_a_line(passbook: Passbook, network: Network) -> None:
    assert passbook.line("anna", 5_000, SOON)
    assert operations(network) == ["get_item"]


def test_a_replay(passbook: Passbook, network: Network) -> None:
    record_all(passbook, Spend(5_000), retry=ORDER_17)
    network.journal.clear()
    assert passbook.record("anna", Spend(5_000), SOON, retry=ORDER_17).replayed
    assert operations(network) == ["query", "query", "get_item"]


def test_a_small_spend_reads_one_page_of_lots(passbook: Passbook, network: Network) -> None:
    record_all(passbook, Spend(5))
    [page] = [sent for sent in network.journal if sent.call.request.get("IndexName") == "by_timestamp"]
    assert page.call.request["Limit"] == 100
    assert page.answer.unpack()["Count"] == 100


@pytest.mark.parametrize("look", [lambda book: book.standing("anna", SOON), lambda book: book.line("anna", 1, SOON)])
def test_a_look_writes_nothing(look: Callable[[Passbook], object], passbook: Passbook, network: Network) -> None:
    assert look(passbook)
    assert items_put(network) == []
