"""The clients: what does what the calls and their attempts ask for, at once or in an event loop.

All that a call is stands in `calls.py`, all that a retry is in `attempts.py`. What is left to be written twice is how
to send, to wait and to iterate.
"""

import asyncio
import inspect
import re
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import quote

import httpx

from points_ledger import calls
from points_ledger.attempts import Ask, Authorize, Lost, Patience, Pause, Send, Step, settle
from points_ledger.errors import LedgerError
from points_ledger.http import Call, Pages, Response, Steps
from points_ledger.tokens import Token, tokens_of

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")
Self = TypeVar("Self", bound="_Common")

_ACCOUNT = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:@|+-]{1,128}")


class _Common:
    """What both clients know: where the ledger is, and which account their calls are about."""

    _url: str
    _prefix: str

    def _point_to(self, url: str, account: str | None) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} is no URL: it must begin with http:// or https://")
        if account is not None and not _ACCOUNT.fullmatch(account):
            raise ValueError(
                f"{account!r} is no account: 1 to 128 characters, each a letter, a digit or one of ._:@|+-"
            )
        self._url = url.rstrip("/")
        self._prefix = "" if account is None else f"/accounts/{quote(account, safe='')}"

    def of(self: Self, account: str | None) -> Self:
        """Return a client of another account over the same connections and tokens; None for the caller's own."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._point_to(self._url, account)
        return other

    def _arguments(self, step: Send) -> dict[str, Any]:
        """Return what httpx is to be told."""
        request = step.request
        headers = {} if step.token is None else {"Authorization": f"Bearer {step.token}"}
        return {
            "method": request.method,
            "url": request.path if "://" in request.path else f"{self._url}{self._prefix}{request.path}",
            "params": request.query or None,
            "headers": {**headers, **request.headers},
            "json": request.json,
            "data": request.form,
            "timeout": step.timeout_s,
        }


def _answer(response: httpx.Response) -> Response:
    return Response(response.status_code, response.headers, response.content)


def _lost(error: httpx.TransportError) -> Lost:
    never_sent = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError))
    return Lost(f"{type(error).__name__}: {error}".rstrip(": "), sent=not never_sent)


# How a description becomes a method, of either client.


def _does(describe: Callable[P, Steps[T]]) -> "Callable[Concatenate[Client, P], T]":
    @_named_after(describe)
    def method(self: "Client", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return _drive(iter(describe(*args, **kwargs)), self._call)

    return method


def _iterates(describe: Callable[P, Pages[T]]) -> "Callable[Concatenate[Client, P], Iterator[T]]":
    @_named_after(describe)
    def method(self: "Client", /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        pages, cursor = describe(*args, **kwargs), None
        while True:
            page = self._call(pages(cursor))
            yield from page.entries
            if (cursor := page.next_cursor) is None:
                return

    return method


def _does_async(describe: Callable[P, Steps[T]]) -> "Callable[Concatenate[AsyncClient, P], Awaitable[T]]":
    @_named_after(describe)
    async def method(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await _drive_async(iter(describe(*args, **kwargs)), self._call)

    return method


def _iterates_async(describe: Callable[P, Pages[T]]) -> "Callable[Concatenate[AsyncClient, P], AsyncIterator[T]]":
    @_named_after(describe)
    async def method(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        pages, cursor = describe(*args, **kwargs), None
        while True:
            page = await self._call(pages(cursor))
            for entry in page.entries:
                yield entry
            if (cursor := page.next_cursor) is None:
                return

    return method


def _named_after(describe: Callable[..., object]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Have a method show the name, the help and the arguments of what it was made of."""
    described = inspect.signature(describe)
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    shown = described.replace(
        parameters=[itself, *described.parameters.values()], return_annotation=inspect.Signature.empty
    )

    def name(method: Callable[P, T]) -> Callable[P, T]:
        named: Any = wraps(describe)(method)
        named.__signature__ = shown
        return cast("Callable[P, T]", named)

    return name


def _drive(steps: Generator[S, Any, T], do: Callable[[S], Any]) -> T:
    """Do step after step, hand in what each comes to, and return the result."""
    try:
        step = next(steps)
        while True:
            try:
                outcome = do(step)
            except LedgerError as error:  # noqa: PERF203 - the steps may go on from it
                step = steps.throw(error)
            else:
                step = steps.send(outcome)
    except StopIteration as end:
        result: T = end.value
        return result


