"""What an operation costs in requests and in units of capacity: counted where the requests leave for DynamoDB."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from points.rules.fates import fate_of
from points.rules.terms import Add, Cancel, Capture, Change, Hold, Refund, Spend, Void
from points.rules.walk import walk_again
from points.storage.lines import to_item
from points.storage.passbook import Passbook

from tests.simulator import faults
from tests.simulator.clock import START, VirtualClock
from tests.simulator.network import Network
from tests.simulator.table import Table
from tests.storage.helpers import (
    ORDER_17,
    SOON,
    add,
    at_puts,
    lots_of_a_point,
    operations,
    read_units,
    record_all,
    write_units,
)

LOTS = 10_000
A_PAGE = 3
"""Read units of the first page of lots."""

LATER = START + timedelta(days=1)
FAR = 100_000.0
"""A deadline beyond tomorrow."""


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


CHANGES: dict[str, tuple[Change, list[str], int, int]] = {
    "add": (add(5), ["query", "put_item"], 2, 1),
    "add that expires": (add(5, expires_at=LATER), ["query", "put_item"], 3, 1),
    "negative add": (add(-5, payer="payer 7"), ["query", "put_item"], 1, 1),
    "spend of a lot": (Spend(1), ["query", "query", "put_item"], 1, 1 + A_PAGE),
    "spend of 100 lots": (Spend(100), ["query", "query", "put_item"], 1, 1 + A_PAGE),
    "spend of 2,000 lots": (Spend(2_000), ["query"] * 6 + ["put_item"], 1, 69),
    "spend of 10,000 lots": (Spend(10_000), ["query"] * 8 + ["put_item"], 1, 211),
    "hold of 100 lots": (Hold(100, LATER), ["query", "query", "put_item"], 2, 1 + A_PAGE),
    "hold of 10,000 lots": (Hold(10_000, LATER), ["query"] * 8 + ["put_item"], 2, 211),
    "pending add": (add(5, effective_at=LATER), ["query", "put_item"], 2, 1),
}
"""A change, the requests that it makes, the write units of its line, and the read units before it.

Pending points are no lot yet: they cost a write unit less than points that expire, and their arrival one more.
"""


@pytest.mark.parametrize(("change", "calls", "written", "read"), CHANGES.values(), ids=CHANGES)
def test_a_change(
    change: Change, calls: list[str], written: int, read: int, passbook: Passbook, network: Network
) -> None:
    line = passbook.record("anna", change, SOON).line
    assert operations(network) == calls
    assert (write_units(network), read_units(network)) == (written, read)
    assert network.table.items("anna")[LOTS:] == [to_item(line)], "one line is written, and no other touched"


@pytest.mark.parametrize(("change", "calls", "written", "read"), CHANGES.values(), ids=CHANGES)
def test_a_key_costs_one_request_and_one_unit_each_more(
    change: Change, calls: list[str], written: int, read: int, passbook: Passbook, network: Network
) -> None:
    record_all(passbook, change, retry=ORDER_17)
    assert operations(network) == ["query", *calls]
    assert (write_units(network), read_units(network)) == (written + 1, read + 1)


def test_a_reference_costs_one_write_unit_more(passbook: Passbook, network: Network) -> None:
    record_all(passbook, Spend(1, reference="order 17"))
    assert operations(network) == ["query", "query", "put_item"]
    assert (write_units(network), read_units(network)) == (2, 1 + A_PAGE)


@pytest.mark.parametrize(("change", "calls"), [told[:2] for told in CHANGES.values()], ids=CHANGES)
def test_a_lost_race_costs_one_request_more(
    change: Change, calls: list[str], passbook: Passbook, network: Network
) -> None:
    clock = VirtualClock()
    winner = Passbook(Network(network.table).client(clock), "ledger", clock=clock)
    network.rival = lambda: record_all(winner, add(1, day=1))
    network.plan = at_puts(faults.RIVAL_FIRST)
    record_all(passbook, change)
    assert operations(network) == [*calls, "put_item"]


ENDINGS: dict[str, tuple[list[Change], Change, int, int, int]] = {
    "refund of a lot": ([Spend(1)], Refund(LOTS + 1), 9, 2, 5),
    "refund of 100 lots": ([Spend(100)], Refund(LOTS + 1), 9, 2, 4 + A_PAGE),
    "refund of a part": ([Spend(100)], Refund(LOTS + 1, 30), 9, 2, 4 + A_PAGE),
    "refund after many newer spends": ([Spend(100), Spend(5_000)], Refund(LOTS + 1), 9, 2, 8 + A_PAGE),
    "void of 100 lots": ([Hold(100, LATER)], Void(LOTS + 1), 9, 2, 3 + A_PAGE),
    "capture of a part": ([Hold(100, LATER)], Capture(LOTS + 1, 30), 9, 2, 3 + A_PAGE),
    "capture of the whole": ([Hold(100, LATER)], Capture(LOTS + 1), 4, 2, 3),
    "cancellation": ([add(5, effective_at=LATER)], Cancel(LOTS + 1), 3, 2, 2),
}
"""What comes before, the change, the most requests that it makes, its line's write units, the most read units."""


