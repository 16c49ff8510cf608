"""What the functions print: a line of JSON for a request, and metrics of what was done, refused or contended."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.template import load_template
from tests.api.client import HANDLERS, Client
from tests.api.failures import NO_ANSWER, NOT_CONNECTED, client_error, lost_answers, rival_first
from tests.api.moments import MINUTE, after
from tests.simulator.clock import VirtualClock

ROOT = Path(__file__).parents[2]

Printed = Callable[[], list[dict[str, Any]]]


def logged(printed: Printed) -> list[dict[str, Any]]:
    return [line for line in printed() if "_aws" not in line]


def counted(printed: Printed) -> dict[str, list[float]]:
    """The metrics sent so far, each with its values; a refusal with its reason."""
    counts: dict[str, list[float]] = {}
    for line in printed():
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for metric in directive["Metrics"]:
                name = " ".join([metric["Name"], *([line["reason"]] if "reason" in line else [])])
                counts.setdefault(name, []).extend(line[metric["Name"]])
    return counts


@pytest.mark.parametrize("call", HANDLERS)
@pytest.mark.parametrize("named", [False, True], ids=["own account", "named account"])
def test_a_request_is_logged_once(eventful: Client, printed: Printed, call: str, *, named: bool) -> None:
    before = len(logged(printed))
    caller = replace(eventful, account=eventful.subject) if named else eventful
    event = caller.event(call)

    caller.send_event(call, event)

    (line,) = logged(printed)[before:]
    assert (line["level"], line["message"]) == ("INFO", "answered")
    assert line["correlation_id"] == event["requestContext"]["requestId"]
    assert (line["account"], line["route"], line["status"]) == (eventful.subject, event["routeKey"], 200)
    assert "refusal" not in line


def test_a_refusal_is_logged_with_its_reason_and_not_the_next_request(client: Client, printed: Printed) -> None:
    client.spend(100)
    replace(client, scope="").balance()
    client.balance()

    refused, forbidden, answered = logged(printed)
    assert (refused["refusal"], refused["status"]) == ("not-enough-points", 400)
    assert (forbidden["refusal"], forbidden["status"]) == ("scope-missing", 403)
    assert "refusal" not in answered
    assert "account" not in forbidden, "whoever was not let in"


def test_a_failure_is_logged_with_its_cause(client: Client, printed: Printed, stand_in: Any) -> None:
    stand_in(query=lambda **_: (_ for _ in ()).throw(client_error("AccessDeniedException")))
    event = client.event("balance")

    client.send_event("balance", event)

    failed, answered = logged(printed)
    assert (failed["level"], failed["exception_name"]) == ("ERROR", "UnavailableError")
    assert "AccessDeniedException" in failed["exception"]
    assert failed["correlation_id"] == answered["correlation_id"] == event["requestContext"]["requestId"]
    assert (answered["status"], answered["refusal"]) == (503, "unavailable")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        pytest.param(NOT_CONNECTED, "Could not connect to the endpoint URL", id="not connected"),
        pytest.param(NO_ANSWER, "Read timeout on endpoint URL", id="no answer"),
        pytest.param(client_error("ThrottlingException"), "ThrottlingException", id="throttled"),
    ],
)
def test_what_ends_in_503_or_504_is_logged_with_the_last_error(
    client: Client, printed: Printed, stand_in: Any, error: Exception, cause: str
) -> None:
    """It names the endpoint, or says what DynamoDB has said; the caller is told nothing of that."""

    def fail(**_: Any) -> Any:
        raise error

    stand_in(query=fail)
    answers = [client.balance(), client.spend(1)]
    stand_in(put_item=fail)
    answers.append(client.add("DANNON", 1))

    failures = [line for line in logged(printed) if line["level"] == "ERROR"]
    assert [answer.status for answer in answers] == [503, 503, 504 if error is NO_ANSWER else 503]
    assert [line["exception_name"] for line in failures] == [
        "BusyError",
        "BusyError",
        "OutcomeUnknownError" if error is NO_ANSWER else "BusyError",
    ]
    assert all(cause in line["exception"] for line in failures)
    assert not any(cause in answer.text or "amazonaws" in answer.text for answer in answers)


def test_lost_races_to_the_end_are_logged_as_what_they_were(
    client: Client, printed: Printed, stand_in: Any, dynamodb: Any
) -> None:
    stand_in(put_item=rival_first(dynamodb, client.subject))

    replace(client, remaining_ms=6_000).add("DANNON", 100)

    (failed,) = [line for line in logged(printed) if line["level"] == "ERROR"]
    assert failed["exception_name"] == "OverrunError"
    assert "ConditionalCheckFailedException" in failed["exception"]


def test_nobody_s_business_is_in_the_logs(client: Client, printed: Printed, stand_in: Any, dynamodb: Any) -> None:
    """No payer, no token, no key: not even where DynamoDB fails, or nobody expected what happened."""
    client.add("SECRET PAYER", 100, idempotency_key="secret-key")
    client.add("SECRET PAYER", 100, idempotency_key="secret-key")
    client.spend(10, idempotency_key="secret-key")
    client.add("SECRET PAYER", -500)
    client.balance()
    for error in (client_error("AccessDeniedException"), NO_ANSWER, RuntimeError("unexpected")):
        stand_in(put_item=lost_answers(dynamodb, error, landed=False))
        client.add("SECRET PAYER", 7, idempotency_key="another-secret-key")

    assert {line["status"] for line in logged(printed) if "status" in line} == {200, 409, 422, 500, 503, 504}
    text = json.dumps(printed()).lower()
    assert not any(private in text for private in ("secret", "bearer", "header.claims.signature"))


def test_adds_are_counted_with_their_points(client: Client, printed: Printed) -> None:
    client.add("DANNON", 100)
    client.add("DANNON", -40)

    assert counted(printed) == {"Adds": [1, 1], "PointsAdded": [100, -40]}


def test_spends_are_counted_with_their_points(client: Client, printed: Printed) -> None:
    client.add("DANNON", 100)
    client.spend(30)
    client.spend(20)

    assert counted(printed) == {"Adds": [1], "PointsAdded": [100], "Spends": [1, 1], "PointsSpent": [30, 20]}


def test_each_kind_of_change_is_counted_with_its_points(client: Client, printed: Printed) -> None:
    client.add("DANNON", 100)
    client.spend(50)
    client.refund(2, 20)
    client.hold(30)
    client.capture(4, 10)
    client.hold(7)
    client.void(6)
    client.add("DANNON", 5, effective_at="2099-01-01T00:00:00Z")
    client.cancel(8)

    assert counted(printed) == {
        "Adds": [1],
        "PointsAdded": [100],
        "Spends": [1],
        "PointsSpent": [50],
        "Refunds": [1],
        "PointsRefunded": [20],
        "Holds": [1, 1],
        "PointsHeld": [30, 7],
        "Captures": [1],
        "PointsCaptured": [10],
        "Voids": [1],
        "PointsVoided": [7],
        "PendingAdds": [1],
        "PointsPending": [5],
        "Cancellations": [1],
        "PointsCancelled": [5],
    }


def test_what_time_has_done_is_counted_by_who_records_it(client: Client, clock: VirtualClock, printed: Printed) -> None:
    client.add("DANNON", 100, expires_at=after(MINUTE))
    client.hold(30, expires_at=after(MINUTE))
    client.add("UNILEVER", 5, effective_at=after(MINUTE))
    clock.sleep(MINUTE)
    before = counted(printed)
    client.balance()
    client.spend(6)
    assert "Expiries" not in before, "a reader and a refused spend record nothing"

    client.spend(1)

    counts = counted(printed)
    assert {name: counts[name] for name in counts if name not in before} == {
        "Refusals not-enough-points": [1],
        "Arrivals": [1],
        "PointsArrived": [5],
        "Lapses": [1],
        "PointsLapsed": [30],
        "Expiries": [1],
        "PointsExpired": [100],
        "Spends": [1],
        "PointsSpent": [1],
    }


def test_a_replay_is_not_counted_again(client: Client, printed: Printed) -> None:
    for _ in range(3):
        client.add("DANNON", 100, idempotency_key="a")
        client.spend(30, idempotency_key="b")

    assert counted(printed) == {"Adds": [1], "PointsAdded": [100], "Spends": [1], "PointsSpent": [30]}


def test_a_balance_counts_nothing(client: Client, printed: Printed) -> None:
    client.balance()

    assert counted(printed) == {}


def test_refusals_are_counted_by_reason(client: Client, printed: Printed) -> None:
    client.spend(5)
    client.spend(6)
    client.spend(-1)
    client.add("DANNON", -1)
    client.add("DANNON", 1, if_match='"7"')
    client.send("add", " " * 20_000)
    replace(client, scope="").balance()

    assert counted(printed) == {
        "Refusals not-enough-points": [1, 1],
        "Refusals invalid-request": [1],
        "Refusals payer-below-zero": [1],
        "Refusals version-mismatch": [1],
        "Refusals body-too-large": [1],
        "Refusals scope-missing": [1],
    }


def test_a_refused_preview_is_counted_apart_from_what_was_meant_in_earnest(client: Client, printed: Printed) -> None:
    client.preview(100)
    client.send("hold_preview", {"points": 100})
    client.spend(100)
    client.send("preview", {})

    assert counted(printed) == {
        "RefusedPreviews not-enough-points": [1, 1],
        "Refusals not-enough-points": [1],
        "Refusals invalid-request": [1],
    }


def test_lost_races_are_counted_each(client: Client, printed: Printed, stand_in: Any, dynamodb: Any) -> None:
    stand_in(put_item=rival_first(dynamodb, client.subject, times=3))

    client.add("DANNON", 100)

    assert counted(printed) == {"LostRaces": [1, 1, 1], "Adds": [1], "PointsAdded": [100]}


def test_lost_races_are_counted_where_all_were_lost(
    client: Client, printed: Printed, stand_in: Any, dynamodb: Any
) -> None:
    stand_in(put_item=rival_first(dynamodb, client.subject))

    replace(client, remaining_ms=6_000).add("DANNON", 100)  # its 1.5 s are more than three losers' pauses

    counts = counted(printed)
    assert len(counts.pop("LostRaces")) > 2
    assert counts == {"Refusals busy": [1]}, "which takes no deployment back, since any caller can bring it about"


def test_metrics_are_told_apart_as_the_template_s_alarms_expect() -> None:
    """A process of its own, since Powertools reads the environment when a handler is imported. It warns of nothing."""
    function = next(
        it for it in load_template(ROOT / "infra" / "template.yaml").functions if it.handler == "add.handler"
    )
    requests = """
