"""The order in which accepted adds of different timestamps arrive never changes what a later spend takes.

That is, as long as nothing expires, lapses or arrives between them, and none had expired when it was recorded.
"""

from collections.abc import Iterable
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from points.rules.refusals import Refusal
from points.rules.terms import Add, Change, Hold, Refund, Spend

from tests.rules.account import Account, day

payers = st.sampled_from("ABC")
points = st.integers(1, 9)
expiries = st.none() | st.integers(1, 9).map(day)

spends = st.builds(Spend, points)
holds = st.builds(Hold, points, st.integers(1, 9).map(day))
refunds = st.builds(Refund, st.integers(1, 12), points)
lots = st.builds(Add, payers, points, st.integers(-99, 0).map(day), expires_at=expiries)
later_lots = st.builds(Add, payers, points, st.just(day(0)), st.integers(1, 9).map(day))
takings_back = st.builds(Add, payers, points.map(int.__neg__), st.just(day(0)))
waits = st.integers(1, 4).map(timedelta)

histories = st.lists(lots | later_lots | takings_back | spends | holds | refunds | waits, max_size=12)
lots_of_different_timestamps = st.lists(lots, max_size=6, unique_by=lambda lot: lot.timestamp)
laters = st.lists(spends | waits, max_size=5)

Step = Change | timedelta


@given(histories, st.data())
def test_adds_in_any_order_are_spent_alike(before: list[Step], data: st.DataObject) -> None:
    check_adds_in_any_order_are_spent_alike(before, data)


def check_adds_in_any_order_are_spent_alike(before: list[Step], data: st.DataObject) -> None:
    """Make a history to two accounts, then the same adds in two orders, then spends, which must take the same."""
    one = Account()
    for step in before:
        take(one, step)
    one.settle()
    other = one.copy()
    adds = data.draw(lots_of_different_timestamps) + data.draw(st.lists(takings_back, max_size=3))
    adds = [add for add in adds if not has_expired(add, one) and take(one, add)]
    record_as_payers_can_afford(other, data.draw(st.permutations(adds)))

    for step in data.draw(laters):
        assert told(one, step) == told(other, step)
        assert one.balances == other.balances
    everything = Spend(sum(one.balances.values()) or 1)
    assert told(one, everything) == told(other, everything)


def has_expired(add: Add, account: Account) -> bool:
    return add.expires_at is not None and add.expires_at <= account.now


def record_as_payers_can_afford(account: Account, adds: Iterable[Add]) -> None:
    """Record adds in this order, but a negative one only once its payer has the points."""
    waiting: list[Add] = []
    for add in adds:
        waiting = [add for add in (add, *waiting) if not take(account, add)]
    assert not waiting


def take(account: Account, step: Step) -> bool:
    """Make a change or let time pass; say whether the change was accepted."""
    if isinstance(step, timedelta):
        account.now += step
        return True
    try:
        account.record(step)
    except Refusal:
        return False
    return True


def told(account: Account, step: Step) -> list[tuple[str, int]]:
    """Take a step; return what was taken from whom, nothing if it was refused."""
    accepted = take(account, step)
    transaction = account.lines[-1].transaction if account.lines else None
    return list((transaction.taken or {}).items()) if accepted and transaction else []
