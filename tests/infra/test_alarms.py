"""What goes wrong is noticed, and a new version that goes wrong is taken back."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from points.api.observability import NAMESPACE, RECORDED
from points.rules.terms import Kind

from tests.infra.template import PATH, Properties, functions, functions_of_the_api, only, resources, template

ALARMS = {name: it["Properties"] for name, it in resources("AWS::CloudWatch::Alarm").items()}
RUNBOOK_WORTHY = {
    "InternalErrors", "Unavailable", "Busy", "UnknownOutcomes", "Throttles", "SlowRequests", "ServerErrors",
    "WriteThrottles", "CalendarThrottles", "ReadThrottles", "TableErrors", "RefusedSpends", "LostRaces", "FullAccounts",
    "LateEvents", "KeptEvents", "DroppedEvents", "LateSweep", "LateAccounts", "DeadLetters",
}  # fmt: skip
MAIN_PART, OPTIONAL_PARTS = only("AWS::CloudWatch::Dashboard")["Properties"]["DashboardBody"]["Fn::Sub"]


def _body(part: Callable[[dict[str, Any]], str]) -> str:
    """Put the dashboard together, of its main part and what is chosen of each optional one."""
    chosen = {name: part(choice) for name, choice in OPTIONAL_PARTS.items()}
    return re.sub(r"\$\{(\w+)\}", lambda match: chosen.get(match[1], match[0]), MAIN_PART)


BODY = _body(lambda choice: choice["Fn::If"][1]["Fn::Sub"])
WIDGETS = json.loads(BODY)["widgets"]
AWS_METRICS = {
    ("AWS/ApiGateway", "5xx"): [{"ApiId"}],
    ("AWS/ApiGateway", "IntegrationLatency"): [{"ApiId"}],
    ("AWS/DynamoDB", "ReadThrottleEvents"): [{"TableName"}],
    ("AWS/DynamoDB", "SystemErrors"): [{"TableName", "Operation"}],
    ("AWS/DynamoDB", "WriteThrottleEvents"): [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}],
    ("AWS/Lambda", "DroppedEventCount"): [{"EventSourceMappingUUID"}],
    ("AWS/Lambda", "Errors"): [{"FunctionName", "Resource"}],
    ("AWS/Lambda", "IteratorAge"): [{"FunctionName"}, {"FunctionName", "Resource"}],
    ("AWS/Lambda", "OnFailureDestinationDeliveredEventCount"): [{"EventSourceMappingUUID"}],
    ("AWS/Lambda", "Throttles"): [set()],
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): [{"QueueName"}],
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): [{"QueueName"}],
}
"""What AWS counts that may be watched here, and by which dimensions, as its documentation spells them."""
OF_TIME = {Kind.ARRIVE, Kind.LAPSE, Kind.EXPIRE}
REASONS = json.loads((PATH.parents[1] / "functions/docs_assets/openapi.json").read_text())["components"]["examples"]
"""The kinds of problem, each with an example."""


def _alarm_of(function: str) -> str:
    return function.removesuffix("Function") + "Errors"


def test_there_is_an_alarm_for_each_function_and_each_way_to_fail() -> None:
    assert ALARMS.keys() == {_alarm_of(name) for name in functions()} | RUNBOOK_WORTHY


def test_the_runbook_says_what_each_alarm_means() -> None:
    rows = re.findall(r"^\| (`[^|]+`[^|]*) \|", (PATH.parents[1] / "docs/runbook.md").read_text(), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named >= RUNBOOK_WORTHY
    assert "`…Errors` (one per function)" in rows


def test_each_functions_alarm_counts_the_crashes_of_its_published_versions() -> None:
    for name in functions():
        alarm = ALARMS[_alarm_of(name)]
        assert (alarm["Namespace"], alarm["MetricName"], alarm["Threshold"]) == ("AWS/Lambda", "Errors", 1)
        assert alarm["Dimensions"] == [
            {"Name": "FunctionName", "Value": {"Ref": name}},
            {"Name": "Resource", "Value": {"Fn::Sub": f"${{{name}}}:live"}},
        ]


def test_each_functions_new_version_is_taken_back_on_its_own_alarm_and_on_failed_answers() -> None:
    for name, properties in functions().items():
        wired = [alarm["Ref"] for alarm in properties["DeploymentPreference"]["Alarms"]]
        answers = ["InternalErrors", "Unavailable"] if name in functions_of_the_api() else []
        assert wired == [_alarm_of(name), *answers]


def test_no_alarm_of_a_rollback_depends_on_the_api() -> None:
    """The API depends on the aliases, they on the rollbacks' alarms: one more step and CloudFormation sees a circle."""
    wired = {it["Ref"] for properties in functions().values() for it in properties["DeploymentPreference"]["Alarms"]}
    assert not [name for name in wired if "LedgerApi" in json.dumps(ALARMS[name])]


