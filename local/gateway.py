"""What an API Gateway HTTP API does around a function: find the route, build the event, read the result, CORS. Pure.

The events are those of payload format 2.0, down to what is left out of them when there is nothing to say.
"""

import base64
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from local.template import DEFAULT_ROUTE, Cors, Route

Headers = Sequence[tuple[str, str]]

LONGEST_BODY = 10 * 1024 * 1024

_OWN_NAMES = {"127.0.0.1", "localhost", "[::1]"}

_TEXT_TYPE = re.compile(r"text/|application/(json|javascript|xml)\s*(;|$)", re.IGNORECASE)
_NOT_IN_EVENTS = {"connection", "cookie", "expect", "keep-alive", "te", "transfer-encoding", "upgrade"}


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it came; `path` and `query` still percent-encoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    protocol: str
    client: str


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response."""

    status: int
    headers: Headers
    body: bytes


class Router:
    """Finds the route of a request; the most specific one, if several fit, and the default one, if no other does."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [(_pattern(route.path), route) for route in sorted(routes, key=_generality)]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route of a method and a decoded path, and the path's parameters."""
        for pattern, route in self._routes:
            if route.method in (method, "ANY") and (match := pattern.fullmatch(path)):
                return route, match.groupdict()
        return None


def decoded_path(path: str) -> str:
    """Decode a path as the gateway does before it looks for a route: an encoded slash parts, an encoded `?` ends."""
    return unquote(path).partition("?")[0]


def build_event(
    request: Request, route: Route, parameters: dict[str, str], *, request_id: str, at: datetime
) -> dict[str, Any]:
    """Build the event that a function receives."""
    path = decoded_path(request.path)
    headers = _joined((name, value) for name, value in request.headers if name not in _NOT_IN_EVENTS)
    cookies = [value for name, value in request.headers if name == "cookie"]
    domain = headers.get("host", "")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": headers
        | {
            "content-length": str(len(request.body)),
            "x-amzn-trace-id": f"Root=1-{int(at.timestamp()):08x}-{request_id.encode().hex()[:24]}",
            "x-forwarded-for": request.client,
            "x-forwarded-port": domain.rpartition(":")[2],
            "x-forwarded-proto": "http",
        },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": domain,
            "domainPrefix": "local",
            "http": {
                "method": request.method,
                "path": path,
                "protocol": request.protocol,
                "sourceIp": request.client,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": route.key,
            "stage": "$default",
            "time": at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(at.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = "; ".join(cookies).split("; ")
    if request.query:
        event["queryStringParameters"] = _joined(parse_qsl(request.query, keep_blank_values=True))
    if parameters:
        event["pathParameters"] = parameters
    if request.body:
        event |= _body(request.body, headers.get("content-type", "text/plain"))
    return event


def read_result(result: Any) -> Response:
    """Read a function's result; one without a status is the body of a plain success.

    Raises
    ------
    TypeError, ValueError
        The result is no response.
    """
    if not isinstance(result, dict) or "statusCode" not in result:
        return Response(200, [("content-type", "application/json")], json.dumps(result).encode())
    status = int(result["statusCode"])
    if not 100 <= status <= 599:
        raise ValueError(f"no HTTP status: {status}")
    headers = {"content-type": "text/plain;charset=UTF-8"}
    headers |= {name.lower(): str(value) for name, value in (result.get("headers") or {}).items()}
    cookies = [("set-cookie", cookie) for cookie in result.get("cookies") or []]
    body = result.get("body") or ""
    if not isinstance(body, str):
        raise TypeError(f"a body must be text, not {type(body).__name__}")
    content = base64.b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode()
    return Response(status, [*headers.items(), *cookies], content)


def own_answer(status: int, message: str) -> Response:
    """Make an answer of the gateway itself."""
    return Response(status, [("content-type", "application/json")], f'{{"message":"{message}"}}'.encode())


def refuse_stranger(cors: Cors | None, request: Request) -> Response | None:
    """Refuse what a page from elsewhere may have made a browser on this machine send; None to any other request.

    Such a page can point a name of its own at this machine (DNS rebinding), or send a form without asking first.
    """
    headers = dict(request.headers)
    host, origin = headers.get("host", ""), headers.get("origin")
    if re.sub(r":\d+$", "", host) not in _OWN_NAMES:
        return own_answer(403, "This server answers only to 127.0.0.1 and localhost")
    if origin in (None, f"http://{host}") or (cors is not None and _allowed_origin(cors, request)):
        return None
    return own_answer(403, "Pages of other origins may not call; CORS_ORIGINS names those that may")


def preflight(cors: Cors | None, request: Request) -> Response | None:
    """Answer a browser that asks what a page may send; None to any other request, and if no page may call at all."""
    asked = dict(request.headers)
    if cors is None or request.method != "OPTIONS" or not asked.keys() >= {"origin", "access-control-request-method"}:
        return None
    origin = _allowed_origin(cors, request)
    headers = [
        ("access-control-allow-origin", origin),
        ("access-control-allow-methods", ",".join(cors.methods)),
        ("access-control-allow-headers", ",".join(cors.headers)),
        ("access-control-max-age", str(cors.max_age_s)),
    ]
    return Response(204, headers if origin else [], b"")


def with_cors(cors: Cors | None, request: Request, response: Response) -> Response:
    """Let a page of an allowed origin read a response. What the function says of that itself does not count."""
    if cors is None:
        return response
    headers = [(name, value) for name, value in response.headers if not name.startswith("access-control-")]
    if origin := _allowed_origin(cors, request):
        headers.append(("access-control-allow-origin", origin))
        headers.append(("access-control-expose-headers", ",".join(cors.exposed)))
    return Response(response.status, headers, response.body)


def _allowed_origin(cors: Cors, request: Request) -> str:
    """Return the origin that is allowed to read the answer to a request, or nothing."""
    origin = dict(request.headers).get("origin", "")
    if "*" in cors.origins:
        return "*" if origin else ""
    return origin if origin in cors.origins else ""


def _pattern(path: str) -> re.Pattern[str]:
    if path == DEFAULT_ROUTE:
        return re.compile("(?s:.*)")
    return re.compile(
        re.sub(
            r"\\{(\w+)(\\\+)?\\}",
            lambda part: f"(?P<{part[1]}>{'.+' if part[2] else '[^/]+'})",
            re.escape(path),
        )
    )


def _generality(route: Route) -> tuple[bool, list[int], bool]:
    parts = [2 if part.endswith("+}") else int(part.startswith("{")) for part in route.path.split("/")]
    return route.path == DEFAULT_ROUTE, parts, route.method == "ANY"


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Join the values of a name that comes more than once."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: ",".join(several) for name, several in values.items()}


def _body(body: bytes, content_type: str) -> dict[str, Any]:
    if _TEXT_TYPE.match(content_type):
        try:
            return {"body": body.decode()}
        except UnicodeDecodeError:
            pass  # not the text it says it is
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