@pytest.mark.parametrize(("before", "change", "most", "written", "most_read"), ENDINGS.values(), ids=ENDINGS)
def test_what_refers_to_an_earlier_line(
    before: list[Change],
    change: Change,
    most: int,
    written: int,
    most_read: int,
    passbook: Passbook,
    network: Network,
) -> None:
    record_all(passbook, *before)
    network.journal.clear()
    record_all(passbook, change)
    assert len(operations(network)) <= most
    assert write_units(network) == written
    assert read_units(network) <= most_read


DUE: dict[str, tuple[Change, int, int, int]] = {
    "expiry": (add(5, expires_at=LATER), 3, 1, 1 + A_PAGE),
    "lapse": (Hold(100, LATER), 9, 2, 3 + A_PAGE),
    "arrival": (add(5, effective_at=LATER), 3, 3, 2),
    "arrival with an expiry": (add(5, effective_at=LATER, expires_at=LATER + timedelta(days=1)), 3, 4, 2),
}
"""What leaves something to do, the most requests of time's line, its write units, and the most read units."""


@pytest.mark.parametrize(("change", "most", "written", "most_read"), DUE.values(), ids=DUE)
def test_a_line_of_times(
    change: Change,
    most: int,
    written: int,
    most_read: int,
    passbook: Passbook,
    network: Network,
    clock: VirtualClock,
) -> None:
    record_all(passbook, change)
    network.journal.clear()
    clock.sleep(24 * 3600)
    assert len(passbook.settle("anna", FAR)) == 1
    assert len(operations(network)) <= most
    assert write_units(network) == written
    assert read_units(network) <= most_read


def scatter(passbook: Passbook, ranges: int) -> None:
    """Leave so many ranges open: each further one is a lot of a point, older than all that was closed before it."""
    for year in range(2019, 2020 - ranges, -1):
        record_all(passbook, Spend(1), *(Add("DANNON", 1, datetime(year, 5, day, tzinfo=UTC)) for day in (1, 2)))
    record_all(passbook, Spend(1))
    assert len(passbook.now("anna", SOON).at.state.ranges) == ranges


@pytest.mark.parametrize("ranges", [1, 2, 3, 6])
def test_each_further_range_costs_a_spend_one_request_more_and_its_refund_three_at_most(
    ranges: int, passbook: Passbook, network: Network
) -> None:
    scatter(passbook, ranges)
    network.journal.clear()
    spent = passbook.record("anna", Spend(100), SOON).line
    assert len(operations(network)) == 3 + (ranges - 1)
    assert write_units(network) == 1

    network.journal.clear()
    record_all(passbook, Refund(spent.sequence))
    assert len(operations(network)) <= 9 + 3 * (ranges - 1)
    assert write_units(network) == 2
    assert len(passbook.now("anna", SOON).at.state.ranges) == ranges, "neighbours are joined again"


def test_an_expiry_of_100_lots(network: Network, passbook: Passbook, clock: VirtualClock) -> None:
    record_all(passbook, *[add(1, expires_at=LATER)] * 100)
    network.journal.clear()
    clock.sleep(24 * 3600)
    [line] = passbook.settle("anna", FAR)
    assert line.transaction.points == -100
    assert operations(network) == ["query", "query", "put_item"]
    assert (write_units(network), read_units(network)) == (1, 1 + A_PAGE)