def test_every_alarm_says_what_it_means_notifies_and_is_quiet_when_nothing_is_called() -> None:
    for alarm in ALARMS.values():
        assert alarm["AlarmDescription"]
        assert alarm.get("ActionsEnabled", True) is True
        assert alarm["AlarmActions"] == {"Fn::If": ["Notify", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    silence = {name: alarm["TreatMissingData"] for name, alarm in ALARMS.items()}
    assert silence.pop("LateSweep") == "breaching", "a schedule calls it, not a caller"
    assert set(silence.values()) == {"notBreaching"}


def _watched(alarm: Properties) -> Iterator[Properties]:
    """Yield the metrics that an alarm goes by."""
    if "Metrics" not in alarm:
        yield alarm
    for entry in alarm.get("Metrics", []):
        if "MetricStat" in entry:
            yield entry["MetricStat"]["Metric"]


def _dimensions(metric: Properties) -> dict[str, Any]:
    return {it["Name"]: it["Value"] for it in metric.get("Dimensions", [])}


OWN = [(name, it) for name, alarm in ALARMS.items() for it in _watched(alarm) if it["Namespace"] == NAMESPACE]


@pytest.mark.parametrize("metric", [it for _, it in OWN], ids=lambda it: it["MetricName"])
def test_every_metric_of_ours_that_is_watched_is_counted_by_the_functions(metric: Properties) -> None:
    dimensions = _dimensions(metric)
    assert dimensions.pop("service") == {"Ref": "AWS::StackName"}
    if metric["MetricName"] == "Refusals":
        assert dimensions.pop("reason") in REASONS
    else:
        assert metric["MetricName"] in {lines for lines, _ in RECORDED.values()} | {"LostRaces", "SweepBehind"}
    assert not dimensions


def test_every_metric_of_awss_that_is_watched_is_one() -> None:
    for alarm in ALARMS.values():
        for metric in _watched(alarm):
            if metric["Namespace"] != NAMESPACE:
                assert _dimensions(metric).keys() in AWS_METRICS[metric["Namespace"], metric["MetricName"]]


def test_nothing_that_a_caller_can_bring_about_takes_a_deployment_back() -> None:
    """A busy account, bad requests and too few points are callers' doing; a crash, a 500 and a denied call are ours."""
    wired = {it["Ref"] for properties in functions().values() for it in properties["DeploymentPreference"]["Alarms"]}
    own = {name for name in wired if ALARMS[name]["Namespace"] == NAMESPACE}
    assert {reason for name in own for reason in _reasons(name)} == {"internal-error", "unavailable"}


def _names(alarm: str) -> set[str]:
    return {it["MetricName"] for name, it in OWN if name == alarm}


def _reasons(alarm: str) -> set[str]:
    return {_dimensions(it)["reason"] for name, it in OWN if name == alarm and "reason" in _dimensions(it)}


def test_lost_races_are_compared_with_all_changes_that_callers_make() -> None:
    changes = {lines for kind, (lines, _) in RECORDED.items() if kind not in OF_TIME}
    assert _names("LostRaces") == changes | {"LostRaces"}
    metrics = ALARMS["LostRaces"]["Metrics"]
    identifiers = [it["Id"] for it in metrics if it["Id"] not in {"percent", "races"}]
    assert len(identifiers) == len(changes)
    total = f"SUM([{', '.join(identifiers)}])"
    assert metrics[0]["Expression"] == f"IF({total} >= 100, 100 * races / {total}, 0)"


def test_too_few_points_are_compared_with_all_that_draws_on_them() -> None:
    assert _names("RefusedSpends") == {"Spends", "Holds", "Refusals"}
    assert _reasons("RefusedSpends") == {"not-enough-points"}


def test_an_account_that_is_full_is_noticed_whatever_it_is_full_of() -> None:
    """Open holds and pending adds end by themselves, and a spend can be made in parts; these limits do not go away."""
    limits = {reason for reason in REASONS if reason.startswith("limit-")}
    assert _reasons("FullAccounts") == limits - {"limit-open-holds", "limit-pending-adds", "limit-lots"}


def test_no_alarm_has_more_metrics_than_cloudwatch_takes() -> None:
    assert max(len(alarm.get("Metrics", [])) for alarm in ALARMS.values()) <= 10


def _shown(metric: str) -> list[list[Any]]:
    (shown,) = [it["properties"]["metrics"] for it in WIDGETS if metric in str(it["properties"].get("metrics"))]
    found: list[list[Any]] = shown
    return found


def test_the_dashboard_shows_every_alarm_and_every_function() -> None:
    (alarms,) = [it["properties"]["alarms"] for it in WIDGETS if it["type"] == "alarm"]
    assert set(alarms) == {f"${{{name}.Arn}}" for name in ALARMS}
    for metric in ("Duration", "Errors", "ConcurrentExecutions", "Throttles"):
        assert set(re.findall(r"\$\{(\w+Function)\}", str(_shown(f"'AWS/Lambda', '{metric}'")))) == functions().keys()


def test_the_dashboard_shows_every_kind_of_transaction_and_its_points() -> None:
    assert {it[1] for it in _shown("'Adds'")} == {lines for lines, _ in RECORDED.values()} | {"LostRaces"}
    assert {it[1] for it in _shown("'PointsAdded'")} == {points for _, points in RECORDED.values()}


def test_the_dashboard_shows_what_is_deployed_without_events() -> None:
    without = _body(lambda choice: choice["Fn::If"][2])
    shown = set(re.findall(r"\$\{(\w+)(?:\.Arn)?\}", without))
    optional = {name for name, it in template()["Resources"].items() if "Condition" in it}
    assert not shown & optional
    assert shown >= functions_of_the_api().keys()
    assert len(json.loads(without)["widgets"]) < len(WIDGETS)


def test_the_dashboards_widgets_do_not_overlap() -> None:
    taken = [(it["x"] + x, it["y"] + y) for it in WIDGETS for x in range(it["width"]) for y in range(it["height"])]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24


def test_what_the_dashboard_refers_to_exists() -> None:
    known = template()["Resources"].keys() | {"AWS::Region", "AWS::StackName"}
    assert {name.partition(".")[0] for name in re.findall(r"\$\{([^}]+)\}", BODY)} <= known
