"""Each function may do to the table exactly what its code does, found out by having it do all of that."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from moto import mock_aws
from points.api import runtime
from points.moments import format_timestamp
from points.storage import calls
from points.storage.dynamodb import make_client

from local.template import load_template
from tests.api.client import HANDLERS, Client
from tests.infra.template import PATH, functions, functions_of_the_api
from tests.simulator.clock import VirtualClock

Action = tuple[str, str]
"""What is done (`Query`), and to what: the table, or one of its indexes."""

ACTIONS_OF_A_LEDGER = {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"}
FUNCTIONS = {
    properties["Handler"].removesuffix(".handler"): name for name, properties in functions_of_the_api().items()
}
SPENT, HELD, PENDING, CAPTURED = 2, 3, 5, 8
"""Transactions of an account that has something of every kind."""


class Recorder:
    """DynamoDB's client, which writes down what is asked of it, and by which function."""

    def __init__(self, client: Any) -> None:
        self.function = ""
        self.seen: dict[str, set[Action]] = {name: set() for name in functions_of_the_api()}
        self.get_item = self._recorded("GetItem", client.get_item)
        self.put_item = self._recorded("PutItem", client.put_item)
        self.query = self._recorded("Query", client.query)

    def _recorded(self, action: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(**request: Any) -> Any:
            self.seen[self.function].add((action, request.get("IndexName", "table")))
            return call(**request)

        return recorded


@dataclass(frozen=True, slots=True)
class Account:
    """An account that calls act on, each under its function's name. `late` is a moment still to come."""

    recorder: Recorder
    client: Client
    late: str

    def __call__(self, call: str, body: Any = None, *, status: int = 200, **others: Any) -> Any:
        """Call a function, and return what it answers."""
        self.recorder.function = FUNCTIONS[HANDLERS[call].__name__]
        answer = self.client.send(call, body, **others)
        assert answer.status == status, answer.text
        return answer.json

    def change(self, call: str, body: Any, **others: Any) -> None:
        """Make a change, and repeat it under its key."""
        first = self(call, body, idempotency_key=call, **others)
        assert self(call, body, idempotency_key=call, **others) == first


def lot(points: int, **more: Any) -> dict[str, Any]:
    """Return what an add sends."""
    return {"payer": "DANNON", "points": points, "timestamp": "2020-10-31T10:00:00Z", **more}


def make_account(recorder: Recorder, clock: VirtualClock) -> Account:
    """Open an account in which there is something of every kind, and some of it falls due."""
    soon, late = (format_timestamp(clock.now() + timedelta(days=days)) for days in (1, 9))
    account = Account(recorder, Client(), late)
    account("add", lot(1000, expires_at=soon, reference="order"))
    account("spend", {"points": 100})
    account("hold", {"points": 100, "expires_at": late})
    account("hold", {"points": 100, "expires_at": soon})
    account("add", lot(500, effective_at=late))
    account("add", lot(500, effective_at=soon))
    account("hold", {"points": 50, "expires_at": late})
    account("capture", {"points": 20}, sequence="7")
    account("add", lot(300))
    return account


def refund(account: Account) -> None:
    account.change("refund", {"points": 10}, sequence=str(SPENT))
    account("refund", {}, sequence=str(SPENT))
    account("refund", {}, sequence=str(CAPTURED))
    account("refund", {}, sequence=str(SPENT), status=409)


def capture(account: Account) -> None:
    account.change("capture", {"points": 10}, sequence=str(HELD))
    account("capture", {}, sequence=str(HELD), status=409)


def cancel(account: Account) -> None:
    account.change("cancel", {}, sequence=str(PENDING))
    account("cancel", {}, sequence=str(PENDING), status=409)


def balance(account: Account) -> None:
    recorded = account("transactions")["transactions"][-2]["recorded_at"]
    for at in ("2", recorded, account.late):
        account("balance", query={"at": at})
    account("balance")


def transactions(account: Account) -> None:
    page = account("transactions", query={"limit": "2"})
    account("transactions", query={"cursor": page["next_cursor"]})
    assert account("transactions", query={"reference": "order"})["transactions"]
    for sequence in range(1, 10):
        account("transaction", sequence=str(sequence))


def lots(account: Account) -> None:
    page = account("lots", query={"limit": "1"})
    account("lots", query={"cursor": page["next_cursor"]})


DEEDS: list[Callable[[Account], Any]] = [
    refund,
    capture,
    cancel,
    balance,
    transactions,
    lots,
    lambda account: account.change("add", lot(100)),
    lambda account: account.change("add", lot(-100)),
    lambda account: account.change("spend", {"points": 200}),
    lambda account: account.change("hold", {"points": 200}),
    lambda account: account.change("void", {}, sequence=str(HELD)),
    lambda account: account("preview", {"points": 200}),
    lambda account: account("hold_preview", {"points": 200}),
    lambda account: account("account"),
    lambda account: account("holds"),
    lambda account: account("pending"),
]
"""All that the functions can be asked for."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    """Time as the functions have it."""
    clock = VirtualClock()
    monkeypatch.setattr(runtime, "_clock", clock)
    monkeypatch.setattr(calls, "MOST_SKEW", timedelta.max)  # moto goes by the machine's own
    return clock


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch, clock: VirtualClock) -> Iterator[Recorder]:  # noqa: ARG001
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


def test_each_function_may_do_what_it_does_and_nothing_else(recorder: Recorder, clock: VirtualClock) -> None:
    for deed in DEEDS:  # each on the way over all that is due by then
        account = make_account(recorder, clock)
        clock.sleep(timedelta(days=2).total_seconds())
        deed(account)
    assert {name: _granted(properties) for name, properties in functions_of_the_api().items()} == recorder.seen


def _statements(properties: dict[str, Any]) -> list[dict[str, Any]]:
    return [statement for policy in properties.get("Policies", []) for statement in policy["Statement"]]


def test_no_function_of_the_api_may_scan_change_or_delete_anything() -> None:
    statements = [it for properties in functions_of_the_api().values() for it in _statements(properties)]
    assert {action for statement in statements for action in _actions(statement)} == ACTIONS_OF_A_LEDGER
    assert not [statement for statement in statements if "*" in str(statement["Resource"])]


def test_no_function_may_do_anything_to_everything() -> None:
    for properties in functions().values():
        for statement in _statements(properties):
            assert "*" not in _listed(statement["Resource"])
            assert not [action for action in _actions(statement) if "*" in action]
