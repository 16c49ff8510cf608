"""Every order in which the calls of two, three or four callers can reach DynamoDB, with faults at every place."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.simulator.interleavings import Interleavings
from tests.simulator.worlds import World
from tests.storage.scenarios import CALM, TIMELESS, scenarios

pytestmark = pytest.mark.usefixtures("lines_tell_their_origin", "pages_of_one_lot", "no_garbage_collection")

NIGHTLY = bool(os.getenv("SIMULATOR_NIGHTLY"))
"""Whether there is time for more callers with more faults."""

ALL_MARKS = {
    "lost race",
    "lost race after an unclear put",
    "lost race of a line of time's",
    "lost race to a line of time's",
    "lost race of a sweeper",
    "lines read after lost races",
    "own line handed back",
    "own line of time's handed back",
    "replay of a line handed back",
    "replay of a line looked up",
    "refund lost its race to a refund",
    "refund lost its race to a spend",
    "several pages of lots",
    "page with a lot newer than the line",
    "lapsed while it was captured",
    "captured too late",
    "refused after lines of time's",
    "given up at a line of time's that is unclear",
    "ended DONE",
    "ended REPLAYED",
    "ended REFUSED",
    "ended NOT_RECORDED",
    "ended UNKNOWN",
}


@pytest.fixture
def marks_of(saw: Callable[[int, str], None]) -> Callable[..., set[str]]:
    """Return a function that walks through the scenarios of so many callers, with up to so many faults."""

    def walk_through(callers: int, faults: int, requests: int | None = None, **accounts: Any) -> set[str]:
        world_of = cache(World)  # those that begin with the same lines share one
        moments = schedules = 0
        marks: set[str] = set()
        for scenario in scenarios(callers, faults, requests, **accounts):
            walked = Interleavings(scenario, world_of(scenario.before))
            moments += walked.moments
            schedules += walked.schedules
            marks |= walked.marks
        saw(moments, f"moments of {callers} callers; faults: {faults} at most")
        saw(schedules, f"orders of the steps of {callers} callers; faults: {faults} at most")
        assert moments > 50_000
        return marks

    return walk_through


def test_two_callers(marks_of: Callable[..., set[str]]) -> None:
    marks = marks_of(callers=2, faults=3) if NIGHTLY else marks_of(2, 2, 3) | marks_of(2, 1)
    assert marks >= ALL_MARKS


def test_three_callers(marks_of: Callable[..., set[str]]) -> None:
    marks = marks_of(callers=3, faults=2, requests=4) if NIGHTLY else marks_of(3, 1, 2, accounts=CALM)
    assert marks >= {"lines read after lost races", "lost race of a line of time's", "refund lost its race to a refund"}


def test_four_callers(marks_of: Callable[..., set[str]]) -> None:
    marks = marks_of(callers=4, faults=1, requests=2) if NIGHTLY else marks_of(4, 0, 2, accounts=TIMELESS)
    assert marks >= {"lines read after lost races", "lines missed in a pause"}
