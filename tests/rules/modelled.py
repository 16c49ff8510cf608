"""An account of the rules beside its model."""

from dataclasses import dataclass, field
from datetime import datetime

from points.rules import plans
from points.rules.fates import fate_of
from points.rules.refusals import Refusal
from points.rules.terms import Add, Cancel, Capture, Change, Hold, Kind, Refund, Spend, Void

from tests.model import Model, ModelRefusal, Points
from tests.rules.account import Account, returned_by, taken_by
from tests.rules.soundness import check_line, check_ranges


@dataclass
class ModelledAccount:
    """An account and its model: every change is made to both, and they must tell the same. Never changed itself.

    Attributes
    ----------
    swept
        The account as it was after the last change, but settled whenever the clock moved on since.
    told
        What readers were told under which version, and of which content.
    walked
        How many lots each spend and each hold went over.
    """

    account: Account = field(default_factory=Account)
    model: Model = field(default_factory=Model)
    swept: Account = field(default_factory=Account)
    told: dict[str, str] = field(default_factory=dict)
    walked: dict[int, int] = field(default_factory=dict)

    def at(self, now: datetime) -> "ModelledAccount":
        """Return the same at a later moment; nothing is recorded."""
        account, swept = self.account.copy(), self.swept.copy()
        account.now = swept.now = now
        swept.settle()
        return ModelledAccount(account, self.model, swept, self.told, self.walked)._checked()

    def settled(self) -> "ModelledAccount":
        """Return what they are when all that is due has been recorded."""
        model = self.model.copy()
        model.settle(self.account.now)
        after = ModelledAccount(self.account.read(), model, self.swept, self.told, self.walked)
        after._check_new_lines(self.account.number)
        return after._checked()

    def after(self, change: Change) -> "ModelledAccount | None":
        """Return what a change makes of them, time's lines before it; None if both refuse it."""
        account, model = self.account.copy(), self.model.copy()
        model.settle(account.now)
        if isinstance(change, Spend | Hold):
            pay_all(model)
        settled = model.number
        try:
            expected = _answer_of(model, change, account.now)
        except ModelRefusal:
            _check_refused(account, change)
            return None
        transaction = account.record(change)
        _same(f"answer to {change}", (taken_by(transaction), returned_by(transaction)), expected)
        after = ModelledAccount(account, model, account.copy(), self.told, self.walked)
        if transaction.kind in {Kind.SPEND, Kind.HOLD}:
            after.walked = {**self.walked, account.number: len(model.walks[account.number])}
        after._check_new_lines(self.account.number)
        if settled == self.account.number:  # or time's lines have read lots too
            after._check_what_was_read(len(self.account.state.ranges))
        return after._checked()

    def _checked(self) -> "ModelledAccount":
        """Compare all that readers are told, whoever has settled the account, and return the same."""
        read, swept = self.account.read(), self.swept.read()
        version, content = read.state.version, str((read.state.changed, read.content))
        _same("what a swept account tells", (swept.state.version, swept.content), (version, read.content))
        _same("what this version names", self.told.get(version, content), content)
        self.told = {**self.told, version: content}
        assert len({*self.told.values()}) == len(self.told), "two versions name the same content"
        return self

    def _check_new_lines(self, recorded: int) -> None:
        for number in range(recorded + 1, self.account.number + 1):
            check_line(number, self.account)
        check_ranges(self.account)
        self._check_model()

    def _check_model(self) -> None:
        account, state, model = self.account, self.account.state, self.model
        _same("number", account.number, model.number)
        _same("balances", list(state.balances.items()), list(model.balances.items()))
        _same("debts", state.owed, {payer: points for payer, points in model.owed.items() if points})
        _same("what is left of lots", account.left, [(lot.number, lot.remaining) for lot in model.open_lots])
        _same("holds", {number: hold.expires_at for number, hold in state.holds.items()}, model.holds)
        _same("held", [hold.points for hold in state.holds.values()], [model.left_of(number) for number in model.holds])
        _same("pending", state.pending, model.pending)
        for number in model.walks:
            _same(f"what is left of {number}", fate_of(number, state, account).left, model.left_of(number))

    def _check_what_was_read(self, ranges: int) -> None:
        """A walk reads the lots that it goes over, and at most one more of each range; its undoing, no others."""
        kind, of = self.account.lines[-1].transaction.kind, self.account.lines[-1].transaction.of
        if kind in {Kind.SPEND, Kind.HOLD}:
            assert self.account.lots_read <= self.walked[self.account.number] + ranges
        elif of in self.walked:
            assert self.account.lots_read <= self.walked[of]
        else:
            assert not self.account.lots_read


def pay_all(model: Model) -> None:
    """Let debts be paid first, as on the way to a spend."""
    while model.total and model.barren >= plans.MOST_SETTLED:
        model.pay(plans.MOST_SETTLED)


def _same(what: str, found: object, expected: object) -> None:
    assert found == expected, f"{what}: {found}, expected {expected}"


def _check_refused(account: Account, change: Change) -> None:
    """Make sure that a change is refused, and leaves nothing."""
    recorded = account.number
    try:
        account.record(change)
    except Refusal:
        _same("what a refused change leaves", account.number, recorded)
        return
    raise AssertionError(f"{change} was not refused")


def _answer_of(model: Model, change: Change, now: datetime) -> tuple[Points, Points]:
    """Make a change to a model; return what was taken and what was returned."""
    match change:
        case Add(payer=payer, points=points, timestamp=timestamp, effective_at=effective_at, expires_at=expires_at):
            model.add(payer, points, timestamp, now=now, effective_at=effective_at, expires_at=expires_at)
        case Spend(points=points):
            return model.spend(points), []
        case Hold(points=points, expires_at=expires_at):
            return model.hold(points, expires_at or now + plans.USUAL_HOLD, now=now), []
        case Refund(of=of, points=points):
            return [], model.refund(of, points)
        case Capture(of=of, points=points):
            return model.capture(of, points)
        case Void(of=of):
            return [], model.void(of)
        case Cancel(of=of):
            model.cancel(of)
    return [], []
