"""What the ledger promises, rule by rule, in examples small enough to follow by hand."""

from collections.abc import Iterable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from points.rules.plans import LONGEST_HOLD, USUAL_HOLD, plan
from points.rules.refusals import (
    EndedError,
    HoldEndError,
    LimitError,
    MoreThanLeftError,
    NoOriginalError,
    NotEnoughPointsError,
    NothingToRefundError,
    NotPendingError,
    PayerBelowZeroError,
    Refusal,
)
from points.rules.terms import (
    MAX_POINTS,
    Add,
    Cancel,
    Capture,
    Change,
    Hold,
    Kind,
    Refund,
    Spend,
    Transaction,
    Void,
)
from points.rules.time import MOST_EXPIRED, plan_due

from tests.rules.account import Account, day

WORKED_EXAMPLE = (
    Add("DANNON", 1000, datetime(2020, 11, 2, 14, tzinfo=UTC)),
    Add("UNILEVER", 200, datetime(2020, 10, 31, 11, tzinfo=UTC)),
    Add("DANNON", -200, datetime(2020, 10, 31, 15, tzinfo=UTC)),
    Add("MILLER COORS", 10000, datetime(2020, 11, 1, 14, tzinfo=UTC)),
    Add("DANNON", 300, datetime(2020, 10, 31, 10, tzinfo=UTC)),
)


def account_with(*adds: tuple[str, int, int]) -> Account:
    """Return an account with lots and takings back: payer, points, day."""
    account = Account()
    for payer, points, number in adds:
        account.add(payer, points, day(number))
    return account


@pytest.mark.parametrize("adds", list(permutations(WORKED_EXAMPLE)))
def test_the_worked_example_in_every_order_of_its_adds(adds: Iterable[Add]) -> None:
    account, refused = Account(), []
    for add in adds:
        try:
            account.record(add)
        except PayerBelowZeroError:
            refused.append(add)
    first_of_dannon = next(add for add in adds if add.payer == "DANNON")
    assert refused == ([first_of_dannon] if first_of_dannon.points < 0 else [])
    for add in refused:
        account.record(add)
    assert account.spend(5000) == [("DANNON", 100), ("UNILEVER", 200), ("MILLER COORS", 4700)]
    assert account.state.balances == {"DANNON": 1000, "UNILEVER": 0, "MILLER COORS": 5300}


class TestPointsThatExpireSoonestAreSpentFirst:
    def test_whatever_their_timestamps_and_the_order_of_arrival(self) -> None:
        account = account_with(("NEVER", 1, 1))
        account.add("LATER", 1, day(2), expires_at=day(9))
        account.add("SOONER", 1, day(3), expires_at=day(8))
        assert account.spend(3) == [("SOONER", 1), ("LATER", 1), ("NEVER", 1)]

    def test_of_equal_expiry_the_oldest_and_of_equal_age_the_first_recorded(self) -> None:
        account = Account()
        for payer, number in (("YOUNG", 2), ("OLD", 1), ("AS OLD", 1)):
            account.add(payer, 1, day(number), expires_at=day(9))
        assert account.spend(3) == [("OLD", 1), ("AS OLD", 1), ("YOUNG", 1)]

    def test_a_lot_that_expires_sooner_goes_before_the_rest_of_one_spent_in_part(self) -> None:
        account = Account()
        account.add("A", 5, day(1), expires_at=day(9))
        account.spend(2)
        account.add("SOONER", 5, day(2), expires_at=day(8))
        assert account.spend(6) == [("SOONER", 5), ("A", 1)]

    def test_a_debt_is_paid_by_the_payers_points_that_expire_soonest(self) -> None:
        account = account_with(("A", 5, 1), ("B", 1, 0))
        account.add("A", 3, day(2), expires_at=day(9))
        account.add("A", -3, day(3))
        assert account.spend(2) == [("B", 1), ("A", 1)]
        assert account.left == [(1, 4)]


