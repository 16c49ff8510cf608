"""The whole way: built, deployed, called over HTTP with a token from the user pool."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from local.template import load_template
from tests.e2e.conftest import BUILD, ROOT, Caller
from tools.deploy_local.stack import DEVELOPER, Stack, deploy

ADDS = [
    ("DANNON", 1000, "2020-11-02T14:00:00Z"),
    ("UNILEVER", 200, "2020-10-31T11:00:00Z"),
    ("DANNON", -200, "2020-10-31T15:00:00Z"),
    ("MILLER COORS", 10000, "2020-11-01T14:00:00Z"),
    ("DANNON", 300, "2020-10-31T10:00:00Z"),
]
TAKEN = [
    {"payer": "DANNON", "points": -100},
    {"payer": "UNILEVER", "points": -200},
    {"payer": "MILLER COORS", "points": -4700},
]
EXPIRES_S = 20
"""Long enough for the calls before, which start functions."""
LEFT = {"DANNON": 1000, "UNILEVER": 0, "MILLER COORS": 5300}


def work_the_example(caller: Caller) -> None:
    for payer, points, timestamp in ADDS:
        added = caller.add(payer, points, timestamp)
        assert added.status == 200, added.text
    assert caller.spend(5000).json == TAKEN
    assert list(caller.balance().items()) == list(LEFT.items())


def test_the_worked_example_on_a_named_account(somebody: Caller) -> None:
    work_the_example(somebody)


def test_the_worked_example_on_the_callers_own_account(caller: Callable[..., Caller], stack: Stack, token: str) -> None:
    own = caller(token)
    work_the_example(own)
    same = caller(token, stack.clients()[DEVELOPER])
    assert same.balance() == LEFT, "a token's subject names its own account"


def test_a_preview_is_what_the_spend_takes(somebody: Caller) -> None:
    somebody.add("DANNON", 300, "2020-10-31T10:00:00Z")
    preview = somebody.send("POST", "/spend/preview", {"points": 200})
    assert preview.json == [{"payer": "DANNON", "points": -200}]
    assert somebody.balance() == {"DANNON": 300}
    spent = somebody.spend(200, if_match=preview.headers["etag"])
    assert (spent.status, spent.json) == (200, preview.json)
    assert somebody.spend(100, if_match=preview.headers["etag"]).status == 412


def test_the_history_and_one_transaction_of_it(somebody: Caller) -> None:
    somebody.add("DANNON", 300, "2020-10-31T10:00:00Z")
    somebody.spend(200)
    history = somebody.send("GET", "/transactions?limit=1").json
    assert [it["kind"] for it in history["transactions"]] == ["spend"]
    rest = somebody.send("GET", f"/transactions?limit=1&cursor={history['next_cursor']}").json
    assert [it["kind"] for it in rest["transactions"]] == ["add"]
    lots = somebody.send("GET", "/transactions/2").json["lots"]
    assert [(lot["payer"], lot["points"]) for lot in lots] == [("DANNON", -200)]
    assert somebody.send("GET", "/transactions/3").status == 404


def test_a_past_balance(somebody: Caller) -> None:
    first = somebody.add("DANNON", 300, "2020-10-31T10:00:00Z").json
    somebody.spend(200)
    assert somebody.send("GET", "/balance?at=1").json == {"DANNON": 300}
    assert somebody.send("GET", f"/balance?at={first['recorded_at']}").json == {"DANNON": 300}


def test_a_retry_gets_the_first_answer_and_changes_nothing(somebody: Caller) -> None:
    first = somebody.add("DANNON", 300, "2020-10-31T10:00:00Z", idempotency_key="once")
    again = somebody.add("DANNON", 300, "2020-10-31T10:00:00Z", idempotency_key="once")
    assert (again.status, again.text, again.headers["etag"]) == (200, first.text, first.headers["etag"])
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert somebody.add("DANNON", 301, "2020-10-31T10:00:00Z", idempotency_key="once").status == 422
    assert somebody.balance() == {"DANNON": 300}


def test_of_twelve_retries_at_once_one_changes_something(somebody: Caller) -> None:
    somebody.add("DANNON", 300, "2020-10-31T10:00:00Z")
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: somebody.spend(25, idempotency_key="one-spend"), range(12)))
    assert {(answer.status, answer.text) for answer in answers} == {(200, '[{"payer":"DANNON","points":-25}]')}
    assert somebody.balance() == {"DANNON": 275}


def test_twelve_spends_at_once_never_take_what_is_not_there(somebody: Caller) -> None:
    somebody.add("DANNON", 100, "2020-10-31T10:00:00Z")
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: somebody.spend(25), range(12)))
    assert sorted(answer.status for answer in answers) == [200] * 4 + [400] * 8
    assert somebody.balance() == {"DANNON": 0}


def test_a_refund_brings_back_what_was_spent(somebody: Caller) -> None:
    somebody.add("DANNON", 300, "2020-10-31T10:00:00Z")
    somebody.spend(200)
    refunded = somebody.send(
        "POST", "/transactions/2/refund", {"points": 50, "reference": "order"}, idempotency_key="once"
    )
    assert refunded.json["returned"] == [{"payer": "DANNON", "points": 50}]
    assert refunded.headers["content-location"].endswith("/transactions/3")
    again = somebody.send(
        "POST", "/transactions/2/refund", {"points": 50, "reference": "order"}, idempotency_key="once"
    )
    assert (again.status, again.text) == (200, refunded.text)
    assert somebody.send("POST", "/transactions/2/refund", {"points": 151}).status == 409
    assert somebody.send("GET", "/transactions/2").json["left"] == 150
    found = somebody.send("GET", "/transactions?reference=order").json["transactions"]
    assert [it["sequence"] for it in found] == [3]
    assert somebody.balance() == {"DANNON": 150}


def test_a_hold_is_captured_in_part_and_another_voided(somebody: Caller) -> None:
    somebody.add("DANNON", 300, "2020-10-31T10:00:00Z")
    preview = somebody.send("POST", "/holds/preview", {"points": 200})
    held = somebody.send("POST", "/holds", {"points": 200}, if_match=preview.headers["etag"])
    assert held.json["taken"] == preview.json == [{"payer": "DANNON", "points": -200}]
    assert [it["sequence"] for it in somebody.send("GET", "/holds").json["holds"]] == [2]
    captured = somebody.send("POST", "/holds/2/capture", {"points": 120}).json
    assert (captured["taken"], captured["returned"]) == (
        [{"payer": "DANNON", "points": -120}],
        [{"payer": "DANNON", "points": 80}],
    )
    assert somebody.send("POST", "/holds/2/void", {}).status == 409
    somebody.send("POST", "/holds", {"points": 100})
    assert somebody.send("POST", "/holds/4/void", {}).json["points"] == 100
    assert somebody.balance() == {"DANNON": 180}


def test_points_expire_by_themselves_soonest_first(somebody: Caller) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=EXPIRES_S)
    add = {"payer": "DANNON", "points": 100, "timestamp": "2021-01-01T00:00:00Z", "expires_at": soon.isoformat()}
    assert somebody.send("POST", "/add", add).status == 200
    somebody.add("UNILEVER", 100, "2020-01-01T00:00:00Z")
    assert somebody.spend(30).json == [{"payer": "DANNON", "points": -30}]
    assert somebody.send("GET", "/account").json["next_expiry"]["points"] == 70
    before = somebody.send("GET", "/balance")
    time.sleep(max(0.0, (soon - datetime.now(UTC)).total_seconds()))
    after = somebody.send("GET", "/balance")
    assert (before.json, after.json) == ({"DANNON": 70, "UNILEVER": 100}, {"DANNON": 0, "UNILEVER": 100})
    assert before.headers["etag"] != after.headers["etag"], "nobody has written that down yet"
    assert somebody.spend(30).json == [{"payer": "UNILEVER", "points": -30}]
    history = somebody.send("GET", "/transactions").json["transactions"]
    assert [it["kind"] for it in history] == ["spend", "expire", "spend", "add", "add"]


def test_pending_points_are_cancelled_before_they_arrive(somebody: Caller) -> None:
    later = {
        "payer": "DANNON",
        "points": 100,
        "timestamp": "2021-01-01T00:00:00Z",
        "effective_at": "2999-01-01T00:00:00Z",
    }
    assert somebody.send("POST", "/add", later).json["kind"] == "pending"
    assert [it["amount"] for it in somebody.send("GET", "/pending").json["pending"]] == [100]
    assert somebody.send("POST", "/transactions/1/cancel", {}).json["of"] == 1
    assert somebody.send("GET", "/pending").json["pending"] == []
    assert somebody.balance() == {}


def test_head_is_get_without_the_body(somebody: Caller) -> None:
    somebody.add("DANNON", 300, "2020-10-31T10:00:00Z")
    for path in ("/balance", "/account", "/lots", "/transactions/1"):
        got, headed = somebody.send("GET", path), somebody.send("HEAD", path)
        assert (headed.status, headed.text) == (200, "")
        for name in ("content-type", "etag", "cache-control"):
            assert headed.headers.get(name) == got.headers.get(name)


def test_a_refusal_is_a_problem(somebody: Caller) -> None:
    refused = somebody.spend(1)
    assert refused.status == 400
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json["title"] == "The user doesn't have enough points"


def test_what_runs_is_what_is_built(stack: Stack) -> None:
    functions = stack.client("lambda")
    names = stack.physical_ids()
    timeouts = {function.name: function.timeout_s for function in load_template(ROOT / "infra/template.yaml").functions}
    for function in (folder.name for folder in BUILD.iterdir() if folder.is_dir()):
        settings = functions.get_function_configuration(FunctionName=names[function], Qualifier="live")
        assert (settings["Runtime"], settings["Timeout"]) == ("python3.13", timeouts[function])
        assert settings["Version"].isdecimal(), "a published version, which never changes"


def test_deploying_again_changes_nothing_and_loses_nothing(stack: Stack, somebody: Caller) -> None:
    work_the_example(somebody)
    before = stack.physical_ids()
    began = time.time()
    assert "No changes to deploy" in deploy(stack.url, BUILD)
    assert stack.physical_ids() == before
    events = stack.client("cloudformation").describe_stack_events(StackName="points-ledger")["StackEvents"]
    assert not [event for event in events if event["Timestamp"].timestamp() > began]
    assert somebody.balance() == LEFT
