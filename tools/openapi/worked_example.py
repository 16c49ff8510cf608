"""The exercise's example and how it goes on, with the answers that the ledger's own rules give.

Nothing is stored: the records are those of an account without a line, followed by each new line in turn.
"""

import json
import math
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from points.api.answers import lot
from points.api.bodies import ADD, CANCEL, CAPTURE, HOLD, REFUND, SPEND, VOID, Body
from points.moments import format_timestamp, parse_timestamp
from points.rules.fates import fate_of
from points.rules.plans import plan
from points.rules.ranges import in_order, whole
from points.rules.terms import Change, Kind
from points.rules.time import Coming, next_arrival, next_expiry, next_lapse
from points.rules.walk import walk_again
from points.storage.calls import Calls
from points.storage.clock import SystemClock
from points.storage.lines import Line, Standing, next_line
from points.storage.listing import per_payer
from points.storage.reading import Reader
from points.storage.records import Records
from points.storage.timeline import due_lines

from tools.openapi.schemas import Json

ACCOUNT = "default"

BODIES: Mapping[str, Body[Any]] = {
    "POST /add": ADD,
    "POST /spend": SPEND,
    "POST /spend/preview": SPEND,
    "POST /transactions/{sequence}/refund": REFUND,
    "POST /transactions/{sequence}/cancel": CANCEL,
    "POST /holds": HOLD,
    "POST /holds/preview": HOLD,
    "POST /holds/{sequence}/capture": CAPTURE,
    "POST /holds/{sequence}/void": VOID,
}
"""What each call takes."""


class Call(NamedTuple):
    """A change that is asked for, with what it sends, to which transaction, and when it is recorded."""

    key: str
    summary: str
    at: datetime
    sent: Json
    of: int | None = None

    @property
    def target(self) -> str:
        """What it is sent to."""
        return self.key.removeprefix("POST ").replace("{sequence}", str(self.of))

    @property
    def change(self) -> Change:
        """What it asks for, as its function reads it."""
        event = APIGatewayProxyEventV2({"headers": {}, "body": json.dumps(self.sent)})
        change: Change = BODIES[self.key].read(event, **({"of": self.of} if self.of else {}))
        return change


class Read(NamedTuple):
    """What is asked for at the end, and the answer."""

    key: str
    summary: str
    target: str
    answer: Any


_FIRST_DAY = parse_timestamp("2020-11-03T09:00:00.25Z")
_LAST_DAY = parse_timestamp("2020-12-01T09:00:00.25Z")
_ORDER = {"reference": "order-1043"}
_SPEND, _HOLD, _WITHDRAWN, _CANCELLED = 6, 8, 10, 13
"""The numbers of transactions that others refer to."""


def _add(payer: str, points: int, timestamp: str, **more: str) -> Json:
    return {"payer": payer, "points": points, "timestamp": timestamp, **more}


def _calls() -> list[Call]:
    """Return all calls, those of a day a second apart."""
    return [
        Call(key, summary, day + timedelta(seconds=second), sent, *of)
        for day, told in ((_FIRST_DAY, _first_day()), (_LAST_DAY, _last_day()))
        for second, (key, summary, sent, *of) in enumerate(told)
    ]


def _first_day() -> list[tuple[Any, ...]]:
    add, earned = "POST /add", "2020-11-03T08:00:00Z"
    arrives = {"effective_at": "2020-11-10T00:00:00Z", "expires_at": "2021-11-10T00:00:00Z"}
    return [
        (add, "1. Points from DANNON", _add("DANNON", 1000, "2020-11-02T14:00:00Z")),
        (add, "2. Points from UNILEVER, earned earlier", _add("UNILEVER", 200, "2020-10-31T11:00:00Z")),
        (add, "3. DANNON takes points back", _add("DANNON", -200, "2020-10-31T15:00:00Z")),
        (add, "4. Points from MILLER COORS", _add("MILLER COORS", 10_000, "2020-11-01T14:00:00Z")),
        (add, "5. The oldest points", _add("DANNON", 300, "2020-10-31T10:00:00Z")),
        ("POST /spend", "The exercise's spend", {"points": 5000}),
        (
            "POST /transactions/{sequence}/refund",
            "An item was returned",
            {"points": 100, "metadata": {"article": "4711"}},
            _SPEND,
        ),
        ("POST /holds", "An order", {"points": 500, **_ORDER}),
        ("POST /holds/{sequence}/capture", "Part of it was delivered", {"points": 300, **_ORDER}, _HOLD),
        ("POST /holds", "An order for a day", {"points": 200, "expires_at": "2020-11-04T09:00:00Z"}),
        ("POST /holds/{sequence}/void", "The order was withdrawn", {}, _WITHDRAWN),
        (add, "Points that count a week later and last a year", _add("DANNON", 500, earned, **arrives)),
        (add, "Points that count later", _add("UNILEVER", 50, earned, effective_at="2020-12-31T00:00:00Z")),
        ("POST /transactions/{sequence}/cancel", "The points were given by mistake", {}, _CANCELLED),
        (add, "Points that expire soon", _add("UNILEVER", 70, earned, expires_at="2020-11-30T00:00:00Z")),
        ("POST /holds", "An order that nobody ends", {"points": 150, "expires_at": "2020-11-20T00:00:00Z"}),
    ]


def _last_day() -> list[tuple[Any, ...]]:
    new_year = _add("UNILEVER", 300, "2020-12-01T08:00:00Z", effective_at="2021-01-01T00:00:00Z")
    return [
        ("POST /holds", "An order that is still open", {"points": 250, "reference": "order-1044"}),
        ("POST /add", "Points for the new year", new_year),
    ]


