"""A line of the passbook, and the DynamoDB item that holds it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from points.moments import format_recorded_at, format_timestamp
from points.rules.plans import Plan
from points.rules.terms import Added, Lot, Spent, State
from points.storage.errors import UnknownFormatError

FORMAT = "1"
"""The layout of the items written here. Raise it when old code must not write below a new line."""

CALLERS_KEY = "caller#"
"""What stands before a caller's idempotency key, so that keys of the ledger's own can stand beside them."""

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)

Item = dict[str, dict[str, Any]]
"""An item as botocore's client sends and returns it."""


@dataclass(frozen=True, slots=True)
class Retry:
    """What makes a repeated request known: the caller's key, and a digest of what was asked under it."""

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an account stands: after its last line, or at sequence 0 if it has none."""

    account: str
    sequence: int = 0
    recorded_at: datetime = BEFORE_ALL
    state: State = field(default_factory=State)


@dataclass(frozen=True, slots=True)
class Line(Standing):
    """One transaction of an account, with the state after it. Never rewritten.

    `write_id` is random and made anew for every plan: it alone tells a writer that the line it finds is its own.
    """

    transaction: Added | Spent = field(kw_only=True)
    write_id: str = field(kw_only=True)
    retry: Retry | None = field(default=None, kw_only=True)

    @property
    def lot(self) -> Lot | None:
        """The lot that this line opened, if it is a positive add."""
        done = self.transaction
        if isinstance(done, Added) and done.position:
            return Lot(self.sequence, done.position, done.payer, done.points)
        return None


def next_line(above: Standing, plan: Plan, now: datetime, write_id: str, retry: Retry | None) -> Line:
    """Write the line that follows `above`. It is never dated before it, however the clocks differ."""
    return Line(
        above.account,
        above.sequence + 1,
        max(now, above.recorded_at),
        plan.state,
        transaction=plan.transaction,
        write_id=write_id,
        retry=retry,
    )


def to_item(line: Line) -> Item:
    """Lay a line out as DynamoDB keeps it. Index keys are present only where the line belongs in the index."""
    item: Item = {
        "account": {"S": line.account},
        "sequence": {"N": str(line.sequence)},
        "format": {"N": FORMAT},
        "recorded_at": {"S": format_recorded_at(line.recorded_at)},
        "write_id": {"S": line.write_id},
        **_transaction_to_attributes(line.transaction),
        **_state_to_attributes(line.state),
    }
    if line.sequence == 1:
        item["opened_at"] = item["recorded_at"]  # sparse: an index on it would list the accounts
    if line.retry:
        item["idempotency_key"] = {"S": CALLERS_KEY + line.retry.key}
        item["request_digest"] = {"S": line.retry.digest}
    return item


def from_item(item: Item) -> Line:
    """Read a line back.

    Raises
    ------
    UnknownFormatError
        The line was written by a newer version of this code.
    """
    if item["format"]["N"] != FORMAT:
        raise UnknownFormatError(item["format"]["N"])
    retry = None
    if "idempotency_key" in item:
        retry = Retry(item["idempotency_key"]["S"].removeprefix(CALLERS_KEY), item["request_digest"]["S"])
    return Line(
        item["account"]["S"],
        int(item["sequence"]["N"]),
        datetime.fromisoformat(item["recorded_at"]["S"]),
        _state_from_item(item),
        transaction=_transaction_from_item(item),
        write_id=item["write_id"]["S"],
        retry=retry,
    )


def lot_from_item(item: Item) -> Lot:
    """Read a lot from its entry in the index by timestamp."""
    return Lot(int(item["sequence"]["N"]), item["timestamp_key"]["S"], item["payer"]["S"], int(item["points"]["N"]))


def _transaction_to_attributes(done: Added | Spent) -> Item:
    if isinstance(done, Spent):
        return {
            "kind": {"S": "spend"},
            "points": {"N": str(-done.points)},
            "taken": _to_pairs(done.taken.items()),
        }
    attributes: Item = {
        "kind": {"S": "add"},
        "payer": {"S": done.payer},
        "points": {"N": str(done.points)},
        "timestamp": {"S": format_timestamp(done.timestamp)},
    }
    if done.position:
        attributes["timestamp_key"] = {"S": done.position}
    return attributes


def _transaction_from_item(item: Item) -> Added | Spent:
    points = int(item["points"]["N"])
    if item["kind"]["S"] == "spend":
        return Spent(-points, _from_pairs(item["taken"]))
    timestamp = datetime.fromisoformat(item["timestamp"]["S"])
    return Added(item["payer"]["S"], points, timestamp, item.get("timestamp_key", {}).get("S"))


def _state_to_attributes(state: State) -> Item:
    return {
        "balances": _to_pairs(state.balances.items()),
        "owed": {"M": {payer: {"N": str(points)} for payer, points in state.owed.items()}},
        "part_spent": {"M": {str(lot): {"N": str(points)} for lot, points in state.part_spent.items()}},
        "spent_through": {"S": state.spent_through},
    }


def _state_from_item(item: Item) -> State:
    return State(
        balances=_from_pairs(item["balances"]),
        owed={payer: int(points["N"]) for payer, points in item["owed"]["M"].items()},
        part_spent={int(lot): int(points["N"]) for lot, points in item["part_spent"]["M"].items()},
        spent_through=item["spent_through"]["S"],
    )


def _to_pairs(points_of_payers: Iterable[tuple[str, int]]) -> dict[str, Any]:
    """Lay out points per payer as a list of pairs: a DynamoDB map would lose the order."""
    return {"L": [{"L": [{"S": payer}, {"N": str(points)}]} for payer, points in points_of_payers]}


def _from_pairs(pairs: dict[str, Any]) -> dict[str, int]:
    return {payer["S"]: int(points["N"]) for payer, points in (pair["L"] for pair in pairs["L"])}
