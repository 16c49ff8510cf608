"""How fast the ledgers are, beside one another, on this machine: ratios of calls that take turns."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from random import Random
from statistics import quantiles
from typing import Any

from points.rules.terms import Add
from points.storage.dynamodb import make_client

from bench import accounts
from bench.accounts import POINTS, START
from bench.alternatives.functions import FunctionsLedger
from bench.alternatives.ledger import Ledger
from bench.designs import APPS, DESIGNS, OURS

MANY_LOTS = 50
LATER = START + timedelta(days=3_650)

Times = dict[str, dict[str, list[float]]]
"""Seconds, by operation and ledger, a round after another."""


def _add(ledger: Ledger, account: str) -> None:
    ledger.add(account, Add("PAYER 0000", POINTS, LATER))


def _add_many(ledger: Ledger, account: str) -> None:
    for _ in range(MANY_LOTS):
        _add(ledger, account)


OPERATIONS: dict[str, tuple[Callable[[Ledger, str], object], Callable[[Ledger, str], object]]] = {
    "balance": (lambda _ledger, _account: None, lambda ledger, account: ledger.balance(account)),
    "add": (lambda _ledger, _account: None, _add),
    "spend of a lot": (lambda _ledger, _account: None, lambda ledger, account: ledger.spend(account, POINTS)),
    f"spend of {MANY_LOTS} lots": (_add_many, lambda ledger, account: ledger.spend(account, MANY_LOTS * POINTS)),
}
"""What is timed, and what is done before that, untimed: a round leaves about as many lots as there were."""


def measure(engine: Any, lines: int, rounds: int) -> Times:
    """Time every operation on every ledger, on accounts of the same history, in turns."""
    rng = Random(0)
    with _filled_ledgers(engine, lines) as ledgers:
        times: Times = {operation: {name: [] for name in ledgers} for operation in OPERATIONS}
        for number in range(-1, rounds):
            sys.stderr.write(f"speed at {lines:,} lines: round {number + 1} of {rounds}\n")
            for operation, (prepare, do) in OPERATIONS.items():
                for name, ledger in rng.sample(list(ledgers.items()), len(ledgers)):
                    prepare(ledger, _account(lines))
                    started = time.perf_counter()
                    do(ledger, _account(lines))
                    if number >= 0:  # the first round only warms up
                        times[operation][name].append(time.perf_counter() - started)
    return times


@contextmanager
def _filled_ledgers(engine: Any, lines: int) -> Iterator[dict[str, Ledger]]:
    client = make_client()
    history = list(accounts.history(_account(lines), lines, spends=True))
    ledgers: dict[str, Ledger] = {}
    for design in DESIGNS:
        accounts.write(engine, design.table["TableName"], design.items(history))
        ledgers[design.name] = design.ledger(client)
    ledgers[f"{OURS.name}, through its functions"] = FunctionsLedger()
    with ExitStack() as stack:
        for app in APPS:
            ledgers[app.name] = stack.enter_context(app.ledger(history))
        yield ledgers


def _account(lines: int) -> str:
    return f"speed-{lines}"


def ratios(times: dict[str, list[float]], name: str, of: str) -> tuple[float, float, float]:
    """Return the quartiles of what one ledger takes, of what another takes in the same round."""
    shares = [mine / theirs for mine, theirs in zip(times[name], times[of], strict=True)]
    lower, middle, upper = quantiles(shares, n=4, method="inclusive")
    return middle, lower, upper