class TestOldestPointsAreSpentFirst:
    def test_oldest_is_by_timestamp_whatever_the_order_of_arrival(self) -> None:
        account = account_with(("YOUNG", 1, 3), ("OLD", 1, 1), ("MIDDLE", 1, 2))
        assert account.spend(3) == [("OLD", 1), ("MIDDLE", 1), ("YOUNG", 1)]

    def test_equal_timestamps_are_spent_in_the_order_recorded(self) -> None:
        account = account_with(("FIRST", 1, 1), ("SECOND", 1, 1), ("THIRD", 1, 1))
        assert account.spend(2) == [("FIRST", 1), ("SECOND", 1)]

    def test_a_microsecond_makes_a_lot_older(self) -> None:
        account = Account()
        account.add("LATER", 1, datetime(2020, 1, 1, 0, 0, 0, 1, tzinfo=UTC))
        account.add("EARLIER", 1, datetime(2020, 1, 1, tzinfo=UTC))
        assert account.spend(1) == [("EARLIER", 1)]

    def test_payers_are_named_once_in_the_order_in_which_they_were_first_drawn_on(self) -> None:
        account = account_with(("A", 1, 1), ("B", 2, 2), ("A", 4, 3), ("C", 8, 4))
        assert account.spend(8) == [("A", 5), ("B", 2), ("C", 1)]

    def test_a_lot_spent_in_part_comes_first_again(self) -> None:
        account = account_with(("A", 5, 1), ("B", 5, 2))
        assert [account.spend(3), account.spend(3), account.spend(4)] == [[("A", 3)], [("A", 2), ("B", 1)], [("B", 4)]]


class TestWhatWasSpentStaysSpent:
    def test_a_late_lot_is_the_next_to_be_spent(self) -> None:
        account = account_with(("A", 5, 5), ("B", 5, 6))
        assert account.spend(5) == [("A", 5)]
        account.add("LATE", 5, day(1))
        assert account.spend(6) == [("LATE", 5), ("B", 1)]

    def test_a_late_lot_goes_before_the_rest_of_a_lot_spent_in_part(self) -> None:
        account = account_with(("A", 5, 5))
        assert account.spend(2) == [("A", 2)]
        account.add("LATE", 5, day(1))
        assert account.spend(8) == [("LATE", 5), ("A", 3)]

    def test_a_lot_as_old_as_the_last_one_spent_is_not_lost(self) -> None:
        account = account_with(("A", 5, 5), ("B", 5, 6))
        account.spend(5)
        account.add("LATE", 5, day(5))
        assert account.spend(5) == [("LATE", 5)]

    def test_late_lots_stand_in_order_among_themselves(self) -> None:
        account = account_with(("A", 1, 9), ("B", 9, 10))
        account.spend(1)
        for number in (3, 1, 2):
            account.add(f"LATE {number}", 1, day(number))
        assert account.spend(4) == [("LATE 1", 1), ("LATE 2", 1), ("LATE 3", 1), ("B", 1)]

    def test_lots_later_than_late_ones_stand_in_order_too(self) -> None:
        account = account_with(("A", 1, 9), ("B", 9, 10))
        for number in (8, 7, 6):
            account.spend(1)
            account.add(f"LATE {number}", 1, day(number))
        account.spend(1)
        for number in (8, 5, 7, 6):
            account.add(f"LATER {number}", 1, day(number))
        assert [payer for payer, _ in account.spend(5)] == ["LATER 5", "LATER 6", "LATER 7", "LATER 8", "B"]


class TestNoPayerGoesBelowZero:
    def test_no_more_can_be_taken_back_than_the_payer_has(self) -> None:
        account = account_with(("A", 5, 1), ("B", 5, 2))
        with pytest.raises(PayerBelowZeroError, match=r"\bA\b.*\b5\b.*\b6\b"):
            account.add("A", -6, day(3))

    def test_what_was_taken_back_cannot_be_taken_back_again(self) -> None:
        account = account_with(("A", 5, 1), ("A", -3, 1))
        with pytest.raises(PayerBelowZeroError):
            account.add("A", -3, day(1))

    def test_what_was_taken_back_cannot_be_spent(self) -> None:
        account = account_with(("A", 5, 1), ("A", -3, 1))
        with pytest.raises(NotEnoughPointsError, match=r"\b2\b.*\b3\b"):
            account.spend(3)

    def test_nothing_can_be_taken_back_from_a_payer_never_seen(self) -> None:
        with pytest.raises(PayerBelowZeroError):
            Account().add("A", -1, day(1))

    def test_a_payer_once_seen_stays_at_zero(self) -> None:
        account = account_with(("A", 5, 1), ("B", 5, 2), ("B", -5, 2))
        account.spend(5)
        assert account.state.balances == {"A": 0, "B": 0}


