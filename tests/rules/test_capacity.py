"""An account is stopped from growing before any line of it could be too large for DynamoDB."""

from bisect import bisect
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from points.rules.plans import plan
from points.rules.positions import FIRST_GENERATION, lot_position
from points.rules.refusals import LimitError, Refusal
from points.rules.terms import MAX_POINTS, Add, Lot, Spend, Spent, State
from points.storage.capacity import _FIXED_BYTES, LINE_BYTES, check_capacity, largest_line
from points.storage.lines import Line, Retry, Standing, next_line, to_item

from tests.rules.account import Account, day, depth
from tests.simulator.items import item_size, value_size

NOW = datetime(2020, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
LONGEST_ACCOUNT = "a" * 128
LONGEST_PAYER = "\N{MONEY BAG}" * 128
MOST_LEVELS = 50
LONGEST_RETRY = Retry("k" * 255, "d" * 64)

PART_SPENT_ENTRY = largest_line(State(part_spent={1: 1})) - largest_line(State())


def line_with(change: Add | Spend, account: Account) -> Line:
    """Plan a change as the line that would be written for it, as long as names and keys can make it."""
    at = Standing(LONGEST_ACCOUNT, account.sequence, NOW, account.state)
    planned = plan(change, account.state, account.sequence + 1, account.open_lots)
    return next_line(at, planned, NOW, "w" * 32, LONGEST_RETRY)


def write(change: Add | Spend, account: Account) -> Line:
    """Make a change as the passbook does: refused if the account would outgrow a limit."""
    line = line_with(change, account)
    check_capacity(line)
    account.record(change)
    return line


def written_bytes(line: Line) -> int:
    """Return what DynamoDB counts against its limit: the item, and its entries in the local indexes."""
    item = to_item(line)
    keys = {"account", "sequence"}
    entries = {"timestamp_key": {"payer", "points"}, "idempotency_key": set[str]()}
    return item_size(item) + sum(
        item_size({name: item[name] for name in keys | {index_key} | projected})
        for index_key, projected in entries.items()
        if index_key in item
    )


def growing_bytes(line: Line) -> int:
    """Return what payers and part-spent lots take up in a line."""
    lists = ("balances", "taken", "owed", "part_spent")
    return sum(value_size(value) - 3 for name, value in to_item(line).items() if name in lists)


payers = st.sampled_from(["A", "B" * 40, "\N{MONEY BAG}", LONGEST_PAYER])
points = st.integers(1, 9) | st.integers(10**15, MAX_POINTS // 8)
days = st.integers(0, 5).map(day)
lots = st.builds(Add, payers, points, days)
takings_back = st.builds(Add, payers, points.map(int.__neg__), days)
spends = st.builds(Spend, points)


@given(st.lists(lots | takings_back | spends, max_size=20))
def test_a_line_is_never_larger_than_was_allowed_for_when_the_last_lot_was_added(changes: list[Add | Spend]) -> None:
    account, allowed = Account(), largest_line(State())
    for change in changes:
        try:
            line = write(change, account)
        except Refusal:
            continue
        if line.lot:
            allowed = largest_line(line.state)
        assert growing_bytes(line) <= allowed - _FIXED_BYTES
        assert written_bytes(line) <= allowed


def nest_late_lots(levels: int) -> Account:
    """Return an account in which a lot older than all before came, and was spent, this many times."""
    account = Account()
    write(Add(LONGEST_PAYER, 10, day(1)), account)
    for number in range(levels):
        write(Add(LONGEST_PAYER, 1, day(-number)), account)
        write(Spend(1), account)
    assert depth(account.state.spent_through) == levels
    return account


def test_what_does_not_grow_fits_into_its_part_at_its_largest() -> None:
    account = nest_late_lots(MOST_LEVELS - 1)
    line = line_with(Add(LONGEST_PAYER, 1, day(-MOST_LEVELS)), account)
    assert line.lot
    assert depth(line.lot.position) == MOST_LEVELS
    assert written_bytes(line) - growing_bytes(line) <= _FIXED_BYTES


class TestNestedLateLots:
    OLDER = Add("A", 1, day(-MOST_LEVELS))

    def test_fifty_levels_are_accepted_and_no_more(self) -> None:
        write(self.OLDER, nest_late_lots(MOST_LEVELS - 1))
        with pytest.raises(LimitError) as refusal:
            write(self.OLDER, nest_late_lots(MOST_LEVELS))
        assert (refusal.value.limit, refusal.value.field) == ("late-lots", "timestamp")

    def test_a_lot_with_a_later_timestamp_is_accepted_at_the_limit(self) -> None:
        account = nest_late_lots(MOST_LEVELS)
        write(Add("A", 1, day(-MOST_LEVELS // 2)), account)
        assert account.spend(2) == [("A", 1), (LONGEST_PAYER, 1)]

    def test_a_spend_of_whole_lots_makes_room(self) -> None:
        account = nest_late_lots(MOST_LEVELS)
        write(Add("B", 10, day(2)), account)
        write(Spend(10), account)
        write(self.OLDER, account)
        assert account.spend(2) == [("A", 1), ("B", 1)]


NAMES: dict[str, Callable[[int], str]] = {
    "short names": lambda number: f"{number}",
    "long names": lambda number: f"{number:0128}",
    "long names of four-byte characters": lambda number: LONGEST_PAYER[1:] + chr(0x10000 + number),
}


def account_of_most_payers(name: Callable[[int], str]) -> Account:
    """Return an account that has no room for another payer, but for points; each has an older lot and a younger."""
    names = [name(number) for number in range(20_000)]

    def size(payers: int) -> int:
        return largest_line(State(dict.fromkeys(names[:payers], 0)))

    names = names[: bisect(range(len(names)), LINE_BYTES, key=size) - 1]
    lots = [
        Lot(sequence, lot_position(NOW, sequence, FIRST_GENERATION), payer, MAX_POINTS // 2)
        for sequence, payer in enumerate(names * 2, start=1)
    ]
    return Account(State(dict.fromkeys(names, MAX_POINTS // 2 * 2)), len(lots), lots)


class TestManyPayers:
    def test_thousands_fit_and_hundreds_if_their_names_are_as_long_as_can_be(self) -> None:
        fit = [len(account_of_most_payers(name).state.balances) for name in NAMES.values()]
        assert fit == [8774, 1365, 377]

    @pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
    def test_one_more_is_refused_and_more_points_are_not(self, name: Callable[[int], str]) -> None:
        account = account_of_most_payers(name)
        with pytest.raises(LimitError) as refusal:
            write(Add(name(20_000), 1, NOW), account)
        assert (refusal.value.limit, refusal.value.field) == ("payers", "payer")
        write(Add(name(0), 1, NOW), account)

    @pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
    def test_all_can_be_drawn_on_by_one_spend(self, name: Callable[[int], str]) -> None:
        account = account_of_most_payers(name)
        line = write(Spend(account.state.total // 2), account)
        assert LINE_BYTES * 0.75 < written_bytes(line) <= LINE_BYTES

    @pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
    def test_all_can_be_in_debt_at_once(self, name: Callable[[int], str]) -> None:
        account = account_of_most_payers(name)
        owed = dict.fromkeys(account.state.balances, 10**38 - 2)  # as many digits as DynamoDB keeps
        account.state = State(account.state.balances, owed)
        line = write(Add(name(0), -1, NOW), account)
        assert LINE_BYTES * 0.75 < written_bytes(line) <= LINE_BYTES


class TestManyPartSpentLots:
    def test_one_more_is_refused_until_a_spend_makes_room(self) -> None:
        account = account_of_most_part_spent_lots()
        oldest = Add("A", 2, day(-1))
        write(oldest, account)
        line = write(Spend(1), account)
        assert len(account.state.part_spent) == 19_112
        assert LINE_BYTES * 0.75 < written_bytes(line) <= LINE_BYTES

        with pytest.raises(LimitError) as refusal:
            write(oldest, account)
        assert (refusal.value.limit, refusal.value.field) == ("part-spent-lots", "timestamp")

        assert write(Spend(1), account).transaction == Spent(1, {"A": 1})
        write(oldest, account)


def account_of_most_part_spent_lots() -> Account:
    """Return an account of lots spent up to their last point, with room for no more than one more of them."""
    entries = (LINE_BYTES - largest_line(State({"A": 0}))) // PART_SPENT_ENTRY
    first = 10**9
    lots = [
        Lot(sequence, lot_position(NOW, sequence, FIRST_GENERATION), "A", MAX_POINTS)
        for sequence in range(first, first + entries)
    ]
    part_spent = {lot.sequence: MAX_POINTS - 1 for lot in lots}
    return Account(State({"A": entries}, part_spent=part_spent), first + entries, lots)
