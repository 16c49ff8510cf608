"""The order in which accepted adds of different timestamps arrive never changes what a later spend takes."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from points.rules.refusals import Refusal
from points.rules.terms import Add, Spend

from tests.rules.account import Account, day

payers = st.sampled_from("ABC")
spends = st.builds(Spend, st.integers(1, 9))
lots = st.builds(Add, payers, st.integers(1, 9), st.integers(0, 99).map(day))
takings_back = st.builds(Add, payers, st.integers(-9, -1), st.just(day(0)))

histories = st.lists(lots | takings_back | spends, max_size=12)
lots_of_different_timestamps = st.lists(lots, max_size=6, unique_by=lambda lot: lot.timestamp)


@given(histories, st.data())
def test_adds_in_any_order_are_spent_alike(before: list[Add | Spend], data: st.DataObject) -> None:
    check_adds_in_any_order_are_spent_alike(before, data)


def check_adds_in_any_order_are_spent_alike(before: list[Add | Spend], data: st.DataObject) -> None:
    """Make a history to two accounts, then the same adds in two orders, then spends, which must take the same."""
    one, other = Account(), Account()
    for change in before:
        if accepted(one, change):
            other.record(change)
    adds = data.draw(lots_of_different_timestamps) + data.draw(st.lists(takings_back, max_size=3))
    adds = [add for add in adds if accepted(one, add)]
    record_as_payers_can_afford(other, data.draw(st.permutations(adds)))

    later = data.draw(st.lists(spends, max_size=5))
    assert spend_all(one, later) == spend_all(other, later)
    assert one.state.balances == other.state.balances


def record_as_payers_can_afford(account: Account, adds: Iterable[Add]) -> None:
    """Record adds in this order, but a negative one only once its payer has the points."""
    waiting: list[Add] = []
    for add in adds:
        waiting = [add for add in (add, *waiting) if not accepted(account, add)]
    assert not waiting


def accepted(account: Account, change: Add | Spend) -> bool:
    try:
        account.record(change)
    except Refusal:
        return False
    return True


def spend_all(account: Account, spends: Iterable[Spend]) -> list[list[tuple[str, int]]]:
    """Make these spends as far as there are points, then one of all that is left."""
    answers = [account.spend(spend.points) for spend in spends if spend.points <= account.state.total]
    return [*answers, account.spend(account.state.total)] if account.state.total else answers
