"""Short histories with every fault at every call."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from tests.simulator.attempts import SETTLED, Attempt, Request, Session, Verdict
from tests.simulator.audit import Book, audit, check_settled, require
from tests.simulator.faults import Fault, faults_at, faults_for
from tests.simulator.network import Network
from tests.simulator.table import Table

SENT_AT_MOST = 4


@dataclass(frozen=True, slots=True)
class Told:
    """A history after its end."""

    network: Network
    attempts: Sequence[Attempt]
    book: Book


class ShortHistory:
    """Requests to an account, one after the other, each sent again until its end is known.

    Parameters
    ----------
    before
        What was recorded before anything could go wrong.
    requests
        What is sent.
    rival
        What somebody else asks for, when a fault lets them slip in.
    patience
        How many seconds an attempt has. Less than a time-out takes, and an unclear call ends it.
    """

    def __init__(self, before: Sequence[Request], requests: Sequence[Request], rival: Request, patience: float) -> None:
        self._requests = requests
        self._rival = rival
        self._patience = patience
        session = Session(Network(Table()), Random(0), "before-")
        self._before = [session.send(request) for request in before]
        self._table = session.network.table

    def with_faults(self, faults: Mapping[int, Fault]) -> Told:
        """Live through the history with faults at some calls, counted from 1, and judge it."""
        table = self._table.copy()
        others = Session(Network(table), Random(0), "rival-")
        network = Network(table, faults_at(faults), lambda: others.send(self._rival))
        session = Session(network, Random(0))
        try:
            sent = [self._send_until_settled(session, request) for request in self._requests]
            network.land_all()
            attempts = [*self._before, *session.attempts, *others.attempts]
            book = audit(network, attempts)
            for attempts_at_one in sent:
                if attempts_at_one[-1].request.key:
                    check_settled(attempts_at_one, book)
        except Exception as broken:
            broken.add_note("\n    ".join(["when:", *map(str, network.journal)]))
            raise
        return Told(network, attempts, book)

    def with_every_fault(self, most: int, faults: Mapping[int, Fault] | None = None) -> Iterator[Told]:
        """Live through the history with every choice of up to so many faults, at all of its calls."""
        faults = faults or {}
        told = self.with_faults(faults)
        yield told
        if len(faults) < most:
            for number in range(max(faults, default=0) + 1, len(told.network.journal) + 1):
                for fault in faults_for(told.network.journal[number - 1].call):
                    yield from self.with_every_fault(most, {**faults, number: fault})

    def _send_until_settled(self, session: Session, request: Request) -> list[Attempt]:
        """Send a request, and again if it has a key, or nothing was recorded."""
        attempts = [session.send(request, self._patience)]
        while self._may_send_again(attempts[-1]):
            require(len(attempts) < SENT_AT_MOST, "a request that is sent again is settled", *attempts)
            attempts.append(session.send(request, self._patience))
        return attempts

    @staticmethod
    def _may_send_again(attempt: Attempt) -> bool:
        verdict = attempt.ending.verdict
        return verdict not in SETTLED and (attempt.request.key is not None or verdict is Verdict.NOT_RECORDED)
