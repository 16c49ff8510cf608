"""The events and the environment for `sam local invoke`: true to the gateway, to the template and to the handlers."""

import json
from datetime import UTC, datetime

import pytest

from local.template import load_template
from tests.api.client import EVENTS, HANDLERS, Answer, Client, Event

TEMPLATE = load_template(EVENTS.parent / "infra" / "template.yaml")
FUNCTIONS = {function.handler.removesuffix(".handler"): function.name for function in TEMPLATE.functions}
SAMPLES = HANDLERS | {"add_pending": HANDLERS["add"]}
"""Each sample event with the module that handles it. There is one more than calls: the add that a sample cancels."""


def sample(name: str) -> Event:
    event: Event = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def invoke(client: Client, name: str) -> Answer:
    """Hand the sample to its handler just as it is; the client's own token has no part in it."""
    answer = client.send_event("add" if name == "add_pending" else name, sample(name))
    assert answer.status == 200, answer.text
    return answer


def test_the_events_one_after_another(client: Client) -> None:
    added = invoke(client, "add")
    assert added.etag == '"1"'
    assert added.json.items() >= {"sequence": 1, "kind": "add", "payer": "DANNON", "points": 1000}.items()

    assert invoke(client, "preview").text == invoke(client, "spend").text == '[{"payer":"DANNON","points":-400}]'

    balance = invoke(client, "balance")
    assert (balance.etag, balance.json) == ('"2"', {"DANNON": 600})

    assert [it["kind"] for it in invoke(client, "transactions").json["transactions"]] == ["spend", "add"]

    held = invoke(client, "hold_preview").json
    assert held == invoke(client, "hold").json["taken"] == [{"payer": "DANNON", "points": -250}]
    captured = invoke(client, "capture").json
    assert (captured["sequence"], captured["of"], captured["points"]) == (4, 3, 100)

    assert [it["sequence"] for it in [invoke(client, "hold").json, *invoke(client, "holds").json["holds"]]] == [5, 5]
    assert (invoke(client, "void").json["of"], invoke(client, "holds").json["holds"]) == (5, [])

    assert invoke(client, "refund").json["of"] == 2
    assert invoke(client, "transaction").json["left"] == 300

    assert invoke(client, "add_pending").json["sequence"] == 8
    assert [it["sequence"] for it in invoke(client, "pending").json["pending"]] == [8]
    assert (invoke(client, "cancel").json["of"], invoke(client, "pending").json["pending"]) == (8, [])

    assert invoke(client, "account").json["available"] == 550
    assert [(it["sequence"], it["points"]) for it in invoke(client, "lots").json["lots"]] == [(1, 550)]


def test_there_is_an_event_for_each_call() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == {*SAMPLES, "env"}


def test_there_is_a_call_for_each_route_on_an_account_of_one_s_own() -> None:
    own = [route for route in TEMPLATE.routes if route.scopes and not route.path.startswith("/accounts/")]
    routes = {route.key for route in own if route.method != "HEAD"}  # which is as GET, but for the body

    assert routes == {sample(name)["routeKey"] for name in SAMPLES}


@pytest.mark.parametrize("name", SAMPLES)
def test_an_event_is_one_that_its_route_leads_to(name: str) -> None:
    event = sample(name)
    context = event["requestContext"]
    http = context["http"]

    path = event["routeKey"].partition(" ")[2].format(**event.get("pathParameters", {}))
    assert event["rawPath"] == http["path"] == path
    assert event["routeKey"].startswith(http["method"])
    assert context["routeKey"] == event["routeKey"]
    (route,) = [route for route in TEMPLATE.routes if route.key == event["routeKey"]]
    assert route.function == FUNCTIONS[SAMPLES[name].__name__]
    assert context["authorizer"]["jwt"]["scopes"] == list(route.scopes)
    assert int(event["headers"]["content-length"]) == len(event.get("body", "").encode())
    assert event["headers"]["host"] == context["domainName"]
    assert event["headers"]["user-agent"] == http["userAgent"]
    assert event["headers"]["x-forwarded-for"] == http["sourceIp"]
    moment = datetime.fromtimestamp(context["timeEpoch"] / 1000, UTC)
    assert context["time"] == moment.strftime("%d/%b/%Y:%H:%M:%S +0000")
    claims = context["authorizer"]["jwt"]["claims"]
    assert int(claims["iat"]) <= moment.timestamp() < int(claims["exp"])
    assert set(route.scopes) < set(claims["scope"].split())
    assert all(isinstance(value, str) for value in claims.values()), "as the gateway hands claims on"


def test_the_environment_is_that_of_a_local_run() -> None:
    """A DynamoDB on the machine itself, as a container sees it, with the table that the template makes."""
    (table,) = TEMPLATE.tables

    assert json.loads((EVENTS / "env.json").read_text()) == {
        "Parameters": {  # of all functions
            "AWS_ENDPOINT_URL_DYNAMODB": "http://host.docker.internal:8000",
            "LOCAL_ACCOUNT": "default",
            "TABLE_NAME": table["TableName"],
        }
    }
