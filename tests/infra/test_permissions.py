"""Each function may do to the table exactly what its code does, found out by having it do all of that."""

import base64
import importlib
import json
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws
from points.api import runtime
from points.storage.dynamodb import make_client

from local.template import load_template
from tests.infra.template import PATH, functions

Action = tuple[str, str]
"""What is done (`Query`), and to what: the table, or one of its indexes."""

ACTIONS_OF_A_LEDGER = {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"}
SCOPES = "points/add points/spend points/read"


class Recorder:
    """DynamoDB's client, which writes down what is asked of it, and by which function."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._function = ""
        self.seen: dict[str, set[Action]] = {name: set() for name in functions()}
        self.get_item = self._recorded("GetItem", client.get_item)
        self.put_item = self._recorded("PutItem", client.put_item)
        self.query = self._recorded("Query", client.query)

    def _recorded(self, action: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(**request: Any) -> Any:
            self.seen[self._function].add((action, request.get("IndexName", "table")))
            return call(**request)

        return recorded

    def call(self, function: str, body: object = None, *, query: str = "", sequence: str = "", key: str = "") -> Any:
        """Call a function as the gateway would, and return what it answers, which must be a success."""
        self._function = function
        properties = functions()[function]
        route = next(iter(properties["Events"].values()))["Properties"]
        path = route["Path"] + (f"/{sequence}" if sequence else "")
        event = {
            "version": "2.0",
            "routeKey": f"{route['Method']} {path}",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"idempotency-key": key} if key else {},
            "queryStringParameters": dict([query.split("=")]) if query else {},
            "pathParameters": {"sequence": sequence} if sequence else {},
            "requestContext": {
                "requestId": "a-request",
                "stage": "$default",
                "http": {"method": route["Method"], "path": path},
                "authorizer": {"jwt": {"claims": {"sub": "caller", "scope": SCOPES}, "scopes": None}},
            },
            "body": base64.b64encode(json.dumps(body).encode()).decode(),
            "isBase64Encoded": True,
        }
        handler = importlib.import_module(properties["Handler"].removesuffix(".handler")).handler
        answer = handler(event, _context(properties))
        assert answer["statusCode"] == 200, answer
        return json.loads(answer["body"])


def _context(properties: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(
        function_name="function",
        memory_limit_in_mb=properties["MemorySize"],
        invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:function",
        aws_request_id="a-call",
        get_remaining_time_in_millis=lambda: properties["Timeout"] * 1000,
    )


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """A recorder before a table such as the template makes."""
    warnings.filterwarnings("ignore", message="No application metrics to publish")
    (table,) = load_template(PATH).tables
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("TABLE_NAME", table["TableName"])
    with mock_aws():
        client = make_client()
        client.create_table(**table)  # type: ignore[attr-defined]
        recorder = Recorder(client)
        monkeypatch.setattr(runtime, "make_client", lambda: recorder)
        runtime.passbook.cache_clear()
        yield recorder
    runtime.passbook.cache_clear()


def _do_everything(ledger: Recorder) -> None:
    points = {"payer": "DANNON", "points": 300, "timestamp": "2020-10-31T10:00:00Z"}
    first = ledger.call("AddFunction", points, key="first")
    assert ledger.call("AddFunction", points, key="first") == first
    ledger.call("AddFunction", points | {"points": -100})
    assert ledger.call("PreviewFunction", {"points": 50}) == [{"payer": "DANNON", "points": -50}]
    spent = ledger.call("SpendFunction", {"points": 50}, key="second")
    assert ledger.call("SpendFunction", {"points": 50}, key="second") == spent
    for query in ("", "at=2", f"at={first['recorded_at']}"):
        assert ledger.call("BalanceFunction", query=query)
    assert len(ledger.call("TransactionsFunction")["transactions"]) == 3
    assert ledger.call("TransactionsFunction", sequence="3")["lots"]


def _granted(properties: dict[str, Any]) -> set[Action]:
    granted = set()
    for policy in properties.get("Policies", []):
        for statement in policy["Statement"]:
            assert statement["Effect"] == "Allow"
            for resource in _listed(statement["Resource"]):
                granted |= {(action.removeprefix("dynamodb:"), _target(resource)) for action in _actions(statement)}
    return granted


def _actions(statement: dict[str, Any]) -> list[str]:
    return _listed(statement["Action"])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _target(resource: dict[str, Any]) -> str:
    if resource == {"Fn::GetAtt": ["LedgerTable", "Arn"]}:
        return "table"
    return str(resource["Fn::Sub"]).removeprefix("${LedgerTable.Arn}/index/")


def test_each_function_may_do_what_it_does_and_nothing_else(recorder: Recorder) -> None:
    _do_everything(recorder)
    assert {name: _granted(properties) for name, properties in functions().items()} == recorder.seen


def test_no_function_may_scan_change_or_delete_anything() -> None:
    statements = [
        statement
        for properties in functions().values()
        for policy in properties.get("Policies", [])
        for statement in policy["Statement"]
    ]
    assert {action for statement in statements for action in _actions(statement)} == ACTIONS_OF_A_LEDGER
    assert not [statement for statement in statements if "*" in str(statement["Resource"])]
