"""Every history up to a length, over an alphabet in which lots tie, come late, are owed on and are spent in part."""

from functools import partial

from tests.rules.account import ModelledAccount, day


def _spend_all(both: ModelledAccount) -> bool:
    return both.spend(sum(both.model.balances.values()) or 1)


CHANGES = (
    partial(ModelledAccount.add, payer="A", points=1, timestamp=day(1)),
    partial(ModelledAccount.add, payer="A", points=2, timestamp=day(2)),
    partial(ModelledAccount.add, payer="A", points=1, timestamp=day(3)),
    partial(ModelledAccount.add, payer="B", points=1, timestamp=day(1)),
    partial(ModelledAccount.add, payer="B", points=2, timestamp=day(2)),
    partial(ModelledAccount.add, payer="A", points=-1, timestamp=day(1)),
    partial(ModelledAccount.add, payer="B", points=-1, timestamp=day(1)),
    partial(ModelledAccount.spend, points=1),
    partial(ModelledAccount.spend, points=2),
    _spend_all,
)


def check_every_history(length: int) -> int:
    """Compare rules and model after every history of up to `length` changes; return how many there were.

    A refused change leaves nothing behind, so it only ever ends a history.
    """
    return _check_from(ModelledAccount(), length)


def _check_from(both: ModelledAccount, length: int) -> int:
    if not length:
        return 0
    seen = 0
    for change in CHANGES:
        after = both.copy()
        accepted = change(after)
        seen += 1
        if accepted:
            seen += _check_from(after, length - 1)
    return seen
