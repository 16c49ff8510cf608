"""Every order in which the calls of two, three or four callers can reach DynamoDB, with faults at every place."""

import gc
import os
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from points.storage import open_lots

from tests.simulator.interleavings import Interleavings
from tests.simulator.worlds import World
from tests.storage.scenarios import scenarios

pytestmark = pytest.mark.usefixtures("lines_tell_their_origin")

NIGHTLY = bool(os.getenv("SIMULATOR_NIGHTLY"))
"""Whether there is time for more callers with more faults."""

ALL_MARKS = {
    "lost race",
    "lost race after an unclear put",
    "lines read after lost races",
    "own line handed back",
    "replay of a line handed back",
    "replay of a line looked up",
    "several pages of lots",
    "page with a lot newer than the line",
    "ended DONE",
    "ended REPLAYED",
    "ended REFUSED",
    "ended NOT_RECORDED",
    "ended UNKNOWN",
}


@pytest.fixture(autouse=True)
def _pages_of_one_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_lots, "FIRST_PAGE", 1)


@pytest.fixture(autouse=True)
def _without_garbage_collection() -> Iterator[None]:
    """Keep the collector from walking through all moments again and again: none of them is garbage yet."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def marks_of(saw: Callable[[int, str], None]) -> Callable[..., set[str]]:
    """Return a function that walks through the scenarios of so many callers, with up to so many faults."""

    def walk_through(callers: int, faults: int, requests: int | None = None) -> set[str]:
        world_of = cache(World)  # those that begin with the same lines share one
        moments = schedules = 0
        marks: set[str] = set()
        for scenario in scenarios(callers, faults, requests):
            walked = Interleavings(scenario, world_of(scenario.before))
            moments += walked.moments
            schedules += walked.schedules
            marks |= walked.marks
        saw(moments, f"moments of {callers} callers; faults: {faults} at most")
        saw(schedules, f"orders of the steps of {callers} callers; faults: {faults} at most")
        assert moments > 100_000
        return marks

    return walk_through


def test_two_callers(marks_of: Callable[..., set[str]]) -> None:
    marks = marks_of(callers=2, faults=3 if NIGHTLY else 2)
    assert marks >= ALL_MARKS - {"lines read after lost races"}, "only that needs a third caller"


def test_three_callers(marks_of: Callable[..., set[str]]) -> None:
    if NIGHTLY:
        marks = marks_of(callers=3, faults=2)
    else:
        marks = marks_of(callers=3, faults=1, requests=3) | marks_of(callers=3, faults=2, requests=2)
    assert marks >= ALL_MARKS


def test_four_callers(marks_of: Callable[..., set[str]]) -> None:
    marks = marks_of(callers=4, faults=1, requests=2) if NIGHTLY else marks_of(callers=4, faults=0, requests=3)
    assert marks >= {"lines read after lost races", "lines missed in a pause"}
