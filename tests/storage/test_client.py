"""What DynamoDB's client is spared is missed by nobody."""

import json
from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.session import get_session
from botocore.validate import validate_parameters
from points.storage import requests
from points.storage.dynamodb import make_client
from urllib3 import HTTPResponse

from tests.storage.test_requests import FIRST_LINE, HOLD, NEGATIVE_ADD, REFUND

GET = requests.get_line("ledger", "anna", 7)
PUT = requests.put_line("ledger", HOLD)
QUERY = requests.lines_from("ledger", "anna", 8)
ITEM = PUT["Item"]

REQUESTS = [
    ("GetItem", GET),
    ("PutItem", PUT),
    ("PutItem", requests.put_line("ledger", FIRST_LINE)),
    ("PutItem", requests.put_line("ledger", NEGATIVE_ADD)),
    ("PutItem", requests.put_line("ledger", REFUND)),
    ("Query", QUERY),
    ("Query", requests.last_lines("ledger", "anna")),
    ("Query", requests.last_lines("ledger", "anna", below=7, limit=25)),
    ("Query", requests.find_key("ledger", "anna", "order-17")),
    ("Query", requests.references("ledger", "anna", 4, through=9, newest=True)),
    ("Query", requests.lines_of_reference("ledger", "anna", "order 17", below=None, limit=25)),
    ("Query", requests.lots("ledger", "anna", "one", "another", limit=100)),
    ("Query", QUERY | {"ExclusiveStartKey": GET["Key"]}),
]


@pytest.mark.parametrize(("operation", "request_made"), REQUESTS)
def test_every_request_would_pass_the_check_of_parameters(operation: str, request_made: dict[str, Any]) -> None:
    dynamodb = get_session().get_service_model("dynamodb")

    validate_parameters(request_made, dynamodb.operation_model(operation).input_shape)


def test_botocore_speaks_json_with_dynamodb() -> None:
    """Another protocol's answers would not be JSON, and so be taken for nobody's."""
    assert get_session().get_service_model("dynamodb").resolved_protocol == "json"


@pytest.mark.parametrize(
    ("call", "request_made", "answer"),
    [
        ("get_item", GET, {"Item": ITEM}),
        ("get_item", GET, {}),
        ("put_item", PUT, {}),
        ("query", QUERY, {"Items": [ITEM, ITEM], "Count": 2, "ScannedCount": 2, "LastEvaluatedKey": GET["Key"]}),
        ("query", QUERY, {"Items": [], "Count": 0, "ScannedCount": 0}),
    ],
)
def test_an_answer_reads_as_botocore_would_read_it(
    call: str, request_made: dict[str, Any], answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def send_back(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(
            request.url, 200, {}, HTTPResponse(BytesIO(json.dumps(answer).encode()), preload_content=False)
        )

    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    for client in (make_client(), get_session().create_client("dynamodb")):
        made: Any = client
        made.meta.events.register("before-send.dynamodb", send_back)
        read = getattr(made, call)(**request_made)
        assert read.pop("ResponseMetadata")["HTTPStatusCode"] == 200
        assert read == answer
