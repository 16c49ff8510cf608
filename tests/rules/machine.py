"""Random histories, made to the rules and to the model side by side."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from points.rules.plans import plan_spend
from points.rules.terms import Lot, Spend

from tests.rules.account import Account, ModelledAccount, day, depth, generation

days = st.integers(0, 5).map(day)  # few, so that lots tie and come late
moments = st.timedeltas(timedelta(days=-365_000), timedelta(days=2_900_000)).map(lambda since: day(0) + since)

few_points = st.integers(1, 5)
some_points = st.integers(1, 20)
about_none = st.sampled_from([0, 0, 1, -1])
many_points = st.integers(1, 10**9)

RARITIES: dict[str, Callable[[Account], object]] = {
    "a watermark among late lots": lambda account: depth(account.state.spent_through) >= 2,
    "a third generation": lambda account: generation(account.state.spent_through) >= 2,
    "two lots part-spent": lambda account: len(account.state.part_spent) >= 2,
    "two payers in debt": lambda account: len(account.state.owed) >= 2,
    "debts and no points": lambda account: account.state.owed and not account.state.total,
    "a spend of five lots": lambda account: account.lots_read >= 5,
}
"""What a search must come across to be worth something."""


class AccountMachine(RuleBasedStateMachine):
    """Adds and spends of one account; whatever they do, it stands as its model does."""

    reached: ClassVar[set[str]] = set()
    payers = st.runner().flatmap(lambda machine: st.sampled_from(machine.names))
    payers_seen = st.runner().flatmap(lambda machine: st.sampled_from([*machine.account.state.balances]))

    def __init__(self) -> None:
        super().__init__()
        self.both = ModelledAccount()
        self.names = ["A"]
        self.most_part_spent = 1

    @property
    def account(self) -> Account:
        return self.both.account

    @property
    def remaining(self) -> list[int]:
        return [lot.remaining for lot in self.both.model.lots]

    @initialize(payers=st.sampled_from([2, 3, 20]))
    def choose_payers(self, payers: int) -> None:
        self.names = [f"P{number}" for number in range(payers)]

    @rule(payer=payers, points=some_points, timestamp=days)
    def add(self, payer: str, points: int, timestamp: datetime) -> None:
        if self.both.add(payer, points, timestamp):
            self.most_part_spent = len(self.account.state.part_spent) + 1

    @rule(payer=payers, points=many_points, timestamp=moments)
    def add_many_at_any_moment(self, payer: str, points: int, timestamp: datetime) -> None:
        self.add(payer, points, timestamp)

    @rule(payer=payers, points=some_points)
    def add_older_than_ever(self, payer: str, points: int) -> None:
        oldest = min((lot.timestamp for lot in self.both.model.lots), default=day(0))
        self.add(payer, points, oldest - timedelta(hours=1))

    @precondition(lambda self: self.account.state.balances)
    @rule(payer=payers_seen, points=some_points)
    def take_back(self, payer: str, points: int) -> None:
        self.both.add(payer, -points, day(0))

    @precondition(lambda self: self.account.state.balances)
    @rule(payer=payers_seen, fewer=about_none)
    def take_back_about_all_of_a_payer(self, payer: str, fewer: int) -> None:
        self.take_back(payer, max(1, self.both.model.balances.get(payer, 0) - fewer))

    @rule(points=few_points)
    def spend(self, points: int) -> None:
        before = self.remaining
        if self.both.spend(points):
            taken_from = sum(was != now for was, now in zip(before, self.remaining, strict=True))
            assert self.account.lots_read == taken_from, "a spend reads the lots that it takes from, and no more"

    @rule(fewer=about_none)
    def spend_about_everything(self, fewer: int) -> None:
        self.spend(max(1, self.account.state.total - fewer))

    @precondition(lambda self: self.account.state.total)
    @rule(data=st.data(), fewer=about_none)
    def spend_up_to_about_the_end_of_a_lot(self, data: Any, fewer: int) -> None:
        state = self.account.state
        draws = plan_spend(Spend(state.total), state, self.account.open_lots).draws
        lots = data.draw(st.integers(1, len(draws)))
        self.spend(max(1, sum(draw.points for draw in draws[:lots]) - fewer))

    @invariant()
    def every_lot_has_left_what_the_model_says(self) -> None:
        assert [self.account.left_of(lot) for lot in self.account.lots] == self.remaining

    @invariant()
    def every_payer_owes_what_the_model_says(self) -> None:
        assert self.account.state.owed == {payer: points for payer, points in self.both.model.owed.items() if points}

    @invariant()
    def no_payer_is_below_zero(self) -> None:
        assert all(points >= 0 for points in self.account.state.balances.values())

    @invariant()
    def open_lots_less_debts_are_the_balances(self) -> None:
        state = self.account.state
        for payer, balance in state.balances.items():
            left = sum(self.account.left_of(lot) for lot in self.account.open_lots if lot.payer == payer)
            assert left - state.owed.get(payer, 0) == balance

    @invariant()
    def open_lots_stand_in_order_of_timestamp_then_arrival(self) -> None:
        def rank(lot: Lot) -> tuple[datetime, int]:
            return self.both.model.lots[self.account.lots.index(lot)].timestamp, lot.sequence

        assert self.account.open_lots == sorted(self.account.open_lots, key=rank)

    @invariant()
    def only_open_lots_are_part_spent_and_each_lot_added_allows_one_more(self) -> None:
        part_spent = self.account.state.part_spent
        assert part_spent.keys() <= {lot.sequence for lot in self.account.open_lots}
        assert len(part_spent) <= self.most_part_spent

    @invariant()
    def note_what_is_rare(self) -> None:
        self.reached.update(name for name, happened in RARITIES.items() if happened(self.account))
