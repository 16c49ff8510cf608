"""What the tests of the storage share: a simulated DynamoDB, and the passbook in front of it."""

import gc
from collections.abc import Iterator
from random import Random

import pytest
from points.storage import lot_pages
from points.storage.passbook import Passbook

from tests.simulator.attempts import telling_write_ids
from tests.simulator.clock import VirtualClock
from tests.simulator.network import Network
from tests.simulator.table import Table


@pytest.fixture
def lines_tell_their_origin() -> Iterator[None]:
    """Let write_ids be names instead of random."""
    with telling_write_ids():
        yield


@pytest.fixture
def pages_of_one_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lots be read one by one at first, so that few make several pages."""
    monkeypatch.setattr(lot_pages, "FIRST_PAGE", 1)


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    """Keep the collector from walking through all moments again and again: none of them is garbage yet."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def clock() -> VirtualClock:
    """Return a clock of the test's own."""
    return VirtualClock()


@pytest.fixture
def network() -> Network:
    """Return the way to an empty table, on which nothing goes wrong yet."""
    return Network(Table())


@pytest.fixture
def passbook(network: Network, clock: VirtualClock) -> Passbook:
    """Return the storage at this end of the way."""
    return Passbook(network.client(clock), "ledger", clock=clock, rng=Random(0))
