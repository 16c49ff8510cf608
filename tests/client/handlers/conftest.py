"""The client straight in front of the handlers, over moto's DynamoDB, with time that passes when a test lets it."""

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from points_ledger import Client

from local.gateway import Request, Router, build_event, decoded_path, own_answer, read_result
from local.template import load_template
from tests.api.client import Context
from tests.api.conftest import clock, dynamodb, moto, no_metrics_are_fine  # noqa: F401 - fixtures

TEMPLATE = load_template(Path(__file__).parents[3] / "infra/template.yaml")
ROUTER = Router(TEMPLATE.routes)
HANDLERS = {it.name: importlib.import_module(it.handler.rpartition(".")[0]) for it in TEMPLATE.functions}


def answer(request: httpx.Request) -> httpx.Response:
    """Answer as the gateway and the functions behind it do."""
    url = urlsplit(str(request.url))
    headers = [(name.lower(), value) for name, value in request.headers.items()]
    asked = Request(request.method, url.path, url.query, headers, request.content, "HTTP/1.1", "127.0.0.1")
    found = ROUTER.find(asked.method, decoded_path(asked.path))
    if not found:
        told = own_answer(404, "Not Found")
    else:
        route, parameters = found
        event = build_event(asked, route, parameters, request_id=str(uuid4()), at=datetime.now(UTC))
        told = read_result(HANDLERS[route.function].handler(event, Context()))
    return httpx.Response(told.status, headers=list(told.headers), content=told.body)


async def answer_later(request: httpx.Request) -> httpx.Response:
    """Answer in an event loop."""
    return answer(request)


@pytest.fixture
def ledger(clock: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:  # noqa: ARG001, F811 - its time
    """Return a client of the own account of a local run."""
    monkeypatch.setenv("LOCAL_ACCOUNT", "default")
    with Client("http://ledger", transport=httpx.MockTransport(answer)) as client:
        yield client