def test_a_refund_of_what_has_expired_costs_one_write_unit_more(
    passbook: Passbook, network: Network, clock: VirtualClock
) -> None:
    record_all(passbook, add(5, expires_at=LATER), Spend(5))
    network.journal.clear()
    clock.sleep(24 * 3600)
    record_all(passbook, Refund(LOTS + 2), deadline=FAR)
    assert len(operations(network)) <= 9
    assert write_units(network) == 3


def test_a_late_add(passbook: Passbook, network: Network) -> None:
    record_all(passbook, Spend(9_000))
    network.journal.clear()
    record_all(passbook, add(5, day=1))
    assert operations(network) == ["query", "put_item"]
    assert (write_units(network), read_units(network)) == (2, 1)


def test_a_balance(passbook: Passbook, network: Network) -> None:
    assert passbook.now("anna", SOON).at.state.total == LOTS
    assert operations(network) == ["query"]
    assert (write_units(network), read_units(network)) == (0, 1)


@pytest.mark.parametrize("moment", [START, START - timedelta(days=1)])
def test_a_balance_as_of_a_moment(moment: datetime, passbook: Passbook, network: Network) -> None:
    assert passbook.as_of("anna", moment, SOON).at.sequence == (LOTS if moment == START else 0)
    assert len(operations(network)) <= 15, "about log2 of the lines"
    assert (write_units(network), read_units(network)) == (0, len(operations(network)))


def test_a_line(passbook: Passbook, network: Network) -> None:
    assert passbook.line("anna", 5_000, SOON)
    assert operations(network) == ["get_item"]


OLD: dict[str, tuple[list[Change], int, int]] = {
    "spend of a lot": ([Spend(1)], 5, 5),
    "spend of a part of a lot": ([Add("DANNON", 5, datetime(2019, 1, 1, tzinfo=UTC)), Spend(3)], 5, 5),
    "hold of the rest and more": ([Add("DANNON", 5, datetime(2019, 1, 1, tzinfo=UTC)), Spend(1), Hold(6, LATER)], 4, 4),
    "spend of the 357 lots of a day": ([Spend(357)], 7, 14),
}
"""Changes, and the requests and the read units of a look at the last of them."""

YEARS = {"older": 2018, "next to the last": 2020, "younger": 2022}


@pytest.mark.parametrize("year", YEARS.values(), ids=YEARS)
@pytest.mark.parametrize(("before", "calls", "read"), OLD.values(), ids=OLD)
def test_a_transaction_whatever_lots_came_later(
    before: list[Change], calls: int, read: int, year: int, passbook: Passbook, network: Network
) -> None:
    record_all(passbook, *before)
    number = LOTS + len(before)
    look(number, passbook, network)
    assert (len(operations(network)), read_units(network)) == (calls, read)
    began = datetime(year, 11, 1, tzinfo=UTC)
    record_all(passbook, *(Add("DANNON", 1, began + timedelta(minutes=minutes)) for minutes in range(1, 501)))
    look(number, passbook, network)
    assert (len(operations(network)), read_units(network)) == (calls, read)


def look(number: int, passbook: Passbook, network: Network) -> None:
    """Look at a transaction, at what has become of it, and at the lots that it drew on."""
    network.journal.clear()
    assert passbook.line("anna", number, SOON)
    records = passbook.now("anna", SOON)
    origin = records.origin(number)
    assert origin
    assert fate_of(number, records.at.state, records).left == -origin.transaction.points
    assert sum(step.given for step in walk_again(origin, records)) == -origin.transaction.points


def test_a_replay(passbook: Passbook, network: Network) -> None:
    record_all(passbook, Spend(5_000), retry=ORDER_17)
    network.journal.clear()
    assert passbook.record("anna", Spend(5_000), SOON, retry=ORDER_17).replayed
    assert operations(network) == ["query", "query", "get_item"]
    assert (write_units(network), read_units(network)) == (0, 3)


def test_a_small_spend_reads_one_page_of_lots(passbook: Passbook, network: Network) -> None:
    record_all(passbook, Spend(5))
    [page] = [sent for sent in network.journal if sent.call.request.get("IndexName") == "by_timestamp"]
    assert page.call.request["Limit"] == 101
    assert page.answer.unpack()["Count"] == 101


@pytest.mark.parametrize("look", [lambda book: book.now("anna", SOON), lambda book: book.line("anna", 1, SOON)])
def test_a_look_writes_nothing(look: Callable[[Passbook], object], passbook: Passbook, network: Network) -> None:
    assert look(passbook)
    assert write_units(network) == 0
