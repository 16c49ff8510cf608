"""What comes after each attempt: decided without sending anything, so every course of events can be tried."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from points_ledger import Add, Patience, Spend, calls, errors
from points_ledger.attempts import Authorize, Lost, Pause, Send, settle
from points_ledger.http import Response
from points_ledger.models import AddTransaction, FieldError, Spent

PATIENCE = Patience(deadline_s=100, attempt_s=30, first_pause_s=1, longest_pause_s=8)
SPEND = calls.spend(Spend(5), key="order-1")
DONE = Response(
    200,
    httpx.Headers({"ETag": '"7"', "Content-Location": "/transactions/7"}),
    b'[{"payer":"DANNON","points":-5}]',
)


def problem(status: int, kind: str, **headers: str) -> Response:
    """Return a problem of the ledger's."""
    body = {"type": f"urn:points-ledger:problem:{kind}", "title": "No", "status": status, "detail": "It is so."}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, httpx.Headers(named), json.dumps(body).encode())


def message(status: int, **headers: str) -> Response:
    """Return an answer of the gateway's own."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, httpx.Headers(named), b'{"message":"Something"}')


class Course:
    """Lets a call's attempts come to what is told, one after the other, and time pass as it is asked to."""

    def __init__(
        self, *outcomes: Response | Lost, tokens: tuple[str | None, ...] = (None,), takes_s: float = 0
    ) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self.sent: list[Send] = []
        self._outcomes = list(outcomes)
        self._tokens = list(tokens)
        self._takes_s = takes_s

    def follow(self, call: Any = SPEND, uniform: Callable[[float, float], float] = lambda _, most: most) -> Any:
        """Return what the call comes to."""
        steps = settle(call, PATIENCE, lambda: self.now, uniform)
        outcome: Any = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                return end.value
            outcome = None
            match step:
                case Authorize(refused=refused):
                    if refused is not None and refused == self._tokens[0] and len(self._tokens) > 1:
                        self._tokens.pop(0)
                    outcome = self._tokens[0]
                case Send():
                    self.sent.append(step)
                    self.now += self._takes_s
                    outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
                case Pause(seconds=seconds):
                    self.pauses.append(seconds)
                    self.now += seconds


@pytest.mark.parametrize("failure", [
    Lost("reset", sent=True), Lost("no route", sent=False), message(429), message(500), message(502), message(503),
    message(504), problem(500, "internal-error"), problem(503, "unavailable"), problem(504, "outcome-unknown"),
    Response(200, httpx.Headers(), b"<html>"), Response(200, httpx.Headers(), b"[]"),
    Response(200, DONE.headers, b'[{"payer": 7}]'),
])  # fmt: skip
def test_what_may_be_otherwise_next_time_is_tried_again_with_the_same_key(failure: Response | Lost) -> None:
    course = Course(failure, failure, DONE)
    spent = course.follow()
    assert isinstance(spent, Spent)
    assert (spent.sequence, spent.version) == (7, "7")
    assert [it.request.headers["Idempotency-Key"] for it in course.sent] == ["order-1"] * 3


def test_every_change_has_a_key_of_its_own_unless_one_is_given() -> None:
    keys = {calls.spend(Spend(5)).key for _ in range(3)}
    assert len(keys) == 3
    assert calls.preview(Spend(5)).key is None


@pytest.mark.parametrize(("status", "kind", "error"), [
    (400, "not-enough-points", errors.NotEnoughPoints),
    (404, "no-transaction", errors.NoTransaction),
    (409, "ended", errors.Ended),
    (409, "limit-payers", errors.LimitPayers),
    (409, "limit-not-known-yet", errors.LimitReached),
    (409, "not-known-yet", errors.Refused),
    (422, "idempotency-key-reused", errors.IdempotencyKeyReused),
])  # fmt: skip
def test_a_refusal_is_final(status: int, kind: str, error: type[errors.LedgerError]) -> None:
    course = Course(problem(status, kind), DONE)
    with pytest.raises(error, match="It is so") as refused:
        course.follow()
    assert type(refused.value) is error
    assert (refused.value.key, refused.value.status, refused.value.title) == ("order-1", status, "No")
    assert len(course.sent) == 1


@pytest.mark.parametrize(("status", "error"), [
    (401, errors.Unauthorized), (403, errors.Forbidden), (404, errors.NotFound), (413, errors.BodyTooLarge),
    (302, errors.Refused),
])  # fmt: skip
def test_so_is_a_refusal_of_the_gateways_own(status: int, error: type[errors.LedgerError]) -> None:
    with pytest.raises(error, match="Something"):
        Course(message(status)).follow()


def test_a_problem_says_which_fields_and_which_version() -> None:
    body = b'{"type":"urn:points-ledger:problem:version-mismatch","errors":[{"field":"a","message":"b"}]}'
    with pytest.raises(errors.VersionMismatch) as refused:
        Course(Response(412, httpx.Headers({"ETag": '"7.2027"'}), body)).follow()
    assert refused.value.errors == (FieldError(field="a", message="b"),)
    assert refused.value.version == "7.2027"


