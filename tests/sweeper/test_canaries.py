"""The sweep broken on purpose: for each way, a test of it must fail."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from points.storage.calendar import Calendar, Mark, Stretch
from points.sweeping import sweep
from points.sweeping.sweep import Search, Sweeper

from tests.sweeper import test_sweep
from tests.sweeper.world import World

Patch = pytest.MonkeyPatch
NewWorld = Callable[[], World]


class _Held:
    """Keeps jobs back."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def send(self, messages: Iterable[str]) -> int:
        self.messages += messages
        return 0


def _moves_the_mark_before_the_jobs_are_queued(patch: Patch) -> None:
    whole = Sweeper._run

    def run(sweeper: Any, name: str, search: Search, deadline: float) -> timedelta:
        jobs, sweeper._jobs = sweeper._jobs, _Held()
        behind = whole(sweeper, name, search, deadline)
        jobs.send(sweeper._jobs.messages)
        sweeper._jobs = jobs
        return behind

    patch.setattr(Sweeper, "_run", run)


def _forgets_how_many_shards_there_were(patch: Patch) -> None:
    whole = Calendar.mark

    def mark(calendar: Calendar, name: str, deadline: float) -> Mark | None:
        found = whole(calendar, name, deadline)
        return found and found._replace(shards=0)

    patch.setattr(Calendar, "mark", mark)


def _looks_but_once(patch: Patch) -> None:
    patch.setattr(sweep, "LATE", timedelta())


def _looks_at_what_is_still_under_way(patch: Patch) -> None:
    patch.setattr(sweep, "UNDER_WAY", timedelta())


def _goes_on_behind_all_names_that_begin_alike(patch: Patch) -> None:
    whole = Stretch.behind
    patch.setattr(Stretch, "behind", lambda stretch, key: whole(stretch, key and key + "~"))


def _ends_with_the_hour(patch: Patch) -> None:
    whole = Stretch.behind
    patch.setattr(Stretch, "behind", lambda stretch, key: key and whole(stretch, key))


def _moves_the_mark_whatever_stands_there(patch: Patch) -> None:
    whole = Calendar.move

    def move(calendar: Calendar, name: str, _: Mark | None, mark: Mark, deadline: float) -> bool:
        return whole(calendar, name, calendar.mark(name, deadline), mark, deadline)

    patch.setattr(Calendar, "move", move)


def _killed(new_world: NewWorld, patch: Patch) -> None:  # noqa: ARG001
    test_sweep.test_killed_at_any_call_nothing_is_lost_and_nothing_done_twice(new_world, "before", lambda *_: None)


def _fewer_shards(new_world: NewWorld, patch: Patch) -> None:  # noqa: ARG001
    test_sweep.test_when_the_number_of_shards_changes_no_account_is_forgotten(new_world(), 8, 2)


def _late_entry(new_world: NewWorld, patch: Patch) -> None:  # noqa: ARG001
    test_sweep.test_an_entry_that_comes_late_into_the_index_is_found(new_world(), test_sweep.HOUR)


def _under_way(new_world: NewWorld, patch: Patch) -> None:  # noqa: ARG001
    test_sweep.test_a_moment_is_looked_at_only_when_no_line_before_it_can_be_under_way(new_world())


def _handed_over(new_world: NewWorld, patch: Patch) -> None:
    test_sweep.test_a_job_without_time_is_handed_over_and_skips_nobody(new_world(), patch, 1)


def _gap(new_world: NewWorld, patch: Patch) -> None:  # noqa: ARG001
    test_sweep.test_after_a_gap_of_days_all_of_them_are_swept(new_world())


def _two_marks(new_world: NewWorld, patch: Patch) -> None:  # noqa: ARG001
    test_sweep.test_of_two_runs_at_once_the_later_mark_may_lose_but_no_shard_is_forgotten(new_world())


@pytest.mark.parametrize(("broken", "fails"), [
    (_moves_the_mark_before_the_jobs_are_queued, _killed),
    (_forgets_how_many_shards_there_were, _fewer_shards),
    (_looks_but_once, _late_entry),
    (_looks_at_what_is_still_under_way, _under_way),
    (_goes_on_behind_all_names_that_begin_alike, _handed_over),
    (_ends_with_the_hour, _gap),
    (_moves_the_mark_whatever_stands_there, _two_marks),
])  # fmt: skip
def test_a_test_notices(
    broken: Callable[[Patch], None],
    fails: Callable[[NewWorld, Patch], None],
    new_world: NewWorld,
    monkeypatch: Patch,
) -> None:
    broken(monkeypatch)
    with pytest.raises(AssertionError):
        fails(new_world, monkeypatch)
