"""What the ledger promises, rule by rule, in examples small enough to follow by hand."""

from collections.abc import Iterable
from copy import deepcopy
from datetime import UTC, datetime
from itertools import permutations

import pytest
from points.rules.plans import plan
from points.rules.refusals import LimitError, NotEnoughPointsError, PayerBelowZeroError
from points.rules.terms import MAX_POINTS, Add, Added, Lot, Spend, Spent, State

from tests.rules.account import Account, day, depth, generation

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
        assert depth(account.open_lots[0].position) == 4
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
        assert account.sequence == 1001

    def test_it_reads_no_lot_beyond_the_last_that_it_needs(self) -> None:
        account = account_with(*(("A", 2, number) for number in range(9)))
        for points, lots in ((1, 1), (1, 1), (2, 1), (3, 2), (1, 1)):
            account.spend(points)
            assert account.lots_read == lots


class TestEveryAcceptedRequestIsOneTransactionAndARefusedOneNone:
    def test_an_add_is_recorded_as_asked_and_opens_a_lot(self) -> None:
        transaction = Account().record(Add("A", 5, day(1)))
        assert isinstance(transaction, Added)
        assert (transaction.payer, transaction.points, transaction.timestamp) == ("A", 5, day(1))
        assert transaction.position

    def test_a_negative_add_is_recorded_as_asked_and_opens_none(self) -> None:
        assert account_with(("A", 5, 1)).record(Add("A", -3, day(2))) == Added("A", -3, day(2), position=None)

    def test_a_spend_is_recorded_with_what_it_took(self) -> None:
        assert account_with(("A", 5, 1), ("B", 5, 2)).record(Spend(7)) == Spent(7, {"A": 5, "B": 2})

    def test_a_refused_request_leaves_the_account_as_it_was(self) -> None:
        account = account_with(("A", 5, 1), ("A", -2, 1), ("B", 5, 2))
        account.spend(1)
        before = deepcopy(account)
        for change in (Add("A", -3, day(1)), Add("B", MAX_POINTS, day(1)), Spend(8)):
            with pytest.raises((PayerBelowZeroError, LimitError, NotEnoughPointsError)):
                account.record(change)
        assert (account.state, account.lots, account.sequence) == (before.state, before.lots, before.sequence)

    @pytest.mark.parametrize("change", [Add("A", 1, day(0)), Add("A", -1, day(0)), Spend(1), Spend(6)])
    def test_planning_leaves_the_state_that_it_is_given_alone(self, change: Add | Spend) -> None:
        account = account_with(("A", 5, 1), ("A", -2, 1), ("B", 5, 2))
        account.spend(1)
        before = deepcopy(account.state)
        plan(change, account.state, account.sequence + 1, account.open_lots)
        assert account.state == before

    def test_lots_that_hold_less_than_the_balances_are_never_spent(self) -> None:
        state, lots = State(balances={"A": 5}), [Lot(1, "x", "A", 4)]
        with pytest.raises(AssertionError, match="damaged"):
            plan(Spend(5), state, 2, lots)


class TestAPayersTotalStaysExactInEveryJsonReader:
    def test_the_largest_total_is_accepted(self) -> None:
        account = account_with(("A", MAX_POINTS - 1, 1), ("A", 1, 2), ("B", MAX_POINTS, 3))
        assert account.spend(2 * MAX_POINTS) == [("A", MAX_POINTS), ("B", MAX_POINTS)]

    def test_one_point_more_is_refused(self) -> None:
        with pytest.raises(LimitError) as refusal:
            account_with(("A", MAX_POINTS, 1)).add("A", 1, day(2))
        assert refusal.value.limit == "payer-total"


class TestAnAccountBeginsAfreshOnceItIsUsedUp:
    def test_spending_everything_begins_a_generation(self) -> None:
        account = account_with(("A", 1, 5), ("B", 1, 6))
        account.spend(1)
        assert generation(account.state.spent_through) == 0
        account.spend(1)
        assert (generation(account.state.spent_through), depth(account.state.spent_through)) == (1, 0)

    def test_a_lot_older_than_all_that_was_spent_is_then_like_any_other(self) -> None:
        account = account_with(("A", 1, 5))
        account.spend(1)
        account.add("OLDER", 1, day(1))
        account.add("OLDEST", 1, day(0))
        assert [depth(lot.position) for lot in account.open_lots] == [1, 1]
        assert account.spend(2) == [("OLDEST", 1), ("OLDER", 1)]

    def test_it_does_not_while_a_payer_owes(self) -> None:
        account = account_with(("B", 1, 1), ("A", 2, 2), ("A", -2, 2))
        account.spend(1)
        assert account.state.total == 0
        assert generation(account.state.spent_through) == 0
        account.add("A", 1, day(3))
        assert account.spend(1) == [("A", 1)]
        assert [account.left_of(lot) for lot in account.lots] == [0, 0, 0]

    def test_it_does_once_the_last_point_is_spent_and_the_last_debt_is_paid(self) -> None:
        account = account_with(("A", 3, 1), ("A", -2, 2))
        account.spend(1)
        assert generation(account.state.spent_through) == 1
