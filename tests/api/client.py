"""A caller of the API: sends true API Gateway events to the handlers, and reads what they answer."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

import add
import balance
import preview
import spend
import transactions

EVENTS = Path(__file__).parents[2] / "events"
HANDLERS: dict[str, ModuleType] = {
    "add": add,
    "spend": spend,
    "preview": preview,
    "balance": balance,
    "transactions": transactions,
}
PATHS = {"preview": "/spend/preview"}
ALL_SCOPES = "points/add points/spend points/read accounts/add accounts/spend accounts/read"

Event = dict[str, Any]
Body = Mapping[str, Any] | str | bytes
"""A request's body: the members of an object, the text itself, or bytes, which the gateway encodes in base 64."""


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a handler of its call."""

    remaining_ms: int = 15_000
    function_name: str = "points-ledger-function"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:points-ledger-function"
    aws_request_id: str = field(default_factory=lambda: str(uuid4()))

    def get_remaining_time_in_millis(self) -> int:
        """Tell how long the call may still take."""
        return self.remaining_ms


class Answer(NamedTuple):
    """What a caller gets; names of headers in lower case, since case means nothing there."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body as it reads."""
        return json.loads(self.text)

    @property
    def etag(self) -> str:
        """The version of the account that the answer stands on."""
        return self.headers["etag"]


def make_event(
    function: str,
    body: Body | None = None,
    *,
    account: str | None = None,
    sequence: str | None = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    claims: dict[str, str] | None = None,
) -> Event:
    """Change the function's sample event: another body, account, transaction or query, more headers, other claims.

    What is left out stays as the sample has it, the body too.
    """
    event: Event = json.loads(_sample(function))
    context = event["requestContext"]
    method = context["http"]["method"]
    path = route = PATHS.get(function, f"/{function}")
    parameters = {}
    if account is not None:
        path, route = f"/accounts/{account}{path}", f"/accounts/{{account}}{route}"
        parameters["account"] = account
    if sequence is not None:
        path, route = f"{path}/{sequence}", f"{route}/{{sequence}}"
        parameters["sequence"] = sequence
    if parameters:
        event["pathParameters"] = parameters
    if query:
        event["queryStringParameters"] = query
        event["rawQueryString"] = urlencode(query)
    event["rawPath"] = context["http"]["path"] = path  # the gateway has decoded it
    event["routeKey"] = context["routeKey"] = f"{method} {route}"
    event["headers"] |= {name.lower(): value for name, value in (headers or {}).items()}
    context["requestId"] = str(uuid4())
    if claims is not None:
        context["authorizer"] = {"jwt": {"claims": claims, "scopes": claims.get("scope", "").split()}}
    if isinstance(body, bytes):
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    elif body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
    return event


@dataclass(frozen=True, slots=True)
class Client:
    """A caller with a token. Acts on its own account, or with `account` on a named one."""

    subject: str = field(default_factory=lambda: str(uuid4()))
    scope: str = ALL_SCOPES
    account: str | None = None
    remaining_ms: int = 15_000

    def add(self, payer: str, points: int, timestamp: str = "2020-11-02T14:00:00Z", **headers: str) -> Answer:
        """Add points of a payer, or take them back."""
        return self.send("add", {"payer": payer, "points": points, "timestamp": timestamp}, **headers)

    def spend(self, points: int, **headers: str) -> Answer:
        """Spend points."""
        return self.send("spend", {"points": points}, **headers)

    def preview(self, points: int) -> Answer:
        """Ask what a spend would take."""
        return self.send("preview", {"points": points})

    def balance(self, **query: str) -> Answer:
        """Ask for the points per payer, now or `at` some time."""
        return self.send_event("balance", self.event("balance", query=query))

    def transactions(self, **query: str) -> Answer:
        """Ask for a page of the history."""
        return self.send_event("transactions", self.event("transactions", query=query))

    def transaction(self, sequence: int | str, **query: str) -> Answer:
        """Ask for one transaction."""
        event = self.event("transactions", sequence=str(sequence), query=query)
        return self.send_event("transactions", event)

    def send(self, function: str, body: Body | None = None, **headers: str) -> Answer:
        """Send a request; `if_match` and the like become headers."""
        return self.send_event(function, self.event(function, body, **headers))

    def send_event(self, function: str, event: Event) -> Answer:
        """Hand an event to a function's handler."""
        response = HANDLERS[function].handler(event, Context(self.remaining_ms))
        headers = {name.lower(): value for name, value in response["headers"].items()}
        return Answer(response["statusCode"], headers, response["body"])

    def event(
        self,
        function: str,
        body: Body | None = None,
        *,
        sequence: str | None = None,
        query: dict[str, str] | None = None,
        **headers: str,
    ) -> Event:
        """Make the event of a request."""
        return make_event(
            function,
            body,
            account=self.account,
            sequence=sequence,
            query=query,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            claims={"sub": self.subject, "scope": self.scope},
        )


@cache
def _sample(function: str) -> str:
    return (EVENTS / f"{function}.json").read_text()
