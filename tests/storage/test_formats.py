"""A new format of line comes in two steps, each of which may be gradual and may be taken back."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from points.rules.terms import Add, Spend
from points.storage import lines
from points.storage.capacity import Limits
from points.storage.errors import UnknownFormatError
from points.storage.lines import from_item
from points.storage.passbook import Passbook
from points.storage.sizes import stored_bytes

from tests.rules.account import day
from tests.simulator.clock import VirtualClock
from tests.simulator.network import Network
from tests.storage.helpers import SOON, add

OLD, NEW = 2, 3


class Release:
    """A version of the code, by the formats that it reads and the one that it writes."""

    def __init__(self, network: Network, reads: set[int], writes: int) -> None:
        clock = VirtualClock()
        self._reads = frozenset(reads)
        self.book = Passbook(network.client(clock), "ledger", limits=Limits(line_format=writes), clock=clock)

    @contextmanager
    def running(self) -> Iterator[Passbook]:
        with patch.object(lines, "FORMATS", self._reads):
            yield self.book


def take_turns(network: Network, *releases: Release) -> None:
    """Let releases serve one account in turn, each writing below what the others wrote."""
    for _ in range(2):
        for release in releases:
            with release.running() as book:
                book.record("anna", add(10), SOON)
                book.record("anna", Spend(3), SOON)
                assert book.now("anna", SOON).at.sequence == network.table.last("anna")


def written(network: Network) -> list[int]:
    return [int(item["format"]["N"]) for item in network.table.items("anna")]


def test_a_new_format_shuts_no_account_in_two_steps_and_back(network: Network) -> None:
    before, first = Release(network, {OLD}, OLD), Release(network, {OLD, NEW}, OLD)
    second = Release(network, {OLD, NEW}, NEW)
    take_turns(network, before, first)  # the first step, gradually
    take_turns(network, before)  # and back
    take_turns(network, first)
    assert set(written(network)) == {OLD}
    take_turns(network, first, second)  # the second
    take_turns(network, first)  # and back
    take_turns(network, second)
    assert written(network)[-4:] == [NEW] * 4
    assert set(written(network)) == {OLD, NEW}


def test_a_payer_at_0_takes_a_fourth_less_in_format_3_and_keeps_its_place(network: Network) -> None:
    names = [f"{number:020}" for number in range(3)]
    states = {}
    for layout in (OLD, NEW):
        book = Release(network, {OLD, NEW}, layout).book
        for name, timestamp in zip(names, (2, 1, 3), strict=True):
            book.record(f"account {layout}", Add(name, 10, day(timestamp)), SOON)
        states[layout] = book.record(f"account {layout}", Spend(10), SOON).line.state
    assert states[OLD].balances == states[NEW].balances == dict(zip(names, (10, 0, 10), strict=True))
    told = {layout: network.table.items(f"account {layout}")[-1] for layout in (OLD, NEW)}
    assert told[NEW]["balances"]["L"][1] == {"S": names[1]}
    assert list(from_item(told[NEW]).state.balances) == names
    empty = stored_bytes({"": {"L": []}})
    assert [stored_bytes({"": {"L": [told[of]["balances"]["L"][1]]}}) - empty for of in (OLD, NEW)] == [28, 21]


def test_in_one_step_it_would(network: Network) -> None:
    before, second = Release(network, {OLD}, OLD), Release(network, {OLD, NEW}, NEW)
    take_turns(network, before)
    take_turns(network, second)
    last = network.table.last("anna")
    with before.running() as book, pytest.raises(UnknownFormatError, match="format 3"):
        book.record("anna", add(1), SOON)
    assert network.table.last("anna") == last
