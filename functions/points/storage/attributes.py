"""How the values of a line are kept as attributes of a DynamoDB item, each by a codec: how it is written and read."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from points.moments import format_recorded_at
from points.rules.terms import Kind, OpenHold, PendingAdd, Range, State, Transaction

Value = dict[str, Any]
Item = dict[str, Value]
"""An item as botocore's client sends and returns it."""


def to_text(text: str) -> Value:
    """Write a text."""
    return {"S": text}


def _from_text(value: Value) -> str:
    return str(value["S"])


def to_number(number: int) -> Value:
    """Write a whole number."""
    return {"N": str(number)}


def from_number(value: Value) -> int:
    """Read a whole number."""
    return int(value["N"])


def to_moment(moment: datetime) -> Value:
    """Write a moment, so that texts sort as moments do."""
    return {"S": format_recorded_at(moment)}


def from_moment(value: Value) -> datetime:
    """Read a moment."""
    return datetime.fromisoformat(value["S"])


_ZERO: Value = {"N": "0"}


def _pairs(points_of_payers: Mapping[str, int]) -> Value:
    """Lay out points per payer as a list of pairs: a DynamoDB map would lose the order."""
    return {"L": [{"L": [{"S": payer}, {"N": str(points)}]} for payer, points in points_of_payers.items()]}


def _from_pairs(value: Value) -> dict[str, int]:
    return {payer["S"]: int(points["N"]) for payer, points in (pair["L"] for pair in value["L"])}


def _balances(balances: Mapping[str, int]) -> Value:
    """Lay out balances as such pairs; a payer at 0 is a bare name, which takes a fourth less."""
    return {"L": [pair if balances[pair["L"][0]["S"]] else pair["L"][0] for pair in _pairs(balances)["L"]]}


def _from_balances(value: Value) -> dict[str, int]:
    return _from_pairs({"L": [one if "L" in one else {"L": [one, _ZERO]} for one in value["L"]]})


def _owed(owed: Mapping[str, int]) -> Value:
    return {"M": {payer: {"N": str(points)} for payer, points in owed.items()}}


def _from_owed(value: Value) -> dict[str, int]:
    return {payer: int(points["N"]) for payer, points in value["M"].items()}


def _part_spent(part_spent: Mapping[int, int]) -> Value:
    return {"M": {str(lot): {"N": str(points)} for lot, points in part_spent.items()}}


def _from_part_spent(value: Value) -> dict[int, int]:
    return {int(lot): int(points["N"]) for lot, points in value["M"].items()}


def _ranges(ranges: Iterable[Range]) -> Value:
    return {"L": [{"L": [{"S": run.first}, {"S": run.last}]} for run in ranges]}


def _from_ranges(value: Value) -> tuple[Range, ...]:
    return tuple(Range(first["S"], last["S"]) for first, last in (run["L"] for run in value["L"]))


def _holds(holds: Mapping[int, OpenHold]) -> Value:
    def hold(of: OpenHold) -> list[Value]:
        return [to_number(of.points), to_moment(of.expires_at), to_number(of.ranges), to_number(of.part_spent)]

    return {"M": {str(number): {"L": hold(of)} for number, of in holds.items()}}


def _from_holds(value: Value) -> dict[int, OpenHold]:
    def hold(points: Value, expires_at: Value, ranges: Value, part_spent: Value) -> OpenHold:
        return OpenHold(int(points["N"]), from_moment(expires_at), int(ranges["N"]), int(part_spent["N"]))

    return {int(number): hold(*entry["L"]) for number, entry in value["M"].items()}


def _pending(pending: Mapping[int, PendingAdd]) -> Value:
    def moments(add: PendingAdd) -> list[Value]:
        return [to_moment(moment) for moment in (add.timestamp, add.effective_at, add.expires_at) if moment]

    return {
        "M": {
            str(number): {"L": [to_text(add.payer), to_number(add.amount), *moments(add)]}
            for number, add in pending.items()
        }
    }


def _from_pending(value: Value) -> dict[int, PendingAdd]:
    def add(payer: Value, amount: Value, timestamp: Value, effective_at: Value, *expires_at: Value) -> PendingAdd:
        expiry = from_moment(expires_at[0]) if expires_at else None
        return PendingAdd(payer["S"], int(amount["N"]), from_moment(timestamp), from_moment(effective_at), expiry)

    return {int(number): add(*entry["L"]) for number, entry in value["M"].items()}


Codec = tuple[Callable[[Any], Value], Callable[[Value], Any]]

_TEXT: Codec = (to_text, _from_text)
_NUMBER: Codec = (to_number, from_number)
_MOMENT: Codec = (to_moment, from_moment)
_PAIRS: Codec = (_pairs, _from_pairs)

TRANSACTION: dict[str, Codec] = {
    "kind": (to_text, lambda value: Kind(value["S"])),
    "points": _NUMBER,
    "of": _NUMBER,
    "payer": _TEXT,
    "amount": _NUMBER,
    "timestamp": _MOMENT,
    "effective_at": _MOMENT,
    "expires_at": _MOMENT,
    "taken": _PAIRS,
    "returned": _PAIRS,
    "expired": _PAIRS,
    "reference": _TEXT,
    "metadata": _TEXT,
}
"""How each attribute of a transaction is kept. Those that it lacks are left out."""

STATE: dict[str, Codec] = {
    "changed": _NUMBER,
    "moment": _MOMENT,
    "balances": (_pairs, _from_balances),
    "owed": (_owed, _from_owed),
    "part_spent": (_part_spent, _from_part_spent),
    "ranges": (_ranges, _from_ranges),
    "watermark": _TEXT,
    "holds": (_holds, _from_holds),
    "pending": (_pending, _from_pending),
}
"""How each attribute of a state is kept, in format 2, and read in any. Those that are empty are left out."""

STATES: dict[int, dict[str, Codec]] = {2: STATE, 3: {**STATE, "balances": (_balances, _from_balances)}}
"""How they are kept, by the format of the line."""


def encode(told: Transaction | State, codecs: Mapping[str, Codec]) -> Item:
    """Write what a transaction or a state has."""
    values = ((name, getattr(told, name), write) for name, (write, _) in codecs.items())
    empty: tuple[Any, ...] = (None, {}, ()) if isinstance(told, State) else (None,)
    return {name: write(value) for name, value, write in values if value not in empty}


def decode(item: Item, codecs: Mapping[str, Codec]) -> dict[str, Any]:
    """Read what an item has of a transaction or a state."""
    return {name: read(item[name]) for name, (_, read) in codecs.items() if name in item}
