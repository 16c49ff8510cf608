"""The books' own stack: exports are kept and private, nothing may do more than it must, and the queries are ours."""

import json
import re
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml
from jsonata import Jsonata

from books.queries import RESULTS, whole
from tests.infra.template import only as only_of_the_ledger
from tools.books_template import PATH, with_queries

Properties = dict[str, Any]


@cache
def template() -> dict[str, Any]:
    parsed: dict[str, Any] = cfn_yaml.load(str(PATH))
    return parsed


def resources(kind: str) -> dict[str, Properties]:
    return {name: it for name, it in template()["Resources"].items() if it["Type"] == kind}


def only(kind: str) -> Properties:
    (resource,) = resources(kind).values()
    return resource


def statements(name: str) -> list[Properties]:
    """Return what a role, or the policy, allows."""
    properties = template()["Resources"][name]["Properties"]
    documents = [it["PolicyDocument"] for it in properties.get("Policies", [properties])]
    return [statement for document in documents for statement in document["Statement"]]


def allowed(name: str) -> set[str]:
    """Return the actions that it allows."""
    actions = [statement["Action"] for statement in statements(name)]
    return {action for some in actions for action in ([some] if isinstance(some, str) else some)}


# --- What is exported is kept, and nobody else's. ---


def test_the_bucket_outlives_the_stack_and_its_own_replacement() -> None:
    bucket = only("AWS::S3::Bucket")
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"


def test_the_bucket_is_encrypted_and_private() -> None:
    bucket = only("AWS::S3::Bucket")["Properties"]
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_the_bucket_is_reached_by_tls_only() -> None:
    (statement,) = only("AWS::S3::BucketPolicy")["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}]


def test_exports_are_never_deleted_and_results_are() -> None:
    rules = only("AWS::S3::Bucket")["Properties"]["LifecycleConfiguration"]["Rules"]
    assert [rule["Prefix"] for rule in rules if "ExpirationInDays" in rule] == ["results/"]


# --- The days meet, and none is left out. ---


def test_the_table_can_be_exported() -> None:
    recovery = only_of_the_ledger("AWS::DynamoDB::Table")["Properties"]["PointInTimeRecoverySpecification"]
    assert recovery["PointInTimeRecoveryEnabled"] is True


def export_at(time: str) -> Any:
    """Return with what the state machine would call DynamoDB."""
    states = only("AWS::StepFunctions::StateMachine")["Properties"]["Definition"]["States"]
    (task,) = states.values()

    def evaluated(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: evaluated(member) for name, member in value.items()}
        if not value.startswith("{%"):
            return value
        expression = Jsonata(value.removeprefix("{%").removesuffix("%}"))
        expression.assign("states", {"input": {"time": time}})
        return expression.evaluate(None)

    return evaluated(task["Arguments"])


def test_an_export_has_the_lines_of_the_day_before() -> None:
    asked = export_at("2026-11-02T00:30:00Z")
    assert (asked["ExportType"], asked["ExportFormat"]) == ("INCREMENTAL_EXPORT", "DYNAMODB_JSON")
    period = asked["IncrementalExportSpecification"]
    assert datetime.fromisoformat(period["ExportFromTime"]) == datetime.fromisoformat("2026-11-01T00:00:00Z")
    assert datetime.fromisoformat(period["ExportToTime"]) == datetime.fromisoformat("2026-11-02T00:00:00Z")
    assert period["ExportViewType"] == "NEW_IMAGE"


@pytest.mark.parametrize(("first", "second"), [("2026-12-31", "2027-01-01"), ("2028-02-28", "2028-02-29")])
def test_where_one_export_ends_the_next_begins(first: str, second: str) -> None:
    ends = export_at(f"{first}T00:30:00Z")["IncrementalExportSpecification"]["ExportToTime"]
    begins = export_at(f"{second}T00:31:07Z")["IncrementalExportSpecification"]["ExportFromTime"]
    assert datetime.fromisoformat(ends) == datetime.fromisoformat(begins)


def test_it_is_called_every_day_with_the_time_it_was_called_for() -> None:
    schedule = only("AWS::Scheduler::Schedule")["Properties"]
    assert (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]) == ("cron(30 0 * * ? *)", "UTC")
    assert schedule["Target"]["Arn"] == {"Ref": "Export"}
    assert json.loads(schedule["Target"]["Input"]) == {"time": "<aws.scheduler.scheduled-time>"}


