"""An account replayed by the rules, line by line: from what each line says was asked, the item that it must be.

The state of a line is never read, only compared: the rules' own next state is what the next line is planned on.
"""

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter

from points.rules.plans import Plan, check_original, plan
from points.rules.terms import (
    Add,
    Cancel,
    Capture,
    Change,
    Hold,
    Kind,
    Origin,
    Reference,
    Refund,
    Spend,
    State,
    Void,
)
from points.rules.time import coming, plan_due
from points.storage.attributes import STATE, STATES, TRANSACTION, decode, encode, from_moment, to_moment
from points.storage.indexes import calendar_entry, original_key, reference_key
from points.storage.lines import CALENDAR_SHARDS, FORMAT, shard_of
from points.storage.sizes import stored_bytes

from books.exports import Item
from books.records import Records, origins

TIMES_OWN = {Kind.ARRIVE, Kind.LAPSE, Kind.EXPIRE}

NOT_REPLAYED = ("write_id", "digest", "idempotency_key", "request_digest")
"""What does not follow from the transaction: random, checked by the chain, or the caller's own."""

_MOST_SHARDS = 1_024
_MOST_REMEMBERED = 32
_told = attrgetter(*TRANSACTION)
_held = attrgetter(*STATE)
_LABELS = ("reference", "metadata")
_ASKED = {name: codec for name, codec in TRANSACTION.items() if name not in {"kind", "returned", "expired"}}


class ReplayError(Exception):
    """The line cannot follow from those above it; the message says why."""


class Replay:
    """An account as the rules have it, after some of its lines.

    Parameters
    ----------
    read
        Reads an earlier line again, by its number: an account's states are too many to keep them all.

    Attributes
    ----------
    state
        The account's state.
    """

    def __init__(self, read: Callable[[int], Item]) -> None:
        self.state = State()
        self.records = Records(self._origin)
        self._read = read
        self._read_origin = origins(self._earlier)
        self._recent: dict[int, Origin] = {}
        self._size = 0
        self._held = _held(self.state)
        self._format = FORMAT
        self._attributes = encode(self.state, STATE)

    def follow(self, item: Item) -> Item:
        """Go on by a line, and return the item that it must be.

        Raises
        ------
        ReplayError
            The rules do not allow what it says was done.
        """
        recorded_at = from_moment(item["recorded_at"])
        planned = self._plan(item, recorded_at)
        self._take_format(item)
        expected = self._lay_out(planned, item, recorded_at)
        if planned.transaction.taken is not None:
            self._remember(Origin(planned.transaction, self.state, planned.state))
        self.state = planned.state
        if planned.lot:
            self.records.open(planned.lot)
        if of := planned.transaction.of:
            reference = Reference(self.state.sequence, planned.transaction.kind, self.state.moment, planned.undone)
            self.records.refer(of, reference)
        return expected

    def _remember(self, origin: Origin) -> None:
        """Keep what may be given back: mostly that is asked for soon."""
        self._recent[origin.after.sequence] = origin
        if len(self._recent) > _MOST_REMEMBERED:
            del self._recent[next(iter(self._recent))]

    def _origin(self, sequence: int) -> Origin | None:
        return self._recent.get(sequence) or self._read_origin(sequence)

    def _earlier(self, sequence: int) -> Item:
        if sequence > self.state.sequence:
            raise LookupError(f"line {sequence} comes later")
        return self._read(sequence)

    def _plan(self, item: Item, now: datetime) -> Plan:
        kind = Kind(item["kind"]["S"])
        due = any(event.at <= now for event in coming(self.state))
        if kind in TIMES_OWN:
            return self._plan_of_time(kind, now, due=due)
        if due:
            raise ReplayError("what was due before it has not been recorded")
        change = change_of(kind, item)
        check_original(change, self.records)
        return plan(change, self.state, now, self.records)

    def _plan_of_time(self, kind: Kind, now: datetime, *, due: bool) -> Plan:
        """Plan what is due or, if nothing is, what a spend of anything must settle first."""
        planned = plan_due(self.state, now, self.records) if due else None
        if planned is None and kind is Kind.EXPIRE and self.state.total:
            planned = plan(Spend(1), self.state, now, self.records)
            planned = planned if planned.settles else None
        if planned is None:
            raise ReplayError("nothing was due when it was recorded")
        return planned

    def _lay_out(self, planned: Plan, item: Item, recorded_at: datetime) -> Item:
        """Lay out a planned line as an item; what does not follow from the plan is the item's own."""
        done, sequence = planned.transaction, planned.state.sequence
        moment = to_moment(recorded_at)
        expected: Item = {
            "account": item["account"],
            "sequence": {"N": str(sequence)},
            "format": {"N": str(self._format)},
            "recorded_at": moment,
            "size": {"N": str(self._size)},
        }
        for name in NOT_REPLAYED:
            if name in item:
                expected[name] = item[name]
        for (name, (write, _)), value in zip(TRANSACTION.items(), _told(done), strict=True):
            if value is not None:
                expected[name] = write(value)
        if sequence == 1:
            expected["opened_at"] = moment
        if planned.lot:
            expected["timestamp_key"] = {"S": planned.lot.position}
        if done.of:
            expected["original_key"] = {"S": original_key(done.of, sequence)}
            expected["undone"] = {"N": str(planned.undone)}
        if done.reference:
            expected["reference_key"] = {"S": reference_key(done.reference, sequence)}
        if planned.wakes_at:
            entry = calendar_entry(item["account"]["S"], max(planned.wakes_at, recorded_at), _shard_of(item))
            expected["calendar_key"], expected["due_key"] = {"S": entry.page}, {"S": entry.due_key}
        self._keep_state(planned.state)
        expected.update(self._attributes)
        self._size += stored_bytes(expected)
        expected["size"] = {"N": str(self._size)}
        return expected

    def _take_format(self, item: Item) -> None:
        """Go over to a line's format, if it is one: a deployment goes from one to the next, and may go back."""
        found = item["format"]["N"]
        if found != str(self._format) and found in map(str, STATES):
            self._format = int(found)
            self._held = (None,) * len(STATE)  # so all is laid out anew

    def _keep_state(self, state: State) -> None:
        held = _held(state)
        for name, before, value in zip(STATE, self._held, held, strict=True):
            if value is before or value == before:
                continue
            if value:
                self._attributes[name] = STATES[self._format][name][0](value)
            else:
                self._attributes.pop(name, None)
        self._held = held


