"""A storage that is broken in one of many ways is caught, by random histories and in the interleavings."""

from collections.abc import Iterator
from functools import cache

import pytest

from tests.simulator import interleavings
from tests.simulator.histories import History
from tests.simulator.interleavings import Interleavings, Scenario
from tests.simulator.worlds import World
from tests.storage.canaries import CANARIES, SELDOM_SHOWN, WRONG_IN_CONDUCT, WRONG_IN_EFFECT, Canary
from tests.storage.scenarios import scenarios

pytestmark = pytest.mark.usefixtures("lines_tell_their_origin")

NOTICED = (AssertionError, LookupError)
"""What the judge raises, or the code itself when it meets what cannot be."""


@pytest.mark.parametrize(
    "canary", [canary for canary in CANARIES if canary not in SELDOM_SHOWN], ids=lambda canary: canary.__name__
)
def test_random_histories_catch(canary: Canary) -> None:
    with canary(), pytest.raises(NOTICED):
        live_through(200)


@pytest.mark.usefixtures("pages_of_one_lot", "no_garbage_collection")
@pytest.mark.parametrize("canary", WRONG_IN_EFFECT, ids=lambda canary: canary.__name__)
def test_interleavings_catch_by_the_effect_alone(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interleavings, "check_conduct", lambda *_: None)
    monkeypatch.setattr(interleavings, "check_dates", lambda *_: None)
    with canary(), pytest.raises(NOTICED):
        walk_through_all()


@pytest.mark.usefixtures("pages_of_one_lot", "no_garbage_collection")
@pytest.mark.parametrize("canary", WRONG_IN_CONDUCT, ids=lambda canary: canary.__name__)
def test_interleavings_catch_by_the_conduct(canary: Canary) -> None:
    with canary(), pytest.raises(NOTICED):
        walk_through_all()


def live_through(histories: int) -> None:
    for seed in range(histories):
        History(seed)


def walk_through_all() -> None:
    world_of = cache(World)  # those that begin with the same lines share one
    for scenario in from_small_to_large():
        Interleavings(scenario, world_of(scenario.before))


def from_small_to_large() -> Iterator[Scenario]:
    """Let few callers meet first: most canaries need no more."""
    yield from scenarios(callers=2, faults=0)
    yield from scenarios(callers=2, faults=1, requests=2)
    yield from scenarios(callers=3, faults=0, requests=2)
