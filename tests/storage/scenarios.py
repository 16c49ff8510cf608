"""What a few callers may ask at the same time, of accounts in which that is delicate."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from itertools import combinations_with_replacement

from points.rules.terms import Add, Cancel, Capture, Hold, Refund, Spend, Void

from tests.simulator.attempts import Balance, Preview, Request, Settle
from tests.simulator.clock import moment
from tests.simulator.interleavings import Scenario

SOON = moment(2.0)
"""When something is due: after the calls of some, and before those of others, by their clocks."""

AFTER_S = 3.0
"""How far ahead the clocks of the others are."""


def x(points: int, day: int, effective_at: datetime | None = None, expires_at: datetime | None = None) -> Add:
    """Add points of payer X."""
    return Add("X", points, datetime(2020, 10, day, tzinfo=UTC), effective_at, expires_at)


def y(points: int, day: int, effective_at: datetime | None = None, expires_at: datetime | None = None) -> Add:
    """Add points of payer Y."""
    return Add("Y", points, datetime(2020, 10, day, tzinfo=UTC), effective_at, expires_at)


EMPTY: tuple[Request, ...] = ()
"""Nobody has any points."""

STOPPED_INSIDE = (Request(x(100, 4)), Request(y(50, 6)), Request(Spend(120)))
"""A spend stopped inside the lot of Y: 30 are left of it, and lots before 4 October arrive late."""

OWING = (Request(x(40, 4)), Request(x(-30, 4)), Request(y(30, 6)))
"""X owes 30: a spend of more than 10 reaches the lot of Y."""

THREE_LOTS = (Request(x(10, 2)), Request(y(10, 4)), Request(x(10, 6)))
"""A spend may pass lots that another has only begun to read."""

SPENT = (Request(x(10, 2)), Request(y(10, 4)), Request(x(-3, 2)), Request(Spend(12)))
"""A spend closed the lot of X, which settled a debt, and stopped inside that of Y: 5 are left."""

HELD = (Request(x(10, 2)), Request(y(10, 4)), Request(Hold(12, SOON)))
"""A hold closed the lot of X and stopped inside that of Y: it lapses soon."""

CHANGING = (Request(x(10, 2, expires_at=SOON)), Request(y(10, 4)), Request(x(5, 1, effective_at=SOON)))
"""A lot of X expires soon; at that moment, other points of X arrive."""

IN_DEBT = (Request(x(10, 2)), Request(x(5, 3)), Request(x(-14, 2)), Request(y(30, 6)))
"""The first lot of X only pays what X owes; where one lot is very many, a spend first settles that."""

ACCOUNTS: dict[tuple[Request, ...], tuple[Request, ...]] = {
    EMPTY: (
        Request(x(30, 5), "k"),
        Request(y(20, 3)),
        Request(x(-10, 3)),
        Request(Spend(20), "s", frozenset({"0", "1"})),
    ),
    STOPPED_INSIDE: (
        Request(Spend(20), "k"),
        Request(Spend(30)),
        Request(x(20, 2)),
        Request(y(-20, 1)),
        Request(Spend(25), "v", frozenset({"3"})),
        Request(Spend(5), "k"),
        Request(Preview(Spend(30))),
    ),
    OWING: (
        Request(Spend(15), "k"),
        Request(Spend(40)),
        Request(x(15, 2), "l"),
        Request(x(-10, 9)),
        Request(Preview(Spend(40))),
    ),
    THREE_LOTS: (
        Request(Spend(5), "k"),
        Request(Spend(22)),
        Request(x(9, 3), "l"),
        Request(Preview(Spend(15))),
        Request(Spend(5)),
    ),
    SPENT: (
        Request(Refund(4, 7), "k"),
        Request(Refund(4)),
        Request(Spend(5)),
        Request(x(4, 3)),
        Request(x(-2, 1), "n"),
    ),
    HELD: (
        Request(Capture(3, 5), "c"),
        Request(Spend(9), fast=AFTER_S),
        Request(Void(3), "v"),
        Request(Capture(3), fast=AFTER_S),
        Request(Refund(3, 4), "r"),
        Request(Settle(), fast=AFTER_S),
        Request(y(6, 1)),
    ),
    CHANGING: (
        Request(Spend(12), "k", fast=AFTER_S),
        Request(Spend(9)),
        Request(Preview(Spend(12)), fast=AFTER_S),
        Request(Settle(), fast=AFTER_S),
        Request(Spend(12), "v", frozenset({f"3.{SOON:%Y-%m-%dT%H:%M:%S.%fZ}", "3"})),
        Request(Cancel(3), "c"),
        Request(Balance(), fast=AFTER_S),
        Request(Spend(12), "w", frozenset({"3"}), fast=AFTER_S),
        Request(x(4, 3, expires_at=moment(-1.0))),
    ),
}
"""What is delicate in each account, the most delicate first."""

WHERE_DEBTS_ARE_SETTLED = (
    Request(Spend(5), "k"),
    Request(Spend(40)),
    Request(Spend(3), "v", frozenset({"4"})),
    Request(x(6, 1)),
    Request(Preview(Spend(9))),
    Request(Hold(4), "h"),
)
"""What may be asked of the account in debt."""

TIMELESS = (EMPTY, STOPPED_INSIDE, OWING, THREE_LOTS)
"""Accounts in which time has nothing to do, and of which nothing is given back."""

CALM = (*TIMELESS, SPENT, HELD)
"""Accounts in which one thing at most is due: each further one is a call more of every caller."""


def settlings(callers: int, faults: int) -> Iterator[Scenario]:
    """Let so many callers meet at the account in debt."""
    for asked in combinations_with_replacement(WHERE_DEBTS_ARE_SETTLED, callers):
        yield Scenario(IN_DEBT, asked, faults)


def scenarios(
    callers: int, faults: int, requests: int | None = None, accounts: Collection[tuple[Request, ...]] = tuple(ACCOUNTS)
) -> Iterator[Scenario]:
    """Let so many callers meet at each account, and ask all that they can, or the first so many requests."""
    for before in accounts:
        for asked in combinations_with_replacement(ACCOUNTS[before][:requests], callers):
            yield Scenario(before, asked, faults)
