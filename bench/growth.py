"""What an operation costs as the account grows: in lines, in open lots, in the lots of a spend, in payers."""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from points.rules.terms import Add
from points.storage.lines import Line

from bench import accounts
from bench.accounts import EXPIRED, KEPT_OPEN, LATER, POINTS, START, STEP
from bench.alternatives.ledger import GivesBack, Ledger, RefusedError
from bench.alternatives.passbook import PassbookLedger, soon
from bench.alternatives.transactions import MOST_LOTS
from bench.designs import DESIGNS, OURS_OF_MANY_LOTS, SUMS, TRANSACTIONS, Design
from bench.meter import Cost, Meter
from tools.dynamodb_local import patient_client

HISTORY = "lines in the history"
OPEN_LOTS = "open lots"
LOTS = "lots that a change draws on"
PAYERS = "payers"

A_PAYER = accounts.payer(0)

OPERATIONS: dict[str, Callable[[Ledger, str], object]] = {
    "balance": lambda ledger, account: ledger.balance(account),
    "add": lambda ledger, account: ledger.add(account, Add(A_PAYER, POINTS, LATER)),
    "spend of a lot": lambda ledger, account: ledger.spend(account, POINTS),
    "negative add": lambda ledger, account: ledger.add(account, Add(A_PAYER, -1, LATER)),
    "add with a key": lambda ledger, account: ledger.add(account, Add(A_PAYER, POINTS, LATER), "an add"),
    "spend of a lot with a key": lambda ledger, account: ledger.spend(account, POINTS, "a spend"),
    "replay": lambda ledger, account: ledger.spend(account, POINTS, "a spend"),
    "add of a late lot": lambda ledger, account: ledger.add(account, Add(A_PAYER, POINTS, START - STEP)),
    "spend of a late lot": lambda ledger, account: ledger.spend(account, POINTS),
}
"""What every ledger can do, in an order in which it makes sense."""

BALANCE_AS_OF = "balance as of a moment"
SPEND_OF_ALL = "spend of all lots"
EXPIRY_OF_ALL = "expiry of all lots"

Costs = dict[str, dict[int, Cost | str]]
"""By operation and size; a text says why there is none."""


@dataclass
class Growth:
    """What was measured along one axis, by the design's name."""

    axis: str
    sizes: Sequence[int]
    costs: dict[str, Costs] = field(default_factory=dict)


def grow(engine: Any, scale: int) -> list[Growth]:
    """Measure along every axis, up to a size.

    Parameters
    ----------
    engine
        A client that fills the tables.
    scale
        The largest number of lines and of lots.
    """
    sizes = [10**exponent for exponent in range(6) if 10**exponent <= scale]
    with_many_lots = (OURS_OF_MANY_LOTS, TRANSACTIONS, SUMS)
    return [
        _measure(engine, HISTORY, DESIGNS, sizes[1:], _history, _operations_and_a_look_back),
        _measure(engine, OPEN_LOTS, with_many_lots, sizes, _open_lots, _operations),
        _lots_of_a_change(engine, sorted({*sizes, MOST_LOTS})),
        _measure(engine, PAYERS, DESIGNS, sizes[:4], _payers, _operations),
    ]


def _lots_of_a_change(engine: Any, sizes: Sequence[int]) -> Growth:
    """Measure what draws on all lots of an account, and what gives back all that was drawn."""
    drawn = _measure(engine, LOTS, (OURS_OF_MANY_LOTS, TRANSACTIONS, SUMS), sizes, _open_lots, _draw_on_all)
    expired = _measure(
        engine, "lots that expire", (OURS_OF_MANY_LOTS, TRANSACTIONS), sizes, _expiring_lots, _expire_all
    )
    for design, costs in expired.costs.items():
        drawn.costs[design] |= costs
    return drawn


Shape = Callable[[str, int], Iterable[Line]]
Operations = Callable[[Meter, Ledger, str, int], dict[str, Cost | str]]


