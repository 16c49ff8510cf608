"""Points that expire: whether or not anybody has written it down."""

import pytest
from points.api import runtime
from points.rules import plans
from points.storage import passbook

from tests.api.client import Client
from tests.api.moments import MINUTE, after, due
from tests.api.problems import assert_problem
from tests.simulator.clock import VirtualClock

GONE = f'"2.{due(MINUTE)}"'


@pytest.fixture
def expiring(client: Client, clock: VirtualClock) -> Client:  # noqa: ARG001
    """A caller with 70 points that expire after a minute, and 100 older ones that never do."""
    client.add("DANNON", 70, expires_at=after(MINUTE))
    client.add("UNILEVER", 100, "2019-01-01T00:00:00Z")
    return client


def test_an_add_says_when_its_points_expire(expiring: Client) -> None:
    added = expiring.transaction(1).json

    assert added == {
        "sequence": 1,
        "kind": "add",
        "payer": "DANNON",
        "points": 70,
        "timestamp": "2020-11-02T14:00:00Z",
        "expires_at": after(MINUTE),
        "recorded_at": due(0),
        "digest": added["digest"],
    }


def test_what_expires_soonest_is_spent_first(expiring: Client) -> None:
    taken = [{"payer": "DANNON", "points": -70}, {"payer": "UNILEVER", "points": -10}]
    assert expiring.spend(80).json == taken


def test_points_count_up_to_the_moment_and_not_at_it(expiring: Client, clock: VirtualClock) -> None:
    clock.sleep(MINUTE - 0.000001)
    assert (expiring.balance().json, expiring.balance().etag) == ({"DANNON": 70, "UNILEVER": 100}, '"2"')

    clock.sleep(0.000001)
    assert (expiring.balance().json, expiring.balance().etag) == ({"DANNON": 0, "UNILEVER": 100}, GONE)
    assert_problem(expiring.spend(101), 400, "not-enough-points", points="there are 100")


def test_no_answer_but_the_history_tells_whether_it_is_recorded(expiring: Client, clock: VirtualClock) -> None:
    clock.sleep(5 * MINUTE)

    def look() -> list[object]:
        reads = [expiring.get(call) for call in ("balance", "account", "lots")]
        past = [expiring.balance(at=after(seconds)) for seconds in (0, MINUTE, 3 * MINUTE)]
        return [*reads, *past, expiring.preview(50)]

    before = look()
    (line,) = runtime.passbook().settle(expiring.subject, clock.elapsed() + 10)

    assert line.transaction.kind == "expire"
    assert look() == before


def test_it_is_recorded_before_the_next_change(expiring: Client, clock: VirtualClock) -> None:
    clock.sleep(2 * MINUTE)
    assert expiring.spend(30).etag == '"4"'

    expired = expiring.transactions().json["transactions"][1]
    assert expired == {
        "sequence": 3,
        "kind": "expire",
        "points": -70,
        "effective_at": after(MINUTE),
        "recorded_at": due(2 * MINUTE),
        "expired": [{"payer": "DANNON", "points": -70}],
        "digest": expired["digest"],
    }
    lots = [{"sequence": 1, "payer": "DANNON", "timestamp": "2020-11-02T14:00:00Z", "expires_at": after(MINUTE)}]
    assert expiring.transaction(3).json == expired | {"lots": [lots[0] | {"points": -70}]}


def test_a_refused_change_does_not_record_it_either(expiring: Client, clock: VirtualClock) -> None:
    clock.sleep(2 * MINUTE)

    assert expiring.spend(101).status == 400
    assert expiring.spend(1, if_match='"2"').status == 412
    assert len(expiring.transactions().json["transactions"]) == 2


def test_a_lot_that_has_expired_already_is_recorded_and_expires_at_once(client: Client, clock: VirtualClock) -> None:
    clock.sleep(MINUTE)

    added = client.add("DANNON", 5, expires_at="2021-01-01T00:00:00Z")

    assert (added.status, added.etag) == (200, '"1"')
    assert (client.balance().json, client.balance().etag) == ({"DANNON": 0}, f'"1.{due(MINUTE)}"')


