"""The events for `sam local invoke`, in Lambda's own runtime loop: the built functions, but no container."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.template import load_template
from tests.e2e.conftest import BUILD
from tools.deploy_local.stack import Stack
from tools.deploy_local.stand_in import ROOT, credentials
from tools.rie import running

TEMPLATE = load_template(ROOT / "infra/template.yaml")
TABLE = "runtime-loop"


FUNCTIONS = {function.name: function for function in TEMPLATE.functions}
ROUTES = {route.key: FUNCTIONS[route.function] for route in TEMPLATE.routes}

Invoke = Callable[[dict[str, Any]], dict[str, Any]]


def sample(name: str) -> dict[str, Any]:
    """Read an event."""
    event: dict[str, Any] = json.loads((ROOT / f"events/{name}.json").read_text())
    return event


@pytest.fixture(scope="module")
def invoke(stack: Stack) -> Invoke:
    """Return a function that starts the one behind an event's route, as it is built, and calls it with the event."""
    (table,) = TEMPLATE.tables
    stack.client("dynamodb").create_table(**table | {"TableName": TABLE})

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        function = ROUTES[event["routeKey"]]
        environment = credentials(stack.url) | dict(function.environment) | {"TABLE_NAME": TABLE}
        environment["AWS_LAMBDA_FUNCTION_TIMEOUT"] = str(function.timeout_s)
        with running(BUILD / function.name, function.handler, environment) as loop:
            answer: dict[str, Any] = loop.invoke(event)
            assert loop.init_ms() > 0
        return answer

    return invoke


def test_the_events_one_after_another(invoke: Invoke) -> None:
    def call(name: str) -> Any:
        answer = invoke(sample(name))
        assert answer["statusCode"] == 200, answer
        return json.loads(answer["body"])

    assert call("add")["sequence"] == 1
    assert call("preview") == call("spend") == [{"payer": "DANNON", "points": -400}]
    assert call("balance") == {"DANNON": 600}
    assert call("hold")["sequence"] == 3
    assert call("capture")["of"] == 3
    assert call("hold")["sequence"] == 5
    assert call("void")["of"] == 5
    assert call("refund")["of"] == 2
    assert call("add_pending")["sequence"] == 8
    assert call("cancel")["of"] == 8
    assert call("account")["available"] == 550
    kinds = [transaction["kind"] for transaction in call("transactions")["transactions"]]
    assert kinds == ["cancel", "pending", "refund", "void", "hold", "capture", "hold", "spend", "add"]


def test_what_no_route_takes(invoke: Invoke) -> None:
    event = sample("balance") | {"routeKey": "$default"}
    event["requestContext"]["http"]["method"] = "PUT"
    answer = invoke(event)
    assert (answer["statusCode"], answer["headers"]["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert json.loads(answer["body"])["status"] == 405
