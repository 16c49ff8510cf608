"""Very many lots that give nothing, since their payers owe all that they have, are settled on lines of their own."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from points.rules import plans
from points.rules.refusals import HoldEndError, NotEnoughPointsError
from points.rules.terms import Add, Hold, Kind, Spend, State, Transaction
from points.rules.walk import walk_again

from tests.rules.account import Account, day
from tests.rules.machine import AccountMachine, about_none, timestamps
from tests.rules.modelled import ModelledAccount

EXAMPLES = settings.default.max_examples


@pytest.fixture(autouse=True)
def few_lots_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two lots be very many."""
    monkeypatch.setattr(plans, "MOST_SETTLED", 2)


def in_debt(lots: int) -> Account:
    """Return an account with so many lots of a point that their payer owes, and one of 5 points behind them."""
    account = Account()
    for _ in range(lots):
        account.add("A", 1, day(1))
    account.add("A", -lots, day(1))
    account.add("B", 5, day(2))
    return account


def settlings(account: Account) -> list[int]:
    """Return the numbers of the lines that settle."""
    lines = [line for line in account.lines if line.transaction.kind is Kind.EXPIRE and line.drawn]
    return [line.state.sequence for line in lines]


@pytest.mark.parametrize("change", [Spend(3), Hold(3)])
@pytest.mark.parametrize(("lots", "lines"), [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)])
def test_lots_that_give_nothing_are_settled_first(change: Spend | Hold, lots: int, lines: int) -> None:
    account = in_debt(lots)
    account.record(change)
    assert account.kinds[lots + 2 :] == ["expire"] * lines + [account.lines[-1].transaction.kind]
    assert account.left == [(lots + 2, 2)]
    assert account.state.owed == {}


def test_such_a_line_changes_nothing_that_can_be_spent() -> None:
    account = in_debt(2)
    account.record(Spend(3))
    [number] = settlings(account)
    origin = account.origin(number)
    assert origin
    transaction, before, after = origin
    assert transaction == Transaction(kind=Kind.EXPIRE, points=0, effective_at=after.moment, expired={})
    assert (after.balances, before.owed, after.owed) == (before.balances, {"A": 2}, {})
    assert (after.changed, after.sequence) == (before.changed, number)
    assert after.moment > before.moment, "what can be told of the account changes, and so does its version"


def test_its_lots_are_found_again() -> None:
    account = in_debt(3)
    account.record(Spend(3))
    [number] = settlings(account)
    account.add("A", 1, day(0))
    origin = account.origin(number)
    assert origin
    assert [(step.lot.sequence, step.settled, step.given) for step in walk_again(origin, account)] == [
        (1, 1, 0),
        (2, 1, 0),
    ]


@pytest.mark.parametrize(("change", "refusal"), [(Spend(6), NotEnoughPointsError), (Hold(1, day(-1)), HoldEndError)])
def test_a_refused_change_settles_nothing(change: Spend | Hold, refusal: type[Exception]) -> None:
    account = in_debt(4)
    recorded = account.number
    with pytest.raises(refusal):
        account.record(change)
    assert account.number == recorded


def test_what_stands_behind_a_lot_that_gives_is_settled_by_the_spend_itself() -> None:
    account = Account()
    for payer, points in (("B", 1), ("A", 1), ("A", 1), ("A", 1), ("B", 1)):
        account.add(payer, points, day(1))
    account.add("A", -3, day(1))
    account.spend(2)
    assert settlings(account) == []
    assert account.left == []


def test_a_refund_does_not_undo_it() -> None:
    account = in_debt(2)
    account.spend(5)
    account.refund(account.number)
    assert account.state.owed == {}
    assert account.left == [(4, 5)]


class SettlingMachine(AccountMachine):
    """Changes of one account in which it takes few lots to be settled first."""

    settled: ClassVar[int] = 0

    @rule(lots=st.integers(1, 4), timestamp=timestamps, fewer=about_none)
    def owe_about_all_of_some_lots(self, lots: int, timestamp: datetime, fewer: int) -> None:
        for _ in range(lots):
            self.make(Add("P0", 2, timestamp))
        self.take_back_about_all_of_a_payer("P0", fewer)
        self.make(Add("P1", 3, day(5)))

    def stand(self, after: ModelledAccount) -> None:
        """Go on from what came of a step, and make sure that it comes to the same as if nothing were settled first."""
        recorded = self.account.number
        super().stand(after)
        lines = [number for number in settlings(self.account) if number > recorded]
        if lines:
            type(self).settled += len(lines)
            self._check_same(lines[0] - 1)

    def _check_same(self, above: int) -> None:
        last = self.account.lines[-1]
        origin = self.account.origin(above)
        before = origin.after if origin else State()
        kind, points = last.transaction.kind, -last.transaction.points
        change = Spend(points) if kind is Kind.SPEND else Hold(points, last.transaction.expires_at)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(plans, "MOST_SETTLED", plans.MOST_DRAWN)
            at_once = plans.plan(change, before, self.account.now, self.account).state
        for name in ("balances", "owed", "part_spent", "ranges", "watermark"):
            assert getattr(at_once, name) == getattr(last.state, name), name


@pytest.mark.parametrize(("many", "at_least"), [(1, 50), (2, 10)])
def test_random_histories_come_to_the_same_as_without(
    many: int, at_least: int, saw: Callable[[int, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "MOST_SETTLED", many)
    SettlingMachine.settled = 0
    run_state_machine_as_test(SettlingMachine, settings=settings(max_examples=EXAMPLES))
    assert SettlingMachine.settled >= at_least
    saw(EXAMPLES, "random histories in which debts are settled first")


def test_every_one_of_its_lots_must_give_nothing() -> None:
    account = Account()
    account.record(Add("A", 2, day(1)))
    account.record(Add("A", 2, day(1)))
    account.record(Add("A", -3, day(1)))
    account.spend(1)
    assert account.kinds[3:] == ["spend"]
