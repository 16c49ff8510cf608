"""The events and the environment for `sam local invoke`: true to the gateway, to the template and to the handlers."""

import json
from datetime import UTC, datetime

import pytest

from local.template import load_template
from tests.api.client import EVENTS, HANDLERS, Answer, Client, Event

TEMPLATE = load_template(EVENTS.parent / "infra" / "template.yaml")
FUNCTIONS = {function.handler.removesuffix(".handler"): function.name for function in TEMPLATE.functions}


def sample(function: str) -> Event:
    event: Event = json.loads((EVENTS / f"{function}.json").read_text())
    return event


def invoke(client: Client, function: str) -> Answer:
    """Hand the sample to its handler just as it is; the client's own token has no part in it."""
    return client.send_event(function, sample(function))


def test_the_events_one_after_another(client: Client) -> None:
    added = invoke(client, "add")
    assert (added.status, added.etag) == (200, '"1"')
    assert added.json.items() >= {"sequence": 1, "kind": "add", "payer": "DANNON", "points": 1000}.items()

    assert invoke(client, "preview").text == invoke(client, "spend").text == '[{"payer":"DANNON","points":-400}]'

    balance = invoke(client, "balance")
    assert (balance.status, balance.etag, balance.json) == (200, '"2"', {"DANNON": 600})

    assert [it["kind"] for it in invoke(client, "transactions").json["transactions"]] == ["spend", "add"]


def test_there_is_an_event_for_each_of_these_functions() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == {*HANDLERS, "env"}


@pytest.mark.parametrize("function", HANDLERS)
def test_an_event_is_one_that_its_route_leads_to(function: str) -> None:
    event = sample(function)
    context = event["requestContext"]
    http = context["http"]

    assert event["routeKey"] == context["routeKey"] == f"{http['method']} {http['path']}"
    assert event["rawPath"] == http["path"]
    assert (event["routeKey"], FUNCTIONS[function]) in [(route.key, route.function) for route in TEMPLATE.routes]
    assert int(event["headers"]["content-length"]) == len(event.get("body", "").encode())
    assert event["headers"]["host"] == context["domainName"]
    assert event["headers"]["user-agent"] == http["userAgent"]
    assert event["headers"]["x-forwarded-for"] == http["sourceIp"]
    moment = datetime.fromtimestamp(context["timeEpoch"] / 1000, UTC)
    assert context["time"] == moment.strftime("%d/%b/%Y:%H:%M:%S +0000")
    claims = context["authorizer"]["jwt"]["claims"]
    assert int(claims["iat"]) <= moment.timestamp() < int(claims["exp"])
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