def _measure(
    engine: Any, axis: str, designs: Sequence[Design], sizes: Sequence[int], shape: Shape, operations: Operations
) -> Growth:
    growth = Growth(axis, sizes)
    client = patient_client()
    meter = Meter(client)
    for design in designs:
        costs = growth.costs.setdefault(design.name, {})
        ledger = design.ledger(client)
        for size in sizes:
            sys.stderr.write(f"{axis}: {design.name}, {size:,}\n")
            account = f"{axis}-{size}"
            accounts.write(engine, design.table["TableName"], design.items(shape(account, size)))
            for operation, cost in operations(meter, ledger, account, size).items():
                costs.setdefault(operation, {})[size] = cost
    return growth


def _history(account: str, lines: int) -> Iterable[Line]:
    return accounts.history(account, lines, spends=True)


def _open_lots(account: str, lots: int) -> Iterable[Line]:
    return accounts.history(account, lots, spends=False)


def _expiring_lots(account: str, lots: int) -> Iterable[Line]:
    return accounts.history(account, lots, spends=False, expires_at=EXPIRED)


def _payers(account: str, payers: int) -> Iterable[Line]:
    return accounts.history(account, max(payers, KEPT_OPEN), payers=payers, spends=False)


def _operations(meter: Meter, ledger: Ledger, account: str, _: int) -> dict[str, Cost | str]:
    costs: dict[str, Cost | str] = {}
    if isinstance(ledger, GivesBack):
        costs = draw_and_give_back(meter, ledger, account, POINTS, "a lot")
    return costs | {name: cost_of(meter, partial(operation, ledger, account)) for name, operation in OPERATIONS.items()}


def _operations_and_a_look_back(meter: Meter, ledger: Ledger, account: str, size: int) -> dict[str, Cost | str]:
    costs = _operations(meter, ledger, account, size)
    if isinstance(ledger, PassbookLedger):
        middle, passbook = START + size // 2 * STEP, ledger.passbook
        costs[BALANCE_AS_OF] = cost_of(meter, lambda: passbook.as_of(account, middle, soon()))
    return costs


def _draw_on_all(meter: Meter, ledger: Ledger, account: str, size: int) -> dict[str, Cost | str]:
    if isinstance(ledger, GivesBack):
        return draw_and_give_back(meter, ledger, account, size * POINTS, "all lots")
    return {SPEND_OF_ALL: cost_of(meter, lambda: ledger.spend(account, size * POINTS))}


def draw_and_give_back(meter: Meter, ledger: GivesBack, account: str, points: int, lots: str) -> dict[str, Cost | str]:
    """Hold points and give them back, then spend them and give them back: the account is as it was."""
    costs: dict[str, Cost | str] = {}
    for drawing, giving_back, hold in (("spend", "refund", False), ("hold", "void", True)):
        names: list[str] = []
        drawn = cost_of(meter, partial(_draw, ledger, account, points, names, hold=hold))
        given_back = cost_of(meter, partial(ledger.give_back, account, names[0], hold=hold)) if names else drawn
        costs |= {f"{drawing} of {lots}": drawn, f"{giving_back} of {lots}": given_back}
    return costs


def _draw(ledger: GivesBack, account: str, points: int, names: list[str], *, hold: bool) -> None:
    names.append(ledger.draw(account, points, hold=hold))


def _expire_all(meter: Meter, ledger: Ledger, account: str, _: int) -> dict[str, Cost | str]:
    return {EXPIRY_OF_ALL: cost_of(meter, partial(cast(GivesBack, ledger).expire, account))}


def cost_of(meter: Meter, operation: Callable[[], object]) -> Cost | str:
    """Count an operation, or say why it was refused."""
    try:
        with meter.counting() as cost:
            operation()
    except RefusedError as refusal:
        return str(refusal)
    return cost
