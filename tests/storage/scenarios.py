"""What a few callers may ask at the same time, of accounts in which that is delicate."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations_with_replacement

from points.rules.terms import Add, Spend

from tests.simulator.attempts import Preview, Request
from tests.simulator.interleavings import Scenario


def x(points: int, day: int) -> Add:
    """Add points of payer X."""
    return Add("X", points, datetime(2020, 10, day, tzinfo=UTC))


def y(points: int, day: int) -> Add:
    """Add points of payer Y."""
    return Add("Y", points, datetime(2020, 10, day, tzinfo=UTC))


EMPTY: tuple[Request, ...] = ()
"""Nobody has any points."""

STOPPED_INSIDE = (Request(x(100, 4)), Request(y(50, 6)), Request(Spend(120)))
"""A spend stopped inside the lot of Y: 30 are left of it, and lots before 4 October arrive late."""

OWING = (Request(x(40, 4)), Request(x(-30, 4)), Request(y(30, 6)))
"""X owes 30: a spend of more than 10 reaches the lot of Y."""

THREE_LOTS = (Request(x(10, 2)), Request(y(10, 4)), Request(x(10, 6)))
"""A spend may pass lots that another has only begun to read."""

ACCOUNTS: dict[tuple[Request, ...], tuple[Request, ...]] = {
    EMPTY: (Request(x(30, 5), "k"), Request(y(20, 3)), Request(x(-10, 3)), Request(Spend(20), "s", frozenset({0, 1}))),
    STOPPED_INSIDE: (
        Request(Spend(20), "k"),
        Request(Spend(30)),
        Request(x(20, 2)),
        Request(y(-20, 1)),
        Request(Spend(25), "v", frozenset({3})),
        Request(Spend(5), "k"),
        Request(Preview(30)),
    ),
    OWING: (
        Request(Spend(15), "k"),
        Request(Spend(40)),
        Request(x(15, 2), "l"),
        Request(x(-10, 9)),
        Request(Preview(40)),
    ),
    THREE_LOTS: (Request(Spend(5), "k"), Request(Spend(22)), Request(x(9, 3), "l"), Request(Spend(5))),
}
"""What is delicate in each account, the most delicate first."""


def scenarios(callers: int, faults: int, requests: int | None = None) -> Iterator[Scenario]:
    """Let so many callers meet at each account, and ask all that they can, or the first so many requests."""
    for before, delicate in ACCOUNTS.items():
        for asked in combinations_with_replacement(delicate[:requests], callers):
            yield Scenario(before, asked, faults)