class TestANegativeAddTakesThePayersOldestPoints:
    def test_it_leaves_other_payers_alone(self) -> None:
        account = account_with(("B", 5, 1), ("A", 5, 2), ("A", -3, 3))
        assert account.spend(7) == [("B", 5), ("A", 2)]

    def test_it_may_arrive_before_the_lots_that_pay_it(self) -> None:
        account = account_with(("A", 5, 3), ("A", -3, 3), ("A", 2, 1), ("B", 1, 2), ("A", 2, 1))
        assert account.spend(2) == [("A", 1), ("B", 1)]

    def test_its_own_timestamp_does_not_matter(self) -> None:
        for number in (0, 2, 9):
            account = account_with(("A", 5, 1), ("B", 5, 2), ("A", 5, 3), ("A", -7, number))
            assert account.spend(8) == [("B", 5), ("A", 3)]

    def test_one_lot_can_pay_several_and_several_lots_can_pay_one(self) -> None:
        account = account_with(("A", 3, 1), ("A", 3, 2), ("A", -1, 3), ("A", -1, 3), ("A", -2, 3))
        assert account.spend(2) == [("A", 2)]
        assert account.state.owed == {}

    def test_it_is_owed_until_a_spend_reaches_the_payers_lots(self) -> None:
        account = account_with(("B", 5, 1), ("A", 5, 2), ("A", -3, 3))
        account.spend(5)
        assert account.state.owed == {"A": 3}
        account.spend(1)
        assert account.state.owed == {}

    def test_a_late_lot_pays_what_is_still_owed(self) -> None:
        account = account_with(("B", 5, 1), ("A", 5, 2), ("A", -3, 3))
        account.spend(4)
        account.add("A", 4, day(0))
        assert account.spend(2) == [("A", 1), ("B", 1)]

    def test_a_late_lot_does_not_pay_what_is_settled(self) -> None:
        account = account_with(("A", 5, 2), ("A", -3, 3), ("B", 5, 4))
        account.spend(1)
        account.add("A", 4, day(0))
        assert account.spend(6) == [("A", 5), ("B", 1)]


class TestASpendTakesExactlyThePointsAskedOrNothing:
    def test_it_is_refused_when_there_are_fewer(self) -> None:
        account = account_with(("A", 5, 1))
        with pytest.raises(NotEnoughPointsError):
            account.spend(6)
        assert account.spend(5) == [("A", 5)]

    def test_an_empty_account_has_nothing_to_spend(self) -> None:
        with pytest.raises(NotEnoughPointsError, match=r"\b0\b.*\b1\b"):
            Account().spend(1)

    def test_it_takes_a_thousand_lots_of_a_hundred_payers_in_one_transaction(self) -> None:
        account = account_with(*((f"P{number % 100}", 2, number) for number in range(1000)))
        assert account.spend(1999) == [(f"P{number}", 20 - (number == 99)) for number in range(100)]
        assert account.number == 1001

    def test_it_reads_no_lot_beyond_the_last_that_it_needs(self) -> None:
        account = account_with(*(("A", 2, number) for number in range(9)))
        for points, lots in ((1, 1), (1, 1), (2, 1), (3, 2), (1, 1)):
            account.spend(points)
            assert account.lots_read == lots

    def test_an_account_that_holds_less_than_its_balance_is_never_spent_from(self) -> None:
        account = account_with(("A", 5, 1))
        account.by_position.clear()
        with pytest.raises(AssertionError, match="damaged"):
            account.spend(5)

    def test_a_lot_that_is_due_and_not_there_ends_in_an_error_and_not_in_waiting_for_it(self) -> None:
        account = Account()
        account.record(Add("A", 5, day(1), expires_at=day(2)))
        account.by_position.clear()
        with pytest.raises(AssertionError, match="damaged"):
            plan_due(account.state, day(3), account)


