"""Where the open lots are: how ranges begin, move on, open again and join."""

from collections.abc import Iterable

from points.rules.order import chapter_of, end_of_chapter, key_of, sequence_of
from points.rules.ranges import after_key, in_order, is_open, move_fronts, reopen, whole
from points.rules.terms import Range

from tests.rules.account import Account, day

END = "end"


def account_of(*days: int) -> Account:
    """Return an account with a lot of one point for each of these days; lot 1 is the first of them."""
    account = Account()
    for number in days:
        account.add("A", 1, day(number))
    return account


def ranges_of(account: Account) -> list[tuple[int, int | str]]:
    """Return the ranges by the numbers of their lots."""
    return [_numbers(run) for run in account.state.ranges]


def chapters_of(account: Account) -> list[tuple[int, str]]:
    return sorted((lot.sequence, chapter_of(lot.position).lstrip("0") or "0") for lot in account.by_position)


def position_of(number: int, account: Account) -> str:
    return next(lot.position for lot in account.by_position if lot.sequence == number)


def run(first: int, last: int, account: Account) -> Range:
    return Range(position_of(first, account), position_of(last, account))


def _numbers(run: Range) -> tuple[int, int | str]:
    return sequence_of(run.first), END if run.last == end_of_chapter(run.last) else sequence_of(run.last)


def opened(ranges: Iterable[Range], first: int, last: int, account: Account) -> list[tuple[int, int | str]]:
    """Open lots again beside ranges; return all ranges by the numbers of their lots."""
    return [_numbers(run_) for run_ in reopen(tuple(ranges), run(first, last, account), account)]


class TestPlaceOfANewLot:
    def test_the_first_lot_opens_a_range_to_the_end_of_its_chapter(self) -> None:
        assert ranges_of(account_of(5)) == [(1, END)]

    def test_while_nothing_is_closed_every_lot_goes_into_that_range(self) -> None:
        assert ranges_of(account_of(5, 9, 1)) == [(3, END)]

    def test_a_lot_above_the_watermark_goes_into_the_current_chapter(self) -> None:
        account = account_of(5, 9)
        account.spend(1)
        assert account.add("A", 1, day(6)) == 4
        assert ranges_of(account) == [(4, END)]
        assert chapters_of(account) == [(1, "0"), (2, "0"), (4, "0")]

    def test_a_lot_below_the_watermark_begins_a_chapter(self) -> None:
        account = account_of(5, 9)
        account.spend(1)
        account.add("A", 1, day(4))
        assert ranges_of(account) == [(2, END), (4, END)]
        assert chapters_of(account) == [(1, "0"), (2, "0"), (4, "1")]
        assert account.state.watermark == chapter_of(position_of(4, account))

    def test_a_lot_that_expires_sooner_than_the_watermark_begins_one_too(self) -> None:
        account = account_of(5, 9)
        account.spend(1)
        account.add("A", 1, day(10), expires_at=day(1))
        assert chapters_of(account) == [(1, "0"), (2, "0"), (4, "1")]

    def test_lots_of_a_new_chapter_stand_in_order_until_one_of_them_is_closed(self) -> None:
        account = account_of(5, 9)
        account.spend(1)
        for number in (4, 6, 3):
            account.add("A", 1, day(number))
        assert ranges_of(account) == [(2, END), (6, END)]
        account.spend(1)
        account.add("A", 1, day(3))  # as old as the one that was closed, but recorded later
        account.add("A", 1, day(2))
        assert chapters_of(account)[-2:] == [(8, "1"), (9, "2")]

    def test_the_watermark_is_not_moved_by_what_is_closed_in_an_earlier_chapter(self) -> None:
        account = account_of(5, 9)
        account.spend(1)
        account.add("A", 1, day(4))
        account.spend(2)
        assert account.state.watermark == position_of(4, account)
        assert ranges_of(account) == []

    def test_a_chapter_can_be_used_up_and_go_on(self) -> None:
        account = account_of(5)
        account.spend(1)
        assert ranges_of(account) == []
        account.add("A", 1, day(6))
        assert ranges_of(account) == [(3, END)]
        assert chapters_of(account) == [(1, "0"), (3, "0")]

    def test_a_lot_above_all_is_no_part_of_a_range_that_was_opened_again(self) -> None:
        account = account_of(5, 6)
        account.spend(2)
        account.refund(3, 1)
        account.add("A", 1, day(7))
        assert ranges_of(account) == [(2, 2), (5, END)]


