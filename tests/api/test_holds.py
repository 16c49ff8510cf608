"""Holds: points set aside, and then captured, voided or lapsed."""

from collections.abc import Callable

import pytest

from tests.api.client import Answer, Client
from tests.api.moments import DAY, MINUTE, after, due
from tests.api.problems import assert_problem
from tests.simulator.clock import VirtualClock

TAKEN = [{"payer": "DANNON", "points": -100}, {"payer": "UNILEVER", "points": -50}]


@pytest.fixture
def holding(client: Client, clock: VirtualClock) -> Client:  # noqa: ARG001
    """A caller who has set aside, as 3, 150 of 100 points and 200 younger ones, for a minute."""
    client.add("DANNON", 100, "2020-10-31T10:00:00Z")
    client.add("UNILEVER", 200, "2020-10-31T11:00:00Z")
    client.hold(150, expires_at=after(MINUTE))
    return client


def test_a_hold_reads_as_the_transaction_that_names_it(holding: Client) -> None:
    hold = holding.transactions().json["transactions"][0]

    assert hold == {
        "sequence": 3,
        "kind": "hold",
        "points": -150,
        "expires_at": after(MINUTE),
        "recorded_at": due(0),
        "taken": TAKEN,
        "digest": hold["digest"],
    }
    assert holding.balance().json == {"DANNON": 0, "UNILEVER": 150}
    assert holding.transaction(3).json.items() >= {**hold, "left": 150}.items()


def test_a_preview_reads_like_the_hold_that_follows_it(client: Client) -> None:
    client.add("DANNON", 100)

    shown = client.send("hold_preview", {"points": 60, "reference": "order-1"})
    held = client.hold(60, reference="order-1", if_match=shown.etag)

    assert (held.status, held.json["taken"]) == (200, shown.json)


def test_a_capture_of_a_part_gives_the_rest_back(holding: Client) -> None:
    captured = holding.capture(3, 90).json

    assert captured == {
        "sequence": 4,
        "kind": "capture",
        "of": 3,
        "points": 60,
        "recorded_at": due(0),
        "taken": [{"payer": "DANNON", "points": -90}],
        "returned": [{"payer": "DANNON", "points": 10}, {"payer": "UNILEVER", "points": 50}],
        "digest": captured["digest"],
    }
    assert holding.balance().json == {"DANNON": 10, "UNILEVER": 200}
    assert holding.transaction(3).json.items() >= {"left": 90, "captured_by": 4}.items()


@pytest.mark.parametrize("points", [None, 150])
def test_a_capture_of_the_whole_changes_no_balance(holding: Client, points: int | None) -> None:
    captured = holding.capture(3, points).json

    assert (captured["points"], captured["taken"], captured["returned"]) == (0, TAKEN, [])
    assert holding.balance().json == {"DANNON": 0, "UNILEVER": 150}


def test_a_void_gives_all_back(holding: Client) -> None:
    voided = holding.void(3).json

    assert voided == {
        "sequence": 4,
        "kind": "void",
        "of": 3,
        "points": 150,
        "recorded_at": due(0),
        "returned": [{"payer": "DANNON", "points": 100}, {"payer": "UNILEVER", "points": 50}],
        "digest": voided["digest"],
    }
    assert holding.balance().json == {"DANNON": 100, "UNILEVER": 200}
    assert holding.transaction(3).json["voided_by"] == 4


def test_a_hold_that_nobody_ends_lapses(holding: Client, clock: VirtualClock) -> None:
    clock.sleep(MINUTE)
    assert holding.balance().json == {"DANNON": 100, "UNILEVER": 200}
    assert holding.transaction(3).json["lapsed_by"] is None, "which is not recorded yet"

    holding.spend(1)

    lapse = holding.transactions().json["transactions"][1]
    assert lapse == {
        "sequence": 4,
        "kind": "lapse",
        "of": 3,
        "points": 150,
        "effective_at": after(MINUTE),
        "recorded_at": due(MINUTE),
        "returned": [{"payer": "DANNON", "points": 100}, {"payer": "UNILEVER", "points": 50}],
        "digest": lapse["digest"],
    }
    assert holding.transaction(3).json["lapsed_by"] == 4


