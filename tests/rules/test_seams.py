"""Where expiry, refunds, holds, pending points and debts meet: a sentence and an example each."""

from datetime import timedelta

import pytest
from points.rules.refusals import EndedError, MoreThanLeftError, NotEnoughPointsError, PayerBelowZeroError

from tests.rules.account import Account, day


def account_with(*lots: tuple[str, int, int | None]) -> Account:
    """Return an account with lots that were all earned on the same day: payer, points, the day of expiry if any."""
    account = Account()
    for payer, points, end in lots:
        account.add(payer, points, day(0), expires_at=None if end is None else day(end))
    return account


def last_transactions(account: Account, number: int) -> list[tuple[str, int]]:
    """Return the kinds and the points of the last transactions."""
    transactions = [line.transaction for line in account.lines[-number:]]
    return [(str(transaction.kind), transaction.points) for transaction in transactions]


def test_a_refund_of_a_lot_whose_date_has_passed_returns_the_points_and_they_expire_at_once() -> None:
    account = account_with(("A", 5, 2), ("B", 5, None))
    account.spend(7)
    account.now = day(3)
    assert account.refund(3) == [("A", 5), ("B", 2)]
    assert account.balances == {"A": 0, "B": 5}
    account.settle()
    assert last_transactions(account, 2) == [("refund", 7), ("expire", -5)]
    assert account.lines[-1].state.moment == day(3), "they expire when they come back"


def test_a_refund_after_a_partial_refund_undoes_the_points_drawn_before_those() -> None:
    account = account_with(("A", 5, None), ("B", 5, None))
    account.spend(10)
    assert account.refund(3, 4) == [("B", 4)]
    assert account.refund(3, 4) == [("A", 3), ("B", 1)]
    assert account.refund(3) == [("A", 2)]
    assert account.left == [(1, 5), (2, 5)]


def test_a_captured_hold_is_refunded_by_its_own_number_or_by_its_captures() -> None:
    account = account_with(("A", 5, None), ("B", 5, None))
    hold = account.hold(9, day(1))
    account.capture(hold, 7)
    capture = account.number
    assert account.refund(hold, 1) == [("B", 1)]
    assert account.refund(capture, 2) == [("A", 1), ("B", 1)]
    with pytest.raises(MoreThanLeftError, match=rf"\b{hold}\b.*\b4\b.*\b5\b"):
        account.refund(capture, 5)
    assert account.refund(hold) == [("A", 4)]
    assert account.left == [(1, 5), (2, 5)]


def test_a_refund_to_a_payer_who_owes_leaves_the_debt_to_be_paid_by_what_came_back() -> None:
    account = account_with(("A", 5, None), ("B", 5, None), ("A", 5, None))
    account.spend(4)
    account.add("A", -3, day(0))
    account.refund(4)
    assert account.balances == {"A": 7, "B": 5}
    assert account.state.owed == {"A": 3}
    assert account.spend(3) == [("A", 2), ("B", 1)]


def test_a_hold_over_a_lots_expiry_that_is_then_voided_lets_the_lot_expire_at_once() -> None:
    account = account_with(("A", 5, 2), ("B", 5, None))
    hold = account.hold(3, day(9))
    account.now = day(3)
    assert account.balances == {"A": 0, "B": 5}, "what was not held has expired"
    assert account.void(hold) == [("A", 3)]
    account.settle()
    assert last_transactions(account, 3) == [("expire", -2), ("void", 3), ("expire", -3)]


def test_a_negative_add_beside_a_hold_takes_none_of_what_is_held() -> None:
    account = account_with(("A", 5, None))
    hold = account.hold(3, day(9))
    with pytest.raises(PayerBelowZeroError, match=r"\b2\b.*\b3\b"):
        account.add("A", -3, day(0))
    account.add("A", -2, day(0))
    assert account.capture(hold) == ([("A", 3)], [])
    assert account.balances == {"A": 0}