from types import SimpleNamespace
from points.api import runtime
from tests.api.client import Client
dynamodb = SimpleNamespace(query=lambda **_: {"Items": []}, put_item=lambda **_: {})
runtime.make_client = lambda: dynamodb
runtime.passbook.cache_clear()
Client().add("DANNON", 100)
Client().spend(100)
"""
    search_path = os.pathsep.join([str(function.code), str(ROOT)])
    environment = {**os.environ, **function.environment, "AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": search_path}

    run = subprocess.run([sys.executable, "-c", requests], env=environment, capture_output=True, text=True, check=True)  # noqa: S603

    lines = [json.loads(line) for line in run.stdout.splitlines()]
    directives = [(metrics, line) for line in lines for metrics in line.get("_aws", {}).get("CloudWatchMetrics", [])]
    added, refused = sorted(directives, key=lambda found: "reason" in found[1])
    assert [set(names) for names in added[0]["Dimensions"]] == [{"service"}]
    assert [set(names) for names in refused[0]["Dimensions"]] == [{"service", "reason"}]
    assert {line["service"] for line in lines} == {function.environment["POWERTOOLS_SERVICE_NAME"]}
    assert {found[0]["Namespace"] for found in directives} == {function.environment["POWERTOOLS_METRICS_NAMESPACE"]}
    assert not run.stderr
