"""Every line becomes an event on the bus, what cannot is kept, and a parameter leaves all of it out."""

import json
from typing import Any

import publish
import pytest

from tests.events.histories import adds_of
from tests.infra.template import default, functions, only, resources, template

MAPPING = resources("AWS::Lambda::EventSourceMapping")["PublishMapping"]["Properties"]
BUCKET = only("AWS::S3::Bucket")
OF_OWN_ACCOUNT = {"StringEquals": {"s3:ResourceAccount": {"Ref": "AWS::AccountId"}}}
OPTIONAL = {
    "EventBus", "PublishFunction", "PublishMapping", "PublishErrors", "KeptRecords", "KeptRecordsPolicy",
    "LateEvents", "KeptEvents", "DroppedEvents",
}  # fmt: skip
"""All that events take, but for the table's stream."""


def test_without_events_nothing_of_them_is_left_that_costs_anything() -> None:
    assert {name for name in OPTIONAL if template()["Resources"][name].get("Condition") == "WithEvents"} == OPTIONAL
    stream = only("AWS::DynamoDB::Table")["Properties"]["StreamSpecification"]
    assert stream == {"Fn::If": ["WithEvents", {"StreamViewType": "NEW_IMAGE"}, {"Ref": "AWS::NoValue"}]}
    assert template()["Conditions"]["WithEvents"] == {"Fn::Equals": [{"Ref": "Events"}, "true"]}
    assert default("Events") == "true"


def _refers_to(value: Any) -> set[str]:
    """Find what a part of the template refers to, where its condition does not choose it."""
    match value:
        case {"Fn::If": ["WithEvents" | "WithReminders", _, otherwise]}:
            return _refers_to(otherwise)
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return {name}
        case dict():
            return set().union(*map(_refers_to, value.values()))
        case list():
            return set().union(*map(_refers_to, value))
        case str():
            return {name for name in OPTIONAL if f"${{{name}" in value}
    return set()


def test_nothing_that_stays_without_events_refers_to_what_goes() -> None:
    document = template()
    stays = {
        name: it
        for section in ("Resources", "Outputs")
        for name, it in document[section].items()
        if it.get("Condition") not in {"WithEvents", "WithReminders"}
    }
    assert {name: found for name, it in stays.items() if (found := _refers_to(it) & OPTIONAL)} == {}


def test_the_stream_is_read_from_its_beginning_in_order_to_the_function_s_current_version() -> None:
    assert MAPPING["EventSourceArn"] == {"Fn::GetAtt": ["LedgerTable", "StreamArn"]}
    assert MAPPING["FunctionName"] == {"Ref": "PublishFunction.Alias"}
    assert MAPPING["StartingPosition"] == "TRIM_HORIZON"
    assert MAPPING["ParallelizationFactor"] == 1, "more keep the order of an item, not of an account"


def test_what_fails_is_repeated_until_shortly_before_the_stream_forgets_and_then_kept_whole() -> None:
    assert MAPPING["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert MAPPING["BisectBatchOnFunctionError"] is True
    assert MAPPING["MaximumRetryAttempts"] == -1
    assert 20 * 3600 <= MAPPING["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert MAPPING["DestinationConfig"] == {"OnFailure": {"Destination": {"Fn::GetAtt": ["KeptRecords", "Arn"]}}}


def _matches(pattern: Any, value: Any) -> bool:
    """Match as Lambda's filters do, as far as ours goes."""
    if isinstance(pattern, dict):
        return all(_matches(inner, value[name]) for name, inner in pattern.items())
    return any(value.startswith(it["prefix"]) if isinstance(it, dict) else value == it for it in pattern)


@pytest.mark.parametrize(("event", "number", "passes"), [
    ("INSERT", "1", True),
    ("INSERT", "9", True),
    ("INSERT", "120", True),
    ("INSERT", "0", False),
    ("INSERT", "-1", False),
    ("MODIFY", "1", False),
    ("REMOVE", "1", False),
])  # fmt: skip
def test_only_new_lines_pass_the_filter(event: str, number: str, passes: bool) -> None:
    (filtered,) = MAPPING["FilterCriteria"]["Filters"]
    (record,) = adds_of("a").records
    record["eventName"] = event
    record["dynamodb"]["Keys"]["sequence"]["N"] = number
    assert _matches(json.loads(filtered["Pattern"]), record) is passes


def test_the_function_may_read_the_stream_put_events_and_keep_what_failed_and_nothing_else() -> None:
    (policy,) = functions()["PublishFunction"]["Policies"]
    granted = [
        (statement["Action"], statement["Resource"], statement.get("Condition")) for statement in policy["Statement"]
    ]
    bucket = {"Fn::GetAtt": ["KeptRecords", "Arn"]}
    assert granted == [
        (
            ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            {"Fn::GetAtt": ["LedgerTable", "StreamArn"]},
            None,
        ),
        ("dynamodb:ListStreams", {"Fn::Sub": "${LedgerTable.Arn}/stream/*"}, None),
        ("events:PutEvents", {"Fn::GetAtt": ["EventBus", "Arn"]}, None),
        ("s3:PutObject", {"Fn::Sub": "${KeptRecords.Arn}/*"}, OF_OWN_ACCOUNT),
        ("s3:ListBucket", bucket, OF_OWN_ACCOUNT),
    ]


def test_a_batch_gets_half_of_the_function_s_time_and_a_request_that_hangs_ends_in_the_other() -> None:
    half_ms = 1000 * functions()["PublishFunction"]["Timeout"] / 2
    assert half_ms >= publish._MARGIN_MS


def test_what_is_kept_is_encrypted_private_versioned_and_outlives_the_stack() -> None:
    assert BUCKET["DeletionPolicy"] == BUCKET["UpdateReplacePolicy"] == "Retain"
    properties = BUCKET["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    (encryption,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_what_is_kept_goes_over_tls_alone() -> None:
    policy = only("AWS::S3::BucketPolicy")["Properties"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert policy["Bucket"] == {"Ref": "KeptRecords"}
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": False}}


def test_events_that_are_late_kept_or_lost_are_noticed() -> None:
    alarms = {name: it["Properties"] for name, it in resources("AWS::CloudWatch::Alarm").items()}
    of_mapping = [{"Name": "EventSourceMappingUUID", "Value": {"Ref": "PublishMapping"}}]
    assert MAPPING["MetricsConfig"] == {"Metrics": ["EventCount"]}, "there are no such metrics otherwise"
    for name, metric in (
        ("KeptEvents", "OnFailureDestinationDeliveredEventCount"),
        ("DroppedEvents", "DroppedEventCount"),
    ):
        assert (alarms[name]["Namespace"], alarms[name]["MetricName"]) == ("AWS/Lambda", metric)
        assert (alarms[name]["Dimensions"], alarms[name]["Threshold"]) == (of_mapping, 1)
    late = alarms["LateEvents"]
    assert (late["MetricName"], late["Statistic"]) == ("IteratorAge", "Maximum")
    assert late["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "PublishFunction"}}]
    assert late["Threshold"] < 1000 * MAPPING["MaximumRecordAgeInSeconds"] / 10, "there is time to do something"
