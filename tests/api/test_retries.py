"""`Idempotency-Key`: a request takes effect once, however often it is sent, and is answered the same for ever."""

import dataclasses
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from points.api.bodies import ADD as ADD_BODY
from points.api.bodies import CANCEL, CAPTURE, HOLD, REFUND, SPEND, VOID
from points.api.headers import digest
from points.rules.terms import Change

from tests.api.client import CHANGES, Answer, Client
from tests.api.failures import rival_first
from tests.api.problems import assert_problem

ADD = {"payer": "DANNON", "points": 100, "timestamp": "2020-11-02T14:00:00Z"}

IN_A_MONTH = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%dT%H:%M:%S}"  # a hold lasts for a year at most
LABELS = {"reference": ("order-1", "order-2"), "metadata": ({"a": "b"}, {"a": "c"})}
POINTS = {"points": (10, 11)}
FIELDS: dict[str, dict[str, tuple[Any, Any]]] = {
    "add": {
        "payer": ("DANNON", "UNILEVER"),
        **POINTS,
        "timestamp": ("2020-11-02T14:00:00Z", "2020-11-02T14:00:00.000001Z"),
        "effective_at": ("2098-01-01T00:00:00Z", "2098-01-02T00:00:00Z"),
        "expires_at": ("2099-01-01T00:00:00Z", "2099-01-02T00:00:00Z"),
        **LABELS,
    },
    "cancel": LABELS,
    "spend": {**POINTS, **LABELS},
    "hold": {**POINTS, "expires_at": (f"{IN_A_MONTH}.000001Z", f"{IN_A_MONTH}.000002Z"), **LABELS},
    "capture": {**POINTS, **LABELS},
    "void": LABELS,
    "refund": {**POINTS, **LABELS},
}
"""All fields of the bodies of changes, each with a value and another."""

BODIES = {
    "add": ADD_BODY,
    "cancel": CANCEL,
    "spend": SPEND,
    "hold": HOLD,
    "capture": CAPTURE,
    "void": VOID,
    "refund": REFUND,
}


def assert_replay(again: Answer, first: Answer) -> None:
    """The same to the byte, and one header more."""
    assert first.status == 200, first.text
    assert again == Answer(200, {**first.headers, "idempotency-replayed": "true"}, first.text)


def test_an_add_sent_again_is_answered_as_the_first_time(client: Client) -> None:
    first = client.add("DANNON", 100, idempotency_key="k")
    again = client.add("DANNON", 100, idempotency_key="k")

    assert_replay(again, first)
    assert client.balance().json == {"DANNON": 100}
    assert client.balance().etag == '"1"'


def test_a_spend_sent_again_is_answered_as_the_first_time(client: Client) -> None:
    client.add("DANNON", 100)
    client.add("UNILEVER", 100)

    first = client.spend(150, idempotency_key="k")
    again = client.spend(150, idempotency_key="k")

    assert_replay(again, first)
    assert first.json == [{"payer": "DANNON", "points": -100}, {"payer": "UNILEVER", "points": -50}]
    assert client.balance().json == {"DANNON": 0, "UNILEVER": 50}


@pytest.mark.parametrize("call", CHANGES)
def test_every_change_sent_again_is_answered_as_the_first_time(eventful: Client, call: str) -> None:
    first = eventful.send(call, idempotency_key="k")
    after = eventful.balance(), eventful.transactions()

    assert_replay(eventful.send(call, idempotency_key="k"), first)
    assert (eventful.balance(), eventful.transactions()) == after


def test_a_key_is_remembered_however_much_has_happened_since(client: Client) -> None:
    """The answer has the version that it had, even where the same request would be refused by now."""
    client.add("DANNON", 100)
    first = client.spend(100, idempotency_key="k")
    for _ in range(5):
        client.add("UNILEVER", 1)
        client.spend(1)

    assert_problem(client.spend(100), 400, "not-enough-points", points="there are 0")
    assert_replay(client.spend(100, idempotency_key="k"), first)
    assert first.etag == '"2"'
    assert client.balance().etag == '"12"'


def test_without_a_key_every_request_takes_effect(client: Client) -> None:
    answers = [client.add("DANNON", 100), client.add("DANNON", 100)]

    assert [answer.etag for answer in answers] == ['"1"', '"2"']
    assert not any("idempotency-replayed" in answer.headers for answer in answers)
    assert client.balance().json == {"DANNON": 200}


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param(json.dumps(ADD, indent=4), id="with spaces"),
        pytest.param(json.dumps(dict(reversed(ADD.items()))), id="in another order"),
        pytest.param(json.dumps(ADD).replace("DANNON", "\\u0044ANNON"), id="with an escape"),
        pytest.param(json.dumps(ADD).encode(), id="in base 64"),
        pytest.param({**ADD, "timestamp": "2020-11-02t14:00:00.000z"}, id="with zeros of a second"),
        pytest.param({**ADD, "timestamp": "2020-11-02T15:00:00+01:00"}, id="with another zone"),
    ],
)
def test_another_spelling_is_the_same_request(client: Client, spelling: Any) -> None:
    first = client.send("add", ADD, idempotency_key="k")

    assert_replay(client.send("add", spelling, idempotency_key="k"), first)


