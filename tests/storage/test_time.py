"""What time does meanwhile: between a look and a change, between two tries, and between two writers."""

import re
from collections import Counter
from datetime import datetime, timedelta

import pytest
from points.rules.refusals import HoldEndError, NotEnoughPointsError
from points.rules.terms import Hold, Kind, Spend
from points.storage.clock import Clock
from points.storage.errors import BusyError, ClockError, OutcomeUnknownError, VersionMismatchError
from points.storage.passbook import Passbook
from points.storage.writing import Recorded

from tests.simulator import faults
from tests.simulator.calls import Client
from tests.simulator.clock import START, VirtualClock
from tests.simulator.network import Network
from tests.storage.helpers import (
    ORDER_17,
    SOON,
    add,
    all_at_once,
    always,
    at_puts,
    items_put,
    lines,
    operations,
    record_all,
)

DAY = timedelta(days=1)
A_DAY_S = DAY.total_seconds()
TOMORROW = START + DAY
FAR = 10 * A_DAY_S
"""A deadline for what is done some days later."""

EXPIRED = add(5, expires_at=START - DAY)
"""It expires at once, so that the next writer finds it due."""


def kinds(network: Network) -> list[str]:
    return [str(line.transaction.kind) for line in lines(network)]


def test_a_version_from_before_an_expiry_is_another_after_it(
    passbook: Passbook, network: Network, clock: VirtualClock
) -> None:
    record_all(passbook, add(5, expires_at=TOMORROW), add(7))
    seen, _ = passbook.preview("anna", Spend(6), SOON)
    clock.sleep(A_DAY_S)
    with pytest.raises(VersionMismatchError) as raised:
        passbook.record("anna", Spend(6), FAR, only_at={seen.version})
    assert (seen.version, raised.value.version) == ("2", "2.2026-01-02T00:00:00.000000Z")
    assert kinds(network) == ["add", "add"], "what is refused leaves no time's lines either"


def test_a_version_is_the_same_before_and_after_an_expiry_is_recorded(passbook: Passbook, clock: VirtualClock) -> None:
    record_all(passbook, add(5, expires_at=TOMORROW), add(7))
    clock.sleep(A_DAY_S)
    before = passbook.now("anna", FAR).at.version
    passbook.settle("anna", FAR)
    assert passbook.now("anna", FAR).at.version == before
    assert passbook.record("anna", Spend(6), FAR, only_at={before}).line.transaction.taken == {"DANNON": -6}


def test_a_key_is_replayed_across_an_expiry(passbook: Passbook, network: Network, clock: VirtualClock) -> None:
    first = passbook.record("anna", add(5, expires_at=TOMORROW), SOON, retry=ORDER_17)
    clock.sleep(2 * A_DAY_S)
    again = passbook.record("anna", add(5, expires_at=TOMORROW), FAR, retry=ORDER_17)
    assert again == Recorded(first.line, replayed=True)
    assert kinds(network) == ["add"]


def test_a_retry_whose_date_has_passed_is_a_replay(passbook: Passbook, network: Network, clock: VirtualClock) -> None:
    record_all(passbook, add(5))
    first = passbook.record("anna", Hold(5, TOMORROW), SOON, retry=ORDER_17)
    clock.sleep(2 * A_DAY_S)
    assert passbook.record("anna", Hold(5, TOMORROW), FAR, retry=ORDER_17) == Recorded(first.line, replayed=True)
    with pytest.raises(HoldEndError):
        passbook.record("anna", Hold(5, TOMORROW), FAR)
    assert kinds(network) == ["add", "hold"]


def test_between_an_expiry_and_its_recording_it_has_expired(
    passbook: Passbook, network: Network, clock: VirtualClock
) -> None:
    record_all(passbook, add(5, expires_at=TOMORROW))
    clock.sleep(2 * A_DAY_S)

    def total(moment: datetime) -> int:
        return passbook.as_of("anna", moment, FAR).at.state.total

    just_before = TOMORROW - timedelta(microseconds=1)
    assert [total(moment) for moment in (just_before, TOMORROW, TOMORROW + DAY)] == [5, 0, 0]
    record_all(passbook, add(7), deadline=FAR)
    assert kinds(network) == ["add", "expire", "add"]
    assert lines(network)[1].recorded_at == TOMORROW + DAY
    assert [total(moment) for moment in (just_before, TOMORROW, TOMORROW + DAY)] == [5, 0, 7]


def test_what_time_did_by_a_moment_is_read_once_it_is_recorded_and_not_worked_out_again(
    passbook: Passbook, network: Network, clock: VirtualClock
) -> None:
    record_all(passbook, add(5, expires_at=TOMORROW))
    clock.sleep(2 * A_DAY_S)
    record_all(passbook, *[add(1)] * 300, deadline=FAR)
    network.journal.clear()
    assert passbook.as_of("anna", TOMORROW, FAR).at.state.balances == {"DANNON": 0}
    assert Counter(operations(network)) == {"query": 1, "get_item": 8}, "a binary search, and no lots"


