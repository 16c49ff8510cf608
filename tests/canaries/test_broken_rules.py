"""Rules broken on purpose. The checks of the rules must notice each of these, or prove nothing about the sound ones."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from points.rules import plans
from points.rules.plans import Plan, SpendPlan, _draw, plan, plan_add, plan_spend
from points.rules.positions import FIRST_GENERATION, lot_position, next_generation
from points.rules.refusals import PayerBelowZeroError
from points.rules.terms import Add, Added, Draw, Lot, Spend, State

from tests.rules import test_arrival_order as arrival_order
from tests.rules.account import day
from tests.rules.machine import AccountMachine
from tests.rules.small_scope import check_every_history

Drawn = tuple[list[Draw], dict[str, int], dict[int, int], str]

CANARIES: list[Any] = []


def instead_of(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a broken version of a function that the rules are planned with."""

    def register(broken: Callable[..., Any]) -> Callable[..., Any]:
        CANARIES.append(pytest.param(name, broken, id=broken.__name__))
        return broken

    return register


@instead_of("lot_position")
def lots_in_order_of_arrival(_: datetime, sequence: int, spent_through: str) -> str:
    return lot_position(day(0), sequence, spent_through)


@instead_of("lot_position")
def ties_in_reverse(timestamp: datetime, sequence: int, spent_through: str) -> str:
    return lot_position(timestamp, 10**6 - sequence, spent_through)


@instead_of("lot_position")
def late_lots_below_the_watermark(timestamp: datetime, sequence: int, spent_through: str) -> str:
    return lot_position(timestamp, sequence, spent_through[: len(FIRST_GENERATION)])


@instead_of("lot_position")
def every_lot_just_above_the_watermark(timestamp: datetime, sequence: int, spent_through: str) -> str:
    return spent_through + lot_position(timestamp, sequence, FIRST_GENERATION).removeprefix(FIRST_GENERATION)


@instead_of("_draw")
def debts_ignored(points: int, state: State, lots: Iterable[Lot]) -> Drawn:
    return _draw(points, replace(state, owed={}), lots)


@instead_of("_draw")
def debts_never_paid_off(points: int, state: State, lots: Iterable[Lot]) -> Drawn:
    draws, _, part_spent, spent_through = _draw(points, state, lots)
    return draws, dict(state.owed), part_spent, spent_through


@instead_of("_draw")
def part_spent_lots_forgotten(points: int, state: State, lots: Iterable[Lot]) -> Drawn:
    draws, owed, _, spent_through = _draw(points, state, lots)
    return draws, owed, {}, spent_through


@instead_of("_draw")
def watermark_on_a_part_spent_lot(points: int, state: State, lots: Iterable[Lot]) -> Drawn:
    draws, owed, part_spent, _ = _draw(points, state, lots)
    return draws, owed, part_spent, draws[-1].lot.position


@instead_of("_draw")
def watermark_left_where_it_was(points: int, state: State, lots: Iterable[Lot]) -> Drawn:
    return *_draw(points, state, lots)[:3], state.spent_through


@instead_of("plan_spend")
def fresh_generation_in_spite_of_debts(spend: Spend, state: State, lots: Iterable[Lot]) -> SpendPlan:
    planned = plan_spend(spend, state, lots)
    if planned.state.total:
        return planned
    fresh = next_generation(planned.state.spent_through)
    return planned._replace(state=replace(planned.state, spent_through=fresh))


@instead_of("plan_add")
def payers_below_zero(add: Add, state: State, sequence: int) -> Plan:
    try:
        return plan_add(add, state, sequence)
    except PayerBelowZeroError:
        rich = replace(state, balances={**state.balances, add.payer: -add.points})
        transaction, after = plan_add(add, rich, sequence)
        return Plan(transaction, replace(after, balances={**state.balances, add.payer: add.points}))


@instead_of("plan")
def debts_paid_by_the_lots_that_arrived_first(
    change: Add | Spend, state: State, sequence: int, lots: Iterable[Lot]
) -> Plan:
    planned = plan(change, state, sequence, lots)
    if not isinstance(planned.transaction, Added) or planned.transaction.points > 0:
        return planned
    part_spent, owed = dict(state.part_spent), -planned.transaction.points
    for lot in sorted(lots):  # by sequence number
        if lot.payer == planned.transaction.payer:
            paid = min(owed, lot.points - part_spent.get(lot.sequence, 0))
            part_spent[lot.sequence] = part_spent.get(lot.sequence, 0) + paid
            owed -= paid
    return Plan(planned.transaction, replace(planned.state, owed={}, part_spent=part_spent))


SEARCH = settings(
    max_examples=1000,
    stateful_step_count=30,
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
    check_every_history(6)


@SEARCH
@given(arrival_order.histories, st.data())
def check_orders_of_arrival(before: list[Add | Spend], data: st.DataObject) -> None:
    arrival_order.check_adds_in_any_order_are_spent_alike(before, data)


@pytest.mark.parametrize("check", [check_random_histories, check_short_histories])
@pytest.mark.parametrize(("name", "broken"), CANARIES)
def test_broken_rules_are_noticed(
    name: str, broken: Callable[..., Any], check: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, name, broken)
    with pytest.raises(AssertionError):
        check()


@pytest.mark.parametrize(
    ("name", "broken"),
    [("lot_position", lots_in_order_of_arrival), ("plan", debts_paid_by_the_lots_that_arrived_first)],
)
def test_rules_by_which_the_order_of_arrival_matters_are_noticed(
    name: str, broken: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, name, broken)
    with pytest.raises(AssertionError):
        check_orders_of_arrival()


def test_sound_rules_pass_the_check_that_notices_broken_ones() -> None:
    check_random_histories(examples=50)
