"""An account is stopped from growing before any line of it could be too large for DynamoDB."""

import json
from bisect import bisect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from points.rules.order import FIRST_CHAPTER, end_of_chapter, lot_key
from points.rules.plans import Plan
from points.rules.refusals import LimitError, Refusal
from points.rules.terms import (
    MAX_POINTS,
    Add,
    Cancel,
    Capture,
    Change,
    Hold,
    Kind,
    Lot,
    OpenHold,
    PendingAdd,
    Range,
    Refund,
    Spend,
    State,
    Transaction,
    Void,
)
from points.storage.capacity import _FIXED_BYTES, ACCOUNT_BYTES, LINE_BYTES, Limits, check_capacity, largest_line
from points.storage.lines import Line, Retry, Standing, next_line, to_item

from tests.rules.account import Account, day
from tests.rules.growth import AT_THE_DOOR, WAYS_ON, check_room
from tests.simulator.items import item_size, value_size

LAST_MOMENT = datetime.max.replace(tzinfo=UTC)
NOW = datetime(2020, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
LATER = NOW + timedelta(1)
LONGEST_ACCOUNT = "a" * 128
LONGEST_PAYER = "\N{MONEY BAG}" * 128
LONGEST_RETRY = Retry("k" * 255, "d" * 64)
LONGEST_REFERENCE = "\N{MONEY BAG}" * 128
LONGEST_METADATA = json.dumps({"name": "v" * 2036})  # 2,048 bytes

GROWING = ("balances", "owed", "taken", "returned", "expired", "part_spent", "ranges", "holds", "pending")

SEEDS = 1000

Saw = Callable[[int, str], None]


NO_LIMITS = Limits(payers=LINE_BYTES, part_spent_lots=LINE_BYTES)
"""But those of a line's size, and of holds and pending adds."""


def line_of(number: int, account: Account, size: int = 0) -> Line:
    """Return one of an account's transactions as the line that would be written for it, its names at their longest."""
    plan, origin = account.lines[number - 1], account.origin(number)
    assert origin
    above = Standing(LONGEST_ACCOUNT, NOW, origin.before, "d" * 64, size)
    return next_line(above, plan, NOW, LONGEST_RETRY)


def write(change: Change, account: Account, size: int = 0) -> Line:
    """Make a change as the passbook does: refused if the account would outgrow a limit."""
    ahead = account.copy()
    ahead.record(change)
    line = line_of(ahead.number, ahead, size)
    check_capacity(line, account.state, NO_LIMITS)
    account.lines, account.by_position = ahead.lines, ahead.by_position
    return line


def written_bytes(line: Line) -> int:
    """Return what DynamoDB counts against its limit: the item, and its entries in the local indexes."""
    item = to_item(line)
    keys = {"account", "sequence"}
    entries = {
        "timestamp_key": {"payer", "points"},
        "idempotency_key": set[str](),
        "original_key": {"kind", "moment", "undone"},
        "reference_key": set[str](),
    }
    return item_size(item) + sum(
        item_size({name: item[name] for name in keys | {index_key} | projected})
        for index_key, projected in entries.items()
        if index_key in item
    )


def growing_bytes(line: Line) -> int:
    """Return what grows of a line: points of payers, ranges, part-spent lots, holds and pending adds."""
    return sum(value_size(value) - 3 for name, value in to_item(line).items() if name in GROWING)


def test_no_line_has_more_ranges_or_part_spent_lots_than_were_allowed_for_at_the_door(saw: Saw) -> None:
    check_room(SEEDS)
    saw(SEEDS * WAYS_ON, "random histories that scatter open lots")


payers = st.sampled_from(["A", "B" * 40, "\N{MONEY BAG}", LONGEST_PAYER])
points = st.integers(1, 9) | st.integers(10**13, MAX_POINTS // 100)
timestamps = st.integers(0, 5).map(day)
moments = st.integers(1, 9).map(lambda number: NOW + timedelta(number))
numbers = st.integers(1, 20)

changes = st.one_of(
    st.builds(Add, payers, points, timestamps, st.none() | moments, st.none() | moments),
    st.builds(Add, payers, points.map(int.__neg__), timestamps),
    st.builds(Spend, points),
    st.builds(Hold, points, moments),
    st.builds(Refund, numbers, st.none() | points),
    st.builds(Capture, numbers, st.none() | points),
    st.builds(Void, numbers),
    st.builds(Cancel, numbers),
)
passing_time = st.integers(1, 3).map(timedelta)


@given(st.lists(changes | passing_time, max_size=30))
def test_a_line_is_never_larger_than_was_allowed_for_at_the_door(steps: list[Change | timedelta]) -> None:
    account, allowed = Account(now=NOW), largest_line(State())
    for step in steps:
        recorded = account.number
        try:
            if isinstance(step, timedelta):
                account.now += step
            else:
                account.record(step)
        except Refusal:
            continue
        for number in range(recorded + 1, account.number + 1):
            line = line_of(number, account)
            if line.transaction.kind in AT_THE_DOOR:
                allowed = largest_line(line.state)
            assert growing_bytes(line) <= allowed - _FIXED_BYTES
            assert written_bytes(line) <= allowed


LABELS = {"reference": LONGEST_REFERENCE, "metadata": LONGEST_METADATA}


@pytest.mark.parametrize(
    "change",
    [
        Add(LONGEST_PAYER, MAX_POINTS // 2, LAST_MOMENT, expires_at=LAST_MOMENT, **LABELS),
        Add(LONGEST_PAYER, MAX_POINTS // 2, LAST_MOMENT, LAST_MOMENT, LAST_MOMENT, **LABELS),
        Spend(MAX_POINTS // 4, **LABELS),
        Hold(MAX_POINTS // 4, LATER, **LABELS),
        Refund(3, **LABELS),
        Capture(4, 1, **LABELS),
        Void(4, **LABELS),
        Cancel(2, **LABELS),
    ],
    ids=lambda change: type(change).__name__,
)
def test_what_does_not_grow_fits_into_its_part_at_its_largest(change: Change) -> None:
    account = Account(now=NOW)
    account.add(LONGEST_PAYER, MAX_POINTS // 2, day(0), expires_at=LATER)
    account.add(LONGEST_PAYER, 9, day(0), effective_at=LATER)
    account.spend(9)
    account.hold(9, LATER)
    line = write(change, account, size=ACCOUNT_BYTES - LINE_BYTES)
    assert written_bytes(line) - growing_bytes(line) <= _FIXED_BYTES


def test_lines_know_their_own_size() -> None:
    account = Account(now=NOW)
    for change in (Add("A", 9, day(0), expires_at=LATER), Spend(5), Refund(2, 1)):
        line = write(change, account, size=1000)
        assert line.size == 1000 + written_bytes(line)


NAMES: dict[str, Callable[[int], str]] = {
    "short names": lambda number: f"{number}",
    "long names": lambda number: f"{number:0128}",
    "long names of four-byte characters": lambda number: LONGEST_PAYER[1:] + chr(0x10000 + number),
}


def account_of(state: State, lots: list[Lot]) -> Account:
    """Return an account that came to stand so, never mind how."""
    last = max((lot.sequence for lot in lots), default=1)
    plan = Plan(Transaction(kind=Kind.ADD, points=0), state._replace(sequence=last, changed=last))
    return Account(NOW, [plan] * last, sorted(lots, key=lambda lot: lot.position))


def account_of_most_payers(name: Callable[[int], str]) -> Account:
    """Return an account that has no room for another payer, but for points. Each has four lots."""
    names = [name(number) for number in range(20_000)]

    def size(payers: int) -> int:
        return largest_line(State(balances=dict.fromkeys(names[:payers], 0), ranges=(Range("", ""),)))

    names = names[: bisect(range(len(names)), LINE_BYTES, key=size) - 1]
    each = MAX_POINTS // (4 * len(names))
    lots = [
        Lot(sequence, FIRST_CHAPTER + lot_key(NOW, sequence, None), payer, each)
        for sequence, payer in enumerate(names * 4, start=1)
    ]
    ranges = (Range(lots[0].position, end_of_chapter(lots[0].position)),)
    return account_of(State(balances=dict.fromkeys(names, 4 * each), ranges=ranges), lots)


@pytest.fixture(params=NAMES.values(), ids=NAMES, scope="module")
def name(request: pytest.FixtureRequest) -> Callable[[int], str]:
    return request.param


class TestManyPayers:
    def test_thousands_fit_and_hundreds_if_their_names_are_as_long_as_can_be(self) -> None:
        fit = [len(account_of_most_payers(name).state.balances) for name in NAMES.values()]
        assert fit == [4670, 682, 187]

    def test_one_more_is_refused_and_more_points_are_not(self, name: Callable[[int], str]) -> None:
        account = account_of_most_payers(name)
        for effective_at in (None, LATER):
            with pytest.raises(LimitError) as refusal:
                write(Add(name(20_000), 1, NOW, effective_at), account)
            assert (refusal.value.limit, refusal.value.field) == ("payers", "payer")
        write(Add(name(0), 1, NOW), account)

    def test_all_can_be_drawn_on_given_back_to_and_in_debt_at_once(self, name: Callable[[int], str]) -> None:
        account = account_of_most_payers(name)
        held = account.state.total // 2
        hold = account.hold(held, LATER)
        owed = dict.fromkeys(account.state.balances, 10**38 - 2)  # as many digits as DynamoDB keeps
        account.lines[-1] = account.lines[-1]._replace(state=account.state._replace(owed=owed))
        line = write(Capture(hold, held // 2), account)
        assert LINE_BYTES * 0.7 < written_bytes(line) <= LINE_BYTES


def scattered_account(scattered: int) -> Account:
    """Return an account of lots that are spent up to their last point, each in a range of its own, but for one."""
    sequences = range(10**5, 10**5 + 2 * scattered)
    lots = [Lot(number, FIRST_CHAPTER + lot_key(NOW, number, None), "A", MAX_POINTS) for number in sequences]
    still_open = lots[::2]
    state = State(
        balances={"A": scattered},
        part_spent={lot.sequence: MAX_POINTS - 1 for lot in still_open},
        ranges=tuple(Range(lot.position, lot.position) for lot in still_open),
        watermark=lots[-1].position,
    )
    return account_of(state, lots)


class TestScatteredLots:
    def test_one_more_is_refused_until_a_spend_makes_room(self) -> None:
        def bound(scattered: int) -> int:
            return largest_line(scattered_account(scattered).state)

        most = bisect(range(10_000), LINE_BYTES, key=bound) - 1
        assert most == 3712
        account = scattered_account(most)
        older = Add("A", 2, day(-1))
        for change in (older, Hold(1, LATER), Add("A", 1, day(0), LATER)):
            with pytest.raises(LimitError) as refusal:
                write(change, account)
            assert (refusal.value.limit, refusal.value.field) == ("line-size", "account")
        line = write(Spend(1), account)
        assert LINE_BYTES * 0.7 < written_bytes(line) <= LINE_BYTES
        write(older, account)


class TestManyHoldsAndPendingAdds:
    def test_the_101st_open_hold_is_refused_until_one_ends(self) -> None:
        account = Account(now=NOW)
        account.add("A", 1000, day(0))
        for _ in range(100):
            write(Hold(1, LATER), account)
        with pytest.raises(LimitError) as refusal:
            write(Hold(1, LATER), account)
        assert (refusal.value.limit, refusal.value.field) == ("open-holds", "points")
        write(Capture(2), account)
        write(Hold(1, LATER), account)

    def test_the_101st_pending_add_is_refused_until_one_arrives_or_is_cancelled(self) -> None:
        account = Account(now=NOW)
        for _ in range(100):
            write(Add("A", 1, day(0), LATER), account)
        with pytest.raises(LimitError) as refusal:
            write(Add("A", 1, day(0), LATER), account)
        assert (refusal.value.limit, refusal.value.field) == ("pending-adds", "effective_at")
        write(Cancel(1), account)
        write(Add("A", 1, day(0), LATER), account)

    def test_a_deployment_may_set_them(self) -> None:
        account = Account(now=NOW)
        account.add("A", 1000, day(0))
        account.hold(1, LATER)
        check_capacity(line_of(2, account), State(), Limits(open_holds=1))
        with pytest.raises(LimitError):
            check_capacity(line_of(2, account), State(), Limits(open_holds=0))

    def test_the_most_of_both_fit_into_an_account_of_one_payer(self) -> None:
        holds = {number: OpenHold(MAX_POINTS, LATER, 3, 3) for number in range(100)}
        pending = {number: PendingAdd(LONGEST_PAYER, MAX_POINTS, NOW, LATER, LATER) for number in range(100)}
        assert largest_line(State(holds=holds, pending=pending)) < LINE_BYTES / 2


class TestManyTransactions:
    FULL = ACCOUNT_BYTES

    @pytest.mark.parametrize("change", [Add("A", 1, day(0)), Hold(1, LATER), Refund(2), Cancel(4)])
    def test_an_account_that_holds_as_many_as_it_can_is_refused_more(self, change: Change) -> None:
        account = self.account()
        with pytest.raises(LimitError) as refusal:
            write(change, account, size=self.FULL)
        assert refusal.value.limit == "account-size"
        write(change, account, size=self.FULL - LINE_BYTES)

    @pytest.mark.parametrize("change", [Spend(1), Capture(3), Void(3)])
    def test_it_can_still_be_spent_from(self, change: Change) -> None:
        write(change, self.account(), size=self.FULL)

    @staticmethod
    def account() -> Account:
        account = Account(now=NOW)
        account.add("A", 9, day(0))
        account.spend(1)
        account.hold(1, LATER)
        account.add("A", 9, day(0), effective_at=LATER)
        return account
