"""`ETag` and `If-Match`: an answer says which version of the account it stands on, and a change can insist on one."""

from dataclasses import replace
from typing import Any

import pytest

from tests.api.client import CHANGES, Answer, Client
from tests.api.failures import rival_first
from tests.api.problems import assert_problem


@pytest.fixture
def at_one(client: Client) -> Client:
    """A caller whose account has one transaction."""
    client.add("DANNON", 250)
    return client


def assert_changed(answer: Answer, last: int) -> None:
    """The account has moved on, to a version that the answer names."""
    assert_problem(answer, 412, "version-mismatch")
    assert f'is at version "{last}": If-Match, if sent, must list that as a strong tag' in answer.json["detail"]
    assert answer.etag == f'"{last}"'


def test_a_version_is_the_number_of_the_last_transaction(client: Client) -> None:
    assert client.balance().etag == '"0"'
    assert client.add("DANNON", 100).etag == '"1"'
    assert client.spend(30).etag == '"2"'
    assert client.balance().etag == '"2"'
    assert client.add("DANNON", -70).etag == '"3"'
    assert client.add("DANNON", -1).status == 409
    assert client.balance().etag == '"3"'


def test_an_add_answers_with_the_transaction_of_that_number(client: Client) -> None:
    answer = client.add("DANNON", 100)

    recorded_at = answer.json["recorded_at"]
    assert answer.json == {
        "sequence": 1,
        "kind": "add",
        "payer": "DANNON",
        "points": 100,
        "timestamp": "2020-11-02T14:00:00Z",
        "recorded_at": recorded_at,
        "digest": answer.json["digest"],
    }
    assert recorded_at.endswith("Z")


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param('"1"', id="the last"),
        pytest.param("*", id="any"),
        pytest.param(" * ", id="any, with spaces"),
        pytest.param('"0", "1", "2"', id="in a list"),
        pytest.param('"1","9"', id="in a list without a space"),
        pytest.param('\t"1"\t,\t"9"', id="in a list with tabs"),
        pytest.param('"", "a-strange,one", "1"', id="among tags of others"),
        pytest.param('W/"1", "1"', id="beside a weak one"),
    ],
)
def test_a_change_happens_at_the_named_version(at_one: Client, tags: str) -> None:
    answer = at_one.spend(50, if_match=tags)

    assert (answer.status, answer.etag) == (200, '"2"')


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param('"0"', id="an earlier one"),
        pytest.param('"2"', id="one to come"),
        pytest.param('"0", "2", "11"', id="a list without it"),
        pytest.param('W/"1"', id="a weak tag"),
        pytest.param('""', id="an empty tag"),
        pytest.param('"01"', id="a leading zero"),
        pytest.param('"+1"', id="a sign"),
        pytest.param('"1,"', id="a comma in the tag"),
        pytest.param('"\N{SUPERSCRIPT ONE}"', id="a digit beyond ASCII"),
        pytest.param(f'"{"1" * 5_000}"', id="an absurd number"),
    ],
)
def test_a_change_does_not_happen_at_another_version(at_one: Client, tags: str) -> None:
    assert_changed(at_one.spend(50, if_match=tags), 1)
    assert at_one.balance().json == {"DANNON": 250}


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param("", id="empty"),
        pytest.param("1", id="no quotes"),
        pytest.param("'1'", id="single quotes"),
        pytest.param('"1', id="one quote"),
        pytest.param('"1 "', id="a space in the tag"),
        pytest.param('"0" "1"', id="no comma"),
        pytest.param('"1",', id="a comma too many"),
        pytest.param('*, "1"', id="any in a list"),
        pytest.param('w/"1"', id="a small W"),
    ],
)
def test_what_is_no_list_of_tags(at_one: Client, tags: str) -> None:
    answer = at_one.spend(50, if_match=tags)

    assert_problem(answer, 400, "invalid-request", If_Match="must be * or a list of entity tags")
    assert at_one.balance().etag == '"1"'


def test_an_add_can_insist_too_and_an_empty_account_has_a_version(client: Client) -> None:
    assert_changed(client.add("DANNON", 1, if_match='"1"'), 0)
    assert client.add("DANNON", 1, if_match='"0"').etag == '"1"'
    assert_changed(client.add("DANNON", 1, if_match='"0"'), 1)


def test_any_version_will_do_for_an_empty_account(client: Client) -> None:
    assert client.add("DANNON", 1, if_match="*").etag == '"1"'


