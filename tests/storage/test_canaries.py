"""A storage that is broken in one of many ways is caught, by random histories and in the interleavings."""

from collections.abc import Iterable, Iterator
from functools import cache

import pytest
from points.storage import lot_pages

from tests.simulator import interleavings
from tests.simulator.histories import History
from tests.simulator.interleavings import Interleavings, Scenario
from tests.simulator.promises import BrokenPromiseError
from tests.simulator.worlds import World
from tests.storage.canaries import CANARIES, WRONG_AMONG_FOUR, WRONG_IN_CONDUCT, WRONG_IN_EFFECT, Canary
from tests.storage.scenarios import scenarios

pytestmark = pytest.mark.usefixtures("lines_tell_their_origin")

NOTICED = (AssertionError, LookupError)
"""A promise is found broken, or the broken build itself falls over what it did."""


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.__name__)
def test_random_histories_catch(canary: Canary) -> None:
    with canary(), pytest.raises(NOTICED):
        live_through(range(600))


@pytest.mark.parametrize("canary", [*WRONG_IN_EFFECT, *WRONG_AMONG_FOUR], ids=lambda canary: canary.__name__)
def test_interleavings_catch_by_the_effect(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lot_pages, "FIRST_PAGE", 1)
    monkeypatch.setattr(interleavings, "check_conduct", lambda *_: None)
    monkeypatch.setattr(interleavings, "check_dates", lambda *_: None)
    with canary(), pytest.raises(BrokenPromiseError):
        walk_through(interleaved(canary))


@pytest.mark.parametrize("canary", WRONG_IN_CONDUCT, ids=lambda canary: canary.__name__)
def test_interleavings_catch_by_the_conduct(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lot_pages, "FIRST_PAGE", 1)
    with canary(), pytest.raises(BrokenPromiseError):
        walk_through(interleaved(canary))


def live_through(seeds: Iterable[int]) -> None:
    for seed in seeds:
        History(seed)


def interleaved(canary: Canary) -> Iterator[Scenario]:
    """Let as many callers meet as the canary may need."""
    if canary in WRONG_AMONG_FOUR:
        yield from scenarios(callers=4, faults=0, requests=2)
    else:
        yield from scenarios(callers=3, faults=0, requests=2)
        yield from scenarios(callers=2, faults=1)


def walk_through(to_walk: Iterable[Scenario]) -> None:
    world_of = cache(World)  # those that begin with the same lines share one
    for scenario in to_walk:
        Interleavings(scenario, world_of(scenario.before))