def test_a_negative_add_beside_a_hold_is_paid_by_what_a_void_brings_back() -> None:
    account = account_with(("A", 5, None), ("B", 5, None))
    hold = account.hold(3, day(9))
    account.add("A", -2, day(0))
    account.void(hold)
    assert account.spend(4) == [("A", 3), ("B", 1)]


def test_a_capture_at_exactly_expires_at_is_too_late() -> None:
    account = account_with(("A", 5, None))
    hold = account.hold(3, day(2))
    early = account.copy()
    account.now, early.now = day(2), day(2) - timedelta.resolution
    with pytest.raises(EndedError, match="has lapsed at 2020-01-03T00:00:00Z"):
        account.capture(hold)
    assert early.capture(hold) == ([("A", 3)], [])


def test_of_a_capture_and_a_lapse_at_once_one_takes_place() -> None:
    lapsed = account_with(("A", 5, None))
    hold = lapsed.hold(3, day(2))
    captured = lapsed.copy()
    captured.capture(hold)
    captured.now = lapsed.now = day(2)
    captured.settle()
    lapsed.settle()
    with pytest.raises(EndedError, match="has lapsed"):
        lapsed.capture(hold)
    assert captured.kinds == ["add", "hold", "capture"]
    assert lapsed.kinds == ["add", "hold", "lapse"]


def test_pending_points_that_have_arrived_cannot_be_cancelled() -> None:
    account = Account()
    account.add("A", 5, day(0), effective_at=day(2))
    account.now = day(2)
    with pytest.raises(EndedError, match="has arrived at 2020-01-03T00:00:00Z"):
        account.cancel(1)
    assert account.kinds == ["pending"], "a refused request does not write the arrival down"
    account.settle()
    with pytest.raises(EndedError, match="has arrived at 2020-01-03T00:00:00Z"):
        account.cancel(1)


def test_an_add_whose_expiry_has_passed_is_recorded_and_expires_at_once() -> None:
    account = account_with(("A", 5, None))
    account.now = day(3)
    account.add("B", 5, day(0), expires_at=day(2))
    with pytest.raises(NotEnoughPointsError):
        account.spend(6)
    account.spend(5)
    assert last_transactions(account, 3) == [("add", 5), ("expire", -5), ("spend", -5)]
    assert account.balances == {"A": 0, "B": 0}


def test_an_add_whose_expiry_has_passed_pays_what_its_payer_owes() -> None:
    account = account_with(("A", 5, None))
    account.add("A", -3, day(0))
    account.now = day(3)
    account.add("A", 4, day(0), expires_at=day(2))
    assert account.balances == {"A": 5}
    assert account.read().state.owed == {}


def test_an_expiry_of_exactly_what_a_payer_owes_changes_no_balance() -> None:
    account = account_with(("A", 3, 2), ("A", 5, None))
    account.add("A", -3, day(0))
    account.now = day(2)
    account.settle()
    assert last_transactions(account, 1) == [("expire", 0)]
    assert account.lines[-1].transaction.expired == {}
    assert (account.state.balances, account.state.owed, account.left) == ({"A": 5}, {}, [(2, 5)])


def test_a_lot_that_comes_late_after_a_spend_of_all_was_refunded_is_spent_in_its_turn() -> None:
    account = Account()
    for payer, number in (("A", 3), ("B", 5)):
        account.add(payer, 2, day(number))
    account.spend(4)
    account.refund(3)
    account.add("LATE", 2, day(4))
    assert account.spend(5) == [("A", 2), ("LATE", 2), ("B", 1)]


def test_a_spend_of_all_is_refunded_beside_a_lot_that_came_late() -> None:
    account = Account()
    for payer, number in (("A", 3), ("B", 5)):
        account.add(payer, 2, day(number))
    account.spend(4)
    account.add("LATE", 2, day(4))
    account.refund(3)
    assert account.spend(5) == [("A", 2), ("LATE", 2), ("B", 1)]
