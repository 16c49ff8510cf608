"""Real code, run one step at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from greenlet import greenlet

from tests.simulator.calls import Answer, Call, Client, Response
from tests.simulator.clock import FastClock, VirtualClock

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Pause:
    """A step that only waits."""

    seconds: float


class SteppedClock(FastClock):
    """A clock that shows the driver's time, wrongly perhaps, and leaves it to the driver what to do about a pause."""

    def __init__(self, time: VirtualClock, stop: Callable[[Pause], Any], fast: float) -> None:
        super().__init__(time, fast)
        self._stop = stop

    def sleep(self, seconds: float) -> None:
        self._stop(Pause(seconds))


class Process(Generic[Result]):
    """A function that stops before its every call and pause, until its driver resumes it.

    Parameters
    ----------
    run
        The function, given the client and the clock that it has to use.
    time
        The driver's time.
    fast
        How many seconds the function's clock is fast of that.

    Attributes
    ----------
    step
        What the function is about to do; None once it has returned.
    result
        What it returned.
    """

    def __init__(self, run: Callable[[Client, SteppedClock], Result], time: VirtualClock, fast: float = 0.0) -> None:
        self.step: Call | Pause | None = None
        self.result: Result | None = None
        self._greenlet = greenlet(lambda: run(Client(self._call), SteppedClock(time, self._stop, fast)))
        self._go_on(self._greenlet.switch())

    def resume(self, answer: Answer | None = None) -> None:
        """Let the function take its step; a call gets this answer."""
        self._go_on(self._greenlet.switch(answer))

    def _go_on(self, outcome: Any) -> None:
        if self._greenlet.dead:
            self.step, self.result = None, outcome
        else:
            self.step = outcome

    def _stop(self, step: Call | Pause) -> Any:
        assert self._greenlet.parent is not None
        return self._greenlet.parent.switch(step)

    def _call(self, call: Call) -> Response:
        answer: Answer = self._stop(call)
        return answer.unpack()
