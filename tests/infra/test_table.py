"""Nothing that happens to the stack loses a line of a passbook."""

from typing import Any

import pytest
from points.storage.indexes import CALENDAR, LOCAL_INDEXES

from tests.infra.template import default, only


@pytest.fixture
def table() -> dict[str, Any]:
    return only("AWS::DynamoDB::Table")


def test_it_outlives_the_stack_and_its_own_replacement(table: dict[str, Any]) -> None:
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"


def test_it_cannot_be_deleted_by_mistake(table: dict[str, Any]) -> None:
    assert table["Properties"]["DeletionProtectionEnabled"] is True


def test_it_can_be_restored_to_any_second_of_the_last_35_days(table: dict[str, Any]) -> None:
    recovery = table["Properties"]["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 35}


def test_no_line_ever_expires(table: dict[str, Any]) -> None:
    assert "TimeToLiveSpecification" not in table["Properties"]


def test_it_is_encrypted_with_a_key_of_the_account(table: dict[str, Any]) -> None:
    assert table["Properties"]["SSESpecification"]["SSEEnabled"] is True


def test_it_is_paid_by_the_request_up_to_a_ceiling(table: dict[str, Any]) -> None:
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["Properties"]["OnDemandThroughput"] == {
        "MaxReadRequestUnits": {"Ref": "MaxReadUnits"},
        "MaxWriteRequestUnits": {"Ref": "MaxWriteUnits"},
    }
    assert default("MaxReadUnits") > 0
    assert default("MaxWriteUnits") > 0


def _key_of(index: dict[str, Any]) -> list[tuple[str, str]]:
    return [(it["AttributeName"], it["KeyType"]) for it in index["KeySchema"]]


def test_its_local_indexes_are_those_of_the_code(table: dict[str, Any]) -> None:
    """None can be added or changed once the table is made."""
    declared = {it["IndexName"]: it for it in table["Properties"]["LocalSecondaryIndexes"]}
    assert declared.keys() == {index.name for index in LOCAL_INDEXES}
    for index in LOCAL_INDEXES:
        assert _key_of(declared[index.name]) == [("account", "HASH"), (index.sort_key, "RANGE")]
        projected = {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.projected)}
        assert declared[index.name]["Projection"] == (projected if index.projected else {"ProjectionType": "KEYS_ONLY"})


def test_its_one_global_index_is_the_calendar_and_costs_as_little_as_can_be(table: dict[str, Any]) -> None:
    (calendar,) = table["Properties"]["GlobalSecondaryIndexes"]
    assert calendar["IndexName"] == CALENDAR
    assert _key_of(calendar) == [("calendar_key", "HASH"), ("due_key", "RANGE")]
    assert calendar["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["recorded_at"]}
    assert calendar["OnDemandThroughput"] == table["Properties"]["OnDemandThroughput"]


def test_no_attribute_is_declared_that_is_no_key(table: dict[str, Any]) -> None:
    properties = table["Properties"]
    indexes = [properties, *properties["LocalSecondaryIndexes"], *properties["GlobalSecondaryIndexes"]]
    keys = {name for index in indexes for name, _ in _key_of(index)}
    assert {it["AttributeName"]: it["AttributeType"] for it in properties["AttributeDefinitions"]} == {
        name: "N" if name == "sequence" else "S" for name in keys
    }
