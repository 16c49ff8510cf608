"""A new format of line comes in two steps, each of which may be gradual and may be taken back."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from points.rules.terms import Spend
from points.storage import lines
from points.storage.capacity import Limits
from points.storage.errors import UnknownFormatError
from points.storage.passbook import Passbook

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


def test_in_one_step_it_would(network: Network) -> None:
    before, second = Release(network, {OLD}, OLD), Release(network, {OLD, NEW}, NEW)
    take_turns(network, before)
    take_turns(network, second)
    last = network.table.last("anna")
    with before.running() as book, pytest.raises(UnknownFormatError, match="format 3"):
        book.record("anna", add(1), SOON)
    assert network.table.last("anna") == last