@pytest.mark.parametrize(
    ("end", "how"),
    [
        pytest.param(lambda it: it.capture(3), "was captured", id="captured"),
        pytest.param(lambda it: it.void(3), "was voided", id="voided"),
    ],
)
def test_a_hold_ends_once(holding: Client, end: Callable[[Client], Answer], how: str) -> None:
    assert end(holding).status == 200

    for answer in (holding.capture(3), holding.capture(3, 1), holding.void(3)):
        assert_problem(answer, 409, "ended", sequence=f"The hold 3 {how} at {after(0)}.")


def test_its_moment_is_too_late_for_a_capture(holding: Client, clock: VirtualClock) -> None:
    clock.sleep(MINUTE)

    for answer in (holding.capture(3), holding.void(3)):
        assert_problem(answer, 409, "ended", sequence=f"The hold 3 has lapsed at {after(MINUTE)}.")


def test_just_before_it_a_capture_is_in_time(holding: Client, clock: VirtualClock) -> None:
    clock.sleep(MINUTE - 0.000001)

    assert holding.capture(3).status == 200


def test_a_capture_of_more_than_is_held(holding: Client) -> None:
    answer = holding.capture(3, 1151)

    assert_problem(answer, 409, "more-than-left", points="Transaction 3 has 150 points left, but 1,151 were asked for")


def test_a_hold_of_more_than_there_is(holding: Client) -> None:
    assert_problem(holding.hold(151), 400, "not-enough-points", points="there are 150, but 151 were asked for")


@pytest.mark.parametrize("call", ["capture", "void"])
def test_what_is_no_hold(holding: Client, call: str) -> None:
    add = holding.send(call, {}, sequence="1")
    nothing = holding.send(call, {}, sequence="4")

    assert_problem(add, 404, "no-transaction", sequence="The account has no hold 1.")
    assert_problem(nothing, 404, "no-transaction", sequence="The account has no transaction 4.")


def test_a_hold_is_for_seven_days_unless_it_says_so_and_a_year_at_most(client: Client, clock: VirtualClock) -> None:
    client.add("DANNON", 100)
    clock.sleep(MINUTE)

    assert client.hold(1).json["expires_at"] == after(MINUTE + 7 * DAY)
    assert client.hold(1, expires_at=after(MINUTE + 365 * DAY)).status == 200
    for moment in (after(0), after(MINUTE), after(MINUTE + 365 * DAY + 0.000001)):
        answer = client.hold(1, expires_at=moment)
        assert_problem(answer, 400, "hold-end", expires_at=f"must end after {after(MINUTE)}")


def test_a_hold_sent_again_after_its_end_is_a_replay(holding: Client, clock: VirtualClock) -> None:
    first = holding.hold(10, expires_at=after(MINUTE), idempotency_key="k")
    clock.sleep(DAY)

    again = holding.hold(10, expires_at=after(MINUTE), idempotency_key="k")

    assert (again.status, again.text, again.headers["idempotency-replayed"]) == (200, first.text, "true")


def test_what_is_held_does_not_expire_before_it_comes_back(client: Client, clock: VirtualClock) -> None:
    client.add("DANNON", 100, expires_at=after(MINUTE))
    client.hold(60)
    clock.sleep(2 * MINUTE)
    assert client.get("account").json.items() >= {"available": 0, "held": 60}.items()

    assert client.void(2).json["points"] == 60

    assert client.balance().json == {"DANNON": 0}, "it came back, and expired at once"
    client.add("UNILEVER", 1)
    assert [it["kind"] for it in client.transactions().json["transactions"]] == [
        "add",
        "expire",
        "void",
        "expire",
        "hold",
        "add",
    ]


def test_a_capture_after_the_points_would_have_expired_spends_them(client: Client, clock: VirtualClock) -> None:
    client.add("DANNON", 100, expires_at=after(MINUTE))
    client.hold(60)
    clock.sleep(2 * MINUTE)

    assert client.capture(2).json["taken"] == [{"payer": "DANNON", "points": -60}]


def test_points_taken_back_beside_a_hold_are_not_those_that_are_held(holding: Client) -> None:
    assert_problem(holding.add("DANNON", -1), 409, "payer-below-zero", points="DANNON has 0 points in the account")
    holding.void(3)

    assert holding.add("DANNON", -1).status == 200
