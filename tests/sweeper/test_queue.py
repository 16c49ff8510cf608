"""What the sweep sends is what SQS takes."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from points.sweeping.queue import NotQueuedError, Queue, make_client


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of moto's SQS."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield boto3.client("sqs", region_name="us-east-1")


@pytest.mark.parametrize("number", [0, 1, 10, 11, 25])
def test_messages_arrive_however_many_there_are(sqs: Any, number: int) -> None:
    url = sqs.create_queue(QueueName="due")["QueueUrl"]
    bodies = [f"customer-{each}" for each in range(number)]
    assert Queue(make_client(), url).send(bodies) == number
    received: list[str] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        received += [message["Body"] for message in messages]
    assert sorted(received) == sorted(bodies)


class Choosy:
    """SQS, which takes all messages of a call but one."""

    def __init__(self) -> None:
        self.calls = 0

    def send_message_batch(self, *, Entries: list[dict[str, str]], **_: str) -> dict[str, Any]:  # noqa: N803
        self.calls += 1
        return {"Successful": Entries[1:], "Failed": [{"Id": "0", "Code": "InternalError", "Message": "try again"}]}


def test_one_that_is_refused_is_an_error_and_ends_it() -> None:
    client = Choosy()
    with pytest.raises(NotQueuedError, match="InternalError: try again"):
        Queue(client, "due").send(map(str, range(20)))
    assert client.calls == 1
