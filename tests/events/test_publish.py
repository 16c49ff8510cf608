"""The function behind the stream: nothing is lost and nothing overtakes; what it logs and counts."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import publish
import pytest
from hypothesis import given
from hypothesis import strategies as st
from points.events.bus import Bus
from points.events.publishing import Record

from tests.api.client import Context
from tests.events.bridges import EventBridge
from tests.events.histories import adds_of, ids
from tests.events.mapping import Mapping
from tests.events.trouble import check

BATCH = adds_of("aababcca").records
NUMBERS = [record["dynamodb"]["SequenceNumber"] for record in BATCH]


@pytest.fixture
def bridge(monkeypatch: pytest.MonkeyPatch) -> EventBridge:
    """What the function puts its events on."""
    bridge = EventBridge()
    monkeypatch.setattr(publish, "_bus", lambda: Bus(bridge, "ledger"))
    return bridge


def invoke(records: list[Record], remaining_ms: int = 15_000) -> list[str]:
    """Hand a batch to the function, and return what it reports."""
    answer = publish.handler({"Records": records}, Context(remaining_ms))
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_nothing_is_reported_of_a_batch_that_is_published(bridge: EventBridge) -> None:
    assert invoke(BATCH) == []
    assert len(bridge.taken) == len(BATCH)


@pytest.mark.parametrize("refused", range(1, len(BATCH)))
def test_the_first_line_that_fails_is_reported(bridge: EventBridge, refused: int) -> None:
    keys = BATCH[refused]["dynamodb"]["Keys"]
    bridge.refuses = lambda detail: detail["id"] == f"{keys['account']['S']}/{keys['sequence']['N']}"
    assert invoke(BATCH) == [NUMBERS[refused]]


def test_it_is_an_error_that_the_alarm_sees_if_not_even_the_first_line_is_published(bridge: EventBridge) -> None:
    bridge.refuses = lambda _: True
    with pytest.raises(publish.NotPublishedError, match="a/1: InternalFailure: try again"):
        invoke(BATCH)


def test_what_there_is_no_time_for_is_reported(bridge: EventBridge) -> None:
    with pytest.raises(publish.NotPublishedError, match="a/1: there was no time"):
        invoke(BATCH, remaining_ms=1000)
    assert bridge.requests == []


def test_what_fails_is_logged_with_its_cause_and_everything_is_counted(
    bridge: EventBridge, printed: Callable[[], list[dict[str, Any]]]
) -> None:
    bridge.refuses = lambda detail: detail["id"] in {"a/3", "c/1"}
    invoke(BATCH)
    *logged, metrics = printed()
    assert [(it["level"], it["message"], it["account"], it["sequence"], it["reason"]) for it in logged] == [
        ("ERROR", "not published", "a", 3, "InternalFailure: try again"),
        ("ERROR", "not published", "c", 1, "InternalFailure: try again"),
    ]
    assert (metrics["EventsPublished"], metrics["EventsFailed"]) == ([4], [1, 1])


@given(
    accounts=st.text("abcd", min_size=1, max_size=24),
    size=st.integers(1, 20),
    trouble=st.floats(0, 0.9),
    seed=st.integers(0, 2**32),
)
def test_every_event_is_published_and_the_first_time_in_order(
    accounts: str, size: int, trouble: float, seed: int
) -> None:
    check(accounts, size, trouble, seed)


def test_a_line_that_never_succeeds_is_kept_whole_and_holds_up_the_shard_no_longer(bridge: EventBridge) -> None:
    bridge.refuses = lambda detail: detail["id"] == "a/3"
    mapping = Mapping(lambda event: publish.handler(event, Context()), most_attempts=5)
    mapping.run(BATCH, len(BATCH))
    (kept,) = mapping.bucket
    assert json.loads(kept["payload"]) == {"Records": [BATCH[3]]}
    assert set(ids(bridge.taken)) == {"a/1", "a/2", "b/1", "b/2", "c/1", "c/2", "a/4"}


def test_it_is_soon_alone_with_a_line_that_never_succeeds(bridge: EventBridge) -> None:
    """So the others of its batch are published a few times, not for all of the hours that it is tried."""
    records = adds_of("".join(Random(0).choices("abcdefghij", k=100))).records
    bridge.refuses = lambda detail: detail["id"] == "a/1"
    Mapping(lambda event: publish.handler(event, Context()), most_attempts=50).run(records, 100)
    times = [ids(bridge.taken).count(it) for it in set(ids(bridge.taken))]
    assert max(times) <= 9
