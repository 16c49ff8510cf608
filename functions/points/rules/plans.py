"""What an add or a spend makes of an account's state. The rules of the ledger are these few functions."""

from collections.abc import Iterable
from typing import NamedTuple

from points.rules.positions import lot_position, next_generation
from points.rules.refusals import LimitError, NotEnoughPointsError, PayerBelowZeroError
from points.rules.terms import MAX_POINTS, Add, Added, Draw, Lot, Spend, Spent, State


class Plan(NamedTuple):
    """The transaction to record and the state after it."""

    transaction: Added | Spent
    state: State


def plan(change: Add | Spend, state: State, sequence: int, lots: Iterable[Lot]) -> Plan:
    """Work out the transaction with this sequence number.

    Parameters
    ----------
    change
        What is asked for.
    state
        The account's state before it.
    sequence
        The number that the transaction will have.
    lots
        The open lots in the order of their positions. Consumed only as far as a spend needs; an add needs none.

    Raises
    ------
    Refusal
        The rules do not allow the change in this state.
    """
    if isinstance(change, Spend):
        transaction, state, _ = plan_spend(change, state, lots)
        return Plan(transaction, state)
    return plan_add(change, state, sequence)


def plan_add(add: Add, state: State, sequence: int) -> Plan:
    """A positive add becomes an open lot; a negative one becomes a debt that the payer's oldest lots will pay."""
    balance = state.balances.get(add.payer, 0) + add.points
    if balance < 0:
        raise PayerBelowZeroError(add.payer, balance - add.points, -add.points)
    if balance > MAX_POINTS:
        raise LimitError("payer-total", "points", f"{add.payer} would have {balance} points; the most is {MAX_POINTS}.")
    owed, position = dict(state.owed), None
    if add.points > 0:
        position = lot_position(add.timestamp, sequence, state.spent_through)
    else:
        owed[add.payer] = owed.get(add.payer, 0) - add.points
    return Plan(
        Added(add.payer, add.points, add.timestamp, position),
        State({**state.balances, add.payer: balance}, owed, state.part_spent, state.spent_through),
    )


class SpendPlan(NamedTuple):
    """A spend, the state after it, and which lots it drew on, in order."""

    transaction: Spent
    state: State
    draws: list[Draw]


def plan_spend(spend: Spend, state: State, lots: Iterable[Lot]) -> SpendPlan:
    """Take exactly the points asked from the oldest open lots, or refuse."""
    if spend.points > state.total:
        raise NotEnoughPointsError(state.total, spend.points)
    draws, owed, part_spent, spent_through = _draw(spend.points, state, lots)
    taken: dict[str, int] = {}
    for lot, points in draws:
        taken[lot.payer] = taken.get(lot.payer, 0) + points
    balances = {payer: points - taken.get(payer, 0) for payer, points in state.balances.items()}
    if spend.points == state.total and not owed:
        spent_through = next_generation(spent_through)
    return SpendPlan(Spent(spend.points, taken), State(balances, owed, part_spent, spent_through), draws)


def _draw(points: int, state: State, lots: Iterable[Lot]) -> tuple[list[Draw], dict[str, int], dict[int, int], str]:
    """Walk the open lots, oldest first, until they have given `points`; each lot first pays what its payer owes."""
    draws: list[Draw] = []
    owed, part_spent, spent_through = dict(state.owed), dict(state.part_spent), state.spent_through
    missing = points
    for lot in lots:
        left = lot.points - part_spent.pop(lot.sequence, 0)
        settled = min(left, owed.get(lot.payer, 0))
        given = min(left - settled, missing)
        if settled:
            owed[lot.payer] -= settled
            if not owed[lot.payer]:
                del owed[lot.payer]
        if given:
            draws.append(Draw(lot, given))
            missing -= given
        if settled + given < left:
            part_spent[lot.sequence] = lot.points - (left - settled - given)
        else:
            spent_through = lot.position
        if not missing:
            return draws, owed, part_spent, spent_through
    raise AssertionError("the open lots hold less than the balance: the passbook is damaged")
