"""What lies between the storage and DynamoDB: calls are counted, lost, delayed, and kept in a journal."""

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from typing import cast

from botocore.exceptions import ClientError

from tests.simulator.calls import Answer, Call, Client, Response
from tests.simulator.clock import VirtualClock, moment
from tests.simulator.faults import Fault, FaultPlan, no_faults
from tests.simulator.items import Item
from tests.simulator.table import Table

LONGEST_FLIGHT_S = 30.0
"""After so many seconds nothing is on its way any more."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A call in the journal: who made it and when, what went wrong, and what came back."""

    sender: str
    at: float
    call: Call
    fault: Fault | None
    answer: Answer

    @property
    def unclear(self) -> bool:
        """Whether the sender cannot know if the call took effect."""
        return self.fault is not None and self.fault.unclear

    @property
    def lost_race(self) -> bool:
        """Whether the call is a put that found another line at its place."""
        return self.item_handed_back != {}

    @property
    def throttled(self) -> bool:
        """Whether DynamoDB had too much to do for the call."""
        error = self.answer.error
        return isinstance(error, ClientError) and error.response["Error"]["Code"] == "ThrottlingException"

    @property
    def item_handed_back(self) -> Item:
        """The line that a put found at its place."""
        error = self.answer.error
        return cast(Item, error.response.get("Item", {})) if isinstance(error, ClientError) else {}

    def __str__(self) -> str:
        return f"{self.sender} {self.call}" + (f" [{self.fault}]" if self.fault else "")


@dataclass(frozen=True, slots=True)
class Delayed:
    """A call that is still on its way: when it was sent, and the number of the call after which it arrives."""

    sent_at: float
    due: int
    call: Call


class Network:
    """Carries calls to a table.

    Parameters
    ----------
    table
        Where they go.
    plan
        What goes wrong on the way.
    rival
        Writes a line of somebody else's, when a fault asks for one.
    """

    def __init__(self, table: Table, plan: FaultPlan = no_faults, rival: Callable[[], object] = lambda: None) -> None:
        self.table = table
        self.plan = plan
        self.journal: list[Sent] = []
        self.landed: list[tuple[Call, Answer]] = []
        self.rival = rival
        self._by_sender: dict[str, list[Sent]] = {}
        self._delayed: list[Delayed] = []

    def carry(self, call: Call, sender: str = "", at: float = 0.0) -> Answer:
        """Carry one call, or lose it, or its answer."""
        number = len(self.journal) + 1
        self._land(lambda delayed: at - delayed.sent_at > LONGEST_FLIGHT_S)
        fault = self.plan(number, call)
        answer = self._strike(fault, call, number, at) if fault else self._deliver(call, at)
        sent = Sent(sender, at, call, fault, answer)
        self.journal.append(sent)
        self._by_sender.setdefault(sender, []).append(sent)
        self._land(lambda delayed: delayed.due <= number)
        return answer

    def land_all(self) -> None:
        """Let every call arrive that is still on its way."""
        self._land(lambda _delayed: True)

    def sent_by(self, sender: str) -> list[Sent]:
        return self._by_sender.get(sender, [])

    def client(self, clock: VirtualClock, sender: str = "") -> Client:
        """Return a client that calls across this network."""

        def call(call: Call) -> Response:
            answer = self.carry(call, sender, clock.elapsed())
            clock.sleep(answer.seconds)
            return answer.unpack()

        return Client(call)

    def _strike(self, fault: Fault, call: Call, number: int, at: float) -> Answer:
        if fault.rival_first:
            self.rival()
        true_answer = self._deliver(call, at) if fault.arrives == 0 else None
        if fault.arrives > 0:
            self._delayed.append(Delayed(at, number + fault.arrives, call))
        if fault.error:
            return fault.answer(call.operation)
        assert true_answer, f"{fault} neither delivers the call nor says what comes back"
        return true_answer

    def _deliver(self, call: Call, at: float) -> Answer:
        """Hand a call to the table; its answers are dated to the second."""
        try:
            answer = self.table.answer(call)
        except ClientError as error:
            return Answer(error=error)
        headers = {"date": format_datetime(moment(at), usegmt=True)}
        return Answer({**answer, "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": headers}})

    def _land(self, is_due: Callable[[Delayed], bool]) -> None:
        due = [delayed for delayed in self._delayed if is_due(delayed)]
        self._delayed = [delayed for delayed in self._delayed if not is_due(delayed)]
        self.landed += [(delayed.call, self._deliver(delayed.call, delayed.sent_at)) for delayed in due]