@pytest.mark.parametrize(
    ("function", "body"),
    [
        pytest.param("add", {**ADD, "points": 101}, id="other points"),
        pytest.param("add", {**ADD, "points": -100}, id="the opposite"),
        pytest.param("add", {**ADD, "payer": "dannon"}, id="another payer"),
        pytest.param("add", {**ADD, "timestamp": "2020-11-02T14:00:00.000001Z"}, id="another timestamp"),
        pytest.param("spend", {"points": 100}, id="another call"),
    ],
)
def test_a_key_belongs_to_one_request(client: Client, function: str, body: Any) -> None:
    client.send("add", ADD, idempotency_key="k")

    answer = client.send(function, body, idempotency_key="k")

    assert_problem(answer, 422, "idempotency-key-reused", Idempotency_Key="was used for another request")
    assert client.balance().json == {"DANNON": 100}
    assert client.balance().etag == '"1"'


def test_these_are_all_fields_of_all_bodies() -> None:
    for call, body in BODIES.items():
        assert FIELDS[call].keys() == {*body.required, *body.optional}


@pytest.mark.parametrize("call", CHANGES)
def test_a_key_belongs_to_a_request_with_all_of_its_fields(eventful: Client, call: str) -> None:
    """Whichever of them has another value, or is left out: it is another request."""
    whole = {name: value for name, (value, _) in FIELDS[call].items()}
    assert eventful.send(call, whole, idempotency_key="k").status == 200
    after = eventful.balance()

    others = [whole | {name: other} for name, (_, other) in FIELDS[call].items()]
    optional = [name for name in whole if name not in BODIES[call].required]
    fewer = [{name: value for name, value in whole.items() if name != left_out} for left_out in optional]
    for body in [*others, *fewer]:
        answer = eventful.send(call, body, idempotency_key="k")
        assert_problem(answer, 422, "idempotency-key-reused", Idempotency_Key="was used for another request")
    assert eventful.balance() == after


@pytest.mark.parametrize("call", ["cancel", "capture", "void", "refund"])
def test_a_key_belongs_to_a_request_for_one_transaction(eventful: Client, call: str) -> None:
    assert eventful.send(call, {}, idempotency_key="k").status == 200

    answer = eventful.send(call, {}, sequence="1", idempotency_key="k")

    assert_problem(answer, 422, "idempotency-key-reused", Idempotency_Key="was used for another request")


@pytest.mark.parametrize("change", get_args(Change), ids=lambda change: str(change.__name__))
def test_the_digest_of_a_request_is_made_of_all_that_the_change_has(change: type[Any]) -> None:
    names = [field.name for field in dataclasses.fields(change)]
    values = {name: datetime(2026, 1, 1, tzinfo=UTC) if name.endswith(("_at", "stamp")) else 1 for name in names}
    others = [
        values | {name: datetime(2026, 1, 2, tzinfo=UTC) if name.endswith(("_at", "stamp")) else 2} for name in names
    ]

    digests = {digest("an account", change(**each)) for each in [values, *others]}

    assert len(digests) == len(names) + 1
    assert digest("another account", change(**values)) not in digests


def test_kinds_of_changes_with_the_same_values_are_told_apart(eventful: Client) -> None:
    """A capture and a void of the same hold, a spend and a hold of as many points."""
    eventful.capture(3, idempotency_key="of-3")
    eventful.spend(10, idempotency_key="10")

    for answer in (eventful.void(3, idempotency_key="of-3"), eventful.hold(10, idempotency_key="10")):
        assert_problem(answer, 422, "idempotency-key-reused", Idempotency_Key="was used for another request")


def test_what_is_left_out_is_not_the_same_as_what_it_comes_to(eventful: Client) -> None:
    """A digest is of what was sent: what is left of a spend is something else at each time."""
    eventful.refund(2, idempotency_key="k")

    answer = eventful.refund(2, 400, idempotency_key="k")

    assert_problem(answer, 422, "idempotency-key-reused", Idempotency_Key="was used for another request")


def test_a_spend_and_its_key_are_no_add_s_either(client: Client) -> None:
    client.add("DANNON", 200)
    client.spend(100, idempotency_key="k")

    for answer in (client.send("add", ADD, idempotency_key="k"), client.spend(99, idempotency_key="k")):
        assert_problem(answer, 422, "idempotency-key-reused", Idempotency_Key="was used for another request")
    assert client.balance().json == {"DANNON": 100}


