"""How far an account may grow. Checked where it grows, so that nothing that must follow can ever fail for want of room.

DynamoDB holds 400 KB in an item and its entries in local indexes together. What a line needs beyond a fixed part is its
payers, part-spent lots, open ranges, open holds and pending adds. A line may name a payer four times: its balance, what
it owes, what was taken from it and what it got back.

Adds, holds and refunds make room for all that can follow from them without being asked: spends, captures, voids, and
what time does. A spend leaves at most one more lot part-spent, the one that it stops inside; to stop inside another, it
must first close that one. The end of a hold brings back at most one range more than the hold drew on, and of part-spent
lots those that it closed and two more: later lots may stand between what it closed and the lot that it stopped inside.
A pending add brings a range, a part-spent lot and its payer. Whatever can bring something back has that reserved.
"""

from dataclasses import dataclass

from points.rules.refusals import LimitError
from points.rules.terms import Kind, State
from points.storage.lines import CALENDAR_SHARDS, FORMAT, Line

LINE_BYTES = 400 * 1024
ACCOUNT_BYTES = 9 * 1000**3
"""Of the 10 GB that DynamoDB holds of an account; the rest is for what must still follow."""

_FIXED_BYTES = 12 * 1024
"""More than all of a line but what grows: keys, names, times, digests, metadata, index entries."""

_POINTS_BYTES = 10  # a number of at most 16 digits: two to a byte, a byte, and one for the sign
_NUMBER_BYTES = 21  # the most that any number takes: what a payer owes may be the sum of many adds
_PAIR_BYTES = 1 + 3 + 2  # a list's element: a list of two elements
_ENTRY_BYTES = 1  # a map's element
_MOMENT_BYTES = 27
_POSITION_BYTES = 40

_RANGE_BYTES = _PAIR_BYTES + 2 * _POSITION_BYTES
_PART_SPENT_BYTES = _ENTRY_BYTES + 2 * _POINTS_BYTES
_HOLD_BYTES = _ENTRY_BYTES + 3 + 4 + 4 * _POINTS_BYTES + _MOMENT_BYTES
_PENDING_BYTES = _ENTRY_BYTES + 3 + 5 + 2 * _POINTS_BYTES + 3 * _MOMENT_BYTES  # and the payer's name


@dataclass(frozen=True, slots=True)
class Limits:
    """What a deployment may set: how much of what costs an account has at most, the calendar's shards, and the format.

    `line_format` is the format of the lines that are written, one of those that are read. A new one comes in two steps:
    a release that reads it and writes the old one, then, once no older code runs, the parameter. So neither a gradual
    deployment nor going back from either step shuts an account.
    """

    payers: int = 500
    part_spent_lots: int = 1_000
    open_holds: int = 100
    pending_adds: int = 100
    calendar_shards: int = CALENDAR_SHARDS
    line_format: int = FORMAT


_GROWS = {Kind.ADD, Kind.PENDING, Kind.HOLD, Kind.REFUND}


def check_capacity(line: Line, before: State, limits: Limits) -> None:
    """Refuse a line by which the account grows, if what can follow from it would not fit.

    Parameters
    ----------
    before
        The state that the line was worked out from.

    Raises
    ------
    LimitError
        It names the limit: `payers`, `open-holds`, `pending-adds`, `line-size` or `account-size`.
    """
    if line.transaction.kind not in _GROWS | {Kind.CANCEL}:
        return
    if line.size > ACCOUNT_BYTES:
        raise LimitError("account-size", "account", "The account cannot hold more transactions.")
    if line.transaction.kind not in _GROWS:
        return
    state = line.state
    payers = _payers(state)
    if len(payers) > limits.payers and not payers <= _payers(before):
        raise LimitError("payers", "payer", f"The account has had {limits.payers} payers already, the most.")
    if len(state.holds) > limits.open_holds:
        reason = f"The account already has {limits.open_holds} open holds, the maximum."
        raise LimitError("open-holds", "points", reason)
    if len(state.pending) > limits.pending_adds:
        reason = f"The account already has {limits.pending_adds} pending adds, the maximum."
        raise LimitError("pending-adds", "effective_at", reason)
    if largest_line(State(balances=state.balances, pending=state.pending, ranges=state.ranges[:1])) > LINE_BYTES:
        raise LimitError("payers", "payer", "The account has no room for another payer.")
    if _most_part_spent(state) > limits.part_spent_lots or largest_line(state) > LINE_BYTES:
        raise LimitError(
            "line-size",
            "account",
            "Too many of the account's open lots are partly spent or held. Spend some points first.",
        )


def _payers(state: State) -> set[str]:
    """Return the payers that an account has had, and those whose first points are still to arrive."""
    return {*state.balances, *(add.payer for add in state.pending.values())}


def largest_line(state: State) -> int:
    """Bound the bytes of every line that can follow without another add, hold or refund."""
    holds, pending = state.holds.values(), state.pending.values()
    ranges = len(state.ranges) + sum(hold.ranges for hold in holds) + len(pending)
    return (
        _FIXED_BYTES
        + sum(_largest_payer(len(payer.encode())) for payer in _payers(state))
        + _most_part_spent(state) * _PART_SPENT_BYTES
        + ranges * _RANGE_BYTES
        + len(holds) * _HOLD_BYTES
        + sum(_PENDING_BYTES + len(add.payer.encode()) for add in pending)
    )


def _most_part_spent(state: State) -> int:
    """Bound the part-spent lots of every line that can follow without another add, hold or refund."""
    return len(state.part_spent) + 1 + sum(hold.part_spent for hold in state.holds.values()) + len(state.pending)


def _largest_payer(name: int) -> int:
    """Bound what a line needs for a payer: its balance, what was taken from it, what came back to it, what it owes."""
    return 3 * (_PAIR_BYTES + name + _POINTS_BYTES) + _ENTRY_BYTES + name + _NUMBER_BYTES
