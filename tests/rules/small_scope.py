"""Every history up to a length, over an alphabet in which lots tie, come late, end, are owed on and come back."""

from collections.abc import Callable
from datetime import timedelta

from points.rules.terms import Add, Cancel, Capture, Change, Hold, Refund, Spend, Void

from tests.rules.account import day
from tests.rules.modelled import ModelledAccount
from tests.rules.soundness import check_walks

DAY = timedelta(days=1)
NOTHING = 0

Step = Callable[[ModelledAccount], ModelledAccount | None]


def _change(change: Change) -> Step:
    return lambda both: both.after(change)


def _hold(both: ModelledAccount) -> ModelledAccount | None:
    return both.after(Hold(2, both.account.now + DAY))


def _refund_one_of_the_last(both: ModelledAccount) -> ModelledAccount | None:
    return both.after(Refund(([NOTHING, *_refundable(both)])[-1], 1))


def _refund_the_first(both: ModelledAccount) -> ModelledAccount | None:
    return both.after(Refund(([*_refundable(both), NOTHING])[0]))


def _refundable(both: ModelledAccount) -> list[int]:
    return [number for number in both.model.walks if both.model.left_of(number)]


def _capture_one(both: ModelledAccount) -> ModelledAccount | None:
    return both.after(Capture(max(both.model.holds, default=NOTHING), 1))


def _void(both: ModelledAccount) -> ModelledAccount | None:
    return both.after(Void(min(both.model.holds, default=NOTHING)))


def _cancel(both: ModelledAccount) -> ModelledAccount | None:
    return both.after(Cancel(max(both.model.pending, default=NOTHING)))


def _let_a_day_pass(both: ModelledAccount) -> ModelledAccount | None:
    return both.at(both.account.now + DAY)


def _sweep(both: ModelledAccount) -> ModelledAccount | None:
    after = both.settled()
    return after if after.model.number > both.model.number else None


STEPS: tuple[Step, ...] = (
    _change(Add("A", 1, day(1))),
    _change(Add("A", 3, day(2), expires_at=day(1))),
    _change(Add("B", 2, day(1), expires_at=day(2))),
    _change(Add("B", 1, day(0), day(1), day(2))),
    _change(Add("A", -1, day(1))),
    _change(Spend(1)),
    _change(Spend(2)),
    _hold,
    _refund_one_of_the_last,
    _refund_the_first,
    _capture_one,
    _void,
    _cancel,
    _let_a_day_pass,
    _sweep,
)


def check_every_history(length: int) -> int:
    """Compare rules and model after every history of up to `length` steps; return how many there were.

    A refused change leaves nothing behind, so it only ever ends a history.
    """
    return _check_from(ModelledAccount(), length)


def _check_from(both: ModelledAccount, length: int) -> int:
    if not length:
        check_walks(both.account)
        return 0
    afters = [step(both) for step in STEPS]
    return len(afters) + sum(_check_from(after, length - 1) for after in afters if after)
