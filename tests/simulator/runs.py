"""Attempts as values: what an attempt does next depends on the answers that it got, and on nothing else."""

from random import Random

from tests.simulator.attempts import PATIENCE_S, Ending, Request, perform
from tests.simulator.calls import Answer, Call
from tests.simulator.clock import VirtualClock
from tests.simulator.faults import Fault
from tests.simulator.network import Sent
from tests.simulator.process import Pause, Process


class Run:
    """An attempt at a request after some answers. To go on with one more, the real code is run again, and given them.

    An attempt with the same answers is the same object, so runs compare by identity.

    Attributes
    ----------
    call
        What it is about to ask; None once it has ended.
    ending
        How it ended.
    sent
        What it has asked so far, and what came back.
    """

    def __init__(
        self, name: str, request: Request, sent: tuple[Sent, ...] = (), execution: "Execution | None" = None
    ) -> None:
        self.name = name
        self.request = request
        self.sent = sent
        self._execution: Execution | None = execution or Execution(name, request, sent)
        self._next: dict[tuple[Answer, Fault | None], Run] = {}
        self.call = self._execution.call
        self.ending: Ending | None = self._execution.ending

    def given(self, answer: Answer, fault: Fault | None = None) -> "Run":
        """Return this run after an answer."""
        key = (answer, fault)
        if key not in self._next:
            self._next[key] = self._go_on(answer, fault)
        return self._next[key]

    def _go_on(self, answer: Answer, fault: Fault | None) -> "Run":
        assert self.call is not None
        at = sum(one.answer.seconds for one in self.sent)
        sent = (*self.sent, Sent(self.name, at, self.call, fault, answer))
        execution, self._execution = self._execution, None
        if execution:
            execution.give(answer)
        return Run(self.name, self.request, sent, execution)


class Execution:
    """The real code of one attempt, as it runs. Pauses take no time: the order of calls is chosen, not timed."""

    def __init__(self, name: str, request: Request, sent: tuple[Sent, ...]) -> None:
        self._time = VirtualClock()
        self._process = Process(
            lambda client, clock: perform(name, request, client, clock, deadline=PATIENCE_S, rng=Random(0)),
            self._time,
            request.fast,
        )
        self._pass_pauses()
        for one in sent:
            self.give(one.answer)

    @property
    def call(self) -> Call | None:
        step = self._process.step
        assert not isinstance(step, Pause)
        return step

    @property
    def ending(self) -> Ending | None:
        return self._process.result

    def give(self, answer: Answer) -> None:
        self._time.sleep(answer.seconds)
        self._process.resume(answer)
        self._pass_pauses()

    def _pass_pauses(self) -> None:
        while isinstance(self._process.step, Pause):
            self._process.resume()
