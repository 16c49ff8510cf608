"""A walk that is kept while others write is the walk that would be made anew, whatever they write."""

from collections.abc import Callable
from typing import ClassVar

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from points.rules.order import chapter_of
from points.rules.plans import Plan, plan
from points.rules.terms import Add, Hold, Lot, Spend, State
from points.rules.walk import Tally

from tests.rules.account import Account
from tests.rules.machine import AccountMachine
from tests.rules.modelled import ModelledAccount

EXAMPLES = 2 * settings.default.max_examples

MOST_WAITING = 20

Kept = tuple[Spend | Hold, Tally]

Saw = Callable[[int, str], None]

RARITIES: dict[str, Callable[[Tally, Lot, State, State], object]] = {
    "the lot is next": lambda _drawn, lot, _before, spent: lot.position in [run.first for run in spent.ranges],
    "the lot begins a chapter": lambda _drawn, lot, before, _: chapter_of(lot.position) > chapter_of(before.watermark),
    "its payer owes": lambda _drawn, lot, before, _: lot.payer in before.owed,
    "the walk paid debts": lambda drawn, *_: drawn.settled,
    "the walk used up a lot": lambda drawn, *_: drawn.used_up,
    "the walk stopped inside a lot": lambda drawn, *_: drawn.last and not drawn.last.closed,
}
"""What a search must come across in walks that are kept: the walk, the new lot, and the states before and after."""


class KeepingMachine(AccountMachine):
    """Changes of one account, beside spends and holds that are planned and never get their turn."""

    kept_beside: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Kept] = []

    def stand(self, after: ModelledAccount) -> None:
        """Go on from what came of a step; plan again what waits, and something new."""
        recorded = self.account.number
        super().stand(after)
        lots = [line.lot for line in self.account.lines[recorded:]]
        self.waiting = [kept for kept in self.waiting if all(map(kept[1].is_same_with, lots))]
        if self.account.read().number > self.account.number:
            return  # what is due is recorded first
        for change, drawn in self.waiting:
            spent = check_same(change, drawn, self.account)
            for lot in filter(None, lots):
                origin = self.account.origin(lot.sequence)
                assert origin
                happened = (name for name, it in RARITIES.items() if it(drawn, lot, origin.before, spent))
                self.kept_beside.update(happened)
        self.waiting = [*self.waiting, *self._newly_planned()][-MOST_WAITING:]

    def _newly_planned(self) -> list[Kept]:
        total = self.account.state.total
        changes: list[Spend | Hold] = [Spend(points) for points in {min(1, total), total // 2, total} if points]
        changes += [Hold(change.points) for change in changes]
        planned = [(change, planned_anew(change, self.account).drawn) for change in changes]
        return [(change, drawn) for change, drawn in planned if drawn]


def planned_anew(change: Spend | Hold, account: Account) -> Plan:
    return plan(change, account.state, account.now, account)


def check_same(change: Spend | Hold, drawn: Tally, account: Account) -> State:
    """Make sure that a change planned by a walk that was kept is the change planned anew; return the state after it."""
    kept, anew = plan(change, account.state, account.now, account, drawn), planned_anew(change, account)
    assert kept == anew
    assert [*(kept.transaction.taken or {}).items()] == [*(anew.transaction.taken or {}).items()]
    return anew.state


def test_a_kept_walk_is_the_walk_made_anew(saw: Saw) -> None:
    KeepingMachine.kept_beside.clear()
    run_state_machine_as_test(KeepingMachine, settings=settings(max_examples=EXAMPLES))
    assert KeepingMachine.kept_beside == RARITIES.keys()
    saw(EXAMPLES, "random histories beside walks that are kept")


def test_a_walk_is_kept_beside_adds_behind_it_alone() -> None:
    account = Account()
    account.add("A", 5, account.now)
    drawn = planned_anew(Spend(3), account).drawn
    assert drawn
    for change, same in ((Add("B", 1, account.now), True), (Add("A", -1, account.now), False), (Spend(1), False)):
        after = account.copy()
        after.record(change)
        assert drawn.is_same_with(after.lines[-1].lot) is same
