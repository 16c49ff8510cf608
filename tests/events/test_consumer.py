"""The example of a consumer: its balance is right, whatever comes twice, early or late."""

from collections import defaultdict
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from points.events.expiring import expiring_event
from points.events.recorded import event_of

from examples.consumer import Balances
from tests.events.bridges import Detail
from tests.events.histories import adds_of, every_kind
from tests.simulator.clock import START

HISTORY = [dict(event_of(line).detail) for line in [*every_kind().lines, *adds_of("bcbb").lines]]


def balances_after(details: list[Detail]) -> dict[str, int]:
    """Return what the last of each account's events says."""
    newest: dict[str, Detail] = {}
    for detail in details:
        older = newest.get(detail["account"], detail)
        newest[detail["account"]] = max(older, detail, key=lambda it: it["transaction"]["sequence"])
    return {account: sum(detail["balance"].values()) for account, detail in newest.items()}


@given(seed=st.integers(0, 2**32), doubles=st.lists(st.sampled_from(HISTORY), max_size=20))
def test_in_any_order_and_with_any_doubles_it_comes_to_the_same(seed: int, doubles: list[Detail]) -> None:
    balances = Balances()
    received = Random(seed).sample([*HISTORY, *doubles], len(HISTORY) + len(doubles))
    for detail in received:
        balances.take(detail)
    assert balances.points == balances_after(HISTORY)
    assert all(len(balances.gap(account)) == 0 for account in balances.points)


def test_what_has_not_happened_yet_does_not_count() -> None:
    balances = Balances()
    balances.take(dict(expiring_event("anna", START, {"DANNON": 70}).detail))
    assert (balances.points, balances.early) == ({}, {})


def test_in_order_it_is_right_after_every_event() -> None:
    balances, seen = Balances(), defaultdict[str, int](int)
    for detail in HISTORY:
        balances.take(detail)
        seen[detail["account"]] += 1
        assert balances.points[detail["account"]] == sum(detail["balance"].values())
        assert balances.last[detail["account"]] == seen[detail["account"]]


@pytest.mark.parametrize("lacking", range(1, 10))
def test_a_gap_is_told_and_nothing_behind_it_counts(lacking: int) -> None:
    balances = Balances()
    for detail in [*HISTORY[: lacking - 1], *HISTORY[lacking : lacking + 3]]:
        balances.take(detail)
    assert list(balances.gap("anna")) == [lacking]
    assert balances.points["anna"] == (sum(HISTORY[lacking - 2]["balance"].values()) if lacking > 1 else 0)