def test_a_refused_request_does_not_use_up_its_key(client: Client) -> None:
    assert client.spend(100, idempotency_key="k").status == 400
    assert client.add("DANNON", -100, idempotency_key="k").status == 409
    assert client.add("DANNON", 0, idempotency_key="k").status == 400
    assert client.add("DANNON", 100, idempotency_key="k", if_match='"7"').status == 412

    for taken_now in (client.add("DANNON", 100, idempotency_key="k"), client.spend(100, idempotency_key="another")):
        assert taken_now.status == 200
        assert "idempotency-replayed" not in taken_now.headers


def test_two_accounts_may_use_the_same_key(client: Client) -> None:
    other = Client()

    answers = [client.add("DANNON", 100, idempotency_key="k"), other.add("UNILEVER", 7, idempotency_key="k")]

    assert [answer.status for answer in answers] == [200, 200]
    assert client.balance().json == {"DANNON": 100}
    assert other.balance().json == {"UNILEVER": 7}


def test_two_callers_of_one_account_share_its_keys(client: Client) -> None:
    """Whether its path names the account or not: what counts is the account."""
    shop = replace(Client(), account=client.subject)
    first = client.add("DANNON", 100, idempotency_key="k")

    again = shop.add("DANNON", 100, idempotency_key="k")

    assert again.headers.pop("content-location") == f"/accounts/{client.subject}/transactions/1"
    assert first.headers.pop("content-location") == "/transactions/1"
    assert_replay(again, first)
    assert_problem(shop.spend(100, idempotency_key="k"), 422, "idempotency-key-reused", Idempotency_Key="another")


def test_a_request_that_lost_the_race_to_itself_is_a_replay(client: Client, stand_in: Any) -> None:
    """Sent twice at once: the second looked the key up before the first was recorded, and put its line after."""
    first = client.add("DANNON", 100, idempotency_key="k")
    stand_in(query=lambda **_: {"Items": []})

    assert_replay(client.add("DANNON", 100, idempotency_key="k"), first)


def test_a_request_that_lost_the_race_to_another_is_recorded_once(client: Client, stand_in: Any, dynamodb: Any) -> None:
    stand_in(put_item=rival_first(dynamodb, client.subject, times=3))

    first = client.add("DANNON", 100, idempotency_key="k")

    assert_replay(client.add("DANNON", 100, idempotency_key="k"), first)
    assert client.balance().json == {"RIVAL": 3, "DANNON": 100}


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("k", id="one character"),
        pytest.param("k" * 255, id="255 characters"),
        pytest.param(
            "".join(sorted(set(map(chr, range(0x21, 0x7F))) - set(',"'))), id="every visible character but two"
        ),
        pytest.param("8e03978e-40d5-43e8-bc93-6894a57f9324", id="a UUID"),
        pytest.param("caller#k", id="the ledger's own prefix, which it does not collide with"),
    ],
)
def test_what_a_key_may_be(client: Client, key: str) -> None:
    first = client.add("DANNON", 100, idempotency_key=key)

    assert_replay(client.add("DANNON", 100, idempotency_key=key), first)


def test_keys_differ_by_case_and_by_every_character(client: Client) -> None:
    keys = ["k", "K", "kk", "'k'", "caller#k"]

    answers = [client.add("DANNON", 100, idempotency_key=key) for key in keys]

    assert [answer.etag for answer in answers] == ['"1"', '"2"', '"3"', '"4"', '"5"']


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("", id="empty"),
        pytest.param("k" * 256, id="256 characters"),
        pytest.param("a key", id="a space"),
        pytest.param("key\t", id="a tab"),
        pytest.param("key\n", id="a line feed"),
        pytest.param("clé", id="beyond ASCII"),
        pytest.param("key\x7f", id="a DEL"),
        pytest.param("k1,k1", id="a comma, as the gateway joins a header that comes twice"),
        pytest.param('"8e03978e"', id="in quotes, which would be another key without them"),
    ],
)
@pytest.mark.parametrize("call", CHANGES)
def test_what_a_key_may_not_be(client: Client, call: str, key: str) -> None:
    answer = client.send(call, idempotency_key=key)

    reason = "must be 1 to 255 visible ASCII characters other than a comma or a quotation mark"
    assert_problem(answer, 400, "invalid-request", Idempotency_Key=reason)
    assert client.balance().etag == '"0"'


@pytest.mark.parametrize("name", ["Idempotency-Key", "idempotency-key", "IDEMPOTENCY-KEY"])
def test_a_header_s_name_has_no_case(client: Client, name: str) -> None:
    first = client.add("DANNON", 100, idempotency_key="k")
    event = client.event("add", ADD)
    event["headers"][name] = "k"

    assert_replay(client.send_event("add", event), first)
