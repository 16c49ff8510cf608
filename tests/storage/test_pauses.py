"""How long is waited between calls that DynamoDB turns away: longer each time, so that it can recover."""

import random
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from points.storage.calls import PATIENCE_S, Calls
from points.storage.errors import BusyError

from tests.simulator import errors
from tests.simulator.clock import VirtualClock


class Longest(random.Random):
    """Chance at its worst."""

    def uniform(self, _a: float, b: float) -> float:
        return b


def test_the_longest_pause_doubles_up_to_half_a_second() -> None:
    clock, called = VirtualClock(), []

    def turn_away(**_: Any) -> Any:
        called.append(clock.elapsed())
        raise errors.throttled("GetItem")

    calls = Calls(SimpleNamespace(get_item=turn_away), clock, Longest(), PATIENCE_S + 1)  # type: ignore[arg-type]
    with pytest.raises(BusyError):
        calls.get({})

    pauses = [later - earlier for earlier, later in pairwise(called)]
    assert pauses == pytest.approx([0.1, 0.2, 0.4, *[0.5] * (len(pauses) - 3)])
    assert PATIENCE_S <= called[-1] < PATIENCE_S + 0.5
