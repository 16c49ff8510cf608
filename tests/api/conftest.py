"""moto's DynamoDB behind the handlers, and callers in front of them."""

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.serialize import ResponseSerializer
from points.api import runtime
from points.api.observability import logger
from points.storage import calls
from points.storage.dynamodb import make_client

from local.template import load_template
from tests.api.client import Client
from tests.simulator.clock import VirtualClock

REGION = "us-east-1"
(TABLE,) = load_template(Path(__file__).parents[2] / "infra" / "template.yaml").tables


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    """A client of moto's DynamoDB with the template's table, behind the handlers. To make it is slow: once a module."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_PROFILE", "LOCAL_ACCOUNT"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("TABLE_NAME", TABLE["TableName"])
        patch.setattr(ResponseSerializer, "get_value", _member)
        client: Any = make_client()
        client.create_table(**TABLE)
        _put_behind_handlers(client, patch)
        yield client
    runtime.passbook.cache_clear()


@pytest.fixture(autouse=True)
def no_metrics_are_fine() -> None:
    """Filter as `points.api.observability` does for a function: pytest sets all filters anew for each test."""
    warnings.filterwarnings("ignore", message="No application metrics to publish")


@pytest.fixture
def dynamodb(moto: Any) -> Iterator[Any]:
    """DynamoDB with an empty table: moto looks at all items of a table, whatever it is asked for."""
    yield moto
    get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].get_table(TABLE["TableName"]).items.clear()


@pytest.fixture
def client(dynamodb: Any) -> Client:  # noqa: ARG001 - where the client's requests end
    """Return a caller whose own account is new."""
    return Client()


@pytest.fixture
def eventful(client: Client) -> Client:
    """A caller whose account has all that the sample events name: a spend, 2; open holds, 3 and 5; a pending add, 8."""
    client.add("DANNON", 2000)
    client.spend(400)
    client.hold(250)
    client.spend(1)
    client.hold(50)
    client.spend(1)
    client.spend(1)
    client.add("DANNON", 500, effective_at="2099-01-01T00:00:00Z")
    return client


@pytest.fixture
def clock(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualClock]:  # noqa: ARG001
    """Time as the handlers have it: it passes when a test lets it, and in the pauses between calls."""
    clock = VirtualClock()
    monkeypatch.setattr(runtime, "_clock", clock)
    monkeypatch.setattr(calls, "MOST_SKEW", timedelta.max)  # the machine's own, by which DynamoDB goes, is another
    runtime.passbook.cache_clear()
    yield clock
    runtime.passbook.cache_clear()


@pytest.fixture
def stand_in(
    dynamodb: Any,
    clock: VirtualClock,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., None]:
    """Return a function that puts another call in place of one of DynamoDB's: `stand_in(put_item=...)`."""

    def replace(**others: Callable[..., Any]) -> None:
        own = {name: getattr(dynamodb, name) for name in ("get_item", "put_item", "query")}
        _put_behind_handlers(SimpleNamespace(**own | others), monkeypatch)

    return replace


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """Return a function that reads what the handlers have printed so far, a line each: log records and metrics."""
    stdout = SimpleNamespace(write=lambda text: sys.stdout.write(text), flush=lambda: None)  # noqa: PLW0108 - the one of then
    monkeypatch.setattr(logger.registered_handler, "stream", stdout)
    lines: list[dict[str, Any]] = []

    def read() -> list[dict[str, Any]]:
        lines.extend(json.loads(line) for line in capsys.readouterr().out.splitlines())
        return lines

    return read


_member_of_any_spelling = ResponseSerializer.get_value


def _member(serializer: ResponseSerializer, value: Any, name: str, shape: Any) -> Any:
    """Spare moto the search for a dict's members under other spellings, which takes it half of its time."""
    return value.get(name) if isinstance(value, dict) else _member_of_any_spelling(serializer, value, name, shape)


def _put_behind_handlers(client: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(runtime, "make_client", lambda: client)
    runtime.passbook.cache_clear()
