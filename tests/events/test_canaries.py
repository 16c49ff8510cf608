"""Publishing broken on purpose: the check of what consumers are promised must notice each."""

from collections.abc import Callable, Iterable
from typing import Any

import publish
import pytest
from points.events import publishing
from points.events.bus import Bus, Event, Failed
from points.events.publishing import Unpublished

from tests.events.trouble import check

Break = Callable[[pytest.MonkeyPatch], None]


def _forgets_what_failed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(publish, "_first", lambda _: [])


def _reports_the_last_that_failed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(publish, "_first", lambda left: [{"itemIdentifier": left[-1].number}] if left else [])


def _goes_on_behind_a_failure(patch: pytest.MonkeyPatch) -> None:
    whole = publishing._put_first_of

    def put(accounts: list[str], waiting: Any, bus: Bus) -> dict[str, Unpublished]:
        failed = whole(accounts, waiting, bus)
        for account in failed:
            later = list(waiting[account])
            waiting[account].clear()
            bus.put(publishing.event_of(publishing.from_item(it.record["dynamodb"]["NewImage"])) for it in later)
        return failed

    patch.setattr(publishing, "_put_first_of", put)


def _does_not_look_at_the_entries(patch: pytest.MonkeyPatch) -> None:
    def put(bus: Bus, events: Iterable[Event]) -> list[Failed]:
        for event in events:
            list(bus._put([event]))
        return []

    patch.setattr(Bus, "put", put)


BROKEN: list[Break] = [
    _forgets_what_failed,
    _reports_the_last_that_failed,
    _goes_on_behind_a_failure,
    _does_not_look_at_the_entries,
]


def all_is_well() -> bool:
    """Whether the check finds nothing wrong in thirty histories."""
    try:
        for seed in range(30):
            check("aabacbbaacab", 1 + seed % 12, 0.5, seed)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__.strip("_"))
def test_the_check_notices(broken: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch)
    assert not all_is_well()


def test_nothing_is_noticed_of_what_is_deployed() -> None:
    assert all_is_well()
