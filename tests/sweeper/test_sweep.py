"""What is due is recorded without anybody's calling, soon and once, whatever dies on the way."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from points.rules.terms import Hold, Spend
from points.storage import calendar
from points.storage import calls as storage_calls
from points.storage.calendar import Stretch
from points.storage.errors import ClockError
from points.storage.lines import shard_of
from points.sweeping.queue import NotQueuedError
from points.sweeping.sweep import LATE, UNDER_WAY, Job

from tests.simulator.clock import START
from tests.sweeper.world import FOREVER, DiedError, Messages, World, lot

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SOON = START + 10 * MINUTE


def die() -> None:
    raise DiedError


def names(number: int) -> list[str]:
    return [f"customer-{each}" for each in range(number)]


def test_an_expiry_a_lapse_and_an_arrival_are_recorded_and_nothing_else(world: World) -> None:
    world.record("expires", lot(SOON))
    world.record("lapses", lot(), Hold(5, SOON))
    world.record("arrives", lot(effective_at=SOON))
    world.record("waits", lot(START + DAY))
    assert world.sweep() == []
    world.wait(minutes=11)
    assert {line.account: str(line.transaction.kind) for line in world.sweep()} == {
        "expires": "expire", "lapses": "lapse", "arrives": "arrive",
    }  # fmt: skip
    assert world.kinds("waits") == ["add"]


def test_what_arrives_expires_in_its_turn(world: World) -> None:
    world.record("anna", lot(effective_at=SOON, expires_at=SOON + HOUR))
    for _ in range(2):
        world.wait(minutes=71)
        world.sweep()
    assert world.kinds("anna") == ["pending", "arrive", "expire"]


def test_a_moment_is_looked_at_only_when_no_line_before_it_can_be_under_way(world: World) -> None:
    world.record("anna", lot(SOON))
    world.clock.sleep((SOON - START + UNDER_WAY).total_seconds())
    assert world.sweep() == [], "not even at that very moment"
    world.clock.sleep(1)
    assert [line.account for line in world.sweep()] == ["anna"]


def test_what_was_recorded_long_before_is_queued_once(world: World) -> None:
    world.record("anna", lot(START + 6 * HOUR))
    for _ in range(7):
        world.wait(hours=2)
        world.sweep()
    assert len(world.due.sent) == 1
    assert world.kinds("anna") == ["add", "expire"]


def test_what_was_recorded_just_before_is_queued_once_more_two_hours_later(world: World) -> None:
    world.record("anna", lot(SOON))
    sent = []
    for _ in range(20):
        world.wait(minutes=15)
        world.sweep()
        sent.append(len(world.due.sent))
    first, second = sent.index(1), sent.index(2)
    assert timedelta(minutes=15 * (second - first)) == LATE
    assert (sent[-1], world.kinds("anna")) == (2, ["add", "expire"])


def test_an_account_in_which_nothing_is_due_any_more_costs_one_read_and_no_write(world: World) -> None:
    world.record("anna", lot(SOON), Spend(5))
    world.wait(minutes=11)
    world.sweeper().run(FOREVER)
    world.search()
    assert world.queued() == ["anna"]
    with world.calls.counted() as calls:
        assert world.settle() == []
    assert [(name, request["Limit"]) for name, request in calls] == [("query", 1)]


def test_lots_of_one_account_that_expire_together_are_one_message(world: World) -> None:
    world.record("anna", lot(SOON), lot(SOON), lot(SOON))
    world.wait(minutes=11)
    world.sweep()
    assert len(world.due.sent) == 1


def test_after_a_gap_of_days_all_of_them_are_swept(world: World) -> None:
    for day, account in enumerate(names(3)):
        world.record(account, lot(START + day * DAY + HOUR))
    world.wait(minutes=5)
    world.sweep()
    world.wait(days=2, hours=2)
    world.jobs.sent.clear()
    world.sweep()
    assert [world.kinds(account) for account in names(3)] == [["add", "expire"]] * 3
    assert len(world.jobs.sent) == 2 * 2, "a gap makes no more jobs, only longer ones"


@pytest.mark.parametrize(("before", "after"), [(8, 2), (2, 8), (8, 1), (1, 8)])
def test_when_the_number_of_shards_changes_no_account_is_forgotten(world: World, before: int, after: int) -> None:
    world.wait(minutes=5)
    world.sweep(before)
    accounts = names(12)
    for account in accounts[:6]:
        world.record(account, lot(START + 2 * HOUR), shards=before)
    for account in accounts[6:]:
        world.record(account, lot(START + 2 * HOUR), shards=after)
    for _ in range(2):
        world.wait(hours=1, minutes=2)
        world.sweep(after)
    assert [world.kinds(account) for account in accounts] == [["add", "expire"]] * 12
    assert {Job.from_text(job).stretch.shard for job in world.jobs.sent[-16:]} == set(range(8))


def test_an_account_that_writes_into_a_shard_which_the_sweep_does_not_know_yet_is_found(world: World) -> None:
    """Functions get a new number of shards one after the other."""
    account = next(name for name in names(99) if shard_of(name, 8) > 1)
    world.record(account, lot(SOON), shards=8)
    world.wait(minutes=11)
    assert world.sweep(2) == []
    world.wait(hours=2)
    assert [line.account for line in world.sweep(8)] == [account]


@pytest.mark.parametrize("late", [MINUTE, HOUR, LATE - 10 * MINUTE], ids=str)
def test_an_entry_that_comes_late_into_the_index_is_found(world: World, late: timedelta) -> None:
    world.index.missing = {"anna"}
    world.record("anna", lot(SOON))
    until_then = SOON + late
    while world.clock.now() < until_then:
        world.wait(minutes=15)
        assert world.sweep() == []
    world.index.missing = set()
    for _ in range(10):
        world.wait(minutes=15)
        world.sweep()
    assert world.kinds("anna") == ["add", "expire"]


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
def test_a_job_without_time_is_handed_over_and_skips_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(calendar, "ENTRIES_AT_ONCE", at_once)
    accounts = ["anna", "anna+", "anna.b", "annab", "bob", "zoe|z"]
    for account in accounts:
        world.record(account, lot(SOON), lot(SOON), lot(SOON + HOUR), shards=1)
    world.wait(hours=2)
    world.sweeper(1).run(FOREVER)
    jobs = len(world.jobs.sent)
    sweeper = world.sweeper(1)
    world.jobs.work_off(lambda job: sweeper.work(Job.from_text(job), world.clock.elapsed() + 1))
    assert set(world.queued()) == set(accounts)
    assert len(world.jobs.sent) > jobs, "there was more than one hour to read"
    world.settle()
    assert [world.kinds(account) for account in accounts] == [["add", "add", "add", "expire"]] * 6


def work_until_done(world: World) -> None:
    """Sweep again as the schedule does, and as the queues bring again what was not worked off."""
    world.calls.forget_plans()
    world.wait(minutes=5)
    world.sweep(1)
    assert not world.jobs.waiting
    assert not world.due.waiting


def every_call(new_world: Callable[[], World], disturb: Callable[[World, int], None]) -> int:
    """Disturb a sweep at each of its calls in turn, let it come to an end, and see that all is well."""
    for number in count(1):
        world = new_world()
        world.record("anna", lot(SOON), shards=1)
        world.record("bob", lot(SOON), lot(SOON + HOUR), shards=1)
        world.wait(minutes=11)
        with world.calls.counted() as calls:
            disturb(world, number)
        work_until_done(world)
        assert (world.kinds("anna"), world.kinds("bob")) == (["add", "expire"], ["add", "add", "expire"]), number
        if len(calls) < number:
            return number
    raise AssertionError


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_call_nothing_is_lost_and_nothing_done_twice(
    new_world: Callable[[], World], when: str, saw: Callable[[int, str], None]
) -> None:
    def disturb(world: World, number: int) -> None:
        getattr(world.calls, when)(number, die)
        with suppress(DiedError):
            world.sweep(1)

    calls = every_call(new_world, disturb)
    assert calls > 10, "reading and moving the mark, jobs, pages, messages, last lines, lots, lines"
    saw(calls, "calls of a sweep at each of which it was killed")


def test_two_runs_at_once_at_any_call_do_no_more_than_one(new_world: Callable[[], World]) -> None:
    def disturb(world: World, number: int) -> None:
        world.calls.before(number, lambda: world.sweep(1))
        world.sweep(1)

    every_call(new_world, disturb)


def test_of_two_runs_at_once_the_later_mark_may_lose_but_no_shard_is_forgotten(world: World) -> None:
    """A run of the version before, which knows fewer shards, must not write its number over the newer one."""
    world.wait(minutes=5)
    world.sweep(2)
    world.wait(minutes=5)
    world.calls.before(2, lambda: world.sweep(8))  # between reading the mark and queueing the jobs
    world.sweep(2)
    mark = world.calendar().mark("due", FOREVER)
    assert mark is not None
    assert mark.shards == 8


def test_the_mark_stays_where_it_is_if_a_job_cannot_be_queued(world: World) -> None:
    world.record("anna", lot(SOON))
    world.sweep()
    world.wait(minutes=11)
    before = world.calendar().mark("due", FOREVER)
    refusal = {"Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": False}]}
    world.jobs.send_message_batch = lambda **_: refusal  # type: ignore[method-assign]
    with pytest.raises(NotQueuedError, match="InternalError"):
        world.sweeper().run(FOREVER)
    assert world.calendar().mark("due", FOREVER) == before


def test_the_mark_never_goes_back(world: World) -> None:
    world.wait(hours=1)
    world.sweep()
    mark = world.calendar().mark("due", FOREVER)
    world.wait(minutes=-5)
    world.jobs.sent.clear()
    world.sweep()
    assert (world.calendar().mark("due", FOREVER), world.jobs.sent) == (mark, [])


def test_how_far_behind_the_mark_was_is_told(world: World) -> None:
    world.wait(hours=1)
    assert world.sweeper().run(FOREVER) == {"due": HOUR - UNDER_WAY}
    world.wait(minutes=5)
    assert world.sweeper().run(FOREVER) == {"due": 5 * MINUTE}


def test_a_clock_that_is_far_off_dynamodbs_moves_no_mark(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_calls, "MOST_SKEW", timedelta(seconds=10))
    with pytest.raises(ClockError):
        world.sweeper().run(FOREVER)
    assert [name for name, _ in world.calls.seen] == ["get_item"]


def test_the_first_run_begins_when_the_table_was_made(world: World, moto: Any) -> None:
    made_at = moto.describe_table(TableName="LedgerTable")["Table"]["CreationDateTime"]
    assert world.calendar().begins_at(FOREVER) == made_at


def test_jobs_of_a_search_that_was_turned_off_are_dropped(world: World) -> None:
    job = Job("turned off", Stretch.between(START, SOON, 0))
    assert world.sweeper().work(Job.from_text(job.to_text()), FOREVER) == 0
    assert world.calls.seen == []


def test_messages_go_out_ten_at_a_time(world: World) -> None:
    for account in names(25):
        world.record(account, lot(SOON), shards=1)
    world.wait(minutes=11)
    with world.calls.counted() as calls:
        world.sweeper(1).run(FOREVER)
        world.search(1)
    sizes = [len(request["Entries"]) for name, request in calls if name == "send_message_batch"]
    assert sizes == [2, 10, 10, 5]
    assert isinstance(world.due, Messages)
    assert sorted(world.queued()) == sorted(names(25))
