"""The sweep runs on a schedule and through queues that lose nothing, and a parameter leaves all of it out."""

import json
import re
from typing import Any

import pytest

from tests.infra.template import default, functions, resources, template

QUEUES = {name: it["Properties"] for name, it in resources("AWS::SQS::Queue").items()}
DEAD_LETTERS = "SweepDeadLetters"
CONSUMERS = {"SweepJobs": "SweepFunction", "DueAccounts": "SettleFunction", "ExpiringAccounts": "RemindFunction"}
"""The queues, and the functions that take from them."""

MAPPINGS = {queue: resources("AWS::Lambda::EventSourceMapping")[f"{queue}Mapping"]["Properties"] for queue in CONSUMERS}
REMINDING = {"RemindFunction", "ExpiringAccountsMapping", "RemindErrors"}
WITH_DAYS = {"Fn::Not": [{"Fn::Equals": [{"Ref": "ReminderDays"}, "0"]}]}
SWEEPING = {
    "SweepFunction", "SettleFunction", "SweepErrors", "SettleErrors", "SweepJobsMapping", "DueAccountsMapping",
    "SweepJobs", "DueAccounts", "ExpiringAccounts", "SweepDeadLetters", "LateSweep", "LateAccounts", "DeadLetters",
}  # fmt: skip


def _statements(function: str) -> list[tuple[Any, Any, Any]]:
    (policy,) = functions()[function]["Policies"]
    return [(it["Action"], it["Resource"], it.get("Condition")) for it in policy["Statement"]]


def _arn(*names: str) -> Any:
    arns = [{"Fn::GetAtt": [name, "Arn"]} for name in names]
    return arns if len(arns) > 1 else arns[0]


TAKE = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]


def test_it_runs_every_few_minutes_unless_the_parameter_is_empty_and_then_nothing_of_it_is_left() -> None:
    assert default("SweepSchedule") == "rate(5 minutes)"
    assert template()["Conditions"]["WithSweep"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "SweepSchedule"}, ""]}]}
    assert {name for name, it in template()["Resources"].items() if it.get("Condition") == "WithSweep"} == SWEEPING
    schedule = functions()["SweepFunction"]["Events"]["Schedule"]
    assert schedule["Type"] == "ScheduleV2"
    assert schedule["Properties"]["ScheduleExpression"] == {"Ref": "SweepSchedule"}
    assert schedule["Properties"]["OmitName"] is True, "two stacks of one Region would want the same name"


@pytest.mark.parametrize(("expression", "valid"), [
    ("", True),
    ("rate(5 minutes)", True),
    ("cron(0/15 * * * ? *)", True),
    ("5 minutes", False),
    ("rate()", False),
])  # fmt: skip
def test_the_schedule_is_an_expression_of_eventbridge_scheduler(expression: str, valid: bool) -> None:
    pattern = template()["Parameters"]["SweepSchedule"]["AllowedPattern"]
    assert bool(re.search(pattern, expression)) is valid


def test_without_reminders_nothing_of_them_is_left_and_they_are_off_by_default() -> None:
    assert default("ReminderDays") == 0
    assert template()["Conditions"]["WithReminders"] == {
        "Fn::And": [{"Condition": "WithEvents"}, {"Condition": "WithSweep"}, WITH_DAYS]
    }
    conditions = {name: it.get("Condition") for name, it in template()["Resources"].items()}
    assert {name for name, condition in conditions.items() if condition == "WithReminders"} == REMINDING
    refer = {name for name, it in template()["Resources"].items() if _refers(it, REMINDING)}
    assert refer - REMINDING == set()


def _refers(value: Any, names: set[str]) -> bool:
    """Whether a part of the template refers to one of these, where no condition chooses it."""
    match value:
        case {"Fn::If": ["WithReminders", _, otherwise]}:
            return _refers(otherwise, names)
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return name in names
        case dict():
            return any(_refers(it, names) for it in value.values())
        case list():
            return any(_refers(it, names) for it in value)
    return any(f"${{{name}" in str(value) for name in names)


def test_reminders_are_refused_without_a_bus_or_a_sweep() -> None:
    rule = template()["Rules"]["RemindersNeedTheBusAndTheSweep"]
    assert rule["RuleCondition"] == WITH_DAYS
    (assertion,) = rule["Assertions"]
    needed = [template()["Conditions"][name] for name in ("WithEvents", "WithSweep")]
    assert assertion["Assert"] == {"Fn::And": needed}


