"""How the local server runs handlers: in processes, one event at a time each."""

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from local.errors import LocalError
from local.functions import FunctionError, RunningFunction
from local.template import Function

HANDLERS = """
    import os
    import pathlib
    import time

    PLACE = os.environ["PLACE"]
    busy = False

    def handler(event, context):
        return globals()[event["do"]](event, context)

    def describe(event, context):
        return {
            "place": PLACE,
            "process": os.getpid(),
            "name": context.function_name,
            "memory": context.memory_limit_in_mb,
            "arn": context.invoked_function_arn,
            "id": context.aws_request_id,
            "remaining": context.get_remaining_time_in_millis(),
        }

    def overlap(event, context):
        global busy
        was_busy, busy = busy, True
        time.sleep(0.05)
        busy = False
        return was_busy

    def meet(event, context):
        arrived = pathlib.Path(__file__).with_name("arrived")
        arrived.mkdir(exist_ok=True)
        (arrived / str(os.getpid())).touch()
        while len(list(arrived.iterdir())) < 2:
            time.sleep(0.01)

    def fail(event, context):
        raise KeyError("no such thing")

    def hang(event, context):
        try:
            time.sleep(60)
        except Exception:
            return "caught"

    def die(event, context):
        os._exit(3)

    def answer_as_much_as_lambda_takes(event, context):
        return "ż" * ((6_291_556 - 2) // 2)

    def answer_a_byte_more(event, context):
        return answer_as_much_as_lambda_takes(event, context) + "z"

    def answer_too_much_once_escaped(event, context):
        return '"' * 3_145_778

    def answer_what_is_no_json(event, context):
        return object()
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    (tmp_path / "throwaway.py").write_text(dedent(HANDLERS))
    return tmp_path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def function(code: Path, log: Path) -> Iterator[RunningFunction]:
    with RunningFunction(make(code), log) as function:
        function.wait_until_ready()
        yield function


def make(code: Path, handler: str = "throwaway.handler", timeout_s: int = 1) -> Function:
    return Function("Throwaway", handler, code, {"PLACE": "here"}, timeout_s, memory_mb=256)


def invoke(function: RunningFunction, *what: str) -> list[Any]:
    async def all_at_once() -> list[Any]:
        calls = [function.invoke({"do": do}) for do in what]
        return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(all_at_once())


def test_a_handler_has_its_environment_and_a_context(function: RunningFunction) -> None:
    (told,) = invoke(function, "describe")
    assert told["place"] == "here"
    assert told["process"] != os.getpid()
    assert (told["name"], told["memory"]) == ("Throwaway", 256)
    assert told["arn"].endswith(":function:Throwaway")
    assert len(told["id"]) == 36
    assert 0 < told["remaining"] <= 1000


def test_a_process_serves_one_call_at_a_time(function: RunningFunction) -> None:
    assert invoke(function, *["overlap"] * 12) == [False] * 12


def test_calls_are_served_at_once_by_several_processes(code: Path, log: Path) -> None:
    with RunningFunction(make(code, timeout_s=30), log) as function:
        assert invoke(function, "meet", "meet") == [None, None]


def test_a_process_is_used_again(function: RunningFunction) -> None:
    first, second = invoke(function, "describe"), invoke(function, "describe")
    assert first[0]["process"] == second[0]["process"]
    assert first[0]["id"] != second[0]["id"]


@pytest.mark.parametrize(
    ("do", "reason"),
    [
        ("fail", "KeyError: 'no such thing'"),
        ("hang", "the function's time is up"),
        ("die", "its process ended"),
        ("answer_what_is_no_json", "not JSON serializable"),
    ],
)
def test_a_call_that_fails_says_why_and_the_next_one_works(function: RunningFunction, do: str, reason: str) -> None:
    (error,) = invoke(function, do)
    assert isinstance(error, FunctionError)
    assert reason in str(error)
    (told,) = invoke(function, "describe")
    assert told["place"] == "here"


@pytest.mark.parametrize("do", ["answer_a_byte_more", "answer_too_much_once_escaped"])
def test_an_answer_that_lambda_would_not_take_is_refused(code: Path, log: Path, do: str) -> None:
    with RunningFunction(make(code, timeout_s=30), log) as function:
        most, error = invoke(function, "answer_as_much_as_lambda_takes", do)
    assert len(most) == 3_145_777
    assert isinstance(error, FunctionError)
    assert re.search(r"the result has 6,291,55[78] bytes; Lambda takes at most 6,291,556", str(error))


def test_the_log_has_the_trace_of_what_a_handler_raised(function: RunningFunction, log: Path) -> None:
    invoke(function, "fail")
    assert "in fail" in log.read_text()


def test_a_handler_that_cannot_be_imported_is_named(code: Path, log: Path) -> None:
    reason = r"Throwaway \(missing\.handler\).*No module named 'missing'"
    with RunningFunction(make(code, "missing.handler"), log) as function, pytest.raises(LocalError, match=reason):
        function.wait_until_ready()
