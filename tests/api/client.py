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

import account
import add
import balance
import cancel
import holds
import preview
import refund
import spend
import transactions

EVENTS = Path(__file__).parents[2] / "events"
HANDLERS: dict[str, ModuleType] = {
    "add": add,
    "cancel": cancel,
    "spend": spend,
    "hold": holds,
    "capture": holds,
    "void": holds,
    "refund": refund,
    "preview": preview,
    "hold_preview": preview,
    "balance": balance,
    "account": account,
    "lots": account,
    "holds": account,
    "pending": account,
    "transactions": transactions,
    "transaction": transactions,
}
"""The function behind each call. A call goes by the name of its sample event."""

CHANGES = ("add", "cancel", "spend", "hold", "capture", "void", "refund")
READS = tuple(call for call in HANDLERS if call not in CHANGES)
ALL_SCOPES = " ".join(
    f"{whose}/{what}" for whose in ("points", "accounts") for what in ("add", "spend", "refund", "read")
)

_FIELDS = {"effective_at", "expires_at", "reference", "metadata"}
"""What stands in a body beside the points. All other named arguments of a call are headers."""

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
    call: str,
    body: Body | None = None,
    *,
    account: str | None = None,
    sequence: str | None = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    claims: dict[str, str] | None = None,
) -> Event:
    """Change a call's sample event: another body, account, transaction or query, more headers, other claims.

    What is left out stays as the sample has it, the body too.
    """
    event: Event = json.loads(_sample(call))
    context = event["requestContext"]
    method, _, route = event["routeKey"].partition(" ")
    parameters = event.get("pathParameters", {}) | ({} if sequence is None else {"sequence": sequence})
    path = route.replace("{sequence}", parameters.get("sequence", ""))
    if account is not None:
        path, route = f"/accounts/{account}{path}", f"/accounts/{{account}}{route}"
        parameters["account"] = account
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

    def add(self, payer: str, points: int, timestamp: str = "2020-11-02T14:00:00Z", **others: Any) -> Answer:
        """Add points of a payer, or take them back; `others` are more fields, or headers."""
        return self._change("add", {"payer": payer, "points": points, "timestamp": timestamp}, others)

    def cancel(self, sequence: int, **others: Any) -> Answer:
        """Cancel a pending add."""
        return self._change("cancel", {}, others, sequence)

    def spend(self, points: int, **others: Any) -> Answer:
        """Spend points."""
        return self._change("spend", {"points": points}, others)

    def refund(self, sequence: int, points: int | None = None, **others: Any) -> Answer:
        """Give back points of a spend or of a captured hold; without a number, all that is left."""
        return self._change("refund", _perhaps(points), others, sequence)

    def hold(self, points: int, **others: Any) -> Answer:
        """Set points aside."""
        return self._change("hold", {"points": points}, others)

    def capture(self, sequence: int, points: int | None = None, **others: Any) -> Answer:
        """Spend points of a hold; without a number, all of it."""
        return self._change("capture", _perhaps(points), others, sequence)

    def void(self, sequence: int, **others: Any) -> Answer:
        """Give back a hold."""
        return self._change("void", {}, others, sequence)

    def preview(self, points: int) -> Answer:
        """Ask what a spend would take."""
        return self.send("preview", {"points": points})

    def balance(self, **query: str) -> Answer:
        """Ask for the points per payer, now or `at` some time."""
        return self.get("balance", **query)

    def transactions(self, **query: str) -> Answer:
        """Ask for a page of the history."""
        return self.get("transactions", **query)

    def transaction(self, sequence: int | str, **query: str) -> Answer:
        """Ask for one transaction."""
        return self.send("transaction", sequence=str(sequence), query=query)

    def get(self, call: str, **query: str) -> Answer:
        """Read something of the account."""
        return self.send(call, query=query)

    def send(self, call: str, body: Body | None = None, **others: Any) -> Answer:
        """Send a request: see `event`."""
        return self.send_event(call, self.event(call, body, **others))

    def send_event(self, call: str, event: Event) -> Answer:
        """Hand an event to the handler of a call."""
        response = HANDLERS[call].handler(event, Context(self.remaining_ms))
        headers = {name.lower(): value for name, value in response["headers"].items()}
        return Answer(response["statusCode"], headers, response["body"])

    def event(
        self,
        call: str,
        body: Body | None = None,
        *,
        sequence: str | None = None,
        query: dict[str, str] | None = None,
        **headers: str,
    ) -> Event:
        """Make the event of a request; `if_match` and the like become headers."""
        return make_event(
            call,
            body,
            account=self.account,
            sequence=sequence,
            query=query,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            claims={"sub": self.subject, "scope": self.scope},
        )

    def _change(self, call: str, body: dict[str, Any], others: dict[str, Any], sequence: int | None = None) -> Answer:
        more = {name: value for name, value in others.items() if name in _FIELDS}
        headers = {name: value for name, value in others.items() if name not in _FIELDS}
        return self.send(call, body | more, sequence=None if sequence is None else str(sequence), **headers)


def _perhaps(points: int | None) -> dict[str, int]:
    return {} if points is None else {"points": points}


@cache
def _sample(call: str) -> str:
    return (EVENTS / f"{call}.json").read_text()