CALLS = _calls()


class WorkedExample:
    """The account after all calls.

    Attributes
    ----------
    records
        What is on record at the end.
    lines
        All of it.
    """

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._asked: list[Line] = []
        self.records = no_records()
        for call in CALLS:
            for due in due_lines(self.records, call.at):
                self._follow(due.line)
            planned = plan(call.change, self.records.at.state, call.at, self.records)
            self._follow(next_line(self.records.at, planned, call.at))
            self._asked.append(self.lines[-1])

    def _follow(self, line: Line) -> None:
        self.lines.append(line)
        self.records = self.records.follow(line)

    def first(self, kind: Kind) -> int:
        """Return the number of the first transaction of a kind."""
        return next(line.sequence for line in self.lines if line.transaction.kind is kind)

    def changes(self) -> list[tuple[Call, Any]]:
        """Return the calls with their answers."""
        return [(call, _answer(line)) for call, line in zip(CALLS, self._asked, strict=True)]

    def reads(self) -> list[Read]:
        """Return what is asked for at the end."""
        after_spend = self.lines[_SPEND - 1].state.balances
        history = [line.listed for line in reversed(self.lines)]
        of_order = [told for told in history if told.get("reference") == _ORDER["reference"]]
        state = self.records.at.state
        return [
            Read("GET /balance", "After the exercise's spend", f"/balance?at={_SPEND}", dict(after_spend)),
            Read("GET /account", "At the end", "/account", self._account()),
            Read("GET /lots", "At the end", "/lots", _page("lots", self._lots())),
            Read("GET /holds", "At the end", "/holds", _page("holds", [self._hold(number) for number in state.holds])),
            Read("GET /pending", "At the end", "/pending", _page("pending", self._pending())),
            Read("GET /transactions", "All of it", "/transactions", _page("transactions", history)),
            Read(
                "GET /transactions",
                "One order",
                f"/transactions?reference={_ORDER['reference']}",
                _page("transactions", of_order),
            ),
            *(
                Read("GET /transactions/{sequence}", _summary(line), f"/transactions/{line.sequence}", self._told(line))
                for line in self._one_of_each()
            ),
        ]

    def _one_of_each(self) -> list[Line]:
        """Return a transaction of each kind, the first; of holds and pending adds one for each end."""
        seen: dict[Any, Line] = {}
        for line in self.lines:
            ended = self._fate(line.sequence)[1]
            seen.setdefault((line.transaction.kind, *ended), line)
        return list(seen.values())

    def _fate(self, sequence: int) -> tuple[int | None, Json]:
        left, ended = fate_of(sequence, self.records.at.state, self.records)
        return left, {f"{_ENDS[ended.kind]}_by": ended.sequence} if ended else {}

    def _told(self, line: Line) -> Json:
        left, ended = self._fate(line.sequence)
        told = line.listed | ({} if left is None else {"left": left}) | ended
        origin = self.records.origin(line.sequence)
        if origin is None or line.transaction.kind not in {Kind.SPEND, Kind.HOLD, Kind.EXPIRE}:
            return told
        steps = walk_again(origin, self.records)
        return told | {"lots": [lot(step.lot, -step.given) for step in steps if step.given]}

    def _account(self) -> Json:
        state = self.records.at.state
        return {
            "available": state.total,
            "balances": dict(state.balances),
            "held": state.held,
            "pending": state.awaited,
            "owed": dict(state.owed),
            "next_expiry": _coming(next_expiry(state, self.records)),
            "next_lapse": _coming(next_lapse(state)),
            "next_arrival": _coming(next_arrival(state)),
        }

    def _lots(self) -> list[Json]:
        state = self.records.at.state
        in_turn = [of for _, of in in_order(whole(state.ranges), self.records, state.sequence)]
        return [lot(of, of.points - state.part_spent.get(of.sequence, 0)) for of in in_turn]

    def _hold(self, number: int) -> Json:
        told = self.lines[number - 1].listed
        return {
            "sequence": number,
            "points": -told["points"],
            "expires_at": told["expires_at"],
            "taken": told["taken"],
        }

    def _pending(self) -> list[Json]:
        names = ("sequence", "payer", "amount", "timestamp", "effective_at", "expires_at")
        told = [self.lines[number - 1].listed for number in self.records.at.state.pending]
        return [{name: one[name] for name in names if name in one} for one in told]


_ENDS = {
    Kind.CAPTURE: "captured",
    Kind.VOID: "voided",
    Kind.LAPSE: "lapsed",
    Kind.CANCEL: "cancelled",
    Kind.ARRIVE: "arrived",
}


def no_records() -> Records:
    """Return the records of an account without a line."""
    calls = Calls(_NoItems(), SystemClock(), random.Random(0), math.inf)  # noqa: S311 - draws no secrets
    return Records(Reader(calls, "", ACCOUNT), Standing(ACCOUNT))


class _NoItems:
    """A DynamoDB with an empty table."""

    def query(self, **_: Any) -> dict[str, Any]:
        return {"Items": []}

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {}

    def put_item(self, **_: Any) -> dict[str, Any]:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


def _answer(line: Line) -> Any:
    return per_payer(line.transaction.taken or {}) if line.transaction.kind is Kind.SPEND else line.listed


def _summary(line: Line) -> str:
    return f"{line.sequence}, of kind {line.transaction.kind}"


def _page(name: str, entries: list[Any]) -> Json:
    return {name: entries, "next_cursor": None}


def _coming(coming: Coming | None) -> Json | None:
    return {"at": format_timestamp(coming.at), "points": coming.points} if coming else None
