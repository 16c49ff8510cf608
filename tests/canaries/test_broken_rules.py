"""Rules broken on purpose. The checks of the rules must notice each of these, or prove nothing about the sound ones."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from points.rules import order, plans, ranges, time, walk
from points.rules.order import chapter_of, lot_key
from points.rules.plans import Plan, _plan_capture, _plan_hold, _plan_refund, give_back, open_lot, plan
from points.rules.ranges import Stretch, behind, in_order, place, reopen, whole
from points.rules.refusals import PayerBelowZeroError
from points.rules.terms import (
    Add,
    Capture,
    Change,
    Hold,
    Kind,
    Lot,
    Origin,
    Range,
    Records,
    Reference,
    Refund,
    State,
)
from points.rules.time import Due, coming, plan_due
from points.rules.walk import Place, Step, Tally, close, last_of, undo, walk_again
from points.rules.walk import walk as sound_walk

from tests.rules import test_arrival_order as arrival_order
from tests.rules.account import day
from tests.rules.machine import AccountMachine
from tests.rules.small_scope import check_every_history
from tests.rules.test_kept_walks import KeepingMachine

RULES = (order, ranges, walk, plans, time)

CANARIES: list[Any] = []
RARE: list[Any] = []
"""Those that no short history of the small alphabet can show."""


def instead_of(name: str, *, rare: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a broken version of a function of the rules; a rare one shows in long histories only."""

    def register(broken: Callable[..., Any]) -> Callable[..., Any]:
        (RARE if rare else CANARIES).append(pytest.param(name, broken, id=broken.__name__))
        return broken

    return register


