"""The bus takes events in as few requests as they fit into, and says which of them it did not take."""

import json
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws
from points.events.bus import MOST_BYTES, Bus, Event, _bytes_of, make_client

Answer = dict[str, Any]


class FakeEventBridge:
    """Takes all but the events whose `n` is in `refused`; `lost` makes a request fail as a whole."""

    def __init__(self, *, refused: Collection[int] = (), lost: Exception | None = None) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        self._refused = refused
        self._lost = lost

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Answer:  # noqa: N803
        self.requests.append(Entries)
        if self._lost:
            raise self._lost
        results = [self._result(json.loads(entry["Detail"])["n"]) for entry in Entries]
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}

    def _result(self, number: int) -> dict[str, str]:
        if number in self._refused:
            return {"ErrorCode": "InternalFailure", "ErrorMessage": "try again"}
        return {"EventId": str(number)}


def event(number: int, *, size: int = 0) -> Event:
    return Event("points.add", {"n": number, "text": "x" * size})


def numbers(request: list[dict[str, Any]]) -> list[int]:
    return [json.loads(entry["Detail"])["n"] for entry in request]


def test_an_entry_says_what_happened_when_and_who_says_so() -> None:
    client = FakeEventBridge()
    moment = datetime(2020, 11, 2, 14, tzinfo=UTC)
    assert Bus(client, "ledger").put([Event("points.add", {"n": 1, "payer": "MÜLLER"}, moment)]) == []
    (entry,) = client.requests[0]
    assert entry == {
        "EventBusName": "ledger",
        "Source": "points-ledger",
        "DetailType": "points.add",
        "Detail": '{"n":1,"payer":"MÜLLER"}',
        "Time": moment,
    }


def test_nothing_to_put_is_no_request() -> None:
    client = FakeEventBridge()
    assert Bus(client, "ledger").put([]) == []
    assert client.requests == []


@pytest.mark.parametrize(
    ("count", "requests"),
    [(10, [range(10)]), (11, [range(10), [10]]), (25, [range(10), range(10, 20), range(20, 25)])],
)
def test_a_request_has_ten_entries_at_most_in_the_order_given(count: int, requests: list[Iterable[int]]) -> None:
    client = FakeEventBridge()
    Bus(client, "ledger").put(map(event, range(count)))
    assert list(map(numbers, client.requests)) == list(map(list, requests))


def test_a_request_is_never_larger_than_eventbridge_takes() -> None:
    client = FakeEventBridge()
    assert Bus(client, "ledger").put(event(number, size=100_000) for number in range(5)) == []
    assert list(map(numbers, client.requests)) == [[0, 1], [2, 3], [4]]
    assert all(sum(map(_bytes_of, request)) <= MOST_BYTES for request in client.requests)


def test_an_event_that_is_too_large_for_any_request_fails_alone_and_is_not_sent() -> None:
    client = FakeEventBridge()
    failed = Bus(client, "ledger").put([event(0), event(1, size=MOST_BYTES), event(2)])
    assert [(it.event.detail["n"], it.reason) for it in failed] == [(1, "TooLarge")]
    assert list(map(numbers, client.requests)) == [[0, 2]]


def test_an_entry_that_is_refused_is_returned_and_no_other() -> None:
    client = FakeEventBridge(refused={3, 12})
    failed = Bus(client, "ledger").put(map(event, range(15)))
    assert [(it.event.detail["n"], it.reason) for it in failed] == [
        (3, "InternalFailure: try again"),
        (12, "InternalFailure: try again"),
    ]


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://events.example"),
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutEvents"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_request_that_fails_or_gets_no_answer_fails_for_each_of_its_entries(error: Exception) -> None:
    failed = Bus(FakeEventBridge(lost=error), "ledger").put([event(0), event(1)])
    assert [(it.event.detail["n"], it.reason) for it in failed] == [(0, str(error)), (1, str(error))]


def test_the_service_takes_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    moment = datetime(2020, 11, 2, 14, tzinfo=UTC)
    with mock_aws():
        client: Any = make_client()
        client.create_event_bus(Name="ledger")
        assert Bus(client, "ledger").put([Event("points.add", {"n": 1}, moment), event(2)]) == []