class TestEveryAcceptedRequestIsOneTransactionAndARefusedOneNone:
    def test_an_add_is_recorded_as_asked_and_opens_a_lot(self) -> None:
        account = Account()
        transaction = account.record(Add("A", 5, day(1), expires_at=day(2)))
        expected = Transaction(kind=Kind.ADD, payer="A", points=5, timestamp=day(1), expires_at=day(2))
        assert transaction == expected
        assert account.left == [(1, 5)]

    def test_a_negative_add_is_recorded_as_asked_and_opens_none(self) -> None:
        account = account_with(("A", 5, 1))
        transaction = account.record(Add("A", -3, day(2)))
        assert transaction == Transaction(kind=Kind.ADD, payer="A", points=-3, timestamp=day(2))
        assert account.left == [(1, 5)]

    def test_a_spend_is_recorded_with_what_it_took(self) -> None:
        transaction = account_with(("A", 5, 1), ("B", 5, 2)).record(Spend(7))
        assert transaction == Transaction(kind=Kind.SPEND, points=-7, taken={"A": -5, "B": -2})

    def test_what_callers_attach_is_recorded_with_it(self) -> None:
        for change in (Add("A", 1, day(1), reference="order 7"), Spend(1, metadata="{}")):
            transaction = account_with(("A", 5, 1)).record(change)
            assert (transaction.reference, transaction.metadata) == (change.reference, change.metadata)

    def test_a_refused_request_leaves_nothing_of_what_time_did_either(self) -> None:
        account = account_with(("A", 5, 1))
        account.add("A", 5, day(1), expires_at=day(1))
        account.now = day(2)
        with pytest.raises(NotEnoughPointsError, match=r"\b5\b.*\b6\b"):
            account.spend(6)
        assert account.kinds == ["add", "add"]
        account.spend(5)
        assert account.kinds == ["add", "add", "expire", "spend"]

    @pytest.mark.parametrize(
        "change",
        [
            Add("A", -3, day(1)),
            Add("B", MAX_POINTS, day(1)),
            Spend(8),
            Hold(8, day(1)),
            Hold(1, day(0)),
            Refund(4, 2),
            Refund(1),
            Capture(4),
            Void(99),
            Cancel(1),
        ],
    )
    def test_a_refused_request_leaves_the_account_as_it_was(self, change: Change) -> None:
        account = account_with(("A", 5, 1), ("A", -2, 1), ("B", 5, 2))
        account.spend(1)
        before = deepcopy(account)
        with pytest.raises(Refusal):
            account.record(change)
        assert account == before

    @pytest.mark.parametrize(
        "change",
        [
            Add("A", 1, day(0)),
            Add("A", -1, day(0)),
            Add("A", 1, day(0), effective_at=day(1)),
            Spend(6),
            Hold(6, day(1)),
            Refund(5, 1),
            Capture(6, 1),
            Void(6),
            Cancel(7),
        ],
    )
    def test_planning_leaves_the_state_that_it_is_given_alone(self, change: Change) -> None:
        account = account_with(("A", 5, 1), ("A", -2, 1), ("B", 5, 2), ("B", 5, 0))
        account.spend(6)
        account.hold(1, day(9))
        account.add("C", 1, day(1), effective_at=day(9))
        before = deepcopy(account.state)
        plan(change, account.state, account.now, account)
        assert account.state == before