def break_rules(name: str, broken: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the broken function in place of the sound one, wherever it is used."""
    for module in RULES:
        if hasattr(module, name):
            monkeypatch.setattr(module, name, broken)


# The order of spending.


@instead_of("in_order")
def oldest_first_whatever_expires_soonest(
    stretches: Iterable[Stretch], records: Records, through: int
) -> Iterator[tuple[Range, Lot]]:
    age = len(lot_key(day(0), 1, None)) - 1
    return iter(sorted(in_order(stretches, records, through), key=lambda found: found[1].position[-age:]))


@instead_of("lot_key")
def lots_in_order_of_arrival(_: datetime, sequence: int, expires_at: datetime | None) -> str:
    return lot_key(day(0), sequence, expires_at)


@instead_of("lot_key", rare=True)
def ties_in_reverse(timestamp: datetime, sequence: int, expires_at: datetime | None) -> str:
    return lot_key(timestamp, 10**6 - sequence, expires_at)


# Ranges and chapters.


@instead_of("place")
def late_lots_among_closed_ones(state: State, key: str) -> tuple[str, tuple[Range, ...], str]:
    position, placed, _ = place(state._replace(watermark=chapter_of(state.watermark)), key)
    return position, placed, state.watermark


class NothingBetween:
    """Records in which no lot parts two ranges."""

    def peek(self, *_: str) -> None:
        """Find nothing."""


class SomethingBetween:
    """Records in which a lot parts any two ranges."""

    def peek(self, *_: str) -> Lot:
        """Find a lot."""
        return Lot(1, "", "", 1)


@instead_of("reopen", rare=True)
def neighbours_joined_across_a_closed_lot(open_: tuple[Range, ...], opened: Range, _: Records) -> tuple[Range, ...]:
    return reopen(open_, opened, NothingBetween())


@instead_of("reopen")
def neighbours_never_joined(open_: tuple[Range, ...], opened: Range, _: Records) -> tuple[Range, ...]:
    return reopen(open_, opened, SomethingBetween())


@instead_of("close")
def watermark_left_where_it_was(state: State, tally: Tally, records: Records) -> State:
    return close(state, tally, records)._replace(watermark=state.watermark)


# Debts.


@instead_of("walk")
def debts_ignored(state: State, lots: Iterable[tuple[Range, Lot]], points: int | None = None) -> list[Step]:
    return sound_walk(state._replace(owed={}), lots, points)


@instead_of("close")
def debts_never_paid_off(state: State, tally: Tally, records: Records) -> State:
    return close(state, tally, records)._replace(owed=state.owed)


@instead_of("undo")
def debts_not_owed_again(state: State, steps: Iterable[Step], records: Records) -> State:
    return undo(state, steps, records)._replace(owed=state.owed)


@instead_of("last_of")
def debts_owed_again_for_a_part_of_a_lot(steps: Iterable[Step], start: int, end: int) -> list[Step]:
    steps = list(steps)
    settled = {step.lot: step.settled for step in steps}
    return [step._replace(settled=settled[step.lot]) for step in last_of(steps, start, end)]


@instead_of("undo")
def lots_that_only_paid_debts_left_closed(state: State, steps: Iterable[Step], records: Records) -> State:
    return undo(state, [step for step in steps if step.given], records)


@instead_of("plan")
def payers_below_zero(change: Change, state: State, now: datetime, records: Records) -> Plan:
    try:
        return plan(change, state, now, records)
    except PayerBelowZeroError:
        assert isinstance(change, Add)
        poor = state.balances.get(change.payer, 0)
        return plan(replace(change, points=-poor), state, now, records)


@instead_of("plan")
def debts_paid_by_the_lots_that_arrived_first(change: Change, state: State, now: datetime, records: Records) -> Plan:
    planned = plan(change, state, now, records)
    if not isinstance(change, Add) or change.points > 0:
        return planned
    part_spent, owed = dict(state.part_spent), -change.points
    for _, lot in sorted(in_order(whole(state.ranges), records, state.sequence), key=lambda found: found[1].sequence):
        if lot.payer == change.payer:
            paid = min(owed, lot.points - part_spent.get(lot.sequence, 0))
            part_spent[lot.sequence] = part_spent.get(lot.sequence, 0) + paid
            owed -= paid
    return planned._replace(state=planned.state._replace(owed={}, part_spent=part_spent))


# What is taken and what comes back.


@instead_of("close")
def part_spent_lots_forgotten(state: State, tally: Tally, records: Records) -> State:
    return close(state, tally, records)._replace(part_spent={})


@instead_of("_plan_hold")
def what_is_held_expires(hold: Hold, state: State, now: datetime, records: Records, drawn: Tally | None) -> Plan:
    planned = _plan_hold(hold, state, now, records, drawn)
    return planned._replace(state=state._replace(balances=planned.state.balances, holds=planned.state.holds))


@instead_of("_plan_capture")
def the_rest_of_a_capture_lost(capture: Capture, state: State, now: datetime, records: Records) -> Plan:
    planned = _plan_capture(capture, state, now, records)
    without = {number: hold for number, hold in state.holds.items() if number != capture.of}
    return planned._replace(state=state._replace(holds=without))


@instead_of("last_of")
def a_refund_from_the_front(steps: Iterable[Step], start: int, end: int) -> list[Step]:
    steps = list(steps)
    drawn = sum(step.given for step in steps)
    return last_of(steps, drawn - end, drawn - start)


class NothingUndone:
    """Records that do not tell how much of a transaction is undone."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    def latest(self, sequence: int) -> Reference | None:
        """Find the last transaction that refers to this one."""
        found = self._records.latest(sequence)
        return found and found._replace(undone=0)


@instead_of("_plan_refund")
def what_is_undone_already_undone_again(refund: Refund, state: State, now: datetime, records: Records) -> Plan:
    return _plan_refund(refund, state, now, NothingUndone(records))


@instead_of("give_back")
def undone_points_added_up_twice(*args: Any, undone: int = 0) -> Plan:
    planned = give_back(*args, undone=undone)
    return planned._replace(undone=planned.undone + undone)


@instead_of("walk_again")
def a_replay_that_meets_newer_lots(origin: Origin, records: Records) -> list[Step]:
    list(in_order(whole(origin.before.ranges), records, origin.before.sequence))
    return walk_again(origin, records)


@instead_of("behind")
def a_part_of_a_walk_that_begins_at_the_first_lot(stretches: Iterable[Stretch], _: str) -> Iterator[Stretch]:
    return iter(stretches)


@instead_of("behind")
def a_part_of_a_walk_that_begins_with_the_last_lot_passed(stretches: Iterable[Stretch], key: str) -> Iterator[Stretch]:
    return behind(stretches, key[:-1])


class PlaceOfNoPoints(Place):
    """A place that does not say how many points were taken before it."""

    def after(self, steps: Iterable[Step]) -> Place:
        """Return the place behind the steps that come next."""
        return super().after(steps)._replace(given=0)


class PlaceWithOldDebts(Place):
    """A place that says what was owed at the beginning."""

    def after(self, steps: Iterable[Step]) -> Place:
        """Return the place behind the steps that come next."""
        return super().after(steps)._replace(owed=self.owed)


@instead_of("Place")
def a_part_of_a_walk_that_takes_as_much_as_the_whole(key: str, given: int, owed: Mapping[str, int]) -> Place:
    return PlaceOfNoPoints(key, given, owed)


@instead_of("Place")
def a_part_of_a_walk_that_settles_debts_again(key: str, given: int, owed: Mapping[str, int]) -> Place:
    return PlaceWithOldDebts(key, given, owed)


# Time.


@instead_of("_plan_pending")
def pending_points_counted_at_once(add: Add, _: datetime, state: State) -> Plan:
    return open_lot(Kind.ADD, add.payer, add.points, add.timestamp, add.expires_at, state)


@instead_of("plan_due")
def a_moment_too_late(state: State, now: datetime, records: Records) -> Plan | None:
    return plan_due(state, now - timedelta.resolution, records)


@instead_of("plan_due")
def expiries_before_all_that_is_due(state: State, now: datetime, records: Records) -> Plan | None:
    if not any(due.kind is Kind.EXPIRE and due.at <= now for due in coming(state)):
        return plan_due(state, now, records)
    planned = plan_due(state._replace(holds={}, pending={}), now, records)
    assert planned
    return planned._replace(state=planned.state._replace(holds=state.holds, pending=state.pending))


@instead_of("coming")
def holds_that_never_lapse(state: State) -> Iterator[Due]:
    return (due for due in coming(state) if due.kind is not Kind.LAPSE)


@instead_of("plan_due")
def a_moment_that_goes_back(state: State, now: datetime, records: Records) -> Plan | None:
    planned = plan_due(state, now, records)
    if planned is None:
        return None
    return planned._replace(state=planned.state._replace(moment=min(coming(state)).at))


SEARCH = settings(
    max_examples=1000,
    stateful_step_count=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)
"""Many examples, the same every time, and no time lost on making the one that fails a small one."""


def check_random_histories(examples: int = SEARCH.max_examples) -> None:
    run_state_machine_as_test(AccountMachine, settings=settings(SEARCH, max_examples=examples))


def check_short_histories() -> None:
    check_every_history(5)


@SEARCH
@given(arrival_order.histories, st.data())
def check_orders_of_arrival(before: list[arrival_order.Step], data: st.DataObject) -> None:
    arrival_order.check_adds_in_any_order_are_spent_alike(before, data)


@pytest.mark.parametrize(("name", "broken"), [*CANARIES, *RARE])
def test_random_histories_notice_broken_rules(
    name: str, broken: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_rules(name, broken, monkeypatch)
    with pytest.raises(AssertionError):
        check_random_histories()


@pytest.mark.parametrize(("name", "broken"), CANARIES)
def test_short_histories_notice_broken_rules(
    name: str, broken: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_rules(name, broken, monkeypatch)
    with pytest.raises(AssertionError):
        check_short_histories()


@pytest.mark.parametrize("check", [check_random_histories, check_short_histories])
def test_a_version_that_forgets_time_is_noticed(check: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(State, "version", property(lambda state: str(state.changed)))
    with pytest.raises(AssertionError):
        check()


@pytest.mark.parametrize(
    ("name", "broken"),
    [("lot_key", lots_in_order_of_arrival), ("plan", debts_paid_by_the_lots_that_arrived_first)],
)
def test_rules_by_which_the_order_of_arrival_matters_are_noticed(
    name: str, broken: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_rules(name, broken, monkeypatch)
    with pytest.raises(AssertionError):
        check_orders_of_arrival()


@pytest.mark.parametrize("is_same_with", [lambda *_: True, lambda _, lot: lot is not None])
def test_a_walk_that_is_kept_too_long_is_noticed(
    is_same_with: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tally, "is_same_with", is_same_with)
    with pytest.raises((AssertionError, LookupError)):
        run_state_machine_as_test(KeepingMachine, settings=SEARCH)


def test_sound_rules_pass_the_check_that_notices_broken_ones() -> None:
    check_random_histories(examples=50)
