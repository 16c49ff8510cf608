"""The problems that the calls answer, got from the code that raises them."""

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from botocore.exceptions import ClientError
from points.api.bodies import MAX_BODY_BYTES, AddBody, SpendBody, read_body
from points.api.identity import account_of
from points.api.problems import problem_of
from points.api.queries import no_transaction
from points.moments import parse_timestamp
from points.rules.plans import plan_add, plan_spend
from points.rules.terms import MAX_POINTS, Add, Added, Spend, State
from points.storage.capacity import LINE_BYTES, SORT_KEY_BYTES, check_capacity
from points.storage.dynamodb import COLLECTION_FULL
from points.storage.errors import KeyReusedError, OutcomeUnknownError, UnavailableError, VersionMismatchError
from points.storage.lines import BEFORE_ALL, Line
from points.storage.passbook import Passbook

_MOMENT = parse_timestamp("2020-11-02T14:00:00Z")


def problems() -> dict[str, Any]:
    """Return the body of one problem of each kind, by kind."""
    return {problem.kind: json.loads(problem.to_response().body or "") for problem in map(problem_of, _errors())}


def _errors() -> Iterator[Exception]:
    yield _raised(lambda: read_body(_event(body='{"points": "5000"}'), SpendBody))
    yield _raised(lambda: plan_spend(Spend(20_000), State({"DANNON": 1_000, "MILLER COORS": 5_300}), []))
    yield _raised(lambda: account_of(_event(), "read"))
    yield _raised(lambda: account_of(_event(claims={"sub": "u-7", "scope": "points/read"}), "spend"))
    yield no_transaction(7)
    yield _raised(lambda: plan_add(Add("DANNON", -500, _MOMENT), State({"DANNON": 300}), 2))
    yield _raised(lambda: plan_add(Add("DANNON", 1, _MOMENT), State({"DANNON": MAX_POINTS}), 2))
    yield _raised(lambda: check_capacity(_line(State({f"payer {n}": 1 for n in range(LINE_BYTES // 20)}))))
    yield _raised(lambda: check_capacity(_line(State(part_spent=dict.fromkeys(range(LINE_BYTES // 20), 1)))))
    yield _raised(lambda: check_capacity(_line(State(), position="0" * (SORT_KEY_BYTES + 1))))
    yield _raised(lambda: Passbook(_FullCollection(), "").record("u-7", Add("DANNON", 1, _MOMENT), math.inf))
    yield VersionMismatchError(7)
    yield _raised(lambda: read_body(_event(body=" " * (MAX_BODY_BYTES + 1)), AddBody))
    yield KeyReusedError()
    yield UnavailableError()
    yield OutcomeUnknownError()
    yield RuntimeError()


def _raised(act: Callable[[], object]) -> Exception:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is asked for
        return error
    raise AssertionError("nothing was raised")


def _event(*, body: str = "", claims: dict[str, str] | None = None) -> APIGatewayProxyEventV2:
    authorizer = {"authorizer": {"jwt": {"claims": claims, "scopes": []}}} if claims else {}
    return APIGatewayProxyEventV2({"body": body, "requestContext": authorizer})


def _line(state: State, position: str = "0") -> Line:
    added = Added("DANNON", 1, _MOMENT, position)
    return Line("u-7", 1, BEFORE_ALL, state, transaction=added, write_id="")


class _FullCollection:
    """A DynamoDB that holds all it can of an account."""

    def query(self, **_: Any) -> dict[str, Any]:
        return {"Items": []}

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {}

    def put_item(self, **_: Any) -> dict[str, Any]:
        refused = {"Error": {"Code": COLLECTION_FULL}, "ResponseMetadata": {"HTTPStatusCode": 400}}
        raise ClientError(refused, "PutItem")  # type: ignore[arg-type]

    def close(self) -> None:
        pass