class TestAnAccountsSumStaysExactInEveryJsonReader:
    def test_the_largest_sum_is_accepted(self) -> None:
        account = account_with(("A", MAX_POINTS - 1, 1), ("B", 1, 2))
        assert account.spend(MAX_POINTS) == [("A", MAX_POINTS - 1), ("B", 1)]

    @pytest.mark.parametrize("change", [Add("B", 1, day(2)), Add("B", 1, day(2), effective_at=day(9)), Refund(2, 1)])
    def test_one_point_more_is_refused_however_it_would_come(self, change: Change) -> None:
        account = account_with(("A", 1, 1))
        account.spend(1)
        account.add("A", MAX_POINTS, day(1))
        with pytest.raises(LimitError) as refusal:
            account.record(change)
        assert refusal.value.limit == "account-total"

    @pytest.mark.parametrize("change", [Hold(5, day(1)), Add("A", 5, day(1), effective_at=day(9))])
    def test_what_is_held_and_what_is_awaited_counts(self, change: Change) -> None:
        account = account_with(("A", MAX_POINTS - 5, 1))
        account.record(change)
        with pytest.raises(LimitError):
            account.add("B", 6, day(1))


class TestExpiry:
    def test_points_count_up_to_that_moment_and_not_at_it(self) -> None:
        account = Account()
        account.add("A", 5, day(0), expires_at=day(2))
        account.now = day(2) - timedelta.resolution
        assert account.balances == {"A": 5}
        account.now = day(2)
        assert account.balances == {"A": 0}

    def test_no_answer_counts_them_whether_or_not_that_is_written_down(self) -> None:
        account = account_with(("B", 1, 1))
        account.add("A", 5, day(0), expires_at=day(2))
        account.now = day(3)
        assert account.balances == {"B": 1, "A": 0}
        assert account.kinds == ["add", "add"]
        with pytest.raises(NotEnoughPointsError):
            account.spend(2)

    def test_what_is_left_of_a_lot_expires(self) -> None:
        account = Account()
        account.add("A", 5, day(0), expires_at=day(2))
        account.spend(2)
        account.now = day(3)
        account.settle()
        assert account.lines[-1].transaction == Transaction(
            kind=Kind.EXPIRE, points=-3, effective_at=day(2), expired={"A": -3}
        )

    def test_what_its_payer_owes_is_paid_first(self) -> None:
        account = account_with(("A", 5, 1))
        account.add("A", 5, day(2), expires_at=day(2))
        account.add("A", -2, day(3))
        account.now = day(2)
        assert account.balances == {"A": 5}
        account.settle()
        assert (account.lines[-1].transaction.expired, account.state.owed) == ({"A": -3}, {})

    def test_an_expiry_that_has_passed_is_no_error(self) -> None:
        account = account_with(("A", 5, 1))
        account.now = day(3)
        account.add("B", 5, day(1), expires_at=day(2))
        assert account.kinds == ["add", "add"]
        assert account.balances == {"A": 5, "B": 0}
        account.settle()
        assert account.lines[-1].transaction.effective_at == day(3)

    def test_lots_of_several_payers_expire_together(self) -> None:
        account = Account()
        for payer, number in (("B", 3), ("A", 2), ("B", 1)):
            account.add(payer, number, day(0), expires_at=day(number))
        account.now = day(9)
        account.settle()
        assert account.kinds == ["add", "add", "add", "expire"]
        assert list((account.lines[-1].transaction.expired or {}).items()) == [("B", -4), ("A", -2)]

    def test_a_line_of_expiry_has_no_more_lots_than_can_be_read_at_once(self) -> None:
        account = Account()
        for _ in range(MOST_EXPIRED + 1):
            account.add("A", 1, day(0), expires_at=day(1))
        account.now = day(1)
        account.settle()
        assert [line.lots_expired for line in account.lines[MOST_EXPIRED + 1 :]] == [MOST_EXPIRED, 1]


