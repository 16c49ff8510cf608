"""Every fault at every call of short histories, and every two faults at every two calls."""

import os
from collections import Counter
from collections.abc import Callable

import pytest
from points.rules.terms import Spend
from points.storage import open_lots

from tests.simulator.attempts import Balance, Preview, Request
from tests.simulator.faults import PUT_FAULTS, READ_FAULTS
from tests.simulator.probes import marks
from tests.simulator.short_histories import ShortHistory
from tests.storage.scenarios import STOPPED_INSIDE, x, y

pytestmark = pytest.mark.usefixtures("lines_tell_their_origin")

NIGHTLY = bool(os.getenv("SIMULATOR_NIGHTLY"))
"""Whether there is time for a third fault in a request's history."""

HASTY, PATIENT = 2.0, 12.0
"""Seconds that an attempt has: with the first, every time-out is its end; with the second, it goes on."""

BEFORE = (*STOPPED_INSIDE, Request(x(40, 8)))

ONE_REQUEST = {
    "add": Request(x(5, 9), "k"),
    "late add": Request(x(5, 2), "k"),
    "negative add": Request(y(-25, 2), "k"),
    "negative add without key": Request(y(-25, 2)),
    "spend": Request(Spend(40), "k"),
    "spend without key": Request(Spend(40)),
    "spend at a version": Request(Spend(40), "k", frozenset({4})),
    "spend of everything": Request(Spend(70), "k"),
    "preview": Request(Preview(40)),
    "balance": Request(Balance()),
}

MORE_REQUESTS = {
    "adds, then all is spent": (Request(x(5, 2), "a"), Request(y(5, 2), "b"), Request(Spend(80), "c")),
    "the same request twice": (Request(Spend(40), "k"), Request(Spend(40), "k"), Request(Spend(40))),
    "debts": (Request(x(-40, 2)), Request(Spend(30), "k"), Request(y(9, 1), "l")),
}


@pytest.fixture(autouse=True)
def _pages_of_one_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_lots, "FIRST_PAGE", 1)


@pytest.mark.parametrize("patience", [HASTY, PATIENT], ids=["hasty", "patient"])
@pytest.mark.parametrize("name", ONE_REQUEST)
def test_one_request(name: str, patience: float, saw: Callable[[int, str], None]) -> None:
    faults = 3 if NIGHTLY else 2
    history = ShortHistory(BEFORE, [ONE_REQUEST[name]], rival=Request(y(-7, 3)), patience=patience)
    lived = sum(1 for _ in history.with_every_fault(faults))
    saw(lived, f"short histories of a request; faults: every choice of {faults} at most")
    assert lived > 5**faults


@pytest.mark.parametrize("patience", [HASTY, PATIENT], ids=["hasty", "patient"])
@pytest.mark.parametrize("requests", MORE_REQUESTS.values(), ids=MORE_REQUESTS)
def test_several_requests(requests: tuple[Request, ...], patience: float, saw: Callable[[int, str], None]) -> None:
    history = ShortHistory(BEFORE, requests, rival=Request(Spend(3)), patience=patience)
    lived = sum(1 for _ in history.with_every_fault(2))
    saw(lived, f"short histories of {len(requests)} requests; faults: every choice of 2 at most")
    assert lived > 3_000


def test_every_fault_is_met() -> None:
    found: Counter[str] = Counter()
    history = ShortHistory(BEFORE, MORE_REQUESTS["the same request twice"], rival=Request(Spend(3)), patience=HASTY)
    for told in history.with_every_fault(1):
        found += marks(told.network, told.attempts, told.book)
    for operation, faults in {"query": READ_FAULTS, "get_item": READ_FAULTS, "put_item": PUT_FAULTS}.items():
        assert all(found[f"{operation}: {fault}"] for fault in faults)
