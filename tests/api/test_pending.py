"""Pending points: they count from a later moment on, unless they are cancelled before."""

import pytest

from tests.api.client import Client
from tests.api.moments import MINUTE, after, due
from tests.api.problems import assert_problem
from tests.simulator.clock import VirtualClock


@pytest.fixture
def waiting(client: Client, clock: VirtualClock) -> Client:  # noqa: ARG001
    """A caller whose 500 points arrive after a minute, and expire after three."""
    client.add("DANNON", 500, effective_at=after(MINUTE), expires_at=after(3 * MINUTE))
    return client


def test_a_pending_add_changes_no_balance(waiting: Client) -> None:
    pending = waiting.transaction(1).json

    assert pending == {
        "sequence": 1,
        "kind": "pending",
        "payer": "DANNON",
        "points": 0,
        "amount": 500,
        "timestamp": "2020-11-02T14:00:00Z",
        "effective_at": after(MINUTE),
        "expires_at": after(3 * MINUTE),
        "recorded_at": due(0),
        "digest": pending["digest"],
    }
    assert (waiting.balance().json, waiting.balance().etag) == ({}, '"1"')


def test_it_arrives_at_its_moment(waiting: Client, clock: VirtualClock) -> None:
    clock.sleep(MINUTE - 0.000001)
    assert waiting.balance().json == {}

    clock.sleep(0.000001)
    assert (waiting.balance().json, waiting.balance().etag) == ({"DANNON": 500}, f'"1.{due(MINUTE)}"')
    assert waiting.transaction(1).json["arrived_by"] is None, "which is not recorded yet"

    waiting.spend(100)
    arrived = waiting.transaction(2).json
    assert arrived == {
        "sequence": 2,
        "kind": "arrive",
        "of": 1,
        "payer": "DANNON",
        "points": 500,
        "timestamp": "2020-11-02T14:00:00Z",
        "effective_at": after(MINUTE),
        "expires_at": after(3 * MINUTE),
        "recorded_at": due(MINUTE),
        "digest": arrived["digest"],
    }
    assert waiting.transaction(1).json["arrived_by"] == 2
    assert [it["sequence"] for it in waiting.transaction(3).json["lots"]] == [1], "the number that its caller knows"


def test_it_is_cancelled_before_it_arrives(waiting: Client, clock: VirtualClock) -> None:
    cancelled = waiting.cancel(1).json

    assert cancelled == {
        "sequence": 2,
        "kind": "cancel",
        "of": 1,
        "payer": "DANNON",
        "points": 0,
        "amount": 500,
        "recorded_at": due(0),
        "digest": cancelled["digest"],
    }
    assert waiting.transaction(1).json["cancelled_by"] == 2
    assert_problem(waiting.cancel(1), 409, "ended", sequence=f"The pending add 1 was cancelled at {after(0)}.")
    clock.sleep(2 * MINUTE)
    assert (waiting.balance().json, waiting.balance().etag) == ({}, '"2"')


def test_what_has_arrived_cannot_be_cancelled(waiting: Client, clock: VirtualClock) -> None:
    clock.sleep(MINUTE)

    assert_problem(waiting.cancel(1), 409, "ended", sequence=f"The pending add 1 has arrived at {after(MINUTE)}.")


def test_what_is_no_pending_add(waiting: Client) -> None:
    waiting.add("DANNON", 5)

    assert_problem(waiting.cancel(2), 409, "not-pending", sequence="Transaction 2 is of kind add")
    assert_problem(waiting.cancel(3), 404, "no-transaction", sequence="no transaction 3")


def test_it_is_placed_by_its_timestamp_and_expires(waiting: Client, clock: VirtualClock) -> None:
    waiting.add("UNILEVER", 10, "2019-01-01T00:00:00Z")
    clock.sleep(MINUTE)
    assert waiting.preview(20).json == [{"payer": "DANNON", "points": -20}], "what expires is spent first"

    clock.sleep(2 * MINUTE)
    assert waiting.balance().json == {"UNILEVER": 10, "DANNON": 0}


@pytest.mark.parametrize("moment", [after(0), after(-MINUTE), "2020-01-01T00:00:00Z"])
def test_a_moment_that_has_come_makes_an_ordinary_add(client: Client, clock: VirtualClock, moment: str) -> None:  # noqa: ARG001
    added = client.add("DANNON", 5, effective_at=moment).json

    assert (added["kind"], added["points"]) == ("add", 5)
    assert not {"amount", "effective_at"} & added.keys()


def test_an_add_that_was_pending_is_replayed_as_such(waiting: Client, clock: VirtualClock) -> None:
    first = waiting.add("UNILEVER", 5, effective_at=after(MINUTE), idempotency_key="k")
    clock.sleep(2 * MINUTE)

    again = waiting.add("UNILEVER", 5, effective_at=after(MINUTE), idempotency_key="k")

    assert (again.text, again.headers["idempotency-replayed"]) == (first.text, "true")
    assert again.json["kind"] == "pending"
