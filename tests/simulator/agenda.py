"""Several courses of events at once, in virtual time."""

from collections.abc import Generator
from heapq import heappop, heappush
from itertools import count

from tests.simulator.clock import VirtualClock

Course = Generator[float, None, None]
"""What somebody does. It yields the seconds until they go on."""


class Agenda:
    """Lets courses go on, each when its time has come, and moves the clock to there."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._entries: list[tuple[float, int, Course]] = []
        self._numbers = count()

    def start(self, course: Course) -> None:
        """Let a course begin."""
        self._go_on(course)

    def run(self) -> None:
        """Let all courses go on to their ends."""
        while self._entries:
            at, _, course = heappop(self._entries)
            self._clock.sleep(at - self._clock.elapsed())
            self._go_on(course)

    def _go_on(self, course: Course) -> None:
        for seconds in course:
            heappush(self._entries, (self._clock.elapsed() + seconds, next(self._numbers), course))
            return
