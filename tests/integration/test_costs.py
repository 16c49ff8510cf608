"""What operations cost, as the engine counts it: the same, however long the history is."""

from functools import partial
from typing import Any

import pytest
from points.rules.terms import Spend
from points.storage.dynamodb import make_client

from bench.accounts import KEPT_OPEN, POINTS, history
from bench.alternatives.passbook import PassbookLedger
from bench.growth import OPERATIONS, cost_of, draw_and_give_back
from bench.meter import Cost, Meter
from tests.api.conftest import TABLE
from tests.integration.ledger import Ledger, soon
from tests.integration.test_scale import ACCOUNT, LONG_AGO, begin_with_a_lot_each

COSTS = {
    "balance": Cost(1, 0, 1),
    "add": Cost(2, 2, 1),
    "spend of a lot": Cost(3, 1, 2),
    "negative add": Cost(2, 1, 1),
    "add with a key": Cost(3, 3, 1),
    "spend of a lot with a key": Cost(4, 2, 2),
    "replay": Cost(3, 0, 3),
    "add of a late lot": Cost(2, 2, 1),
    "spend of a late lot": Cost(4, 1, 3),  # the lot pays a debt first, so another range is drawn on
}


@pytest.fixture(scope="module")
def meter(engine: Any) -> Meter:  # noqa: ARG001 - where the client connects to
    """Return a meter on a client of its own."""
    return Meter(make_client())


@pytest.mark.parametrize("lines", [KEPT_OPEN, 400])
def test_a_history_makes_nothing_dearer(lines: int, ledger: Ledger, meter: Meter) -> None:
    ledger.load(list(history("a", lines, spends=True)))
    book = PassbookLedger(meter.client, TABLE["TableName"])

    counted = {name: cost_of(meter, partial(operation, book, "a")) for name, operation in OPERATIONS.items()}

    assert counted == COSTS


def test_open_lots_cost_a_spend_a_page_of_them_and_no_more(ledger: Ledger, meter: Meter) -> None:
    begin_with_a_lot_each(ledger, [f"PAYER {number % 3}" for number in range(5_000)])
    book = PassbookLedger(meter.client, TABLE["TableName"])

    counted = {name: cost_of(meter, partial(operation, book, ACCOUNT)) for name, operation in OPERATIONS.items()}

    a_page = {"spend of a lot": Cost(3, 1, 4), "spend of a lot with a key": Cost(4, 2, 4)}
    assert counted == COSTS | a_page | {
        "spend of a late lot": Cost(4, 1, 5)
    }  # it pays a debt: another range is drawn on


@pytest.mark.parametrize(("lots", "requests", "most_read_units"), [(1, 3, 2), (100, 3, 4), (10_000, 9, 300)])
def test_a_spend_is_one_write_unit(
    lots: int, requests: int, most_read_units: int, ledger: Ledger, meter: Meter
) -> None:
    begin_with_a_lot_each(ledger, [f"PAYER {number % 3}" for number in range(lots)])
    book = PassbookLedger(meter.client, TABLE["TableName"]).passbook

    with meter.counting() as cost:
        book.record(ACCOUNT, Spend(lots * POINTS), soon())

    assert (cost.requests, cost.write_units) == (requests, 1)
    assert cost.read_units <= most_read_units


@pytest.mark.parametrize(("lots", "most_requests"), [(1, 6), (100, 6), (10_000, 12)])
def test_what_draws_and_what_comes_back_is_a_line_each(
    lots: int, most_requests: int, ledger: Ledger, meter: Meter
) -> None:
    begin_with_a_lot_each(ledger, [f"PAYER {number % 3}" for number in range(lots)])
    book = PassbookLedger(meter.client, TABLE["TableName"])

    counted = draw_and_give_back(meter, book, ACCOUNT, lots * POINTS, "all")

    costs = {name: cost for name, cost in counted.items() if isinstance(cost, Cost)}
    written = {name: cost.write_units for name, cost in costs.items()}
    assert written == {"spend of all": 1, "refund of all": 2, "hold of all": 2, "void of all": 2}
    assert max(cost.requests for cost in costs.values()) <= most_requests


@pytest.mark.parametrize(("lots", "requests"), [(1, 3), (100, 3), (10_000, 9)])
def test_an_expiry_is_one_write_unit(lots: int, requests: int, ledger: Ledger, meter: Meter) -> None:
    begin_with_a_lot_each(ledger, [f"PAYER {number % 3}" for number in range(lots)], LONG_AGO)
    book = PassbookLedger(meter.client, TABLE["TableName"])

    with meter.counting() as cost:
        book.expire(ACCOUNT)

    assert (cost.requests, cost.write_units) == (requests, 1 + (lots == 10_000))


def test_a_lost_race_costs_a_request_and_the_line_s_write_units(ledger: Ledger, meter: Meter) -> None:
    """The condition of the put that lost is looked at, and DynamoDB takes its units for that, but does not say so."""
    ledger.load(list(history("a", KEPT_OPEN, spends=False)))
    book, rival = PassbookLedger(meter.client, TABLE["TableName"]), ledger.passbook()
    put = meter.client.put_item

    def put_after_rival(**request: Any) -> Any:
        meter.client.put_item = put
        rival.record("a", Spend(1), soon())
        return put(**request)

    meter.client.put_item = put_after_rival
    with meter.counting() as cost:
        book.spend("a", POINTS)

    assert (cost.requests, cost.write_units) == (4, 1)
