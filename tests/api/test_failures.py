"""What a caller is told when there is no such route, or when DynamoDB fails: above all, whether it was recorded."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import DEFAULT, Mock

import pytest
from points.api import runtime
from points.storage import calls
from points.storage.calls import MOST_SKEW

from tests.api.client import HANDLERS, Answer, Client
from tests.api.failures import NO_ANSWER, NOT_CONNECTED, client_error, lost_answers, rival_first
from tests.api.moments import MINUTE, after
from tests.api.problems import assert_problem
from tests.simulator.clock import VirtualClock

StandIn = Callable[..., None]

THROTTLED = client_error("ProvisionedThroughputExceededException")
SERVER_ERROR = client_error("InternalServerError", 500)
DENIED = client_error("AccessDeniedException")


def assert_busy(answer: Answer) -> None:
    assert_unavailable(answer, "busy")


def assert_unavailable(answer: Answer, kind: str = "unavailable") -> None:
    assert_problem(answer, 503, kind)
    assert "Nothing was recorded" in answer.json["detail"]
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("call", HANDLERS)
@pytest.mark.parametrize("route", ["POST /nothing", "GET /", "POST /accounts/{account}", "PUT /spend", "$default"])
def test_a_route_that_is_another_function_s(client: Client, call: str, route: str) -> None:
    event = client.event(call, {"points": 1}) | {"routeKey": route}

    assert_problem(client.send_event(call, event), 404, "no-route")


@pytest.mark.parametrize("error", [THROTTLED, NOT_CONNECTED, DENIED], ids=["throttled", "not connected", "denied"])
def test_a_put_refused_to_the_end(client: Client, stand_in: StandIn, error: Exception) -> None:
    client.add("DANNON", 100)
    stand_in(put_item=Mock(side_effect=error))
    kind = "unavailable" if error is DENIED else "busy"

    assert_unavailable(client.add("DANNON", 1), kind)
    assert_unavailable(client.spend(1), kind)
    assert client.balance().json == {"DANNON": 100}


@pytest.mark.parametrize(
    "error",
    [THROTTLED, NOT_CONNECTED, DENIED, SERVER_ERROR, NO_ANSWER],
    ids=["throttled", "not connected", "denied", "server error", "no answer"],
)
@pytest.mark.parametrize("call", HANDLERS)
def test_a_read_that_fails_to_the_end(client: Client, stand_in: StandIn, call: str, error: Exception) -> None:
    put_item = Mock()
    stand_in(query=Mock(side_effect=error), get_item=Mock(side_effect=error), put_item=put_item)

    assert_unavailable(client.send(call), "unavailable" if error is DENIED else "busy")
    put_item.assert_not_called()


def test_a_change_that_loses_every_race(client: Client, stand_in: StandIn, dynamodb: Any) -> None:
    stand_in(put_item=rival_first(dynamodb, client.subject))

    assert_busy(replace(client, remaining_ms=6_000).add("DANNON", 1))

    assert client.balance().json.keys() == {"RIVAL"}


def test_a_clock_that_is_far_off_writes_nothing(
    client: Client, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, dynamodb: Any
) -> None:
    """It could let points expire for good. Whoever only reads may err about now."""
    client.add("DANNON", 100)
    put_item = Mock(wraps=dynamodb.put_item)
    stand_in(put_item=put_item)
    monkeypatch.setattr(calls, "MOST_SKEW", MOST_SKEW)

    assert_unavailable(client.add("DANNON", 1))
    assert_unavailable(client.spend(1))
    put_item.assert_not_called()
    assert client.balance().status == 200


@pytest.mark.parametrize("error", [NO_ANSWER, SERVER_ERROR], ids=["no answer", "server error"])
def test_a_put_of_what_time_has_done_without_a_clear_answer(
    client: Client, clock: VirtualClock, stand_in: StandIn, dynamodb: Any, error: Exception
) -> None:
    """The change that was asked for was not even sent: nothing was recorded of it."""
    client.add("DANNON", 100, expires_at=after(MINUTE), idempotency_key="k")
    clock.sleep(MINUTE)
    stand_in(put_item=lost_answers(dynamodb, error, landed=True))

    assert_busy(client.add("UNILEVER", 1))

    assert client.balance().json == {"DANNON": 0}


def test_a_throttle_that_passes_is_not_noticed(client: Client, stand_in: StandIn, dynamodb: Any) -> None:
    stand_in(put_item=Mock(side_effect=[THROTTLED, THROTTLED, DEFAULT], wraps=dynamodb.put_item))

    assert client.add("DANNON", 100).status == 200
    assert client.balance().json == {"DANNON": 100}


def test_a_request_that_comes_too_late_starts_nothing(client: Client, stand_in: StandIn) -> None:
    mocks = {name: Mock() for name in ("query", "get_item", "put_item")}
    stand_in(**mocks)
    too_late = replace(client, remaining_ms=3_000)

    assert_busy(too_late.add("DANNON", 100))
    assert_busy(too_late.balance())
    assert not any(call.called for call in mocks.values())


def test_a_line_of_a_newer_version_is_not_touched(client: Client, stand_in: StandIn, dynamodb: Any) -> None:
    def newer(**request: Any) -> Any:
        answer = dynamodb.query(**request)
        return {**answer, "Items": [{**item, "format": {"N": "4"}} for item in answer["Items"]]}

    client.add("DANNON", 100)
    put_item = Mock()
    stand_in(query=newer, put_item=put_item)

    for answer in (client.add("DANNON", 1), client.spend(1), client.balance()):
        assert_unavailable(answer)
    put_item.assert_not_called()


@pytest.mark.parametrize("error", [NO_ANSWER, SERVER_ERROR], ids=["no answer", "server error"])
@pytest.mark.parametrize("landed", [True, False])
def test_a_put_without_a_clear_answer(
    client: Client, stand_in: StandIn, dynamodb: Any, error: Exception, *, landed: bool
) -> None:
    """Nobody knows what became of it; the same request with the same key finds out, and takes effect once."""
    stand_in(put_item=lost_answers(dynamodb, error, landed=landed))
    unknown = client.add("DANNON", 100, idempotency_key="once")
    assert_problem(unknown, 504, "outcome-unknown")
    assert "same Idempotency-Key" in unknown.json["detail"]
    assert "Nothing was recorded" not in unknown.text

    stand_in(put_item=dynamodb.put_item)
    found_out = client.add("DANNON", 100, idempotency_key="once")
    assert found_out.status == 200
    assert ("idempotency-replayed" in found_out.headers) is landed
    assert client.balance().json == {"DANNON": 100}


def test_an_answer_that_is_lost_once_is_not_noticed(client: Client, stand_in: StandIn, dynamodb: Any) -> None:
    """The put is sent again, and finds its own line."""
    stand_in(put_item=lost_answers(dynamodb, NO_ANSWER, landed=True, times=1))

    assert client.add("DANNON", 100).etag == '"1"'
    assert client.balance().json == {"DANNON": 100}


def test_what_nobody_expected_is_not_explained(client: Client, stand_in: StandIn) -> None:
    stand_in(query=Mock(side_effect=RuntimeError("the secret of dynamodb.py")))

    answer = client.balance()

    assert_problem(answer, 500, "internal-error")
    assert "secret" not in answer.text


def test_a_function_without_its_table_says_no_more_either(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TABLE_NAME")
    runtime.passbook.cache_clear()

    assert_problem(client.balance(), 500, "internal-error")