class TestRefund:
    def test_points_go_back_to_the_lots_they_came_from(self) -> None:
        account = account_with(("A", 5, 1), ("B", 5, 2), ("C", 5, 3))
        account.spend(12)
        assert account.refund(4) == [("A", 5), ("B", 5), ("C", 2)]
        assert account.left == [(1, 5), (2, 5), (3, 5)]
        assert account.spend(5) == [("A", 5)]

    def test_the_last_points_drawn_are_the_first_to_go_back(self) -> None:
        account = account_with(("A", 5, 1), ("B", 5, 2), ("C", 5, 3))
        account.spend(12)
        assert account.refund(4, 4) == [("B", 2), ("C", 2)]
        assert account.left == [(2, 2), (3, 5)]

    def test_what_the_undone_part_had_settled_is_owed_again(self) -> None:
        account = account_with(("A", 1, 1), ("B", 5, 2), ("B", -3, 3))
        account.spend(2)
        assert account.state.owed == {}
        account.refund(4, 1)
        assert (account.state.owed, account.left) == ({"B": 3}, [(2, 5)])

    def test_what_the_rest_of_the_spend_had_settled_is_not(self) -> None:
        account = account_with(("B", 5, 2), ("B", -3, 3))
        account.spend(2)
        account.refund(3, 1)
        assert (account.state.owed, account.left) == ({}, [(1, 1)])

    def test_what_was_recorded_since_stays(self) -> None:
        account = account_with(("A", 5, 1), ("B", 5, 2))
        account.spend(7)
        account.add("C", 5, day(0))
        account.spend(6)
        account.refund(3, 4)
        assert account.left == [(1, 2), (2, 4)]

    def test_several_come_to_the_spend_at_most(self) -> None:
        account = account_with(("A", 5, 1))
        account.spend(4)
        account.refund(2, 1)
        account.refund(2, 2)
        with pytest.raises(MoreThanLeftError, match=r"\b1\b.*\b2\b"):
            account.refund(2, 2)
        account.refund(2)
        with pytest.raises(MoreThanLeftError, match=r"\b0\b"):
            account.refund(2)

    def test_it_says_what_it_undid(self) -> None:
        account = account_with(("A", 5, 1), ("B", 5, 2))
        account.spend(7)
        transaction = account.record(Refund(3, 3))
        assert transaction == Transaction(kind=Kind.REFUND, of=3, points=3, returned={"A": 1, "B": 2})

    @pytest.mark.parametrize("of", [1, 2, 4, 5])
    def test_only_what_was_spent_can_be_refunded(self, of: int) -> None:
        account = account_with(("A", 5, 1), ("A", -1, 1))
        account.spend(1)
        account.refund(3)
        account.hold(1, day(1))
        with pytest.raises(NothingToRefundError):
            account.refund(of)

    @pytest.mark.parametrize("of", [0, 2, 99])
    def test_it_needs_a_transaction_that_is_there(self, of: int) -> None:
        with pytest.raises(NoOriginalError):
            account_with(("A", 5, 1)).refund(of)

    def test_it_reads_the_lots_that_the_spend_went_over_and_none_that_came_later(self) -> None:
        account = account_with(*(("A", 2, number) for number in range(9)))
        account.spend(5)
        for number in range(20):
            account.add("A", 2, day(number + 2))
        account.spend(9)
        account.refund(10, 1)
        assert account.lots_read == 3