def test_a_day_without_an_export_raises_an_alarm() -> None:
    alarm = only("AWS::CloudWatch::Alarm")["Properties"]
    assert (alarm["MetricName"], alarm["Period"], alarm["TreatMissingData"]) == (
        "ExecutionsSucceeded", 86400, "breaching",
    )  # fmt: skip


# --- Nothing may do more than it must. ---


def test_the_schedule_starts_the_export_and_the_export_reads_the_table_into_the_bucket() -> None:
    assert allowed("ScheduleRole") == {"states:StartExecution"}
    writes = {"s3:PutObject", "s3:PutObjectAcl", "s3:AbortMultipartUpload"}  # as DynamoDB's documentation asks for
    assert allowed("ExportRole") == {"dynamodb:ExportTableToPointInTime", *writes}


def test_whoever_makes_statements_writes_nothing_but_results() -> None:
    writes = [it for it in statements("ReadingTheBooks") if "s3:PutObject" in it["Action"]]
    assert [it["Resource"] for it in writes] == [{"Fn::Sub": "${Bucket.Arn}/results/*"}]
    verbs = {action.partition(":")[2] for action in allowed("ReadingTheBooks")}
    assert {re.match("[A-Z][a-z]+", verb)[0] for verb in verbs} == {"Get", "List", "Start", "Stop", "Put", "Abort"}  # type: ignore[index]


@pytest.mark.parametrize("name", ["ScheduleRole", "ExportRole", "ReadingTheBooks"])
def test_every_permission_is_for_named_resources(name: str) -> None:
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        assert "*" not in (statement["Resource"], *statement["Action"])


@pytest.mark.parametrize("name", ["ScheduleRole", "ExportRole"])
def test_no_other_account_can_have_a_role_used(name: str) -> None:
    (statement,) = template()["Resources"][name]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


# --- The queries. ---


def test_a_query_cannot_cost_more_than_somebody_said() -> None:
    workgroup = only("AWS::Athena::WorkGroup")["Properties"]["WorkGroupConfiguration"]
    assert workgroup["EnforceWorkGroupConfiguration"] is True
    assert workgroup["BytesScannedCutoffPerQuery"] == {"Ref": "MaxScannedBytes"}
    assert workgroup["ResultConfiguration"]["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}


def test_the_table_of_lines_has_the_column_that_the_queries_read() -> None:
    table = only("AWS::Glue::Table")["Properties"]["TableInput"]
    assert table["Name"] == "export"
    assert table["StorageDescriptor"]["Columns"] == [{"Name": "line", "Type": "string"}]
    assert table["StorageDescriptor"]["Location"] == {"Fn::Sub": "s3://${Bucket}/AWSDynamoDB/"}


def joined(query: Any) -> str:
    """Put the texts in Mappings into a query, as CloudFormation does."""
    text, values = query["Fn::Sub"]
    texts = {
        name: template()["Mappings"][it["Fn::FindInMap"][0]][it["Fn::FindInMap"][1]]["Text"]
        for name, it in values.items()
    }
    return re.sub(r"\$\{(\w+)\}", lambda found: texts[found[1]], text)


def test_the_named_queries_are_those_of_the_program() -> None:
    """If not: `make books-template`."""
    named = [it["Properties"] for it in resources("AWS::Athena::NamedQuery").values()]
    assert {it["Name"]: joined(it["QueryString"]) for it in named} == {name: whole(name) for name in RESULTS}
    assert with_queries(PATH.read_text()) == PATH.read_text()


def test_the_queries_use_what_can_stand_in_a_template() -> None:
    assert PATH.read_text().isascii()
    assert len(PATH.read_bytes()) < 51_200, "what CloudFormation takes without a bucket"