def test_pauses_grow_to_the_longest_and_are_random() -> None:
    course = Course(*[message(503)] * 6, DONE)
    course.follow()
    assert course.pauses == [1, 2, 4, 8, 8, 8]
    other = Course(message(503), DONE)
    other.follow(uniform=lambda least, _: least)
    assert other.pauses == [0]


def test_a_retry_after_is_honoured_with_some_time_on_top() -> None:
    in_a_minute = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=60), usegmt=True)
    course = Course(message(429, Retry_After="20"), problem(503, "unavailable", retry_after=in_a_minute), DONE)
    course.follow()
    assert course.pauses[0] == 21
    assert 55 < course.pauses[1] <= 62


def test_a_retry_after_beyond_the_deadline_is_not_waited_for() -> None:
    course = Course(problem(503, "unavailable", retry_after="100"))
    with pytest.raises(errors.Unavailable):
        course.follow()
    assert course.pauses == []


@pytest.mark.parametrize("odd", ["soon", "-5", "٣", ""])
def test_an_odd_retry_after_is_none(odd: str) -> None:
    class Odd(dict[str, str]):
        pass

    course = Course(Response(503, Odd({"Retry-After": odd}), b"{}"), DONE)
    course.follow()
    assert course.pauses == [1]


def test_after_the_deadline_the_outcome_is_unknown_if_one_attempt_may_have_been_recorded() -> None:
    course = Course(Lost("reset", sent=True), problem(503, "unavailable"), takes_s=10)
    with pytest.raises(errors.OutcomeUnknown, match="order-1") as unknown:
        course.follow()
    assert unknown.value.key == "order-1"
    assert isinstance(unknown.value.__cause__, errors.Unavailable)
    assert course.now <= 100 + 10


@pytest.mark.parametrize("failure", [Lost("refused", sent=False), problem(503, "unavailable")])
def test_nothing_was_recorded_if_every_attempt_surely_was_not(failure: Response | Lost) -> None:
    with pytest.raises(errors.Unavailable, match="nothing was recorded") as unavailable:
        Course(failure, takes_s=10).follow()
    assert unavailable.value.key == "order-1"


@pytest.mark.parametrize("failure", [message(429), message(503), problem(500, "internal-error")])
def test_only_the_ledger_itself_can_say_that_nothing_was_recorded(failure: Response) -> None:
    with pytest.raises(errors.OutcomeUnknown):
        Course(failure, takes_s=10).follow()


def test_no_attempt_lasts_beyond_the_deadline() -> None:
    course = Course(Lost("timeout", sent=True), takes_s=28)
    with pytest.raises(errors.OutcomeUnknown):
        course.follow()
    assert [it.timeout_s for it in course.sent] == [30, 30, 30, 100 - 3 * 28 - 7]


def test_a_refused_token_is_renewed_once() -> None:
    course = Course(message(401), DONE, tokens=("old", "new"))
    course.follow()
    assert [it.token for it in course.sent] == ["old", "new"]
    again = Course(message(401), tokens=("old", "new", "newer"))
    with pytest.raises(errors.Unauthorized):
        again.follow()
    assert [it.token for it in again.sent] == ["old", "new"]
    same = Course(message(401), tokens=("fixed",))
    with pytest.raises(errors.Unauthorized):
        same.follow()
    assert len(same.sent) == 1


def test_a_refused_token_says_nothing_of_an_attempt_before() -> None:
    with pytest.raises(errors.OutcomeUnknown):
        Course(Lost("reset", sent=True), message(403)).follow()
    with pytest.raises(errors.NotEnoughPoints):
        Course(Lost("reset", sent=True), problem(400, "not-enough-points")).follow()


def test_what_the_ledger_learns_to_say_is_no_fault() -> None:
    told = {"kind": "add", "sequence": 1, "points": 5, "payer": "DANNON", "timestamp": "2020-11-02T14:00:00.5+01:00"}
    told |= {"recorded_at": "2026-01-01T00:00:00.000000Z", "digest": "0" * 64, "new": {"a": 1}, "version": 3}
    answer = Response(200, httpx.Headers({"ETag": '"1"'}), json.dumps(told).encode())
    moment = datetime(2020, 11, 2, 13, 0, 0, 500_000, timezone.utc)
    added = Course(answer).follow(calls.add(Add("DANNON", 5, moment)))
    assert isinstance(added, AddTransaction)
    assert (added.timestamp, added.version, added.listed) == (moment, "1", told)
    page = {"transactions": [told | {"kind": "gift"}], "next_cursor": None}
    [gift] = (
        Course(Response(200, httpx.Headers(), json.dumps(page).encode())).follow(calls.transactions()(None)).entries
    )
    assert (gift.kind, gift.points) == ("gift", 5)
