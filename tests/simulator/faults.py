"""What may go wrong with a call, and when it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from tests.simulator import errors
from tests.simulator.calls import Answer, Call

NEVER = -1
LAST = 1_000_000
"""Later than any history goes on."""

READ_TIMEOUT_S = 3.0
CONNECT_TIMEOUT_S = 1.0


class ProcessDiedError(BaseException):
    """The process that made the call is no more. Nothing in it can handle that."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way for a call to go wrong.

    Attributes
    ----------
    arrives
        After how many further calls DynamoDB gets the call: 0 for at once, or `NEVER`.
    error
        Builds what the caller gets in place of the answer; without it, the caller gets the true answer.
    seconds
        How long the caller waits for that.
    unclear
        Whether the caller cannot know if the call took effect.
    rival_first
        Whether another writer's line slips in just before.
    """

    name: str
    arrives: int = NEVER
    error: Callable[[str], BaseException] | None = None
    seconds: float = 0.0
    unclear: bool = False
    rival_first: bool = False

    def answer(self, operation: str) -> Answer:
        """Return what the caller gets in place of the true answer."""
        assert self.error, f"with {self}, the caller gets the true answer"
        name = "".join(word.capitalize() for word in operation.split("_"))
        return Answer(error=self.error(name), seconds=self.seconds)

    def __str__(self) -> str:
        return self.name


def _read_timeout(_operation: str) -> BaseException:
    return errors.read_timeout()


def _connection_closed(_operation: str) -> BaseException:
    return errors.connection_closed()


def _connect_timeout(_operation: str) -> BaseException:
    return errors.connect_timeout()


def _endpoint_unreachable(_operation: str) -> BaseException:
    return errors.endpoint_unreachable()


def _death(_operation: str) -> BaseException:
    return ProcessDiedError()


def lands_after(calls: int, name: str) -> Fault:
    """Build the fault of a call that times out and takes effect after that many further calls."""
    return Fault(name, arrives=calls, error=_read_timeout, seconds=READ_TIMEOUT_S, unclear=True)


def dies_and_lands_after(calls: int, name: str) -> Fault:
    """Build the fault of a process that dies with its call on the way."""
    return Fault(name, arrives=calls, error=_death, unclear=True)


THROTTLED = Fault("throttled", error=errors.throttled)
DENIED = Fault("denied", error=errors.denied)
COLLECTION_FULL = Fault("collection full", error=errors.collection_full)
CONFLICT = Fault("transaction conflict", error=errors.transaction_conflict)
NOT_CONNECTED = Fault("not connected", error=_connect_timeout, seconds=CONNECT_TIMEOUT_S)
UNREACHABLE = Fault("unreachable", error=_endpoint_unreachable)
FAILED_BEFORE = Fault("failed before the commit", error=errors.internal_error, unclear=True)
FAILED_AFTER = Fault("failed after the commit", arrives=0, error=errors.internal_error, unclear=True)
CLOSED_BEFORE = Fault("connection closed before the commit", error=_connection_closed, unclear=True)
NEVER_ARRIVED = Fault("timed out, never arrived", error=_read_timeout, seconds=READ_TIMEOUT_S, unclear=True)
ANSWER_LOST = lands_after(0, "answer lost")
LANDS_AFTER_NEXT = lands_after(1, "timed out, lands after the next call")
LANDS_AFTER_TWO = lands_after(2, "timed out, lands after two more calls")
LANDS_LAST = lands_after(LAST, "timed out, lands in the end")
RIVAL_FIRST = Fault("rival first", arrives=0, rival_first=True)
RIVAL_FIRST_ANSWER_LOST = Fault(
    "rival first, answer lost", 0, _read_timeout, seconds=READ_TIMEOUT_S, unclear=True, rival_first=True
)
DIES_BEFORE = Fault("dies before the call", error=_death)
DIES_AFTER = dies_and_lands_after(0, "dies after the call")
DIES_LANDS_LATER = dies_and_lands_after(2, "dies, the call lands later")

READ_FAULTS = (THROTTLED, DENIED, NOT_CONNECTED, FAILED_BEFORE, NEVER_ARRIVED, RIVAL_FIRST, DIES_BEFORE)
PUT_FAULTS = (
    *READ_FAULTS,
    CONFLICT,
    UNREACHABLE,
    CLOSED_BEFORE,
    FAILED_AFTER,
    ANSWER_LOST,
    LANDS_AFTER_NEXT,
    LANDS_AFTER_TWO,
    LANDS_LAST,
    RIVAL_FIRST_ANSWER_LOST,
    DIES_AFTER,
    DIES_LANDS_LATER,
)


def faults_for(call: Call) -> tuple[Fault, ...]:
    """Return everything that may go wrong with a call. To a read, many of them would be the same."""
    return PUT_FAULTS if call.writes else READ_FAULTS


FaultPlan = Callable[[int, Call], Fault | None]
"""Says what goes wrong with a call, given its number, counted from 1."""


def no_faults(_number: int, _call: Call) -> None:
    """Let everything go well."""


def faults_at(faults: Mapping[int, Fault]) -> FaultPlan:
    """Let go wrong what is named, by the numbers of the calls."""
    return lambda number, _call: faults.get(number)


def random_faults(rng: Random, rate: float) -> FaultPlan:
    """Let any call go wrong with some probability, in any of the ways there are."""
    return lambda _number, call: rng.choice(faults_for(call)) if rng.random() < rate else None
