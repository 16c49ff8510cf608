"""The bus takes events in as few requests as they fit into, and says which of them it did not take."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from points.events.bus import MOST_BYTES, Bus, Event, make_client

from tests.events.bridges import EventBridge, no_answer


def event(number: int, *, size: int = 0) -> Event:
    return Event("points.add", {"n": number, "text": "x" * size})


def numbers(client: EventBridge) -> list[list[int]]:
    return [[detail["n"] for detail in request] for request in client.details()]


def test_an_entry_says_what_happened_when_and_who_says_so() -> None:
    client = EventBridge()
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
    client = EventBridge()
    assert Bus(client, "ledger").put([]) == []
    assert client.requests == []


@pytest.mark.parametrize(
    ("count", "requests"),
    [(10, [range(10)]), (11, [range(10), [10]]), (25, [range(10), range(10, 20), range(20, 25)])],
)
def test_a_request_has_ten_entries_at_most_in_the_order_given(count: int, requests: list[Iterable[int]]) -> None:
    client = EventBridge()
    Bus(client, "ledger").put(map(event, range(count)))
    assert numbers(client) == list(map(list, requests))


def test_events_share_a_request_as_long_as_that_stays_small() -> None:
    client = EventBridge()
    sizes = [100_000, 100_000, 100_000, 900_000, 100_000]
    assert Bus(client, "ledger").put(event(number, size=size) for number, size in enumerate(sizes)) == []
    assert numbers(client) == [[0, 1], [2], [3], [4]]


def test_an_event_that_is_too_large_for_any_request_fails_alone_and_is_not_sent() -> None:
    client = EventBridge()
    failed = Bus(client, "ledger").put([event(0), event(1, size=MOST_BYTES), event(2)])
    assert [(it.event.detail["n"], it.reason) for it in failed] == [(1, "TooLarge")]
    assert numbers(client) == [[0, 2]]


def test_a_size_is_counted_in_bytes_of_all_that_is_sent() -> None:
    moment = datetime(2020, 11, 2, 14, tzinfo=UTC)
    text = "points-ledger" + "points.add" + '{"payer":"MÜLLER"}'
    assert Event("points.add", {"payer": "MÜLLER"}).size == len(text.encode())
    assert Event("points.add", {"payer": "MÜLLER"}, moment).size == len(text.encode()) + 14


def test_an_entry_that_is_refused_is_returned_and_no_other() -> None:
    client = EventBridge(lambda detail: detail["n"] in {3, 12})
    failed = Bus(client, "ledger").put(map(event, range(15)))
    assert [(it.event.detail["n"], it.reason) for it in failed] == [
        (3, "InternalFailure: try again"),
        (12, "InternalFailure: try again"),
    ]


@pytest.mark.parametrize(
    "error",
    [
        no_answer(),
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutEvents"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_request_that_fails_or_gets_no_answer_fails_for_each_of_its_entries(error: Exception) -> None:
    client = EventBridge()
    client.put_events = Mock(side_effect=error)  # type: ignore[method-assign]
    failed = Bus(client, "ledger").put([event(0), event(1)])
    assert [(it.event.detail["n"], it.reason) for it in failed] == [(0, str(error)), (1, str(error))]


def test_the_service_takes_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    moment = datetime(2020, 11, 2, 14, tzinfo=UTC)
    with mock_aws():
        client: Any = make_client()
        client.create_event_bus(Name="ledger")
        assert Bus(client, "ledger").put([Event("points.add", {"n": 1}, moment), event(2)]) == []
