"""Which of several faults a request is told of: its form, its key, what is not there, the version, then the rest."""

import pytest

from tests.api.client import Client
from tests.api.problems import assert_problem

CALLS = ("capture", "void", "refund", "cancel")


@pytest.fixture
def keyed(eventful: Client) -> Client:
    """A caller who has used a key."""
    eventful.spend(1, idempotency_key="used")
    return eventful


@pytest.mark.parametrize("call", CALLS)
def test_the_form_is_looked_at_first(keyed: Client, call: str) -> None:
    """Also of the key and of the version themselves."""
    wrong = {"sequence": "99", "if_match": '"0"'}

    bad_body = keyed.send(call, {"note": 1}, **wrong, idempotency_key="used")
    bad_key = keyed.send(call, {}, **wrong, idempotency_key="a key")
    bad_version = keyed.send(call, {}, **wrong | {"if_match": "0"}, idempotency_key="used")

    assert [it.json["errors"][0]["field"] for it in (bad_body, bad_key, bad_version)] == [
        "note",
        "Idempotency-Key",
        "If-Match",
    ]
    assert {it.status for it in (bad_body, bad_key, bad_version)} == {400}


@pytest.mark.parametrize("call", CALLS)
def test_then_the_key(keyed: Client, call: str) -> None:
    answer = keyed.send(call, {}, sequence="99", if_match='"0"', idempotency_key="used")

    assert_problem(answer, 422, "idempotency-key-reused", Idempotency_Key="was used for another request")


@pytest.mark.parametrize("call", CALLS)
def test_then_whether_the_transaction_is_there(keyed: Client, call: str) -> None:
    answer = keyed.send(call, {}, sequence="99", if_match='"0"', idempotency_key="new")

    assert_problem(answer, 404, "no-transaction", sequence="no transaction 99")


@pytest.mark.parametrize("call", CALLS)
def test_then_the_version(keyed: Client, call: str) -> None:
    keyed.capture(3)

    for number in {"capture": "3", "void": "3", "refund": "1", "cancel": "1"}[call]:
        answer = keyed.send(call, {}, sequence=number, if_match='"0"', idempotency_key="new")
        assert_problem(answer, 412, "version-mismatch")


@pytest.mark.parametrize("call", CALLS)
def test_then_what_the_account_allows(keyed: Client, call: str) -> None:
    keyed.capture(3)
    kinds = {"capture": "ended", "void": "ended", "refund": "not-refundable", "cancel": "not-pending"}
    number = "3" if call in {"capture", "void"} else "1"

    answer = keyed.send(call, {}, sequence=number, if_match='"10"', idempotency_key="new")

    assert_problem(answer, 409, kinds[call], sequence=number)


def test_too_few_points_are_said_last_too(keyed: Client) -> None:
    assert keyed.spend(10_000, if_match='"0"').status == 412
    assert keyed.spend(10_000, if_match='"9"').json["type"].endswith("not-enough-points")
    assert keyed.hold(10_000, expires_at="2020-01-01T00:00:00Z", if_match='"0"').status == 412
