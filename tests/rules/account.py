"""An account kept by the rules alone, and the same beside its model."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from points.rules import plans
from points.rules.positions import FIRST_GENERATION, lot_position
from points.rules.refusals import Refusal
from points.rules.terms import Add, Added, Lot, Spend, Spent, State

from tests.model import Model, ModelLot, ModelRefusal


def day(number: int) -> datetime:
    """Return a timestamp; days are as good as any."""
    return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=number)


_KEY_WIDTH = len(lot_position(day(0), 1, FIRST_GENERATION)) - len(FIRST_GENERATION)


def depth(position: str) -> int:
    """Return how many keys a position's path has."""
    return (len(position) - len(FIRST_GENERATION)) // _KEY_WIDTH


def generation(position: str) -> int:
    """Return how often an account was used up before this position was given."""
    return int(position[: len(FIRST_GENERATION)], 32)


@dataclass
class Account:
    """What a passbook is, without DynamoDB: the state after the last transaction, and a plain list of all lots."""

    state: State = field(default_factory=State)
    sequence: int = 0
    lots: list[Lot] = field(default_factory=list)
    lots_read: int = 0  # by the last change

    @property
    def open_lots(self) -> list[Lot]:
        """The lots above the watermark, in the order of their positions."""
        still_open = [lot for lot in self.lots if lot.position > self.state.spent_through]
        return sorted(still_open, key=lambda lot: lot.position)

    def record(self, change: Add | Spend) -> Added | Spent:
        """Make a change as the next transaction, or raise the rules' refusal."""
        transaction, state = plans.plan(change, self.state, self.sequence + 1, self._reading())
        self.sequence, self.state = self.sequence + 1, state
        if isinstance(transaction, Added) and transaction.position:
            lot = Lot(self.sequence, transaction.position, transaction.payer, transaction.points)
            self.lots.append(lot)
        return transaction

    def add(self, payer: str, points: int, timestamp: datetime) -> None:
        """Add points to a payer, or take them back."""
        self.record(Add(payer, points, timestamp))

    def spend(self, points: int) -> list[tuple[str, int]]:
        """Spend points, and say how many were taken from whom, in order."""
        spent = self.record(Spend(points))
        assert isinstance(spent, Spent)
        return list(spent.taken.items())

    def left_of(self, lot: Lot) -> int:
        """How many points of a lot no spend and no debt has taken."""
        if lot.position <= self.state.spent_through:
            return 0
        return lot.points - self.state.part_spent.get(lot.sequence, 0)

    def _reading(self) -> Iterator[Lot]:
        self.lots_read = 0
        for lot in self.open_lots:
            self.lots_read += 1
            yield lot


Answer = list[tuple[str, int]] | str | None

REFUSED = "refused"


@dataclass
class ModelledAccount:
    """An account and its model. Every change is made to both; their answers and balances must be the same."""

    account: Account = field(default_factory=Account)
    model: Model = field(default_factory=Model)

    def add(self, payer: str, points: int, timestamp: datetime) -> bool:
        """Make an add; say whether it was accepted."""
        return self._agree(
            _answer(partial(self.account.add, payer, points, timestamp)),
            _answer(partial(self.model.add, payer, points, timestamp)),
        )

    def spend(self, points: int) -> bool:
        """Make a spend; say whether it was accepted."""
        return self._agree(_answer(partial(self.account.spend, points)), _answer(partial(self.model.spend, points)))

    def copy(self) -> "ModelledAccount":
        """Return an account that can go another way from here."""
        account, model = self.account, self.model
        lots = [ModelLot(lot.timestamp, lot.payer, lot.remaining) for lot in model.lots]
        return ModelledAccount(
            Account(account.state, account.sequence, list(account.lots)), Model(lots, dict(model.owed))
        )

    def _agree(self, answer: Answer, expected: Answer) -> bool:
        assert answer == expected, f"answered {answer}, expected {expected}"
        balances, expected_balances = dict(self.account.state.balances), self.model.balances
        assert balances == expected_balances, f"balances are {balances}, expected {expected_balances}"
        assert list(balances) == list(expected_balances), f"payers stand as {list(balances)}"
        return answer != REFUSED


def _answer(change: Callable[[], Answer]) -> Answer:
    try:
        return change()
    except (Refusal, ModelRefusal):
        return REFUSED