async def _drive_async(steps: Generator[S, Any, T], do: Callable[[S], Awaitable[Any]]) -> T:
    """Do the same in an event loop."""
    try:
        step = next(steps)
        while True:
            try:
                outcome = await do(step)
            except LedgerError as error:  # noqa: PERF203 - the steps may go on from it
                step = steps.throw(error)
            else:
                step = steps.send(outcome)
    except StopIteration as end:
        result: T = end.value
        return result


class Client(_Common):
    """A client of the points ledger. Threads may share it. Close it at the end, or use it in a `with`.

    Parameters
    ----------
    url
        Where the ledger is, such as `https://points.example.com`.
    token
        A token, a function that returns one, or `ClientCredentials`; None for a ledger that wants none.
    account
        The account that all calls are about; None for the caller's own.
    patience
        How long to go on.
    transport
        What httpx sends by; None for its own.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token | None = None,
        account: str | None = None,
        patience: Patience = Patience(),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._point_to(url, account)
        self._patience = patience
        self._tokens = tokens_of(token, patience)
        self._one_at_a_time = threading.Lock()
        self._http = httpx.Client(transport=transport)

    add = _does(calls.add)
    spend = _does(calls.spend)
    preview = _does(calls.preview)
    spend_previewed = _does(calls.spend_previewed)
    refund = _does(calls.refund)
    cancel = _does(calls.cancel)
    hold = _does(calls.hold)
    preview_hold = _does(calls.preview_hold)
    capture = _does(calls.capture)
    void = _does(calls.void)
    balance = _does(calls.balance)
    account = _does(calls.account)
    lots = _iterates(calls.lots)
    holds = _iterates(calls.holds)
    pending = _iterates(calls.pending)
    transactions = _iterates(calls.transactions)
    transaction = _does(calls.transaction)

    def close(self) -> None:
        """Close the connections, which are also those of every client `of` another account."""
        self._http.close()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, call: Call[T]) -> T:
        return _drive(settle(call, self._patience), self._do)

    def _do(self, step: Step) -> Any:
        match step:
            case Authorize(refused=refused):
                with self._one_at_a_time:  # whoever waits finds the token that the first has fetched
                    return _drive(self._tokens.current(refused), self._do)
            case Send():
                try:
                    return _answer(self._http.request(**self._arguments(step)))
                except httpx.TransportError as error:
                    return _lost(error)
            case Pause(seconds=seconds):
                return time.sleep(seconds)
            case Ask(question=question):
                return question()


class AsyncClient(_Common):
    """A client for an event loop, with the same methods; `transactions` and its like are iterated by `async for`.

    Parameters
    ----------
    url, account, patience, transport
        As of `Client`.
    token
        As of `Client`; a function may be a coroutine function too.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token | None = None,
        account: str | None = None,
        patience: Patience = Patience(),
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._point_to(url, account)
        self._patience = patience
        self._tokens = tokens_of(token, patience)
        self._one_at_a_time = asyncio.Lock()
        self._http = httpx.AsyncClient(transport=transport)

    add = _does_async(calls.add)
    spend = _does_async(calls.spend)
    preview = _does_async(calls.preview)
    spend_previewed = _does_async(calls.spend_previewed)
    refund = _does_async(calls.refund)
    cancel = _does_async(calls.cancel)
    hold = _does_async(calls.hold)
    preview_hold = _does_async(calls.preview_hold)
    capture = _does_async(calls.capture)
    void = _does_async(calls.void)
    balance = _does_async(calls.balance)
    account = _does_async(calls.account)
    lots = _iterates_async(calls.lots)
    holds = _iterates_async(calls.holds)
    pending = _iterates_async(calls.pending)
    transactions = _iterates_async(calls.transactions)
    transaction = _does_async(calls.transaction)

    async def close(self) -> None:
        """Close the connections, which are also those of every client `of` another account."""
        await self._http.aclose()

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _call(self, call: Call[T]) -> T:
        return await _drive_async(settle(call, self._patience), self._do)

    async def _do(self, step: Step) -> Any:
        match step:
            case Authorize(refused=refused):
                async with self._one_at_a_time:  # whoever waits finds the token that the first has fetched
                    return await _drive_async(self._tokens.current(refused), self._do)
            case Send():
                try:
                    return _answer(await self._http.request(**self._arguments(step)))
                except httpx.TransportError as error:
                    return _lost(error)
            case Pause(seconds=seconds):
                return await asyncio.sleep(seconds)
            case Ask(question=question):
                answer = question()
                return await answer if inspect.isawaitable(answer) else answer
