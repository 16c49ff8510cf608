"""Bounds that reserve too little. The search for lines that need more room must notice each of these."""

from collections.abc import Callable
from typing import Any

import pytest
from points.rules.terms import State
from points.storage import capacity
from points.storage.capacity import largest_line

from tests.rules.growth import check_room

SEEDS = 1000

CANARIES: list[Any] = []


def bound(too_little: Callable[[State], int]) -> Callable[[State], int]:
    """Register what a broken bound leaves out, in bytes."""
    CANARIES.append(pytest.param(too_little, id=too_little.__name__))
    return too_little


@bound
def a_range_for_each_hold(state: State) -> int:
    return len(state.holds) * capacity._RANGE_BYTES


@bound
def a_part_spent_lot_for_each_hold(state: State) -> int:
    return len(state.holds) * capacity._PART_SPENT_BYTES


@bound
def a_range_for_each_pending_add(state: State) -> int:
    return len(state.pending) * capacity._RANGE_BYTES


@bound
def a_part_spent_lot_for_each_pending_add(state: State) -> int:
    return len(state.pending) * capacity._PART_SPENT_BYTES


@bound
def the_lot_that_the_next_spend_stops_inside(_: State) -> int:
    return capacity._PART_SPENT_BYTES


@pytest.mark.parametrize("left_out", CANARIES)
def test_a_bound_that_leaves_something_out_is_noticed(
    left_out: Callable[[State], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "largest_line", lambda state: largest_line(state) - left_out(state))
    with pytest.raises(AssertionError, match="needs more room"):
        check_room(SEEDS)