@pytest.mark.parametrize("queue", CONSUMERS)
def test_a_queue_keeps_what_is_not_done_and_sets_aside_what_never_is(queue: str) -> None:
    properties = QUEUES[queue]
    assert properties["VisibilityTimeout"] >= 6 * functions()[CONSUMERS[queue]]["Timeout"]
    redrive = properties["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [DEAD_LETTERS, "Arn"]}
    assert redrive["maxReceiveCount"] * properties["VisibilityTimeout"] >= 3600, "DynamoDB may be away for a while"


def test_all_queues_are_encrypted_and_forget_as_late_as_can_be() -> None:
    assert QUEUES.keys() == CONSUMERS.keys() | {DEAD_LETTERS}
    for properties in QUEUES.values():
        assert properties["SqsManagedSseEnabled"] is True
        assert properties["MessageRetentionPeriod"] == 14 * 24 * 3600


@pytest.mark.parametrize("queue", CONSUMERS)
def test_a_queue_feeds_the_current_version_of_its_function_never_too_many_at_once(queue: str) -> None:
    mapping = MAPPINGS[queue]
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert mapping["FunctionName"] == {"Ref": f"{CONSUMERS[queue]}.Alias"}
    assert mapping["ScalingConfig"]["MaximumConcurrency"]


def test_accounts_come_in_batches_of_which_only_those_that_fail_come_again() -> None:
    for queue in ("DueAccounts", "ExpiringAccounts"):
        assert MAPPINGS[queue]["BatchSize"] == 10
        assert MAPPINGS[queue]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert MAPPINGS[queue]["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "SettleConcurrency"}}
    assert MAPPINGS["SweepJobs"]["BatchSize"] == 1


def test_the_sweep_may_read_the_calendar_move_its_marks_and_queue_and_nothing_else() -> None:
    marks = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["#due", "#expiring"]}}
    table = {"Fn::GetAtt": ["LedgerTable", "Arn"]}
    assert _statements("SweepFunction") == [
        (["dynamodb:GetItem", "dynamodb:PutItem"], table, marks),
        ("dynamodb:Query", {"Fn::Sub": "${LedgerTable.Arn}/index/calendar"}, None),
        ("dynamodb:DescribeTable", table, None),
        ("sqs:SendMessage", _arn("SweepJobs", "DueAccounts", "ExpiringAccounts"), None),
        (TAKE, _arn("SweepJobs"), None),
    ]


def test_settling_may_read_and_write_lines_and_nothing_else() -> None:
    assert _statements("SettleFunction") == [
        (["dynamodb:Query", "dynamodb:PutItem"], {"Fn::GetAtt": ["LedgerTable", "Arn"]}, None),
        ("dynamodb:Query", {"Fn::Sub": "${LedgerTable.Arn}/index/by_timestamp"}, None),
        (TAKE, _arn("DueAccounts"), None),
    ]


def test_reminding_may_read_lines_and_put_events_and_nothing_else() -> None:
    assert _statements("RemindFunction") == [
        ("dynamodb:Query", {"Fn::GetAtt": ["LedgerTable", "Arn"]}, None),
        ("dynamodb:Query", {"Fn::Sub": "${LedgerTable.Arn}/index/by_timestamp"}, None),
        ("events:PutEvents", {"Fn::GetAtt": ["EventBus", "Arn"]}, None),
        (TAKE, _arn("ExpiringAccounts"), None),
    ]


def test_a_sweep_that_is_late_stuck_or_gives_up_is_noticed() -> None:
    alarms = {name: it["Properties"] for name, it in resources("AWS::CloudWatch::Alarm").items()}
    late = alarms["LateSweep"]
    assert (late["MetricName"], late["Statistic"], late["Threshold"]) == ("SweepBehind", "Maximum", 3600)
    assert late["Period"] * late["EvaluationPeriods"] == 3600
    watched = {
        it["MetricStat"]["Metric"]["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for it in alarms["LateAccounts"]["Metrics"]
        if "MetricStat" in it
    }
    assert watched == CONSUMERS.keys()
    assert alarms["DeadLetters"]["Threshold"] == 1
    assert DEAD_LETTERS in json.dumps(alarms["DeadLetters"]["Dimensions"])