def change_of(kind: Kind, item: Item) -> Change:  # noqa: PLR0911 - one for each kind
    """Return what a caller asked for, as far as it is recorded."""
    told = decode(item, _ASKED)
    labels = {name: told[name] for name in _LABELS if name in told}
    points, of = told["points"], told.get("of", 0)
    match kind:
        case Kind.ADD:
            return Add(told["payer"], points, told["timestamp"], None, told.get("expires_at"), **labels)
        case Kind.PENDING:
            moments = told["timestamp"], told["effective_at"], told.get("expires_at")
            return Add(told["payer"], told["amount"], *moments, **labels)
        case Kind.SPEND:
            return Spend(-points, **labels)
        case Kind.HOLD:
            return Hold(-points, told["expires_at"], **labels)
        case Kind.REFUND:
            return Refund(of, points, **labels)
        case Kind.CAPTURE:
            return Capture(of, -sum(told["taken"].values()), **labels)
        case Kind.VOID:
            return Void(of, **labels)
        case Kind.CANCEL:
            return Cancel(of, **labels)
    raise ReplayError(f"no caller can ask for {kind}")


def _shard_of(item: Item) -> int:
    """Return the shard that an item is in, if its account can be in it: how many there are may have changed."""
    account, said = item["account"]["S"], item.get("calendar_key", {}).get("S", "").rpartition("#")[2]
    usual = shard_of(account, CALENDAR_SHARDS)
    if said != str(usual) and said.isdecimal() and int(said) < _MOST_SHARDS:
        for shards in range(int(said) + 1, _MOST_SHARDS + 1):
            if shard_of(account, shards) == int(said):
                return int(said)
    return usual
