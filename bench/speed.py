"""How fast the ledgers are, beside one another, on this machine: ratios of calls that take turns."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random
from statistics import quantiles
from typing import Any

from points.rules.terms import Add
from points.storage.dynamodb import make_client

from bench import accounts
from bench.accounts import LATER, POINTS
from bench.alternatives.functions import FunctionsLedger
from bench.alternatives.ledger import FailedError, Ledger, RefusedError
from bench.designs import APPS, DESIGNS, OURS
from bench.questions import AT_ONCE, at_once

Filled = dict[str, tuple[Ledger, str]]
"""By name: a ledger, and its account."""

Times = dict[str, dict[str, list[float] | str]]
"""By operation and ledger: the seconds, a round after another, or why there are none."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What is timed, after so many adds that are not: so a round leaves about as many lots as there were."""

    do: Callable[[Ledger, str], object]
    adds_before: int = 0
    points_more: int = 0
    """How many more points the account has afterwards."""


def _add(ledger: Ledger, account: str) -> None:
    ledger.add(account, Add("PAYER 0000", POINTS, LATER))


def _spend_of(lots: int) -> Operation:
    return Operation(lambda ledger, account: ledger.spend(account, lots * POINTS), lots, -lots * POINTS)


OPERATIONS = {
    "balance": Operation(lambda ledger, account: ledger.balance(account)),
    "add": Operation(_add, points_more=POINTS),
    "spend of a lot": _spend_of(1),
    "spend of 50 lots": _spend_of(50),
    "spend of 150 lots": _spend_of(150),
    f"{AT_ONCE} adds at once": Operation(
        lambda ledger, account: at_once([lambda: _add(ledger, account)] * AT_ONCE), points_more=AT_ONCE * POINTS
    ),
}


def measure(engine: Any, lines: int, rounds: int) -> Times:
    """Time every operation on every ledger, on accounts of the same history, in turns."""
    times: Times = {}
    for name, operation in OPERATIONS.items():
        sys.stderr.write(f"speed at {lines:,} lines: {name}\n")
        with _filled_ledgers(engine, f"{name} at {lines}".replace(" ", "-"), lines) as ledgers:
            times[name] = _times(operation, ledgers, rounds)
    return times


def _times(operation: Operation, ledgers: Filled, rounds: int) -> dict[str, list[float] | str]:
    """Time an operation in rounds, the ledgers in another order each; who fails is not asked again."""
    times: dict[str, list[float] | str] = {name: [] for name in ledgers}
    rng = Random(0)
    for number in range(-1, rounds):
        for name, (ledger, account) in rng.sample(list(ledgers.items()), len(ledgers)):
            so_far = times[name]
            if isinstance(so_far, str):
                continue
            took = _seconds(operation, ledger, account)
            if isinstance(took, str):
                times[name] = took
            elif number >= 0:  # the first round only warms up
                so_far.append(took)
    return times


def _seconds(operation: Operation, ledger: Ledger, account: str) -> float | str:
    """Time an operation, or say why not."""
    try:
        for _ in range(operation.adds_before):
            _add(ledger, account)
        before = sum(ledger.balance(account).values())
        started = time.perf_counter()
        operation.do(ledger, account)
        took = time.perf_counter() - started
        missing = before + operation.points_more - sum(ledger.balance(account).values())
    except (RefusedError, FailedError) as error:
        return f"**no**: {error}"
    return f"**no**: {missing} points are missing" if missing else took


@contextmanager
def _filled_ledgers(engine: Any, account: str, lines: int) -> Iterator[Filled]:
    """Have every ledger with an account of the same history; each has it for itself."""
    client, for_functions = make_client(), f"{account}-functions"
    history = list(accounts.history(account, lines, spends=True))
    ledgers: Filled = {}
    for design in DESIGNS:
        accounts.write(engine, design.table["TableName"], design.items(history))
        ledgers[design.name] = design.ledger(client), account
    also = accounts.history(for_functions, lines, spends=True)
    accounts.write(engine, OURS.table["TableName"], OURS.items(also))
    ledgers[f"{OURS.name}, through its functions"] = FunctionsLedger(), for_functions
    with ExitStack() as stack:
        for app in APPS:
            ledgers[app.name] = stack.enter_context(app.ledger(history)), account
        yield ledgers


def ratios(times: list[float], of: list[float]) -> tuple[float, float, float]:
    """Return the median and the quartiles of what one ledger takes, of what another takes in the same round."""
    shares = [mine / theirs for mine, theirs in zip(times, of, strict=True)]
    lower, middle, upper = quantiles(shares, n=4, method="inclusive")
    return middle, lower, upper