class TestHolds:
    def test_it_draws_as_a_spend_does(self) -> None:
        account = account_with(("B", 5, 2), ("A", 5, 1))
        transaction = account.record(Hold(7, day(1)))
        assert transaction == Transaction(kind=Kind.HOLD, points=-7, expires_at=day(1), taken={"A": -5, "B": -2})
        assert account.balances == {"B": 3, "A": 0}
        with pytest.raises(NotEnoughPointsError):
            account.spend(4)

    def test_it_lasts_a_week_if_nobody_says_otherwise(self) -> None:
        account = account_with(("A", 5, 1))
        hold = account.hold(5)
        assert account.state.holds[hold].expires_at == account.now + USUAL_HOLD == day(7)

    @pytest.mark.parametrize("end", [day(0), day(-1), day(0) + LONGEST_HOLD + timedelta.resolution])
    def test_it_ends_later_than_now_and_within_a_year(self, end: datetime) -> None:
        account = account_with(("A", 5, 1))
        with pytest.raises(HoldEndError):
            account.hold(5, end)
        account.hold(5, day(0) + LONGEST_HOLD)

    def test_what_is_held_does_not_expire(self) -> None:
        account = Account()
        account.add("A", 5, day(0), expires_at=day(1))
        hold = account.hold(5, day(3))
        account.now = day(2)
        assert account.capture(hold) == ([("A", 5)], [])

    def test_a_capture_spends_so_much_and_returns_the_rest(self) -> None:
        account = account_with(("A", 5, 1), ("B", 5, 2))
        hold = account.hold(9, day(1))
        transaction = account.record(Capture(hold, 6))
        assert transaction == Transaction(
            kind=Kind.CAPTURE, of=hold, points=3, taken={"A": -5, "B": -1}, returned={"B": 3}
        )
        assert account.left == [(2, 4)]

    def test_a_capture_of_all_returns_nothing(self) -> None:
        account = account_with(("A", 5, 1))
        hold = account.hold(4, day(1))
        transaction = account.record(Capture(hold))
        assert transaction == Transaction(kind=Kind.CAPTURE, of=hold, points=0, taken={"A": -4}, returned={})

    def test_no_more_can_be_captured_than_is_held(self) -> None:
        account = account_with(("A", 5, 1))
        hold = account.hold(4, day(1))
        with pytest.raises(MoreThanLeftError, match=r"\b4\b.*\b5\b"):
            account.capture(hold, 5)

    def test_a_void_returns_all(self) -> None:
        account = account_with(("A", 5, 1), ("B", 5, 2))
        hold = account.hold(9, day(1))
        assert account.void(hold) == [("A", 5), ("B", 4)]
        assert account.left == [(1, 5), (2, 5)]

    def test_it_lapses_by_itself(self) -> None:
        account = account_with(("A", 5, 1))
        hold = account.hold(4, day(1))
        account.now = day(1)
        assert account.balances == {"A": 5}
        account.settle()
        assert account.lines[-1].transaction == Transaction(
            kind=Kind.LAPSE, of=hold, points=4, effective_at=day(1), returned={"A": 4}
        )

    @pytest.mark.parametrize("end", [Capture(2), Void(2)])
    def test_it_ends_once(self, end: Change) -> None:
        account = account_with(("A", 5, 1))
        account.hold(4, day(1))
        account.record(end)
        for again in (Capture(2), Void(2)):
            with pytest.raises(EndedError, match=r"(captured|voided) at 2020-01-01T00:00:00Z"):
                account.record(again)

    @pytest.mark.parametrize("change", [Capture(1), Void(1), Capture(99), Void(99)])
    def test_only_a_hold_can_be_captured_or_voided(self, change: Change) -> None:
        with pytest.raises(NoOriginalError, match=r"no hold|no transaction"):
            account_with(("A", 5, 1)).record(change)

    @pytest.mark.parametrize("end", [Void(2), None])
    def test_one_that_came_to_nothing_cannot_be_refunded(self, end: Change | None) -> None:
        account = account_with(("A", 5, 1))
        account.hold(4, day(1))
        if end:
            account.record(end)
        account.now = day(1)
        with pytest.raises(EndedError, match=r"voided|lapsed"):
            account.refund(2)


class TestPending:
    def test_points_do_not_count_until_they_arrive(self) -> None:
        account = Account()
        account.add("A", 5, day(0), effective_at=day(2))
        assert account.lines[-1].transaction == Transaction(
            kind=Kind.PENDING, payer="A", points=0, amount=5, timestamp=day(0), effective_at=day(2)
        )
        account.now = day(2) - timedelta.resolution
        assert account.balances == {}
        account.now = day(2)
        assert account.balances == {"A": 5}
        account.settle()
        assert account.lines[-1].transaction == Transaction(
            kind=Kind.ARRIVE, of=1, payer="A", points=5, timestamp=day(0), effective_at=day(2)
        )

    def test_they_are_placed_by_their_timestamp(self) -> None:
        account = account_with(("YOUNG", 1, 2), ("OLD", 1, 0))
        account.add("MIDDLE", 1, day(1), effective_at=day(2))
        account.now = day(3)
        assert account.spend(3) == [("OLD", 1), ("MIDDLE", 1), ("YOUNG", 1)]

    def test_they_expire_like_any_other(self) -> None:
        account = Account()
        account.add("A", 5, day(0), effective_at=day(2), expires_at=day(3))
        account.now = day(4)
        account.settle()
        assert account.kinds == ["pending", "arrive", "expire"]

    def test_they_pay_what_their_payer_owes(self) -> None:
        account = account_with(("A", 5, 2), ("B", 1, 3), ("A", -3, 0))
        account.add("A", 3, day(1), effective_at=day(2))
        account.now = day(3)
        account.spend(1)
        assert account.left == [(1, 4), (2, 1)]

    def test_what_is_pending_can_be_cancelled(self) -> None:
        account = Account()
        account.add("A", 5, day(0), effective_at=day(2))
        transaction = account.record(Cancel(1))
        assert transaction == Transaction(kind=Kind.CANCEL, of=1, points=0, payer="A", amount=5)
        account.now = day(3)
        assert account.balances == {}
        with pytest.raises(EndedError, match="was cancelled"):
            account.record(Cancel(1))

    def test_only_that_can_be_cancelled(self) -> None:
        with pytest.raises(NotPendingError):
            account_with(("A", 5, 1)).record(Cancel(1))
        with pytest.raises(NoOriginalError):
            Account().record(Cancel(1))

    def test_a_moment_that_has_passed_makes_an_ordinary_add(self) -> None:
        account = Account()
        account.add("A", 5, day(0), effective_at=day(0))
        assert account.kinds == ["add"]


