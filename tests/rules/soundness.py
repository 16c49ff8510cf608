"""What holds of every account, whatever has happened to it."""

from itertools import pairwise

from points.rules.order import chapter_of, end_of_chapter
from points.rules.terms import Kind, Origin, Transaction
from points.rules.walk import beginning, walk_again

from tests.rules.account import Account

DRAWS = {Kind.SPEND, Kind.HOLD, Kind.EXPIRE}
GIVES_BACK = {Kind.REFUND, Kind.VOID, Kind.LAPSE, Kind.CAPTURE}
TIMES_OWN = {Kind.ARRIVE, Kind.LAPSE, Kind.EXPIRE}


def check_ranges(account: Account) -> None:
    """Make sure that the ranges are as few as they can be, and the watermark is where it belongs."""
    state = account.state
    positions = [lot.position for lot in account.by_position]
    for run in state.ranges:
        assert run.first in positions, "a range begins with a lot"
        assert run.first <= run.last
        assert chapter_of(run.first) == chapter_of(run.last)
    for below, above in pairwise(state.ranges):
        assert below.last < above.first, "ranges stand in order, and apart"
        if chapter_of(below.last) == chapter_of(above.first) and above.last != end_of_chapter(above.last):
            assert any(below.last < position < above.first for position in positions), "a closed lot parts them"
    still_open = {lot.position for lot in account.open_lots}
    assert {position for position in positions if position > state.watermark} <= still_open
    assert state.watermark in {*positions, chapter_of(state.watermark)}
    assert state.part_spent.keys() <= {lot.sequence for lot in account.open_lots}, "closed lots are not part-spent"


def check_line(number: int, account: Account) -> None:
    """Make sure that a transaction says what it changed, that time goes on, and that nothing comes back twice."""
    origin = account.origin(number)
    assert origin
    transaction, before, after = origin
    assert after.sequence == number
    assert after.changed == (before.changed if transaction.kind in TIMES_OWN else number)
    assert after.moment >= before.moment, "moments never go back"
    assert transaction.points == after.total - before.total, "points are what it changed in the sum of the balance"
    assert told_of_payers(transaction) == changed_of_payers(origin), "it tells what it changed"
    assert all(points >= 0 for points in after.balances.values()), "no payer is below zero"
    if transaction.kind in GIVES_BACK:
        returned = sum(returned_of(transaction.of or 0, account, through=number))
        original = account.origin(transaction.of or 0)
        assert original
        assert account.lines[number - 1].undone == returned <= -original.transaction.points, "nothing comes back twice"


def check_walks(account: Account) -> None:
    """Make sure that what each walk did is found again, from any place on, by reading no lot that came later."""
    for number, line in enumerate(account.lines, 1):
        origin = account.origin(number)
        if line.transaction.kind not in DRAWS or not origin:
            continue
        account.lots_read = 0
        steps = list(walk_again(origin, account))
        assert account.lots_read == len(steps), "it reads the lots that it went over, and no others"
        assert sum(step.given for step in steps) == -line.transaction.points
        for at in range(len(steps)):
            place = beginning(origin).after(steps[:at])
            account.lots_read = 0
            rest = list(walk_again(origin, account, place))
            assert [step[1:] for step in rest] == [step[1:] for step in steps[at:]], "it goes on as it went"
            assert account.lots_read == len(rest), "it reads no lot that it has passed"


def returned_of(of: int, account: Account, *, through: int) -> list[int]:
    """Return how many points of a transaction each later one gave back."""
    transactions = [line.transaction for line in account.lines[of:through]]
    return [sum((done.returned or {}).values()) for done in transactions if done.of == of]


def told_of_payers(transaction: Transaction) -> dict[str, int]:
    """Return what a transaction says that it changed, per payer."""
    if transaction.payer:
        return {transaction.payer: transaction.points} if transaction.points else {}
    if transaction.kind in GIVES_BACK:
        return dict(transaction.returned or {})
    return dict(transaction.taken or transaction.expired or {})


def changed_of_payers(origin: Origin) -> dict[str, int]:
    """Return what a transaction did change, per payer."""
    before, after = origin.before.balances, origin.after.balances
    changed = {payer: points - before.get(payer, 0) for payer, points in after.items()}
    return {payer: points for payer, points in changed.items() if points}
