"""Many clients on one account, in virtual time: none is turned away, and most of what they ask is of use.

And more than the account can take: most that it can is still taken, and the others are told so soon, and cheaply. And
beside others' adds, a spend that takes long to plan gets its turn.
"""

from contextlib import suppress
from random import Random

import pytest
from points.storage.admission import Admission
from points.storage.calls import PATIENCE_S
from points.storage.errors import BusyError

from bench import hot
from bench.beside import READ_S, WALK_S, beside
from bench.flood import SURGE_S, burst, flood
from bench.hot import AS_IT_IS, CHANGES, CLIENTS, in_virtual_time
from tests.simulator.clock import VirtualClock


@pytest.mark.parametrize("seed", range(3))
def test_sixteen_clients_lose_no_request_and_waste_less_than_half(seed: int) -> None:
    outcome = in_virtual_time(AS_IT_IS, CLIENTS, seed)

    assert (outcome.lost, len(outcome.seconds)) == (0, CLIENTS * CHANGES)
    assert outcome.share > 0.58
    assert max(outcome.seconds) < 1.4


def test_sixteen_clients_are_together_faster_than_one_where_calls_take_milliseconds() -> None:
    assert in_virtual_time(AS_IT_IS, CLIENTS).rate > in_virtual_time(AS_IT_IS, 1).rate


@pytest.mark.parametrize("slower", [2, 6])
def test_sixteen_clients_are_none_too_many_where_calls_are_slow(slower: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hot, "ROUND_TRIP_S", (0.003 * slower, 0.007 * slower))
    outcome = in_virtual_time(AS_IT_IS, CLIENTS)
    assert outcome.lost < CLIENTS * CHANGES * 0.05


def test_an_account_that_can_take_all_adds_refuses_none() -> None:
    assert not flood(rate=110, seconds=4).refused


@pytest.mark.parametrize("rate", [250, 1_400])
def test_a_flood_leaves_the_account_its_rate_and_others_their_functions(rate: float) -> None:
    """A flood of twice what an account can take, and one of ten times; 139 is the rate of `pack(4)`."""
    told = flood(rate, seconds=8)

    assert len(told.accepted) > 8 * 0.8 * 139
    assert told.wasted(since=SURGE_S) < 3
    assert told.functions < 300
    assert told.turned_away == 0
    assert max(told.accepted + told.refused) < 3


@pytest.mark.parametrize("seed", range(3))
def test_adds_that_come_at_once_are_all_recorded(seed: int) -> None:
    told = burst(64, seed)

    assert not told.refused
    assert max(told.accepted) < 2


@pytest.mark.parametrize("adds", [10, 50])
@pytest.mark.parametrize("seed", range(3))
def test_a_spend_of_very_many_lots_gets_its_turn_beside_adds(adds: float, seed: int) -> None:
    """Its 2,000 lots take as long as 100,000 do: to read them a second, to walk over them 226 ms."""
    outcome = beside(adds, seed, lots=2_000, walk_s=50 * WALK_S, read_s=50 * READ_S)
    assert outcome.seconds
    assert outcome.seconds < 2.5
    assert outcome.walks == 1
    assert outcome.races > 0


def test_a_spend_that_was_long_in_reading_has_patience_left() -> None:
    outcome = beside(adds=50, lots=2_000, walk_s=50 * WALK_S, read_s=4 * 50 * READ_S)
    assert outcome.seconds
    assert outcome.seconds > 2 * PATIENCE_S


def test_a_function_forgets_after_the_flood() -> None:
    clock, rng = VirtualClock(), Random(0)
    admission = Admission(clock, rng)
    for _ in range(50):
        with suppress(BusyError):
            admission.admit("anna")
            admission.note("anna", done=False)
    with pytest.raises(BusyError):
        [admission.admit("anna") for _ in range(20)]
    assert admission.admit("another")
    clock.sleep(60)
    assert all(admission.admit("anna") for _ in range(20))


def test_a_function_remembers_only_so_many_accounts() -> None:
    admission = Admission(VirtualClock(), Random(0))
    for number in range(2_000):
        admission.note(str(number), done=False)
    admission.note("content", done=True)
    assert len(admission._busy) == 1_000
    assert "content" not in admission._busy
