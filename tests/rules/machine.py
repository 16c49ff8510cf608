"""Random histories, made to the rules and to the model side by side, while time passes."""

from collections.abc import Callable, Container
from datetime import datetime, timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from points.rules.order import FIRST_CHAPTER, chapter_of, expiry_of, next_chapter
from points.rules.terms import Add, Cancel, Capture, Change, Hold, Kind, Origin, Refund, Spend, Void

from tests.rules.account import Account, day
from tests.rules.modelled import ModelledAccount
from tests.rules.soundness import GIVES_BACK, check_walks, returned_of

DAY = timedelta(days=1)

timestamps = st.integers(0, 5).map(day)  # few, so that lots tie and come late
moments = st.timedeltas(timedelta(days=-365_000), timedelta(days=2_900_000)).map(lambda since: day(0) + since)

few_points = st.integers(1, 5)
some_points = st.integers(1, 20)
many_points = st.integers(1, 10**9)
about_none = st.sampled_from([0, 0, 1, -1])

some_days = st.integers(1, 6).map(timedelta)
almost_none = st.sampled_from([timedelta(0), -timedelta.resolution])
lives = st.none() | some_days | almost_none  # some are over already
steps_of_time = st.sampled_from([DAY, DAY, 2 * DAY, 3 * DAY, timedelta.resolution, 400 * DAY])
recent = st.integers(0, 7)


def _newly_owed(origin: Origin) -> int:
    return sum(origin.after.owed.values()) - sum(origin.before.owed.values())


def _brings_back_what_has_expired(origin: Origin) -> bool:
    expiries = [expiry_of(run.first) for run in origin.after.ranges]
    gives_back = origin.transaction.kind in GIVES_BACK
    return gives_back and any(expiry and expiry < origin.after.moment for expiry in expiries)


