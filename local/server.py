"""The HTTP server: an ASGI application that puts the gateway in front of the functions."""

import os
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from local.functions import RunningFunction
from local.gateway import (
    LONGEST_BODY,
    Request,
    Response,
    Router,
    build_event,
    decoded_path,
    own_answer,
    preflight,
    read_result,
    refuse_stranger,
    with_cors,
)
from local.template import Cors

_WITHOUT_BODY = {204, 304}

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Server:
    """Answers requests by the functions behind their routes, and prints a line for each.

    Parameters
    ----------
    router
        The template's routes.
    functions
        The running functions by name.
    cors
        What pages of other origins may do.
    """

    def __init__(self, router: Router, functions: Mapping[str, RunningFunction], cors: Cors | None = None) -> None:
        self._router = router
        self._functions = functions
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.monotonic()
        try:
            request = await _read(scope, receive)
        except ConnectionAbortedError:
            return
        request_id = b64encode(os.urandom(11)).decode()
        response, remark = await self._answer(request, request_id)
        await _write(response, request, request_id, send)
        took = round((time.monotonic() - started) * 1000)
        print(f"{request.method} {request.path} {response.status} {took} ms{remark}", flush=True)

    async def _answer(self, request: Request, request_id: str) -> tuple[Response, str]:
        """Return the answer, and what the terminal is told besides."""
        if refused := refuse_stranger(self._cors, request):
            return refused, ""
        if allowed := preflight(self._cors, request):
            return allowed, ""
        try:
            response, remark = await self._ask(request, request_id), ""
        except Exception as error:  # noqa: BLE001 (a gateway answers, whatever happens behind it)
            response, remark = own_answer(500, "Internal Server Error"), f"  {error}"
        return with_cors(self._cors, request, response), remark

    async def _ask(self, request: Request, request_id: str) -> Response:
        found = self._router.find(request.method, decoded_path(request.path))
        if not found:
            return own_answer(404, "Not Found")
        if len(request.body) > LONGEST_BODY:
            return own_answer(413, "Request Entity Too Large")
        route, parameters = found
        event = build_event(request, route, parameters, request_id=request_id, at=datetime.now(UTC))
        return read_result(await self._functions[route.function].invoke(event))


async def _read(scope: Scope, receive: Receive) -> Request:
    return Request(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
        body=await _read_body(receive),
        protocol=f"HTTP/{scope['http_version']}",
        client=scope["client"][0],
    )


async def _read_body(receive: Receive) -> bytes:
    """Read the body to its end, but keep no more of it than shows that it is too long."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        if len(body) <= LONGEST_BODY:
            body += message["body"]
        if not message["more_body"]:
            return bytes(body)


async def _write(response: Response, request: Request, request_id: str, send: Send) -> None:
    headers = [*response.headers, ("apigw-requestid", request_id)]
    if response.status not in _WITHOUT_BODY:
        headers.append(("content-length", str(len(response.body))))
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        }
    )
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else response.body})
