"""Every fault at every call of short histories, and in the shortest, every two faults at every two calls."""

import os
from collections import Counter
from collections.abc import Callable

import pytest
from points.rules.terms import Cancel, Capture, Hold, Refund, Spend, Void

from tests.simulator.attempts import Balance, Lots, Preview, Request, Settle
from tests.simulator.clock import moment
from tests.simulator.faults import PUT_FAULTS, READ_FAULTS
from tests.simulator.probes import marks
from tests.simulator.short_histories import ShortHistory
from tests.storage.scenarios import AFTER_S, SOON, STOPPED_INSIDE, x, y

pytestmark = pytest.mark.usefixtures("lines_tell_their_origin", "pages_of_one_lot")

NIGHTLY = bool(os.getenv("SIMULATOR_NIGHTLY"))
"""Whether there is time for one more fault in each history."""

HASTY, PATIENT = 2.0, 12.0
"""Seconds that an attempt has: with the first, every time-out is its end; with the second, it goes on."""

BEFORE = (*STOPPED_INSIDE, Request(x(40, 8)))

TIMED = (
    Request(x(10, 2, expires_at=SOON)),
    Request(y(30, 4)),
    Request(x(5, 1, effective_at=SOON)),
    Request(Hold(12, moment(2.5))),
    Request(Spend(6)),
)
"""Soon points of X arrive, a hold lapses, and what it gives back expires at once."""

ONE_REQUEST = {
    "add": Request(x(5, 9), "k"),
    "late add": Request(x(5, 2), "k"),
    "negative add": Request(y(-25, 2), "k"),
    "negative add without key": Request(y(-25, 2)),
    "spend": Request(Spend(40), "k"),
    "spend without key": Request(Spend(40)),
    "spend at a version": Request(Spend(40), "k", frozenset({"4"})),
    "spend of everything": Request(Spend(70), "k"),
    "refund": Request(Refund(3, 40), "k"),
    "hold": Request(Hold(40, SOON), "k"),
    "preview": Request(Preview(Spend(40))),
    "balance": Request(Balance()),
}

TIMED_REQUEST = {
    "spend after all of it": Request(Spend(20), "k", fast=AFTER_S),
    "spend without key after all of it": Request(Spend(20), fast=AFTER_S),
    "capture in time": Request(Capture(4, 7), "k"),
    "capture too late": Request(Capture(4, 7), "k", fast=AFTER_S),
    "void in time": Request(Void(4), "k"),
    "refund after all of it": Request(Refund(5), "k", fast=AFTER_S),
    "cancellation in time": Request(Cancel(3), "k"),
    "sweeper after all of it": Request(Settle(), fast=AFTER_S),
    "lots after all of it": Request(Lots(), fast=AFTER_S),
    "balance as of then": Request(Balance(SOON)),
}

MORE_REQUESTS = {
    "adds, then all is spent": (Request(x(5, 2), "a"), Request(y(5, 2), "b"), Request(Spend(80), "c")),
    "the same request twice": (Request(Spend(40), "k"), Request(Spend(40), "k"), Request(Spend(40))),
    "debts": (Request(x(-40, 2)), Request(Spend(30), "k"), Request(y(9, 1), "l")),
    "a hold, a late lot, and both ends": (Request(Hold(40), "h"), Request(x(9, 1), "l"), Request(Capture(5, 9), "c")),
}


@pytest.mark.parametrize("patience", [HASTY, PATIENT], ids=["hasty", "patient"])
@pytest.mark.parametrize("name", ONE_REQUEST)
def test_one_request(name: str, patience: float, saw: Callable[[int, str], None]) -> None:
    faults = 3 if NIGHTLY else 2 if patience == HASTY else 1
    history = ShortHistory(BEFORE, [ONE_REQUEST[name]], rival=Request(y(-7, 3)), patience=patience)
    lived = sum(1 for _ in history.with_every_fault(faults))
    saw(lived, f"short histories of a request; faults: every choice of {faults} at most")
    assert lived > 5**faults


@pytest.mark.parametrize("name", TIMED_REQUEST)
def test_one_request_around_what_time_does(name: str, saw: Callable[[int, str], None]) -> None:
    faults = 2 if NIGHTLY else 1
    history = ShortHistory(TIMED, [TIMED_REQUEST[name]], rival=Request(Settle(), fast=AFTER_S), patience=HASTY)
    lived = sum(1 for _ in history.with_every_fault(faults))
    saw(lived, f"short histories of a request around what time does; faults: every choice of {faults} at most")
    assert lived > 5**faults


@pytest.mark.parametrize("patience", [HASTY, PATIENT], ids=["hasty", "patient"])
@pytest.mark.parametrize("requests", MORE_REQUESTS.values(), ids=MORE_REQUESTS)
def test_several_requests(requests: tuple[Request, ...], patience: float, saw: Callable[[int, str], None]) -> None:
    history = ShortHistory(BEFORE, requests, rival=Request(Spend(3)), patience=patience)
    faults = 2 if NIGHTLY else 1
    lived = sum(1 for _ in history.with_every_fault(faults))
    saw(lived, f"short histories of {len(requests)} requests; faults: every choice of {faults} at most")
    assert lived > 10 * 5**faults


def test_every_fault_is_met() -> None:
    found: Counter[str] = Counter()
    history = ShortHistory(BEFORE, MORE_REQUESTS["the same request twice"], rival=Request(Spend(3)), patience=HASTY)
    for told in history.with_every_fault(1):
        found += marks(told.network, told.attempts, told.book)
    for operation, faults in {"query": READ_FAULTS, "get_item": READ_FAULTS, "put_item": PUT_FAULTS}.items():
        assert all(found[f"{operation}: {fault}"] for fault in faults)


def test_rare_paths_are_taken() -> None:
    all_owed = (Request(x(5, 1, expires_at=SOON)), Request(x(-5, 3)), Request(Settle(), fast=AFTER_S))
    side_by_side = (*map(Request, (x(4, 2), y(5, 3), x(6, 4), Hold(4), Hold(5), Void(4), Void(5))),)
    found: Counter[str] = Counter()
    for requests in (all_owed, side_by_side):
        told = ShortHistory((), requests, rival=Request(Spend(3)), patience=HASTY).with_faults({})
        found += marks(told.network, told.attempts, told.book)
    assert found["expired without a point"]
    assert found["ranges joined"]