def there_is(*kinds: Kind) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a rule wait until there is a transaction of one of these kinds."""
    return precondition(lambda self: self.number_of(kinds, 0))


there_are_points = precondition(lambda self: self.account.state.total)


def _of(origin: Origin, account: Account) -> Kind | None:
    original = account.origin(origin.transaction.of or 0)
    return original and original.transaction.kind


RARITIES: dict[str, Callable[[Origin, Account], object]] = {
    "a third chapter": lambda line, _: chapter_of(line.after.watermark) > next_chapter(FIRST_CHAPTER),
    "four open ranges": lambda line, _: len(line.after.ranges) >= 4,
    "three lots part-spent": lambda line, _: len(line.after.part_spent) >= 3,
    "two payers in debt": lambda line, _: len(line.after.owed) >= 2,
    "debts and no points": lambda line, _: line.after.owed and not line.after.total,
    "debts owed again": lambda line, _: line.transaction.kind in GIVES_BACK and _newly_owed(line) > 0,
    "debts paid by what expires": lambda line, _: line.transaction.kind is Kind.EXPIRE and _newly_owed(line) < 0,
    "nothing left of what expires": lambda line, _: (
        line.transaction.kind is Kind.EXPIRE and not line.transaction.points
    ),
    "two payers' points expired": lambda line, _: len(line.transaction.expired or {}) >= 2,
    "points back after their expiry": lambda line, _: _brings_back_what_has_expired(line),
    "ranges joined": lambda line, _: (
        line.transaction.kind in GIVES_BACK and len(line.after.ranges) < len(line.before.ranges)
    ),
    "two ranges more": lambda line, _: len(line.after.ranges) >= len(line.before.ranges) + 2,
    "a hold captured in part": lambda line, _: line.transaction.kind is Kind.CAPTURE and line.transaction.points,
    "a hold lapsed": lambda line, _: line.transaction.kind is Kind.LAPSE,
    "a captured hold refunded": lambda line, account: (
        line.transaction.kind is Kind.REFUND and _of(line, account) is Kind.HOLD
    ),
    "a third refund of one spend": lambda line, account: (
        line.transaction.kind is Kind.REFUND
        and len(returned_of(line.transaction.of or 0, account, through=line.after.sequence)) >= 3
    ),
    "pending points arrived": lambda line, _: line.transaction.kind is Kind.ARRIVE,
    "a payer first seen as pending": lambda line, _: (
        line.transaction.kind is Kind.ARRIVE and line.transaction.payer not in line.before.balances
    ),
}
"""What a search must come across to be worth something."""


class AccountMachine(RuleBasedStateMachine):
    """Changes of one account while time passes; whatever happens, it stands as its model does."""

    reached: ClassVar[set[str]] = set()
    payers = st.runner().flatmap(lambda machine: st.sampled_from(machine.names))
    payers_seen = st.runner().flatmap(lambda machine: st.sampled_from([*machine.account.state.balances]))

    def __init__(self) -> None:
        super().__init__()
        self.both = ModelledAccount()
        self.names = ["A"]

    @property
    def account(self) -> Account:
        return self.both.account

    def make(self, change: Change) -> None:
        """Make a change, if it is allowed."""
        self.stand(self.both.after(change) or self.both)

    def stand(self, after: ModelledAccount) -> None:
        """Go on from what came of a step, and note what was rare in it."""
        recorded, self.both = self.account.number, after
        for number in range(recorded + 1, self.account.number + 1):
            line = self.account.origin(number)
            assert line
            self.reached.update(name for name, happened in RARITIES.items() if happened(line, self.account))

    def teardown(self) -> None:
        """When a history has ended, look back at it."""
        check_walks(self.account)

    def number_of(self, kinds: Container[Kind], back: int, among: Container[int] | None = None) -> int:
        """Return the number of one of the last transactions of these kinds, one `among` others if it can be."""
        numbers = [line.state.sequence for line in self.account.lines if line.transaction.kind in kinds]
        numbers = [number for number in numbers if among and number in among] or numbers
        return numbers[-1 - back % len(numbers)] if numbers else 0

    def hold_of(self, back: int) -> int:
        return self.number_of({Kind.HOLD}, back, self.account.state.holds)

    def spend_of(self, back: int) -> int:
        refundable = [number for number in self.both.model.walks if self.both.model.left_of(number)]
        return self.number_of({Kind.SPEND, Kind.HOLD}, back, refundable)

    @initialize(payers=st.sampled_from([2, 3, 20]))
    def choose_payers(self, payers: int) -> None:
        self.names = [f"P{number}" for number in range(payers)]

    @rule(by=steps_of_time)
    def let_time_pass(self, by: timedelta) -> None:
        self.stand(self.both.at(self.account.now + by))

    @rule()
    def sweep(self) -> None:
        self.stand(self.both.settled())

    @rule(payer=payers, points=some_points, timestamp=timestamps, life=lives)
    def add(self, payer: str, points: int, timestamp: datetime, life: timedelta | None) -> None:
        expires_at = None if life is None else self.account.now + life
        self.make(Add(payer, points, timestamp, expires_at=expires_at))

    @rule(payer=payers, points=some_points, timestamp=timestamps, wait=some_days, life=st.none() | some_days)
    def add_later(self, payer: str, points: int, timestamp: datetime, wait: timedelta, life: timedelta | None) -> None:
        effective_at = self.account.now + wait
        self.make(Add(payer, points, timestamp, effective_at, None if life is None else effective_at + life))

    @rule(payer=payers, points=many_points, timestamp=moments, expires_at=st.none() | moments)
    def add_many_at_any_moment(self, payer: str, points: int, timestamp: datetime, expires_at: datetime | None) -> None:
        self.make(Add(payer, points, timestamp, expires_at=expires_at))

    @rule(payer=payers, points=some_points)
    def add_older_than_ever(self, payer: str, points: int) -> None:
        oldest = min((lot.timestamp for lot in self.both.model.lots), default=day(0))
        self.make(Add(payer, points, oldest - timedelta(hours=1)))

    @precondition(lambda self: self.account.state.balances)
    @rule(payer=payers_seen, points=some_points)
    def take_back(self, payer: str, points: int) -> None:
        self.make(Add(payer, -points, day(0)))

    @precondition(lambda self: self.account.state.balances)
    @rule(payer=payers_seen, fewer=about_none)
    def take_back_about_all_of_a_payer(self, payer: str, fewer: int) -> None:
        self.take_back(payer, max(1, self.account.state.balances[payer] - fewer))

    @there_are_points
    @rule(points=few_points)
    def spend(self, points: int) -> None:
        self.make(Spend(points))

    @there_are_points
    @rule(fewer=about_none)
    def spend_about_everything(self, fewer: int) -> None:
        self.make(Spend(max(1, self.account.state.total - fewer)))

    @there_are_points
    @rule(lots=st.integers(1, 4), fewer=about_none)
    def spend_up_to_about_the_end_of_a_lot(self, lots: int, fewer: int) -> None:
        self.make(Spend(max(1, sum(left for _, left in self.account.left[:lots]) - fewer)))

    @there_are_points
    @rule(order=st.permutations(range(3)), returned=st.integers(0, 3))
    def spend_lot_by_lot_and_return_some_in_any_order(self, order: list[int], returned: int) -> None:
        numbers = []
        for _ in order:
            self.make(Spend(max(1, sum(left for _, left in self.account.left[:1]))))
            numbers.append(self.account.number)
        for spend in order[:returned]:
            self.make(Refund(numbers[spend]))

    @there_are_points
    @rule(points=few_points, length=some_days | almost_none)
    def hold(self, points: int, length: timedelta) -> None:
        self.make(Hold(points, self.account.now + length))

    @there_are_points
    @rule(fewer=about_none, length=some_days)
    def hold_about_everything(self, fewer: int, length: timedelta) -> None:
        self.make(Hold(max(1, self.account.state.total - fewer), self.account.now + length))

    @there_is(Kind.HOLD)
    @rule(back=recent, points=st.none() | few_points)
    def capture(self, back: int, points: int | None) -> None:
        self.make(Capture(self.hold_of(back), points))

    @there_is(Kind.HOLD)
    @rule(back=recent, fewer=about_none)
    def capture_about_all(self, back: int, fewer: int) -> None:
        of = self.hold_of(back)
        self.make(Capture(of, max(1, self.both.model.left_of(of) - fewer)))

    @there_is(Kind.HOLD)
    @rule(back=recent)
    def void(self, back: int) -> None:
        self.make(Void(self.hold_of(back)))

    @there_is(Kind.SPEND, Kind.HOLD)
    @rule(back=recent, points=st.none() | few_points)
    def refund(self, back: int, points: int | None) -> None:
        self.make(Refund(self.spend_of(back), points))

    @there_is(Kind.SPEND, Kind.HOLD)
    @rule(back=recent, fewer=about_none)
    def refund_about_all(self, back: int, fewer: int) -> None:
        of = self.spend_of(back)
        self.make(Refund(of, max(1, self.both.model.left_of(of) - fewer)))

    @there_is(Kind.CAPTURE)
    @rule(back=recent, points=st.none() | few_points)
    def refund_by_the_capture(self, back: int, points: int | None) -> None:
        self.make(Refund(self.number_of({Kind.CAPTURE}, back), points))

    @there_is(Kind.PENDING)
    @rule(back=recent)
    def cancel(self, back: int) -> None:
        self.make(Cancel(self.number_of({Kind.PENDING}, back, self.account.state.pending)))

    @there_are_points
    @rule(points=some_points, more=some_points)
    def think_better_of_a_spend(self, points: int, more: int) -> None:
        """A refund leaves the account as if the spend had been so much smaller, and of all of it, as before it.

        But what was settled before it stays settled.
        """
        before = self.both.settled()
        spent = before.after(Spend(points + more))
        if spent is None:
            return
        number = spent.account.number
        whole = [(0, points + more)] if number == before.account.number + 1 else []
        for all_but, back in [(points, more), *whole]:
            refunded = spent.after(Refund(number, back))
            smaller = before.after(Spend(all_but)) if all_but else before
            assert refunded
            assert smaller
            assert refunded.account.content == smaller.account.content
