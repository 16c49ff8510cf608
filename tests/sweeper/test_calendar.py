"""The calendar's mark, when DynamoDB answers late, badly or not at all; and how a stretch of it is gone through."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from points.storage.calendar import Calendar, Mark, Stretch
from points.storage.errors import BusyError, UnavailableError

from tests.simulator import errors
from tests.simulator.clock import START, VirtualClock

NEXT = Mark(START + timedelta(minutes=5), 16)
SOON = 5.0

THROTTLED = errors.throttled("PutItem")
LOST = errors.read_timeout()
STANDS = errors.condition_failed("PutItem", {})
DENIED = errors.denied("PutItem")


class Answers:
    """DynamoDB, which gives these answers to puts, and then only the last."""

    def __init__(self, *answers: BaseException | None) -> None:
        self._answers: Iterator[BaseException | None] = iter(answers)
        self._last = answers[-1]
        self.puts: list[dict[str, Any]] = []

    def put_item(self, **request: Any) -> dict[str, Any]:
        self.puts.append(request)
        if answer := next(self._answers, self._last):
            raise answer
        return {}


def move(client: Answers) -> bool:
    return Calendar(client, "ledger", clock=VirtualClock(), rng=Random(0)).move("due", None, NEXT, SOON)  # type: ignore[arg-type]


@pytest.mark.parametrize(("answers", "moved"), [
    ([None], True),
    ([STANDS], False),
    ([THROTTLED, THROTTLED, None], True),
    ([LOST, None], True),
    ([LOST, STANDS], False),
])  # fmt: skip
def test_a_mark_is_put_again_until_there_is_an_answer(answers: list[BaseException | None], moved: bool) -> None:
    client = Answers(*answers)
    assert move(client) is moved
    assert client.puts == [client.puts[0]] * len(answers), "always the same"


@pytest.mark.parametrize(("answer", "error"), [(THROTTLED, BusyError), (LOST, BusyError), (DENIED, UnavailableError)])
def test_a_mark_that_cannot_be_put_is_an_error(answer: BaseException, error: type[Exception]) -> None:
    with pytest.raises(error):
        move(Answers(answer))


def test_a_stretch_goes_from_hour_to_hour_up_to_its_end() -> None:
    stretch: Stretch | None = Stretch.between(START + timedelta(minutes=50), START + timedelta(hours=2, minutes=5), 3)
    begins = []
    while stretch:
        begins.append(stretch.first)
        stretch = stretch.behind(None)
    assert begins == ["2026-01-01T00:50:00.000000Z", "2026-01-01T01", "2026-01-01T02"]


def test_behind_an_entry_it_stays_in_the_hour_and_keeps_all_else() -> None:
    stretch = Stretch.between(START, START + timedelta(hours=2), 3)
    assert stretch.behind("2026-01-01T00:30:00.000000Z#anna") == stretch._replace(
        first="2026-01-01T00:30:00.000000Z#anna "
    )