def test_of_two_changes_at_one_version_only_one_happens(client: Client, stand_in: Any, dynamodb: Any) -> None:
    """Also if the account moves on after the version was looked at, and just before the put."""
    client.add("DANNON", 100)
    stand_in(put_item=rival_first(dynamodb, client.subject, times=1))

    assert_changed(client.spend(50, if_match='"1"'), 2)
    assert client.balance().json == {"DANNON": 100, "RIVAL": 1}


def test_what_is_not_possible_at_the_wrong_version_is_the_wrong_version_s_fault(at_one: Client) -> None:
    assert_changed(at_one.spend(1_000, if_match='"0"'), 1)
    assert at_one.spend(1_000, if_match='"1"').status == 400


def test_a_key_is_looked_at_before_the_version(at_one: Client) -> None:
    """A retry of what took effect finds that the version has moved on, by itself: it is a replay all the same."""
    first = at_one.spend(10, if_match='"1"', idempotency_key="k")
    again = at_one.spend(10, if_match='"1"', idempotency_key="k")

    assert (again.status, again.etag, again.text) == (200, '"2"', first.text)
    assert again.headers["idempotency-replayed"] == "true"


def test_the_version_is_not_part_of_the_request(at_one: Client) -> None:
    at_one.spend(10, idempotency_key="k")

    assert at_one.spend(10, if_match='"0"', idempotency_key="k").headers["idempotency-replayed"] == "true"


def test_a_key_of_another_request_is_said_before_the_version(at_one: Client) -> None:
    at_one.spend(10, idempotency_key="k")

    answer = at_one.spend(11, if_match='"0"', idempotency_key="k")

    assert_problem(answer, 422, "idempotency-key-reused", Idempotency_Key="was used for another request")


@pytest.mark.parametrize("call", ["balance", "preview", "hold_preview", "transactions", "transaction"])
def test_a_read_is_answered_at_any_version(at_one: Client, call: str) -> None:
    """It changes nothing, so neither header matters to it."""
    headers = {"if_match": '"0"', "idempotency_key": "not a key"}

    assert at_one.send(call, {"points": 5}, sequence="1", **headers).status == 200


@pytest.mark.parametrize("call", CHANGES)
def test_every_change_answers_with_its_version_and_its_place(eventful: Client, call: str) -> None:
    answer = eventful.send(call)
    named = replace(eventful, account=eventful.subject).add("DANNON", 1)

    assert (answer.etag, answer.headers["content-location"]) == ('"9"', "/transactions/9")
    assert named.headers["content-location"] == f"/accounts/{eventful.subject}/transactions/10"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("call", CHANGES)
def test_every_change_can_insist_on_a_version(eventful: Client, call: str) -> None:
    assert_changed(eventful.send(call, if_match='"7"'), 8)
    assert eventful.send(call, if_match='"8"').etag == '"9"'


@pytest.mark.parametrize("tags", ['"1"', '"0", "1"', 'W/"1"', "*"])
def test_a_change_can_insist_on_not_being_at_a_version(at_one: Client, tags: str) -> None:
    """A weak tag counts here, and `*` rules out all versions."""
    assert_changed(at_one.spend(50, if_none_match=tags), 1)
    assert at_one.spend(50, if_none_match='"0"', if_match='"1"').etag == '"2"'


@pytest.mark.parametrize("tags", ["1", '"0" "1"', ""])
def test_what_is_no_list_of_tags_not_to_be_at(at_one: Client, tags: str) -> None:
    for call in ("spend", "balance"):
        answer = at_one.send(call, {"points": 5} if call == "spend" else None, if_none_match=tags)
        assert_problem(answer, 400, "invalid-request", If_None_Match="must be * or a list of entity tags")


@pytest.mark.parametrize("tags", ['"1"', '"0", "1"', 'W/"1"', "*"])
def test_a_read_is_spared_what_the_caller_has(at_one: Client, tags: str) -> None:
    answer = at_one.send("balance", if_none_match=tags)

    assert (answer.status, answer.text, answer.etag) == (304, "", '"1"')
    assert at_one.send("balance", if_none_match='"0"').json == {"DANNON": 250}


def test_a_preview_is_worked_out_whatever_the_caller_has(at_one: Client) -> None:
    """It is no representation that a caller could have, so there is no 304."""
    assert at_one.send("preview", {"points": 5}, if_none_match='"1"').status == 200
