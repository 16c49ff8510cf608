"""Refunds: what was spent goes back to the very lots it came from."""

from collections.abc import Callable

import pytest

from tests.api.client import Answer, Client
from tests.api.moments import MINUTE, after, due
from tests.api.problems import assert_problem
from tests.simulator.clock import VirtualClock


@pytest.fixture
def spent(client: Client, clock: VirtualClock) -> Client:  # noqa: ARG001
    """A caller who has spent, as 3, 150 of 100 points and 200 younger ones."""
    client.add("DANNON", 100, "2020-10-31T10:00:00Z")
    client.add("UNILEVER", 200, "2020-10-31T11:00:00Z")
    client.spend(150)
    return client


def test_a_refund_gives_back_what_was_drawn_last(spent: Client) -> None:
    refunded = spent.refund(3, 60).json

    assert refunded == {
        "sequence": 4,
        "kind": "refund",
        "of": 3,
        "points": 60,
        "recorded_at": due(0),
        "returned": [{"payer": "DANNON", "points": 10}, {"payer": "UNILEVER", "points": 50}],
        "digest": refunded["digest"],
    }
    assert spent.balance().json == {"DANNON": 10, "UNILEVER": 200}
    assert [(it["sequence"], it["points"]) for it in spent.get("lots").json["lots"]] == [(1, 10), (2, 200)]


def test_refunds_come_to_the_spend_at_most(spent: Client) -> None:
    assert spent.refund(3, 60).json["points"] == 60
    assert spent.transaction(3).json["left"] == 90
    assert_problem(spent.refund(3, 91), 409, "more-than-left", points="Transaction 3 has 90 points left, but 91 were")

    assert spent.refund(3).json["points"] == 90
    assert spent.transaction(3).json["left"] == 0
    assert_problem(spent.refund(3), 409, "more-than-left", points="Transaction 3 has 0 points left")
    assert spent.balance().json == {"DANNON": 100, "UNILEVER": 200}


def test_a_captured_hold_is_refunded_by_its_own_number_or_its_capture_s(client: Client) -> None:
    client.add("DANNON", 100)
    client.hold(80)
    client.capture(2, 50)
    assert client.transaction(2).json["left"] == client.transaction(3).json["left"] == 50

    by_hold, by_capture = client.refund(2, 20).json, client.refund(3).json

    assert (by_hold["of"], by_hold["points"], by_capture["of"], by_capture["points"]) == (2, 20, 2, 30)
    assert client.balance().json == {"DANNON": 100}


@pytest.mark.parametrize(
    ("prepare", "number", "kind", "reason"),
    [
        pytest.param(lambda _: None, 1, "not-refundable", "is of kind add: only a spend", id="an add"),
        pytest.param(lambda it: it.hold(1), 4, "not-refundable", "capture it first", id="an open hold"),
        pytest.param(lambda it: it.refund(3), 4, "not-refundable", "is of kind refund", id="a refund"),
        pytest.param(lambda it: (it.hold(1), it.void(4)), 4, "ended", "The hold 4 was voided at", id="a voided hold"),
        pytest.param(lambda it: (it.hold(1), it.void(4)), 5, "not-refundable", "is of kind void", id="a void"),
    ],
)
def test_what_cannot_be_refunded(
    spent: Client, prepare: Callable[[Client], Answer], number: int, kind: str, reason: str
) -> None:
    prepare(spent)

    assert_problem(spent.refund(number), 409, kind, sequence=reason)


def test_a_lapsed_hold_cannot_be_refunded(spent: Client, clock: VirtualClock) -> None:
    spent.hold(1, expires_at=after(MINUTE))
    clock.sleep(MINUTE)

    assert_problem(spent.refund(4), 409, "ended", sequence=f"The hold 4 has lapsed at {after(MINUTE)}.")


@pytest.mark.parametrize("number", [0, 4, 10**12])
def test_what_is_not_there(spent: Client, number: int) -> None:
    assert_problem(spent.refund(number), 404, "no-transaction", sequence=f"no transaction {number}")


def test_what_is_no_number(spent: Client) -> None:
    for number in ("x", "03", "-1", "9" * 400):
        assert_problem(spent.send("refund", {}, sequence=number), 404, "no-transaction")


def test_what_has_expired_meanwhile_comes_back_and_expires_at_once(client: Client, clock: VirtualClock) -> None:
    client.add("DANNON", 100, expires_at=after(MINUTE))
    client.spend(100)
    clock.sleep(2 * MINUTE)

    assert client.refund(2).json["returned"] == [{"payer": "DANNON", "points": 100}]
    assert (client.balance().json, client.balance().etag) == ({"DANNON": 0}, f'"3.{due(2 * MINUTE)}"')


def test_what_the_undone_part_had_settled_is_owed_again(client: Client) -> None:
    client.add("DANNON", 100, "2020-10-31T10:00:00Z")
    client.add("DANNON", 100, "2020-10-31T11:00:00Z")
    client.add("DANNON", -30)
    client.spend(170)
    assert client.get("account").json["owed"] == {}

    client.refund(4)

    assert client.get("account").json["owed"] == {"DANNON": 30}
    assert client.balance().json == {"DANNON": 170}


def test_a_spend_of_all_is_refunded_and_a_late_lot_is_next(client: Client) -> None:
    client.add("DANNON", 100, "2020-10-31T10:00:00Z")
    client.spend(100)
    client.refund(2)
    client.add("OLDER", 5, "2019-01-01T00:00:00Z")

    assert client.spend(10).json == [{"payer": "OLDER", "points": -5}, {"payer": "DANNON", "points": -5}]
