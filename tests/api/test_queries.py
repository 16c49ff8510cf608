"""Query strings: what a call does not know, and what comes twice, is refused."""

import pytest

from tests.api.client import HANDLERS, Client
from tests.api.problems import assert_problem

KNOWN = {
    "balance": {"at"},
    "lots": {"limit", "cursor"},
    "holds": {"cursor"},
    "pending": {"cursor"},
    "transactions": {"limit", "cursor", "reference"},
    "transaction": {"lots_cursor"},
}


@pytest.mark.parametrize("call", HANDLERS)
def test_a_parameter_that_is_not_known_is_refused(eventful: Client, call: str) -> None:
    known = KNOWN.get(call, set())
    unknown = {"x", "AT", "Limit", "at", "limit", "cursor", "reference", "lots_cursor"} - known

    for name in unknown:
        answer = eventful.send(call, query={name: "1"})
        assert_problem(answer, 400, "invalid-request", **{name: "is not a parameter of this request"})
    for name in known:
        assert "is not a parameter" not in eventful.send(call, query={name: "1"}).text


@pytest.mark.parametrize(
    ("call", "text", "name"),
    [
        ("balance", "at=1&at=1", "at"),
        ("balance", "at=1&%61t=2", "at"),
        ("transactions", "limit=5&limit=5", "limit"),
        ("lots", "limit=5&cursor=x&limit=5", "limit"),
    ],
)
def test_a_parameter_that_comes_twice_is_refused(client: Client, call: str, text: str, name: str) -> None:
    event = client.event(call) | {"rawQueryString": text}

    assert_problem(client.send_event(call, event), 400, "invalid-request", **{name: "is given more than once"})


def test_all_faults_are_named(client: Client) -> None:
    event = client.event("balance") | {"rawQueryString": "at=1&x=1&at=2&Y"}

    assert_problem(
        client.send_event("balance", event),
        400,
        "invalid-request",
        at="is given more than once",
        x="is not a parameter of this request",
        Y="is not a parameter of this request",
    )
