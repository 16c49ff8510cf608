"""Runs the handlers as Lambda does: in processes of their own that serve one event at a time."""

import asyncio
import importlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import forkserver, get_context, parent_process, resource_tracker
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self
from uuid import uuid4

from local.errors import LocalError
from local.template import REGION, Function

MOST_PROCESSES = 8
"""Of one function. Each starts when it is first needed; calls beyond that many at once wait."""

MOST_BYTES = 6_291_556
"""What Lambda takes of a result, as JSON: escapes count, but characters beyond ASCII are not escaped."""

_SLOW_TO_IMPORT = [__name__, "aws_lambda_powertools.event_handler", "boto3"]


class FunctionError(Exception):
    """A handler gave no result: it raised, ran out of time, or took its process down."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler may ask about its function and the call."""

    function: Function
    aws_request_id: str
    deadline: float
    function_version = "$LATEST"

    @property
    def function_name(self) -> str:
        return self.function.name

    @property
    def memory_limit_in_mb(self) -> int:
        return self.function.memory_mb

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:000000000000:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Tell how long the call may still take."""
        return max(0, round((self.deadline - time.monotonic()) * 1000))


class RunningFunction:
    """A function and its processes, which end with it.

    Parameters
    ----------
    function
        What the template says of it.
    log
        The file that takes what it prints.
    """

    def __init__(self, function: Function, log: Path) -> None:
        self._function = function
        self._log = log
        self._processes = self._new_processes()
        self._first = self._processes.submit(_load, function.handler)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._processes.shutdown(cancel_futures=True)

    def wait_until_ready(self) -> None:
        """Wait for the first process.

        Raises
        ------
        LocalError
            The handler cannot be imported.
        """
        try:
            self._first.result()
        except (FunctionError, BrokenProcessPool) as error:
            raise LocalError(f"{self._function.name} ({self._function.handler}) does not start: {error}") from error

    async def invoke(self, event: dict[str, Any]) -> Any:
        """Hand an event to a process that is free, and return the handler's result.

        Raises
        ------
        FunctionError
            There is none.
        """
        try:
            result: str = await asyncio.wrap_future(self._submit(json.dumps(event)))
        except BrokenProcessPool as error:
            raise FunctionError("its process ended") from error
        return json.loads(result)

    def _submit(self, event: str) -> Future[str]:
        call = partial(_invoke, self._function, event, str(uuid4()))
        try:
            return self._processes.submit(call)
        except BrokenProcessPool:  # since the last call
            self._processes = self._new_processes()
            return self._processes.submit(call)

    def _new_processes(self) -> ProcessPoolExecutor:
        _start_fork_server()
        forked = get_context("forkserver")
        return ProcessPoolExecutor(MOST_PROCESSES, forked, _start_process, (self._function, self._log))


def _start_fork_server() -> None:
    """Start the process from which the others are forked, with the libraries imported: a new one is there at once.

    A terminal sends Ctrl-C to every process. These must not hear it: they end when their parent has answered what it
    was asked.
    """
    forkserver.set_forkserver_preload(_SLOW_TO_IMPORT)
    resource_tracker.ensure_running()  # would be started by the fork server, and let the signal through again
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


# What follows runs in the processes.


class _TimeIsUp(BaseException):
    """Not an Exception, so that no handler takes it for one of its own."""


def _start_process(function: Function, log: Path) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGALRM, _end_call)
    sys.stdout = sys.stderr = log.open("a", buffering=1)
    os.environ.update(function.environment)
    os.environ["AWS_LAMBDA_FUNCTION_NAME"] = function.name
    os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = str(function.memory_mb)
    sys.path.insert(0, str(function.code))


def _end_with_parent() -> None:
    if parent := parent_process():
        parent.join()
    os._exit(1)


def _end_call(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise _TimeIsUp("the function's time is up")


@cache
def _handler(reference: str) -> Callable[[dict[str, Any], Context], Any]:
    module, _, name = reference.rpartition(".")
    handler: Callable[[dict[str, Any], Context], Any] = getattr(importlib.import_module(module), name)
    return handler


def _load(handler: str) -> None:
    with _failures_as_text():
        _handler(handler)


def _invoke(function: Function, event: str, request_id: str) -> str:
    context = Context(function, request_id, time.monotonic() + function.timeout_s)
    signal.setitimer(signal.ITIMER_REAL, function.timeout_s)
    try:
        with _failures_as_text():
            return _encode(_handler(function.handler)(json.loads(event), context))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _encode(result: Any) -> str:
    """Write a result as Lambda's runtime does, and refuse what Lambda would."""
    text = json.dumps(result, ensure_ascii=False)
    size = len(text.encode())
    if size > MOST_BYTES:
        raise ValueError(f"the result has {size:,} bytes; Lambda takes at most {MOST_BYTES:,}")
    return text


@contextmanager
def _failures_as_text() -> Iterator[None]:
    """Not every exception survives the way to another process; its text does."""
    try:
        yield
    except BaseException as error:  # noqa: BLE001 (raised again as text)
        traceback.print_exc()
        raise FunctionError("".join(traceback.format_exception_only(error)).strip()) from None
