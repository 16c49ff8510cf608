"""The ledger's storage, as its callers use it: reads an account's passbook, and writes the next line under the last.

`reading` and `writing` do the work, `records` is what the rules may look up, `timeline` what time has done meanwhile.
A reader answers as if all that is due had been recorded.
"""

import random
from collections.abc import Callable, Container
from datetime import datetime

from points.rules.plans import Plan, plan
from points.rules.terms import Change, Hold, Spend
from points.rules.time import SETTLED_AFTER
from points.storage.admission import Admission
from points.storage.calls import Calls
from points.storage.capacity import Limits
from points.storage.clock import Clock, SystemClock
from points.storage.dynamodb import DynamoDB
from points.storage.errors import OverrunError
from points.storage.lines import Line, Retry, Standing, next_line
from points.storage.reading import Reader
from points.storage.records import Records
from points.storage.timeline import MOST_LOTS, after_due, expiring_at
from points.storage.writing import Recorded, Writer


class Passbook:
    """The ledger's storage. Every method takes a `deadline` in the clock's elapsed seconds: no call starts after it.

    Parameters
    ----------
    client
        DynamoDB's low-level client, which must make one attempt per call.
    table
        The name of the table.
    limits
        What an account may grow to.
    on_lost_race
        Called whenever another writer was first.
    clock, rng
        Time and chance; tests hand in their own.

    Raises
    ------
    UnavailableError
        From every method, if DynamoDB gives no usable answer before the deadline. Nothing was recorded.
    """

    def __init__(
        self,
        client: DynamoDB,
        table: str,
        *,
        limits: Limits | None = None,
        on_lost_race: Callable[[], None] = lambda: None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._client = client
        self._table = table
        self._limits = limits or Limits()
        self._on_lost_race = on_lost_race
        self._clock = clock or SystemClock()
        self._rng = rng or random.SystemRandom()  # copies of one snapshot would share the state of any other
        self._admission = Admission(self._clock, self._rng)

    def close(self) -> None:
        """End the connections to DynamoDB; the next call makes new ones."""
        self._client.close()

    def line(self, account: str, sequence: int, deadline: float) -> Line | None:
        """Read one line."""
        return self._reader(account, deadline).line(sequence)

    def lines(
        self, account: str, deadline: float, *, below: int | None, limit: int, reference: str | None = None
    ) -> list[Line]:
        """Read lines newest first: from the last one, or from below a sequence number of at least 2.

        With a `reference`, only lines that callers gave it.
        """
        reader = self._reader(account, deadline)
        if reference is None:
            return reader.lines(below=below, limit=limit)
        return reader.with_reference(reference, below=below, limit=limit)

    def now(self, account: str, deadline: float) -> Records:
        """Read how an account stands now: after its last line, and all that is due by now."""
        reader = self._reader(account, deadline)
        last = reader.last()
        return after_due(Records(reader, last), max(self._clock.now(), last.recorded_at))

    def as_of(self, account: str, moment: datetime, deadline: float) -> Records:
        """Read how an account stood at a moment, or will: after what was recorded by then, and what is due by then.

        What time had done by then is taken from its lines, if they have been recorded since.
        """
        reader = self._reader(account, deadline)
        return after_due(Records(reader, reader.as_of(moment)), moment, most_lots=MOST_LOTS)

    def expiring(self, account: str, moment: datetime, deadline: float) -> dict[str, int]:
        """Work out how many points of each payer expire at a moment to come if nothing is done before."""
        reader = self._reader(account, deadline)
        last = reader.last()
        if moment <= max(self._clock.now(), last.recorded_at):
            return {}
        return expiring_at(Records(reader, last), moment)

    def is_settled(self, moment: datetime) -> bool:
        """Whether what is told of a moment can never change."""
        return self._clock.now() - moment >= SETTLED_AFTER

    def preview(self, account: str, change: Spend | Hold, deadline: float) -> tuple[Standing, Plan]:
        """Work out what a change would take if it were made now, and where the account stands.

        Raises
        ------
        Refusal
            It would be refused.
        """
        records = self.now(account, deadline)
        at, moment = records.at, max(self._clock.now(), records.at.recorded_at)
        while (planned := plan(change, records.at.state, moment, records)).settles:
            records = records.follow(next_line(records.at, planned, max(moment, planned.state.moment)))
        return at, planned

    def record(
        self,
        account: str,
        change: Change,
        deadline: float,
        *,
        retry: Retry | None = None,
        only_at: Container[str] | None = None,
    ) -> Recorded:
        """Write a change as the account's next line, exactly once, after all that is due by now.

        Parameters
        ----------
        account, change
            What to record.
        retry
            If a line was written under its key before, that line is the answer and nothing is written.
        only_at
            Write only if the account is at one of these versions. A replay comes first.

        Raises
        ------
        Refusal
            The rules do not allow the change.
        KeyReusedError
            The key belongs to another request.
        VersionMismatchError
            The account is at another version than `only_at` says.
        OutcomeUnknownError
            Time ran out without a clear answer: the change may or may not be recorded.
        """
        writer = self._writer(account, deadline, waits=self._admission.admit(account))
        try:
            recorded = writer.record(change, retry, only_at)
        except OverrunError:
            self._admission.note(account, done=False)
            raise
        self._admission.note(account, done=True)
        return recorded

    def settle(self, account: str, deadline: float) -> list[Line]:
        """Write what is due by now in an account, and return the lines written."""
        return self._writer(account, deadline).settle()

    def _reader(self, account: str, deadline: float) -> Reader:
        return Reader(Calls(self._client, self._clock, self._rng, deadline), self._table, account)

    def _writer(self, account: str, deadline: float, *, waits: bool = True) -> Writer:
        return Writer(self._reader(account, deadline), self._limits, self._on_lost_race, waits=waits)
