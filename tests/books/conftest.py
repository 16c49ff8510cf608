"""A ledger in memory behind the handlers, with a clock that the tests set."""

from collections.abc import Iterator

import pytest
from points.api import runtime
from points.storage.lines import FORMAT

from tests.api.conftest import no_metrics_are_fine
from tests.simulator.calls import Client
from tests.simulator.clock import VirtualClock
from tests.simulator.table import Table

__all__ = ["no_metrics_are_fine"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    """Time as the handlers have it: it passes when a test lets it."""
    clock = VirtualClock()
    monkeypatch.setattr(runtime, "_clock", clock)
    return clock


@pytest.fixture
def table(clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:  # noqa: ARG001
    """The table to which the handlers write."""
    table = Table()
    monkeypatch.setenv("TABLE_NAME", table.name)
    monkeypatch.setenv("LINE_FORMAT", str(FORMAT))  # ledgers change it, until the test is over
    monkeypatch.setattr(runtime, "make_client", lambda: Client(table.answer))
    runtime.passbook.cache_clear()
    yield table
    runtime.passbook.cache_clear()
