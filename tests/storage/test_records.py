"""What the rules look up: read once, and right under every line that follows."""

from random import Random

import pytest
from points.rules.order import FIRST_CHAPTER, end_of_chapter
from points.rules.terms import Kind, Refund, Spend
from points.storage.calls import Calls
from points.storage.passbook import Passbook
from points.storage.reading import Reader
from points.storage.records import Records

from tests.simulator.clock import VirtualClock
from tests.simulator.network import Network
from tests.storage.helpers import SOON, add, lines, operations, record_all

EVERYTHING = FIRST_CHAPTER, end_of_chapter(FIRST_CHAPTER)


@pytest.fixture
def reader(network: Network, clock: VirtualClock) -> Reader:
    """Return a reader of the account."""
    return Reader(Calls(network.client(clock), clock, Random(0), SOON), "ledger", "anna")


def lots_of(records: Records, through: int | None = None) -> list[int]:
    return [lot.sequence for lot in records.lots(*EVERYTHING, through=through)]


def test_lots_are_those_under_the_line(passbook: Passbook, reader: Reader, network: Network) -> None:
    record_all(passbook, add(1, day=3), add(1, day=5), add(1, day=4), add(1, day=2))
    second, third, fourth = lines(network)[1:]
    records = Records(reader, second)
    assert lots_of(records) == [1, 2]
    assert lots_of(records.follow(third)) == [1, 3, 2]
    assert lots_of(records.follow(third).follow(fourth)) == [4, 1, 3, 2]
    assert lots_of(records.follow(third).follow(fourth), through=3) == [1, 3, 2]
    assert lots_of(records.follow(third).follow(fourth), through=1) == [1]
    assert lots_of(records) == [1, 2], "what follows is nothing to those that came before"


def test_lots_that_were_read_are_not_read_again(passbook: Passbook, reader: Reader, network: Network) -> None:
    record_all(passbook, add(1), add(1), Spend(1))
    above, line = lines(network)[1:]
    network.journal.clear()
    records = Records(reader, above)
    for now in (records, records, records.follow(line)):
        assert lots_of(now) == [1, 2]
    assert operations(network) == ["query"]


def test_a_peek_is_past_what_is_newer_than_the_line(passbook: Passbook, reader: Reader, network: Network) -> None:
    record_all(passbook, add(1, day=3), add(1, day=1))
    first, second = lines(network)
    records = Records(reader, first)
    assert records.peek(*EVERYTHING) == first.lot
    assert records.follow(second).peek(*EVERYTHING) == second.lot


def test_an_origin_has_the_states_around_it(passbook: Passbook, reader: Reader, network: Network) -> None:
    record_all(passbook, add(5), Spend(3), Spend(2))
    first, spend, last = lines(network)
    for records in (Records(reader, last), Records(reader, first).follow(spend).follow(last)):
        network.journal.clear()
        origins = [records.origin(2), records.origin(2)]
        assert [origin and origin.transaction for origin in origins] == [spend.transaction] * 2
        assert [origin and (origin.before, origin.after) for origin in origins] == [(first.state, spend.state)] * 2
        assert len(operations(network)) <= 1


@pytest.mark.parametrize("number", [0, 3, 10**15])
def test_there_is_no_origin_but_those_under_the_line(
    number: int, passbook: Passbook, reader: Reader, network: Network
) -> None:
    record_all(passbook, add(5), Spend(3), Spend(2))
    network.journal.clear()
    assert Records(reader, lines(network)[1]).origin(number) is None
    assert operations(network) == []


def test_references_are_those_under_the_line(passbook: Passbook, reader: Reader, network: Network) -> None:
    record_all(passbook, add(5), Spend(5), Refund(2, 1), Refund(2, 2), Refund(2, 1))
    spend, first, second, third = lines(network)[1:]
    assert Records(reader, spend).latest(2) is None
    for records in (
        Records(reader, second),
        Records(reader, first).follow(second),
        Records(reader, spend).follow(first).follow(second),
    ):
        assert records.closing(2) == (3, Kind.REFUND, first.recorded_at, 1)
        assert records.latest(2) == (4, Kind.REFUND, second.recorded_at, 3), "all that is undone so far, not a sum"
    assert Records(reader, second).follow(third).latest(2) == (5, Kind.REFUND, third.recorded_at, 4)
