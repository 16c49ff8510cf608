"""The stack, deployed from what is built to a stand-in for AWS, and callers who reach it over HTTP."""

import http.client
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tools.deploy_local.api import make_routes
from tools.deploy_local.stack import Stack, deploy
from tools.deploy_local.stand_in import ROOT, running

BUILD = Path(os.environ.get("BUILD", ROOT / ".aws-sam/local"))


class Answer(NamedTuple):
    """What a caller gets; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body as it reads."""
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Caller:
    """Sends requests to the deployed API, with a token or without, on its own account or a named one."""

    gateway: str
    host: str
    token: str | None = None
    account: str | None = None

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send a request; `idempotency_key` and the like become headers."""
        sent = {"Host": self.host} | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.account is not None:
            path = f"/accounts/{self.account}{path}"
        connection = http.client.HTTPConnection(urlsplit(self.gateway).netloc, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read().decode())
        finally:
            connection.close()

    def add(self, payer: str, points: int, timestamp: str, **headers: str) -> Answer:
        """Add points."""
        return self.send("POST", "/add", {"payer": payer, "points": points, "timestamp": timestamp}, **headers)

    def spend(self, points: int, **headers: str) -> Answer:
        """Spend points."""
        return self.send("POST", "/spend", {"points": points}, **headers)

    def balance(self) -> Any:
        """Ask for the points of each payer."""
        return self.send("GET", "/balance").json


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The deployed stack."""
    with running(tmp_path_factory.mktemp("aws")) as url:
        deploy(url, BUILD)
        stack = Stack(url)
        make_routes(stack)
        yield stack


@pytest.fixture(scope="session")
def caller(stack: Stack) -> Callable[..., Caller]:
    """Return a function that makes callers: `caller(token, account)`."""
    host = urlsplit(stack.outputs()["ApiUrl"]).netloc
    return lambda token=None, account=None: Caller(stack.url, host, token, account)


@pytest.fixture(scope="session")
def token(stack: Stack) -> str:
    """Return a token with every scope."""
    return stack.token()


@pytest.fixture
def somebody(caller: Callable[..., Caller], token: str) -> Caller:
    """Return a caller who acts on a new account."""
    return caller(token, f"customer-{uuid4()}")
