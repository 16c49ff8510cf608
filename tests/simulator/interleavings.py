"""Every order in which the calls of a few attempts can reach DynamoDB, with a few faults at every place.

Everything that matters is a small value: the lines of the table, the answers that each attempt got, the puts that are
still on their way, and how many faults may yet happen. All such values are walked through, none twice.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tests.simulator import errors
from tests.simulator.accounts import Account
from tests.simulator.attempts import PATIENCE_S, Attempt, Request
from tests.simulator.audit import (
    Book,
    check_conduct,
    check_dates,
    check_ending,
    check_previews,
    check_settled,
    check_versions,
)
from tests.simulator.calls import Call
from tests.simulator.faults import LAST, NEVER, Fault
from tests.simulator.probes import marks_of_calls, marks_of_ending
from tests.simulator.runs import Run
from tests.simulator.worlds import Version, World


@dataclass(frozen=True, slots=True)
class Scenario:
    """What has been recorded before, what the callers ask for at the same time, and how many faults may happen.

    A fault is a put whose answer is lost, one that is delayed (to any later moment, or for ever), one that is refused,
    or a request that is sent again under its key after its attempt has ended, however it did.
    """

    before: tuple[Request, ...]
    requests: tuple[Request, ...]
    faults: int

    def __str__(self) -> str:
        requests = " | ".join(map(str, self.requests))
        return f"{requests} (after {'; '.join(map(str, self.before)) or 'nothing'}; up to {self.faults} faults)"


def _faults(seconds: float, then: str) -> tuple[Fault, Fault, Fault]:
    def timeout(_operation: str) -> BaseException:
        return errors.read_timeout()

    return (
        Fault("answer lost" + then, 0, timeout, seconds, unclear=True),
        Fault("delayed" + then, LAST, timeout, seconds, unclear=True),
        Fault("refused" + then, NEVER, errors.throttled, seconds),
    )


FAULTS = {fault: fault.answer("put_item") for fault in (*_faults(1, ""), *_faults(PATIENCE_S, ", and time is up"))}
"""What may happen to a put, and what the attempt gets for it."""


class Ended(NamedTuple):
    """An attempt that has ended, with the last sequence numbers when it began and when it ended."""

    run: Run
    began_at: int
    ended_at: int

    @property
    def attempt(self) -> Attempt:
        run = self.run
        assert run.ending
        until = sum(one.answer.seconds for one in run.sent)
        fast = run.request.fast
        return Attempt(run.name, run.request, PATIENCE_S, until, self.began_at, self.ended_at, run.ending, fast)


class Caller(NamedTuple):
    """Somebody who wants something: the attempts that have ended, and the one that goes on."""

    ended: tuple[Ended, ...]
    run: Run | None
    began_at: int | None = None

    @property
    def request(self) -> Request:
        return self.run.request if self.run else self.ended[-1].run.request

    def answered(self, run: Run, before: Version, after: Version) -> "Caller":
        """Return this caller after a call of its attempt."""
        began_at = before.last if self.began_at is None else self.began_at
        if run.call:
            return Caller(self.ended, run, began_at)
        return Caller((*self.ended, Ended(run, began_at, after.last)), None)


class Moment(NamedTuple):
    """Everything that matters."""

    version: Version
    callers: tuple[Caller, ...]
    delayed: frozenset[Call]
    faults_left: int

    def with_caller(self, number: int, caller: Caller) -> tuple[Caller, ...]:
        return (*self.callers[:number], caller, *self.callers[number + 1 :])


Step = tuple[object, ...]
"""What happens between two moments, to be told if it ends badly."""


class Interleavings:
    """Walks through all moments of a scenario, and judges those at which every caller has its answer.

    Attributes
    ----------
    moments
        How many there were.
    schedules
        In how many orders of steps the scenario can come to where nothing can happen any more.
    marks
        Which rare paths were taken, and how attempts ended.

    Raises
    ------
    BrokenPromiseError
        Or what else the code should not raise, with the steps that led to it.
    """

    def __init__(self, scenario: Scenario, world: World) -> None:
        self.marks: set[str] = set()
        self._world = world
        self._schedules_from: dict[Moment, int] = {}
        self._judged: dict[tuple[Ended, Version], list[Account]] = {}
        self._path: list[Step] = []
        keys = Counter(request.key for request in scenario.requests)
        self._own_keys = {key for key, users in keys.items() if key and users == 1}
        runs = [world.run(f"{number}.1", request) for number, request in enumerate(scenario.requests, 1)]
        try:
            self.schedules = self._walk(
                Moment(world.start, tuple(Caller((), run) for run in runs), frozenset(), scenario.faults)
            )
        except Exception as broken:
            broken.add_note("\n    ".join([f"in {scenario}:", *(" ".join(map(str, step)) for step in self._path)]))
            raise

    @property
    def moments(self) -> int:
        return len(self._schedules_from)

    def _walk(self, moment: Moment) -> int:
        """Return in how many orders of steps the scenario can end from here."""
        known = self._schedules_from.get(moment)
        if known:
            return known
        if not any(caller.run for caller in moment.callers):
            self._judge(moment)
        schedules = 0
        for step, following in self._steps(moment):
            self._path.append(step)
            schedules += self._walk(following)
            self._path.pop()
        self._schedules_from[moment] = schedules or 1
        return schedules or 1

    def _judge(self, moment: Moment) -> None:
        book = moment.version.book
        seen: list[Account] = []
        for caller in moment.callers:
            for ended in caller.ended:
                if (ended, moment.version) not in self._judged:
                    self._judged[ended, moment.version] = self._judge_attempt(ended, book)
                seen += self._judged[ended, moment.version]
            if caller.request.key in self._own_keys:
                check_settled([ended.attempt for ended in caller.ended], book)
        check_versions(seen, book)
        check_previews([ended.attempt for caller in moment.callers for ended in caller.ended], book)

    def _judge_attempt(self, ended: Ended, book: Book) -> list[Account]:
        attempt, sent = ended.attempt, ended.run.sent
        seen = check_ending(attempt, sent, book)
        check_conduct(attempt, sent)
        check_dates(attempt, sent, book)
        self.marks.update(marks_of_calls(sent))
        self.marks.update(marks_of_ending(attempt, sent, book, ()))
        return seen

    def _steps(self, moment: Moment) -> Iterator[tuple[Step, Moment]]:
        """Say everything that can happen next."""
        version, callers, delayed, faults_left = moment
        for call in delayed:
            yield ("lands:", call), Moment(version.after(call)[1], callers, delayed - {call}, faults_left)
        for number, caller in enumerate(callers):
            if caller.run:
                yield from self._calls(moment, number, caller, caller.run)
            elif caller.request.key and faults_left:
                run = self._world.run(f"{number + 1}.{len(caller.ended) + 1}", caller.request)
                again = moment.with_caller(number, Caller(caller.ended, run))
                yield (run.name, "sends the request again"), Moment(version, again, delayed, faults_left - 1)

    def _calls(self, moment: Moment, number: int, caller: Caller, run: Run) -> Iterator[tuple[Step, Moment]]:
        """Let an attempt's call be answered in every way there is."""
        version, _, delayed, faults_left = moment
        call = run.call
        assert call
        answer, after = version.after(call)
        callers = moment.with_caller(number, caller.answered(run.given(answer), version, after))
        yield (run.name, call), Moment(after, callers, delayed, faults_left)
        if not (call.writes and faults_left):
            return
        for fault, failure in FAULTS.items():
            meanwhile = after if fault.arrives == 0 else version
            callers = moment.with_caller(number, caller.answered(run.given(failure, fault), version, meanwhile))
            on_the_way = delayed | {call} if fault.arrives == LAST else delayed
            yield (run.name, call, fault), Moment(meanwhile, callers, on_the_way, faults_left - 1)