def test_what_a_payer_owes_is_paid_before_the_rest_expires(client: Client, clock: VirtualClock) -> None:
    client.add("DANNON", 70, expires_at=after(MINUTE))
    client.add("DANNON", -50)
    clock.sleep(MINUTE)

    client.add("DANNON", 1)

    assert client.transaction(3).json["points"] == -20
    assert client.balance().json == {"DANNON": 1}


def test_an_expiry_of_exactly_what_a_payer_owes_takes_nothing(client: Client, clock: VirtualClock) -> None:
    client.add("DANNON", 70, expires_at=after(MINUTE))
    client.add("DANNON", -70)
    clock.sleep(MINUTE)

    assert client.get("account").json["owed"] == {}
    client.add("DANNON", 1)
    assert (client.transaction(3).json["points"], client.transaction(3).json["expired"]) == (0, [])


class TestSeams:
    def test_if_match_of_a_preview_before_an_expiry_is_refused_after_it(
        self, expiring: Client, clock: VirtualClock
    ) -> None:
        shown = expiring.preview(80)
        clock.sleep(MINUTE)

        refused = expiring.spend(80, if_match=shown.etag)

        assert_problem(refused, 412, "version-mismatch")
        assert refused.etag == GONE
        assert expiring.spend(80, if_match=refused.etag).json == [{"payer": "UNILEVER", "points": -80}]

    def test_what_a_reader_has_is_current_until_something_expires(self, expiring: Client, clock: VirtualClock) -> None:
        first = expiring.balance()
        clock.sleep(MINUTE - 1)
        assert expiring.send("balance", if_none_match=first.etag).status == 304

        clock.sleep(1)

        assert expiring.send("balance", if_none_match=first.etag).json == {"DANNON": 0, "UNILEVER": 100}

    def test_a_key_is_replayed_across_an_expiry(self, expiring: Client, clock: VirtualClock) -> None:
        first = expiring.spend(30, idempotency_key="k", if_match='"2"')
        clock.sleep(MINUTE)

        again = expiring.spend(30, idempotency_key="k", if_match='"2"')

        assert (again.status, again.text, again.etag) == (200, first.text, '"3"')
        assert again.headers["idempotency-replayed"] == "true"

    def test_a_moment_between_an_expiry_and_its_recording(self, expiring: Client, clock: VirtualClock) -> None:
        clock.sleep(3 * MINUTE)
        expiring.spend(1)

        at_that_moment = expiring.balance(at=after(2 * MINUTE))

        assert (at_that_moment.json, at_that_moment.etag) == ({"DANNON": 0, "UNILEVER": 100}, GONE)
        assert expiring.balance(at=after(MINUTE - 1)).etag == '"2"'
        assert expiring.balance(at="2").json == {"DANNON": 70, "UNILEVER": 100}, "after a line: as it is stored"

    def test_a_moment_to_come(self, expiring: Client) -> None:
        to_come = expiring.balance(at=after(MINUTE))

        assert (to_come.json, to_come.etag) == ({"DANNON": 0, "UNILEVER": 100}, GONE)

    def test_a_moment_by_which_too_many_lots_expire(self, expiring: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(passbook, "MOST_LOTS", 1)
        assert expiring.balance(at=after(MINUTE)).status == 200
        expiring.add("DANNON", 5, expires_at=after(MINUTE))

        answer = expiring.balance(at=after(MINUTE))

        assert_problem(answer, 400, "too-far", at="More than 1 lots expire by then")


def test_lots_that_only_pay_debts_are_recorded_as_expired_with_nothing_if_they_are_very_many(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "MOST_SETTLED", 2)
    for points in (1, 1, -2):
        client.add("DANNON", points)
    client.add("UNILEVER", 100)
    assert client.spend(1, if_match=client.preview(1).etag).etag == '"6"'

    settled = client.transaction(5).json
    assert settled == {
        "sequence": 5,
        "kind": "expire",
        "points": 0,
        "effective_at": settled["recorded_at"],
        "recorded_at": settled["recorded_at"],
        "expired": [],
        "digest": settled["digest"],
        "lots": [],
    }
    assert client.get("account").json["owed"] == {}
