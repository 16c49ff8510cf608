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


@pytest.fixture(scope="module")
def invoke(stack: Stack) -> Callable[[str], dict[str, Any]]:
    """Return a function that starts another, as it is built, and calls it with its event."""
    (table,) = TEMPLATE.tables
    stack.client("dynamodb").create_table(**table | {"TableName": TABLE})
    functions = {function.handler.partition(".")[0]: function for function in TEMPLATE.functions}

    def invoke(name: str) -> dict[str, Any]:
        function = functions[name]
        environment = credentials(stack.url) | dict(function.environment) | {"TABLE_NAME": TABLE}
        environment["AWS_LAMBDA_FUNCTION_TIMEOUT"] = str(function.timeout_s)
        event = json.loads((ROOT / f"events/{name}.json").read_text())
        with running(BUILD / function.name, function.handler, environment) as loop:
            answer: dict[str, Any] = loop.invoke(event)
            assert loop.init_ms() > 0
        return answer

    return invoke


def test_the_events_one_after_another(invoke: Callable[[str], dict[str, Any]]) -> None:
    added = invoke("add")
    assert added["statusCode"] == 200, added
    assert json.loads(added["body"])["sequence"] == 1
    preview, spent = invoke("preview"), invoke("spend")
    assert preview["body"] == spent["body"] == '[{"payer":"DANNON","points":-400}]'
    assert json.loads(invoke("balance")["body"]) == {"DANNON": 600}
    history = json.loads(invoke("transactions")["body"])["transactions"]
    assert [transaction["kind"] for transaction in history] == ["spend", "add"]
