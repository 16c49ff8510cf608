"""`reference` and `metadata`: what callers attach to a change, kept as it was given."""

import json
from typing import Any

import pytest

from tests.api.client import CHANGES, Client
from tests.api.problems import assert_problem


@pytest.mark.parametrize("call", CHANGES)
def test_every_change_shows_what_was_attached_to_it(eventful: Client, call: str) -> None:
    body = json.loads(eventful.event(call)["body"])
    attached = {"reference": "order-1", "metadata": {"b": "2", "a": ""}}

    assert eventful.send(call, {**body, **attached}).status == 200

    (listed,) = eventful.transactions(reference="order-1").json["transactions"]
    assert {name: listed[name] for name in attached} == attached
    assert eventful.transaction(listed["sequence"]).json.items() >= listed.items()


def test_names_come_in_canonical_order_whatever_the_order_in_which_they_were_given(client: Client) -> None:
    """By their UTF-16 code units, as RFC 8785 has it: a cheese wedge comes before a full-width A."""
    first = client.add("DANNON", 1, metadata={"\uff21": "3", "\N{CHEESE WEDGE}": "2", "a": "1"}, idempotency_key="k")
    again = client.add("DANNON", 1, metadata={"a": "1", "\N{CHEESE WEDGE}": "2", "\uff21": "3"}, idempotency_key="k")

    assert list(first.json["metadata"]) == ["a", "\N{CHEESE WEDGE}", "\uff21"]
    assert (again.text, again.headers["idempotency-replayed"]) == (first.text, "true")


def test_empty_metadata_stay_empty(client: Client) -> None:
    assert client.add("DANNON", 1, metadata={}).json["metadata"] == {}


@pytest.mark.parametrize("reference", ["x", "x" * 128, "\N{CHEESE WEDGE}" * 128, " a # b ", "\u200f"])
def test_what_a_reference_may_be(client: Client, reference: str) -> None:
    assert client.add("DANNON", 1, reference=reference).json["reference"] == reference
    assert [it["sequence"] for it in client.transactions(reference=reference).json["transactions"]] == [1]


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        pytest.param(None, "must be a string", id="null"),
        pytest.param(7, "must be a string", id="a number"),
        pytest.param("", "must not be empty", id="empty"),
        pytest.param("x" * 129, "at most 128 characters", id="129 characters"),
        pytest.param("a\nb", "control characters", id="a line feed"),
        pytest.param("a\x85b", "control characters", id="a C1 control"),
        pytest.param("\udc00", "lone surrogates", id="a lone surrogate"),
    ],
)
def test_what_a_reference_may_not_be(client: Client, reference: Any, reason: str) -> None:
    assert_problem(client.add("DANNON", 1, reference=reference), 400, "invalid-request", reference=reason)


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({f"{n:02}": "" for n in range(20)}, id="20 names"),
        pytest.param({"n" * 40: "s" * 500}, id="a name of 40 characters, and a string of 500"),
        pytest.param({"a": "\x00\n\u2028 '\"\\"}, id="any character"),
    ],
)
def test_what_metadata_may_be(client: Client, metadata: dict[str, str]) -> None:
    assert client.add("DANNON", 1, metadata=metadata).json["metadata"] == metadata


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        pytest.param(None, "must be a JSON object of strings", id="null"),
        pytest.param([], "must be a JSON object of strings", id="a list"),
        pytest.param({"a": 1}, "a must be a string", id="a number in it"),
        pytest.param({"a": None}, "a must be a string", id="a null in it"),
        pytest.param({"a": {"b": "c"}}, "a must be a string", id="an object in it"),
        pytest.param({"": "a"}, "a name in it must not be empty", id="an empty name"),
        pytest.param({"n" * 41: "a"}, "a name in it must have at most 40 characters", id="a name of 41 characters"),
        pytest.param({"a": "s" * 501}, "a must have at most 500 characters", id="a string of 501 characters"),
        pytest.param({str(n): "" for n in range(21)}, "must have at most 20 names", id="21 names"),
        pytest.param({str(n): "é" * 250 for n in range(5)}, "at most 2,048 bytes in all", id="2,531 bytes"),
        pytest.param({"a": "\ud800"}, "a must not contain lone surrogates", id="a lone surrogate"),
        pytest.param({"\ud800": "a"}, "a name in it must not contain lone surrogates", id="a lone surrogate in a name"),
    ],
)
def test_what_metadata_may_not_be(client: Client, metadata: Any, reason: str) -> None:
    assert_problem(client.add("DANNON", 1, metadata=metadata), 400, "invalid-request", metadata=reason)


def test_metadata_are_counted_in_bytes_of_their_canonical_json(client: Client) -> None:
    """Names, strings, quotes, colons and commas."""
    fits = dict.fromkeys("abcd", "s" * 500) | {"e": "s" * (2048 - len('{"e":""}') - 4 * len('"a":"",') - 2000)}
    too_long = fits | {"e": fits["e"] + "s"}

    assert client.add("DANNON", 1, metadata=fits).status == 200
    assert_problem(client.add("DANNON", 1, metadata=too_long), 400, "invalid-request", metadata="2,048 bytes")


@pytest.mark.parametrize(("limit", "pages"), [("3", [[7, 5, 3], [1]]), ("2", [[7, 5], [3, 1]]), ("4", [[7, 5, 3, 1]])])
def test_transactions_of_a_reference_come_in_pages_newest_first(
    client: Client, limit: str, pages: list[list[int]]
) -> None:
    for number in range(1, 8):
        client.add("DANNON", 1, reference="order-1" if number % 2 else "order-10")
    shown, query = [], {"reference": "order-1", "limit": limit}
    while True:
        page = client.transactions(**query).json
        shown.append([it["sequence"] for it in page["transactions"]])
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert shown == pages
    assert client.transactions(reference="order").json == {"transactions": [], "next_cursor": None}


@pytest.mark.parametrize("reference", ["", "x" * 129, "a\nb"])
def test_a_reference_that_none_can_have(client: Client, reference: str) -> None:
    assert client.transactions(reference=reference).status == 400
