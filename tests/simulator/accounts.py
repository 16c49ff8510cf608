"""An account as the judge keeps it: the brute-force model, and what each transaction was and when it took effect."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from points.rules import plans
from points.rules.refusals import (
    EndedError,
    HoldEndError,
    MoreThanLeftError,
    NoOriginalError,
    NotEnoughPointsError,
    NothingToRefundError,
    NotPendingError,
    PayerBelowZeroError,
    Refusal,
)
from points.rules.terms import (
    Add,
    Cancel,
    Capture,
    Change,
    Hold,
    Kind,
    Reference,
    Refund,
    Spend,
    State,
    Transaction,
    Void,
)
from points.storage.lines import Line

from tests.model import Model, ModelRefusal
from tests.simulator.promises import BrokenPromiseError, require

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
LONGEST_HOLD = timedelta(days=365)
TIMES_OWN = {Kind.ARRIVE, Kind.LAPSE, Kind.EXPIRE}

Content = tuple[Any, ...]


class Done(NamedTuple):
    """What a transaction was, and when it took effect."""

    kind: Kind
    of: int | None
    moment: datetime


class Account:
    """An account after some of its transactions.

    Attributes
    ----------
    model
        The account by the rules.
    done
        Its transactions, from the first.
    changed
        The number of the last that a caller asked for.
    settlings
        The numbers of those that only let lots pay debts.
    """

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self.model = Model()
        self.done: list[Done] = []
        self.changed = 0
        self.settlings: set[int] = set()
        for line in lines:
            self.follow(line)

    @property
    def version(self) -> str:
        """The last change's number and, if time has done something since, the moment of the latest."""
        if self.changed == len(self.done):
            return str(self.changed)
        return f"{self.changed}.{self.done[-1].moment.strftime('%Y-%m-%dT%H:%M:%S.%fZ').rjust(27, '0')}"

    @property
    def content(self) -> Content:
        """What can be told of the account, but for the numbers that depend on how time's lines were cut."""
        model = self.model
        return (
            tuple(model.balances.items()),
            tuple((lot.payer, lot.remaining, lot.timestamp, lot.expires_at) for lot in model.open_lots),
            frozenset((payer, points) for payer, points in model.owed.items() if points),
            tuple((hold, model.left_of(hold), until) for hold, until in model.holds.items()),
            tuple(model.pending.items()),
        )

    def is_due(self, now: datetime) -> bool:
        """Whether time has something to do by a moment."""
        due = self.model.coming()
        return due is not None and due.moment <= now

    def let_time_pass(self, now: datetime) -> "Account":
        """Do all that is due by a moment."""
        while self.is_due(now):
            self._do_what_is_due(now)
        return self

    def follow(self, line: Line) -> None:
        """Do what a line says that was done, which must be what the rules make of it."""
        told, now = line.transaction, line.recorded_at
        due = self.is_due(now)
        if told.kind is Kind.EXPIRE and not due:
            made = self._pay_debts(line)
        elif told.kind in TIMES_OWN:
            require(due, "time does nothing early", line)
            made = self._do_what_is_due(now)
        else:
            require(not due, "what is due is recorded first", line, self.model.coming())
            made = self._change(line)
            self.done.append(Done(told.kind, told.of, now))
            self.changed = len(self.done)
        said = {name: _plain(getattr(told, name)) for name in made}
        require(said == made, "a line says what the rules make of it", line, said, made)

    def _change(self, line: Line) -> dict[str, Any]:
        try:
            return self._changed_by(line.transaction, line.recorded_at)
        except ModelRefusal as refusal:
            raise BrokenPromiseError(f"a line is against the rules\n    {line}") from refusal

    def _changed_by(self, told: Transaction, now: datetime) -> dict[str, Any]:  # noqa: PLR0911 - one for each kind
        """Do what a caller has asked for, and return what is to be said of it."""
        model, of = self.model, told.of or 0
        match told.kind:
            case Kind.ADD:
                model.add(told.payer or "", told.points, told.timestamp or now, now=now, expires_at=told.expires_at)
                return {}
            case Kind.PENDING:
                terms = {"effective_at": told.effective_at, "expires_at": told.expires_at}
                model.add(told.payer or "", told.amount or 0, told.timestamp or now, now=now, **terms)
                require(model.number in model.pending, "pending points arrive later", told)
                return {"points": 0}
            case Kind.CANCEL:
                payer, amount, *_ = model.pending[of]
                model.cancel(of)
                return {"points": 0, "payer": payer, "amount": amount}
            case Kind.SPEND:
                return {"taken": _negative(model.spend(-told.points))}
            case Kind.HOLD:
                return {"taken": _negative(model.hold(-told.points, told.expires_at or now, now=now))}
            case Kind.CAPTURE:
                taken, returned = model.capture(of, model.left_of(of) - told.points)
                return {"taken": _negative(taken), "returned": returned}
            case Kind.VOID:
                return _returned(model.void(of))
            case _:
                require(
                    self.done[of - 1].kind in {Kind.SPEND, Kind.HOLD}, "a refund names the walk that it undoes", told
                )
                return _returned(model.refund(of, told.points))

    def _do_what_is_due(self, now: datetime) -> dict[str, Any]:
        """Do the next thing that is due, and return what is to be said of it. Moments never go back."""
        model, due = self.model, self.model.coming()
        assert due
        made: dict[str, Any] = {"kind": Kind(due.kind), "of": due.of or None}
        at = due.moment
        if due.kind == "arrive":
            add = model.pending[due.of]
            model.arrive(due.of)
            made |= {"points": add.points, "payer": add.payer, "timestamp": add.timestamp, "expires_at": add.expires_at}
        elif due.kind == "lapse":
            made |= _returned(model.lapse(due.of))
        else:
            others = [*model.holds.values(), *(add.effective_at for add in model.pending.values())]
            through = min([now, *(other - timedelta.resolution for other in others if other <= now)])
            at = max(lot.expires_at for lot in model.open_lots if lot.expires_at and lot.expires_at <= through)
            expired = _negative(model.expire(through))
            made |= {"expired": expired, "points": sum(points for _, points in expired)}
        at = max([at, *(done.moment for done in self.done[-1:])])
        self.done.append(Done(made["kind"], made["of"], at))
        return made | {"effective_at": at}

    def _pay_debts(self, line: Line) -> dict[str, Any]:
        """Let the next lots pay debts, as on the way to a spend that meets very many; return what is to be said."""
        model, now = self.model, line.recorded_at
        require(model.total and model.barren >= plans.MOST_SETTLED, "debts are settled first where they must be", line)
        require(not self.done or self.done[-1].moment < now, "what is settled has a moment of its own", line)
        model.pay(plans.MOST_SETTLED)
        self.done.append(Done(Kind.EXPIRE, None, now))
        self.settlings.add(len(self.done))
        return {"points": 0, "expired": [], "of": None, "effective_at": now}

    def refusals(self, asked: Change, now: datetime) -> Iterator[Refusal]:
        """Say for what reasons a change may be refused when all that is due by now is done."""
        match asked:
            case Add(payer, points):
                has = self.model.balances.get(payer, 0)
                if has + points < 0:
                    yield PayerBelowZeroError(payer, has, -points)
            case Spend(points) | Hold(points):
                if points > self.model.total:
                    yield NotEnoughPointsError(self.model.total, points)
                until = asked.expires_at if isinstance(asked, Hold) else None
                if until and not now < until <= now + LONGEST_HOLD:
                    yield HoldEndError(now, now + LONGEST_HOLD)
            case Refund() | Capture() | Void() | Cancel():
                yield from self._missing(asked) or self._unable(asked)

    def _missing(self, asked: Refund | Capture | Void | Cancel) -> list[Refusal]:
        if not 0 < asked.of <= len(self.done):
            return [NoOriginalError(asked.of)]
        if isinstance(asked, Capture | Void) and self.done[asked.of - 1].kind is not Kind.HOLD:
            return [NoOriginalError(asked.of, Kind.HOLD)]
        return []

    def is_missing(self, asked: object) -> bool:
        """Whether a change refers to what is not there."""
        return isinstance(asked, Refund | Capture | Void | Cancel) and bool(self._missing(asked))

    def _unable(self, asked: Refund | Capture | Void | Cancel) -> Iterator[Refusal]:
        of = asked.of
        kind = self.done[of - 1].kind
        if isinstance(asked, Refund):
            if kind is Kind.CAPTURE:
                of = self.done[of - 1].of or 0
            elif kind not in {Kind.SPEND, Kind.HOLD} or of in self.model.holds:
                yield NothingToRefundError(of, kind)
                return
        elif isinstance(asked, Cancel) and kind is not Kind.PENDING:
            yield NotPendingError(of, kind)
            return
        ended = self._end_of(of)
        if ended and not (isinstance(asked, Refund) and ended.kind is Kind.CAPTURE):
            yield EndedError(of, ended)
        elif isinstance(asked, Refund | Capture):
            left = self.model.left_of(of)
            if not 0 < (left if asked.points is None else asked.points) <= left:
                yield MoreThanLeftError(of, left, asked.points)

    def _end_of(self, of: int) -> Reference | None:
        """Find what ended a hold or a pending add."""
        for number, done in enumerate(self.done, 1):
            if done.of == of and done.kind is not Kind.REFUND:
                return Reference(number, done.kind, done.moment, 0)
        return None

    def compare(self, state: State, positions: dict[int, str]) -> None:
        """Compare the state on a line with the model's, lot by lot; the positions are those of all lots."""
        model = self.model
        require(state.sequence == model.number, "a line has the next number", state)
        require(state.changed == self.changed, "a line knows the last change", state, self.changed)
        require(state.moment == self.done[-1].moment, "a line knows when it took effect", state, self.done[-1])
        require(state.version == self.version, "a line knows the version", state.version, self.version)
        balances = list(model.balances.items())
        require(list(state.balances.items()) == balances, "a line carries the balance", state, balances)
        require(all(points >= 0 for _, points in balances), "no balance is below zero", balances)
        owed = {payer: points for payer, points in model.owed.items() if points}
        require(state.owed == owed, "a line carries what is owed", state, owed)
        holds = {number: (model.left_of(number), until) for number, until in model.holds.items()}
        held = {number: (hold.points, hold.expires_at) for number, hold in state.holds.items()}
        require(held == holds, "a line carries the open holds", state, holds)
        require(dict(state.pending) == model.pending, "a line carries the pending adds", state, model.pending)
        left = {lot.number: lot.remaining for lot in model.lots}
        open_ = {
            lot.number: lot.points - state.part_spent.get(lot.number, 0)
            for lot in model.lots
            if any(run.first <= positions[lot.number] <= run.last for run in state.ranges)
        }
        known = {number: open_.get(number, 0) for number in left}
        require(known == left, "a line knows what is left of every lot", state, known, left)
        require(open_.keys() == {lot for lot, points in left.items() if points}, "what is spent is closed", state)
        require(state.part_spent.keys() <= open_.keys(), "spent lots are forgotten", state)
        firsts = [run.first for run in state.ranges]
        require(firsts == sorted(firsts) and set(firsts) <= {*positions.values()}, "a range begins with a lot", state)


def _plain(value: Any) -> Any:
    """Return points per payer as the model has them."""
    return list(value.items()) if isinstance(value, dict) else value


def _negative(points: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(payer, -taken) for payer, taken in points]


def _returned(points: list[tuple[str, int]]) -> dict[str, Any]:
    return {"returned": points, "points": sum(back for _, back in points)}
