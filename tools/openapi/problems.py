"""The problems that the calls answer, got from the code that raises them."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from points.api.app import no_route
from points.api.bodies import SPEND
from points.api.identity import account_of
from points.api.json_text import MAX_BODY_BYTES
from points.api.problems import problem_of
from points.api.queries import no_transaction
from points.moments import parse_timestamp
from points.rules.plans import MOST_DRAWN, plan
from points.rules.refusals import TooFarError, too_many_lots
from points.rules.terms import (
    MAX_POINTS,
    Add,
    Cancel,
    Capture,
    Change,
    Hold,
    Kind,
    OpenHold,
    PendingAdd,
    Refund,
    Spend,
    State,
    Transaction,
)
from points.storage.capacity import ACCOUNT_BYTES, LINE_BYTES, Limits, check_capacity
from points.storage.errors import BusyError, KeyReusedError, OutcomeUnknownError, UnavailableError, VersionMismatchError
from points.storage.lines import Line
from points.storage.timeline import MOST_LOTS

import docs
from tools.openapi.schemas import Json
from tools.openapi.worked_example import WorkedExample, no_records

_MOMENT = parse_timestamp("2020-12-01T14:00:00Z")
_BALANCES = {"DANNON": 1_000, "UNILEVER": 0, "MILLER COORS": 5_300}


def problems(example: WorkedExample) -> list[Json]:
    """Return one problem of each kind, as it is answered; those of earlier transactions are of the worked example."""
    raised = (*_of_requests(), *_of_rules(example), *_of_limits(), *_of_storage())
    return [json.loads(problem_of(error).to_response().body or "") for error in raised] + list(_of_pages())


def _of_requests() -> Iterator[Exception]:
    yield _raised(lambda: SPEND.read(_event(body='{"points": "5000"}')))
    yield _raised(lambda: SPEND.read(_event(body=" " * (MAX_BODY_BYTES + 1))))
    yield _raised(lambda: SPEND.read(_event(headers={"content-encoding": "gzip"})))
    yield _raised(lambda: account_of(_event(), "read"))
    yield _raised(lambda: account_of(_event(claims={"sub": "u-7", "scope": "points/read"}), "spend"))
    yield no_transaction(99)
    yield no_route()


def _of_rules(example: WorkedExample) -> Iterator[Exception]:
    spend, hold, pending = (example.first(kind) for kind in (Kind.SPEND, Kind.HOLD, Kind.PENDING))
    yield _refused(Spend(20_000), State(balances=_BALANCES))
    yield _refused(Hold(500, _MOMENT - timedelta(days=1)), State(balances=_BALANCES))
    yield TooFarError(MOST_LOTS)
    yield too_many_lots(MOST_DRAWN)
    yield _refused(Add("DANNON", -1_500, _MOMENT), State(balances=_BALANCES))
    for change in (Refund(spend, 5_000), Refund(pending), Capture(hold), Cancel(spend)):
        yield _raised(partial(plan, change, example.records.at.state, _MOMENT, example.records))


def _of_limits() -> Iterator[Exception]:
    add = Add("DANNON", 1, _MOMENT)
    yield _refused(add, State(balances={"DANNON": MAX_POINTS}))
    hold = OpenHold(1, _MOMENT, 1, 1)
    pending = PendingAdd("DANNON", 1, _MOMENT, _MOMENT, None)
    limits = Limits()
    for state, size in (
        (State(balances={f"payer {number}": 1 for number in range(LINE_BYTES // 100)}), 0),
        (State(holds=dict.fromkeys(range(limits.open_holds + 1), hold)), 0),
        (State(pending=dict.fromkeys(range(limits.pending_adds + 1), pending)), 0),
        (State(part_spent=dict.fromkeys(range(LINE_BYTES // 20), 1)), 0),
        (State(), ACCOUNT_BYTES + 1),
    ):
        line = Line("", state=state, size=size, transaction=Transaction(kind=Kind.HOLD, points=-1), write_id="")
        yield _raised(partial(check_capacity, line, State(), limits))


def _of_storage() -> Iterator[Exception]:
    yield VersionMismatchError("7")
    yield KeyReusedError()
    yield BusyError()
    yield UnavailableError()
    yield OutcomeUnknownError()
    yield RuntimeError()


def _of_pages() -> Iterator[Json]:
    unrouted = {"routeKey": "$default", "rawPath": "/balance", "requestContext": {"http": {"method": "PUT"}}}
    no_file = {"routeKey": "GET /assets/{file}", "pathParameters": {"file": "nothing.js"}}
    not_acceptable = {"routeKey": "GET /docs", "headers": {"accept-encoding": "identity;q=0"}}
    for event in (unrouted, no_file, not_acceptable):
        yield json.loads(docs.handler(event, None)["body"])


def _refused(change: Change, state: State) -> Exception:
    return _raised(partial(plan, change, state, _MOMENT, no_records()))


def _raised(act: Callable[[], object]) -> Exception:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is asked for
        return error
    raise AssertionError("nothing was raised")


def _event(
    *, body: str = "", headers: dict[str, str] | None = None, claims: dict[str, str] | None = None
) -> APIGatewayProxyEventV2:
    authorizer = {"authorizer": {"jwt": {"claims": claims, "scopes": []}}} if claims else {}
    event: dict[str, Any] = {"body": body, "headers": headers or {}, "requestContext": authorizer}
    return APIGatewayProxyEventV2(event)
