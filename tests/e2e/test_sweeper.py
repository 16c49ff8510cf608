"""What time does is recorded on the deployed stack though nobody calls: schedule, queues and functions do it."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from points.sweeping.sweep import UNDER_WAY

from tests.e2e.conftest import Caller
from tests.e2e.listener import Event, Listener, once
from tools.deploy_local.stack import REMINDER_DAYS, Stack

EXPIRES_S = 20
"""Long enough for the calls before."""

LONGEST_SWEEP_S = 600
"""A run begins every minute, and three functions start for it, one after the other."""


@pytest.fixture
def every_minute(stack: Stack) -> Iterator[None]:
    """Let the schedule start a run every minute, the most often there is."""
    scheduler = stack.client("scheduler")
    own = set(stack.physical_ids().values())  # the books' stack has a schedule too
    (name,) = [it["Name"] for it in scheduler.list_schedules()["Schedules"] if it["Name"] in own]
    schedule = scheduler.get_schedule(Name=name)
    kept = {key: schedule[key] for key in ("Name", "Target", "FlexibleTimeWindow", "State")}
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("rate(5 minutes)", "ENABLED")
    scheduler.update_schedule(**kept, ScheduleExpression="rate(1 minute)")
    yield
    scheduler.update_schedule(**kept, ScheduleExpression="rate(5 minutes)")


@pytest.fixture
def listener(stack: Stack) -> Listener:
    """Hear of what happens from now on."""
    return Listener(stack)


def in_(seconds: float, days: int = 0) -> str:
    return (datetime.now(UTC) + timedelta(days=days, seconds=seconds)).isoformat()


@pytest.fixture
def started(caller: Callable[..., Caller], token: str) -> None:
    """Start the functions for adds and holds: on a busy machine, that takes longer than points last here."""
    other = caller(token, "starter")
    other.add("DANNON", 1, "2021-01-01T00:00:00Z")
    assert other.send("POST", "/holds", {"points": 1}).status == 200


@pytest.mark.usefixtures("every_minute", "started")
def test_an_expiry_a_lapse_and_an_arrival_that_nobody_called_for_and_a_reminder(
    somebody: Caller, listener: Listener
) -> None:
    def change(path: str, points: int, **more: str) -> None:
        lot = {"payer": "DANNON", "timestamp": "2021-01-01T00:00:00Z"} if path == "/add" else {}
        answer = somebody.send("POST", path, {"points": points, **lot, **more})
        assert answer.status == 200, answer.text

    change("/add", 100, expires_at=in_(10, REMINDER_DAYS))
    change("/holds", 60, expires_at=in_(EXPIRES_S))
    change("/add", 7, expires_at=in_(EXPIRES_S))
    change("/add", 5, effective_at=in_(EXPIRES_S))
    time.sleep(EXPIRES_S + UNDER_WAY.total_seconds())

    def is_reminder(event: Event) -> bool:
        return event["detail-type"] == "points.expiring"

    def enough(events: list[Event]) -> bool:
        reminded = any(is_reminder(event) and event["detail"]["points"] == 100 for event in events)
        return reminded and len([event for event in once(events) if not is_reminder(event)]) == 7

    events = once(listener.hear_until(str(somebody.account), enough, LONGEST_SWEEP_S))
    recorded = [event["detail-type"].removeprefix("points.") for event in events if not is_reminder(event)]
    assert recorded == ["add", "hold", "add", "pending", "lapse", "expire", "arrive"]
    told_of = sorted(event["detail"]["points"] for event in events if is_reminder(event))
    assert told_of in ([100], [7, 100]), "the first run ever also tells of what expires sooner"
    history = somebody.send("GET", "/transactions").json["transactions"]
    assert [it["kind"] for it in reversed(history)] == recorded, "these are the lines, and no call wrote the last three"
    assert somebody.balance() == {"DANNON": 105}
