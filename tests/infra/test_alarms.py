"""What goes wrong is noticed, and a new version that goes wrong is taken back."""

import json
import re

from tests.infra.template import functions, only, resources, template

ALARMS = {name: it["Properties"] for name, it in resources("AWS::CloudWatch::Alarm").items()}
RUNBOOK_WORTHY = {
    "InternalErrors", "Unavailable", "UnknownOutcomes", "Throttles", "SlowRequests", "ServerErrors",
    "WriteThrottles", "ReadThrottles", "TableErrors", "RefusedSpends", "LostRaces",
}  # fmt: skip


def _alarm_of(function: str) -> str:
    return function.removesuffix("Function") + "Errors"


def test_there_is_an_alarm_for_each_function_and_each_way_to_fail() -> None:
    assert ALARMS.keys() == {_alarm_of(name) for name in functions()} | RUNBOOK_WORTHY


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
        assert wired == [_alarm_of(name), "InternalErrors", "Unavailable"]


def test_no_alarm_of_a_rollback_depends_on_the_api() -> None:
    """The API depends on the aliases, they on the rollbacks' alarms: one more step and CloudFormation sees a circle."""
    wired = {it["Ref"] for properties in functions().values() for it in properties["DeploymentPreference"]["Alarms"]}
    assert not [name for name in wired if "LedgerApi" in json.dumps(ALARMS[name])]


def test_every_alarm_says_what_it_means_notifies_and_is_quiet_when_nothing_is_called() -> None:
    for alarm in ALARMS.values():
        assert alarm["AlarmDescription"]
        assert alarm["AlarmActions"] == {"Fn::If": ["Notify", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
        assert alarm["TreatMissingData"] == "notBreaching"


def test_the_dashboard_shows_every_alarm_and_every_function() -> None:
    body = only("AWS::CloudWatch::Dashboard")["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(body)["widgets"]
    (alarms,) = [it["properties"]["alarms"] for it in widgets if it["type"] == "alarm"]
    assert set(alarms) == {f"${{{name}.Arn}}" for name in ALARMS}
    for metric in ("Duration", "Errors", "Throttles", "ConcurrentExecutions"):
        (shown,) = [it["properties"]["metrics"] for it in widgets if metric in str(it["properties"].get("metrics"))]
        assert set(re.findall(r"\$\{(\w+Function)\}", str(shown))) == functions().keys()


def test_what_alarms_and_dashboard_refer_to_exists() -> None:
    known = template()["Resources"].keys() | {"AWS::Region", "AWS::StackName"}
    body = only("AWS::CloudWatch::Dashboard")["Properties"]["DashboardBody"]["Fn::Sub"]
    assert {name.removesuffix(".Arn") for name in re.findall(r"\$\{([^}]+)\}", body)} <= known
