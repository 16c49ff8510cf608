"""A storage that is broken in one of many ways is caught by random histories."""

import pytest

from tests.simulator.histories import History
from tests.storage.canaries import CANARIES, Canary

pytestmark = pytest.mark.usefixtures("lines_tell_their_origin")

NOTICED = (AssertionError, LookupError)
"""A promise is found broken, or the broken build itself falls over what it did."""


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.__name__)
def test_random_histories_catch(canary: Canary) -> None:
    with canary(), pytest.raises(NOTICED):
        live_through(1_000)


def live_through(histories: int) -> None:
    for seed in range(histories):
        History(seed)