def test_lots_that_expired_at_two_moments_on_one_line_are_told_apart(passbook: Passbook, clock: VirtualClock) -> None:
    record_all(passbook, add(5, expires_at=TOMORROW), add(3, expires_at=TOMORROW + DAY), add(2))
    clock.sleep(3 * A_DAY_S)
    assert [line.transaction.points for line in passbook.settle("anna", FAR)] == [-8]
    moments = (TOMORROW - timedelta.resolution, TOMORROW, TOMORROW + DAY)
    assert [passbook.as_of("anna", moment, FAR).at.state.total for moment in moments] == [10, 5, 2]


def test_a_moment_to_come_shows_what_will_be_due(passbook: Passbook, network: Network) -> None:
    record_all(passbook, add(5, expires_at=TOMORROW), add(7, effective_at=TOMORROW))
    assert passbook.as_of("anna", TOMORROW, SOON).at.state.balances == {"DANNON": 7}
    assert kinds(network) == ["add", "pending"]


def test_a_refused_change_leaves_no_times_lines(passbook: Passbook, network: Network) -> None:
    record_all(passbook, EXPIRED)
    with pytest.raises(NotEnoughPointsError):
        passbook.record("anna", Spend(1), SOON)
    assert kinds(network) == ["add"]


def test_a_change_tells_of_times_lines_on_the_way_to_it(passbook: Passbook, network: Network) -> None:
    record_all(passbook, EXPIRED)
    recorded = passbook.record("anna", add(1), SOON)
    _, expiry, change = lines(network)
    assert (expiry.is_times_own, change.is_times_own) == (True, False)
    assert recorded == Recorded(change, due=(expiry,))


@pytest.mark.parametrize("fast", [11, -11])
def test_a_clock_that_is_far_off_dynamodbs_writes_nothing(fast: int, network: Network, clock: VirtualClock) -> None:
    passbook = Passbook(network.client(clock), "ledger", clock=clock.shown_fast(fast))
    with pytest.raises(ClockError, match=re.escape(f"{fast:+d} s")):
        passbook.record("anna", add(5), SOON)
    with pytest.raises(ClockError):
        passbook.settle("anna", SOON)
    assert operations(network) == ["query", "query"]


@pytest.mark.parametrize("fast", [9, -9])
def test_a_clock_that_is_a_little_off_writes(fast: int, network: Network, clock: VirtualClock) -> None:
    passbook = Passbook(network.client(clock), "ledger", clock=clock.shown_fast(fast))
    assert passbook.record("anna", add(5), SOON).line.recorded_at == START + timedelta(seconds=fast)


def test_a_line_is_never_dated_before_the_one_above_it(network: Network, clock: VirtualClock) -> None:
    ahead = Passbook(network.client(clock), "ledger", clock=clock.shown_fast(5))
    behind = Passbook(network.client(clock), "ledger", clock=clock.shown_fast(-5))
    record_all(ahead, add(5))
    record_all(behind, add(5))
    first, second = lines(network)
    assert first.recorded_at == second.recorded_at == START + timedelta(seconds=5)


def test_a_sweeper_and_writers_record_what_is_due_once(passbook: Passbook, network: Network) -> None:
    record_all(passbook, EXPIRED)

    def sweep(client: Client, clock: Clock) -> object:
        return Passbook(client, "ledger", clock=clock).settle("anna", SOON)

    def write(client: Client, clock: Clock) -> object:
        return Passbook(client, "ledger", clock=clock).record("anna", add(1), SOON)

    all_at_once(network, [sweep, write, sweep, write])
    assert kinds(network) == ["add", "expire", "add", "add"]
    assert lines(network)[-1].state.balances == {"DANNON": 2}


def test_a_sweeper_that_finds_nothing_due_writes_nothing(passbook: Passbook, network: Network) -> None:
    record_all(passbook, add(5, expires_at=TOMORROW))
    network.journal.clear()
    assert passbook.settle("anna", SOON) == []
    assert operations(network) == ["query"]


def test_nothing_was_recorded_if_only_times_line_is_unclear(passbook: Passbook, network: Network) -> None:
    record_all(passbook, EXPIRED)
    network.journal.clear()
    network.plan = always(faults.LANDS_LAST)
    with pytest.raises(BusyError):
        passbook.record("anna", add(1), SOON)
    assert {item["kind"]["S"] for item in items_put(network)} == {Kind.EXPIRE}, "the change was not even sent"
    network.land_all()
    assert kinds(network) == ["add", "expire"]


def test_the_outcome_is_unknown_if_the_callers_line_is_unclear(passbook: Passbook, network: Network) -> None:
    record_all(passbook, EXPIRED)
    network.plan = at_puts(None, *[faults.LANDS_LAST] * 1000)
    with pytest.raises(OutcomeUnknownError):
        passbook.record("anna", add(1), SOON)
    assert kinds(network) == ["add", "expire"]
    network.land_all()
    assert kinds(network) == ["add", "expire", "add"]