class TestTimesTransactions:
    def test_they_are_done_in_the_order_in_which_they_are_due(self) -> None:
        account = account_with(("A", 5, 1))
        account.add("A", 5, day(1), expires_at=day(1))
        account.add("B", 5, day(1), effective_at=day(2))
        account.hold(6, day(3))
        account.add("C", 5, day(1), expires_at=day(4))
        account.now = day(9)
        account.settle()
        assert account.kinds[5:] == ["arrive", "lapse", "expire"]
        assert [line.state.moment for line in account.lines[5:]] == [day(2), day(3), day(4)]

    def test_at_the_same_moment_points_arrive_then_holds_lapse_then_lots_expire(self) -> None:
        account = Account()
        account.add("A", 5, day(1), expires_at=day(2))
        account.hold(5, day(2))
        account.add("B", 5, day(1), effective_at=day(2))
        account.now = day(2)
        account.settle()
        assert account.kinds[3:] == ["arrive", "lapse", "expire"]

    def test_what_expires_at_the_same_moment_waits_also_when_lots_expired_before(self) -> None:
        account = Account()
        for number in (1, 2):
            account.add("A", 5, day(0), expires_at=day(number))
        account.add("B", 5, day(1), effective_at=day(2))
        account.now = day(2)
        account.settle()
        assert account.kinds[3:] == ["expire", "arrive", "expire"]

    def test_of_the_same_kind_they_are_done_in_the_order_recorded(self) -> None:
        account = Account()
        for payer in ("B", "A"):
            account.add(payer, 5, day(1), effective_at=day(2))
        account.now = day(2)
        account.settle()
        assert [line.transaction.of for line in account.lines[2:]] == [1, 2]

    def test_expiries_are_cut_by_what_is_due_between_them(self) -> None:
        account = account_with(("A", 1, 1))
        for number in (1, 2, 4):
            account.add("A", number, day(1), expires_at=day(number))
        account.add("B", 5, day(1), effective_at=day(3))
        account.now = day(9)
        account.settle()
        assert account.kinds[5:] == ["expire", "arrive", "expire"]
        assert [line.transaction.points for line in account.lines[5:]] == [-3, 5, -4]

    def test_a_payer_first_seen_as_pending_appears_when_the_points_arrive(self) -> None:
        account = Account()
        account.add("B", 5, day(1), effective_at=day(2))
        account.add("A", 5, day(1))
        account.now = day(2)
        assert list(account.balances) == ["A", "B"]

    def test_a_version_is_the_last_change_and_the_moment_of_what_time_did_since(self) -> None:
        account = Account()
        assert account.state.version == "0"
        account.add("A", 5, day(1), expires_at=day(1))
        assert account.state.version == "1"
        account.now = day(3)
        assert account.read().state.version == "1.2020-01-02T00:00:00.000000Z"
        account.settle()
        assert account.state.version == "1.2020-01-02T00:00:00.000000Z"
        account.add("A", 5, day(1))
        assert account.state.version == "3"
