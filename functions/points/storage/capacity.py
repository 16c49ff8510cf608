"""How far an account may grow. Checked when points are added, so that no later spend can fail on it.

DynamoDB holds 400 KB in an item and its entries in local indexes together, and 1,024 bytes in a sort key. What a line
needs beyond a fixed part is a balance per payer, a mention of the payer as taken from or as owing, and an entry per
part-spent lot. A spend names a payer either as taken from or as owing, never as both: a payer that owes has given
nothing. And until the next lot, spends can make at most one more lot part-spent: the oldest open one, inside which they
stop; to stop inside another they must first spend that one wholly.
"""

from points.rules.refusals import LimitError
from points.rules.terms import State
from points.storage.lines import Line

LINE_BYTES = 400 * 1024
SORT_KEY_BYTES = 1024

_FIXED_BYTES = 8 * 1024
"""More than all of a line but its payers and part-spent lots: keys, names, times, key and digest, index entries."""

_POINTS_BYTES = 10  # a number of at most 16 digits: two to a byte, a byte, and one for the sign
_NUMBER_BYTES = 21  # the most that any number takes: what a payer owes may be the sum of many adds
_PAIR_BYTES = 1 + 3 + 2  # a list's element: a list of two elements
_ENTRY_BYTES = 1  # a map's element


def check_capacity(line: Line) -> None:
    """Refuse an add after which a line, of this account as it is or of any spend of it, could be too large.

    Raises
    ------
    LimitError
        It names the limit: `late-lots`, `payers` or `part-spent-lots`.
    """
    lot = line.lot
    if lot is None:
        return
    if len(lot.position) > SORT_KEY_BYTES:
        raise LimitError(
            "late-lots",
            "timestamp",
            "The account has too many late lots nested in one another; add with a later timestamp, or spend first.",
        )
    if largest_line(line.state) > LINE_BYTES:
        if largest_line(State(balances=line.state.balances)) > LINE_BYTES:
            raise LimitError("payers", "payer", "The account has no room for another payer.")
        raise LimitError(
            "part-spent-lots",
            "timestamp",
            "The account has no room for another lot: too many of its lots are spent in part. Spend some points first.",
        )


def largest_line(state: State) -> int:
    """Bound the bytes of every line that can follow before another lot."""
    payers = sum(_largest_payer(len(payer.encode())) for payer in state.balances)
    part_spent = (len(state.part_spent) + 1) * (_ENTRY_BYTES + 2 * _POINTS_BYTES)
    return _FIXED_BYTES + payers + part_spent


def _largest_payer(name: int) -> int:
    balance = _PAIR_BYTES + name + _POINTS_BYTES
    owed = _ENTRY_BYTES + name + _NUMBER_BYTES  # more than a mention as taken from, which is as large as the balance
    return balance + owed
