"""Nothing that happens to the stack loses a line of a passbook."""

import pytest

from tests.infra.template import default, only


@pytest.fixture
def table() -> dict[str, object]:
    return only("AWS::DynamoDB::Table")


def test_it_outlives_the_stack_and_its_own_replacement(table) -> None:
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"


def test_it_cannot_be_deleted_by_mistake(table) -> None:
    assert table["Properties"]["DeletionProtectionEnabled"] is True


def test_it_can_be_restored_to_any_second_of_the_last_35_days(table) -> None:
    recovery = table["Properties"]["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 35}


def test_no_line_ever_expires(table) -> None:
    assert "TimeToLiveSpecification" not in table["Properties"]


def test_it_is_encrypted_with_a_key_of_the_account(table) -> None:
    assert table["Properties"]["SSESpecification"]["SSEEnabled"] is True


def test_it_is_paid_by_the_request_up_to_a_ceiling(table) -> None:
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["Properties"]["OnDemandThroughput"] == {
        "MaxReadRequestUnits": {"Ref": "MaxReadUnits"},
        "MaxWriteRequestUnits": {"Ref": "MaxWriteUnits"},
    }
    assert default("MaxReadUnits") > 0
    assert default("MaxWriteUnits") > 0