class TestMerging:
    def test_lots_of_several_ranges_come_in_the_order_of_spending(self) -> None:
        account = account_of(2, 4, 6, 8)
        account.spend(1)
        for number in (1, 5, 9):
            account.add("A", 1, day(number))
        merged = in_order(whole(account.state.ranges), account, account.number)
        assert [lot.sequence for _, lot in merged] == [6, 2, 7, 3, 4, 8]

    def test_a_range_is_not_read_before_its_turn(self) -> None:
        account = account_of(2, 4, 6, 8)
        account.spend(1)
        account.add("A", 1, day(1))
        account.lots_read = 0
        assert next(in_order(whole(account.state.ranges), account, account.number))[1].sequence == 6
        assert account.lots_read == 1

    def test_lots_that_are_too_new_are_left_out(self) -> None:
        account = account_of(1, 2, 3)
        assert [lot.sequence for _, lot in in_order(whole(account.state.ranges), account, 2)] == [1, 2]


class TestFronts:
    def test_a_range_goes_on_after_the_last_lot_that_is_closed(self) -> None:
        account = account_of(1, 2, 3)
        [whole_] = account.state.ranges
        [moved] = move_fronts((whole_,), {whole_: position_of(2, account)}, account)
        assert _numbers(moved) == (3, END)

    def test_a_range_of_which_nothing_is_left_is_gone(self) -> None:
        account = account_of(1, 2, 3)
        part = run(1, 2, account)
        assert move_fronts((part,), {part: part.last}, account) == ()

    def test_the_others_stay(self) -> None:
        account = account_of(1, 2, 3)
        part, other = run(1, 1, account), run(3, 3, account)
        assert move_fronts((part, other), {part: part.last}, account) == (other,)


class TestAfterAKey:
    def test_what_is_left_is_what_will_be_spent_after_it(self) -> None:
        account = account_of(2, 4, 6, 8)
        account.spend(1)
        for number in (1, 5, 9):
            account.add("A", 1, day(number))
        in_turn = [lot for _, lot in in_order(whole(account.state.ranges), account, account.number)]
        for number, lot in enumerate(in_turn, start=1):
            ranges = after_key(account.state.ranges, key_of(lot.position), account)
            assert [later for _, later in in_order(whole(ranges), account, account.number)] == in_turn[number:]


class TestReopening:
    def test_what_is_opened_again_stands_apart_if_a_closed_lot_parts_it_from_its_neighbours(self) -> None:
        account = account_of(1, 2, 3, 4, 5)
        ranges = [run(1, 1, account), run(5, 5, account)]
        assert opened(ranges, 3, 3, account) == [(1, 1), (3, 3), (5, 5)]

    def test_it_is_one_with_a_neighbour_below_and_above(self) -> None:
        account = account_of(1, 2, 3, 4, 5)
        ranges = [run(1, 1, account), run(5, 5, account)]
        assert opened(ranges, 2, 3, account) == [(1, 3), (5, 5)]
        assert opened(ranges, 3, 4, account) == [(1, 1), (3, 5)]
        assert opened(ranges, 2, 4, account) == [(1, 5)]

    def test_it_is_one_with_what_it_overlaps(self) -> None:
        account = account_of(1, 2, 3, 4, 5)
        ranges = [run(2, 2, account), run(4, 4, account)]
        assert opened(ranges, 1, 5, account) == [(1, 5)]
        assert opened(ranges, 2, 3, account) == [(2, 4)]

    def test_it_may_lie_within_a_range_that_is_open(self) -> None:
        account = account_of(1, 2, 3)
        assert opened([run(1, 3, account)], 2, 2, account) == [(1, 3)]

    def test_lots_of_other_chapters_do_not_part_it_from_its_neighbours(self) -> None:
        account = account_of(2, 3)
        account.spend(2)
        account.add("A", 1, day(1))
        assert chapters_of(account)[-1] == (4, "1")
        assert opened([run(1, 1, account), run(4, 4, account)], 2, 2, account) == [(1, 2), (4, 4)]

    def test_refunds_in_any_order_leave_one_range(self) -> None:
        account = account_of(1, 2, 3)
        for _ in range(3):
            account.spend(1)
        account.refund(4)
        account.refund(6)
        assert ranges_of(account) == [(1, 1), (3, 3)]
        account.refund(5)
        assert ranges_of(account) == [(1, 3)]

    def test_what_a_spend_stopped_inside_may_come_back_apart_from_what_it_closed(self) -> None:
        account = account_of(1)
        account.add("A", 2, day(3))
        account.spend(2)
        account.add("A", 1, day(2))
        account.spend(2)
        assert account.left == []
        account.refund(3)
        assert ranges_of(account) == [(1, 1), (2, 2)]
        assert account.left == [(1, 1), (2, 1)]


def test_open_is_what_lies_inside_a_range() -> None:
    account = account_of(1, 2, 3, 4, 5)
    ranges = (run(1, 1, account), run(3, 4, account))
    assert [is_open(ranges, lot.position) for lot in account.by_position] == [True, False, True, True, False]
