"""Every order in which the calls of two or three callers can reach DynamoDB, with faults at every place."""

import gc
import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

import pytest
from points.storage import open_lots

from tests.simulator.interleavings import Interleavings, Scenario
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


class Walked(NamedTuple):
    """What there was to see."""

    moments: int
    schedules: int
    marks: set[str]


@pytest.fixture(autouse=True)
def _pages_of_one_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_lots, "FIRST_PAGE", 1)


@pytest.fixture(autouse=True)
def _without_garbage_collection() -> Iterator[None]:
    """Keep the collector from walking through all moments again and again: none of them is garbage yet."""
    gc.disable()
    yield
    gc.enable()


def walk(to_walk: Iterable[Scenario]) -> Walked:
    """Walk through scenarios; those that begin with the same lines share a world."""
    world_of = cache(World)
    moments = schedules = 0
    marks: set[str] = set()
    for scenario in to_walk:
        walked = Interleavings(scenario, world_of(scenario.before))
        moments += walked.moments
        schedules += walked.schedules
        marks |= walked.marks
    return Walked(moments, schedules, marks)


def report(walked: Walked, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f" {walked.moments:,} moments in {walked.schedules:,} schedules ")


def test_two_callers_with_two_faults(capsys: pytest.CaptureFixture[str]) -> None:
    walked = walk(scenarios(callers=2, faults=2))
    report(walked, capsys)
    assert walked.moments > 90_000
    assert walked.marks >= ALL_MARKS - {"lines read after lost races"}, "only that needs a third caller"


def test_three_callers(capsys: pytest.CaptureFixture[str]) -> None:
    walked = walk(scenarios(callers=3, faults=2) if NIGHTLY else scenarios(callers=3, faults=1, requests=3))
    report(walked, capsys)
    assert walked.moments > 100_000
    assert walked.marks >= ALL_MARKS
