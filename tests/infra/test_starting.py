"""What a function does while it starts, in a process of its own, as Lambda starts it."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
PROGRAM = """
import balance
print("started")
from points.api.runtime import passbook
print(passbook.cache_info().currsize)
passbook().now("somebody", float("inf"))
"""


class EmptyDynamoDB(ThreadingHTTPServer):
    """Has nothing, and remembers who asked for what: a connection's port and an account, for each request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked: list[tuple[int, str, str]] = []


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        account = request["ExpressionAttributeValues"][":account"]["S"]
        self.server.asked.append((self.client_address[1], self.headers["X-Amz-Target"], account))  # type: ignore[attr-defined]
        body = b'{"Count":0,"Items":[],"ScannedCount":0}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


@pytest.fixture
def dynamodb() -> Iterator[EmptyDynamoDB]:
    server = EmptyDynamoDB()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def start(port: int, program: str = PROGRAM, **variables: str) -> list[str]:
    """Start a function and return what it prints."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(FUNCTIONS),
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{port}",
        **variables,
    }
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, timeout=60, check=True)  # noqa: S603
    return done.stdout.splitlines()


def test_it_makes_its_client_and_asks_for_nothing(dynamodb: EmptyDynamoDB) -> None:
    assert start(dynamodb.server_port, TABLE_NAME="ledger") == ["started", "1"]
    assert [account for _, _, account in dynamodb.asked] == ["somebody"]


def test_it_makes_no_client_without_a_table(dynamodb: EmptyDynamoDB) -> None:
    assert start(dynamodb.server_port, "import balance; print('started')") == ["started"]
    assert dynamodb.asked == []


def test_before_a_snapshot_it_asks_once_for_an_account_that_cannot_exist_and_lets_the_connection_go(
    dynamodb: EmptyDynamoDB,
) -> None:
    start(dynamodb.server_port, TABLE_NAME="ledger", AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    (first, what, account), (second, _, _) = dynamodb.asked
    assert (what, account) == ("DynamoDB_20120810.Query", "#")
    assert second != first, "a copy of the snapshot must not use the snapshot's connection"


def test_a_snapshot_is_taken_even_if_dynamodb_does_not_answer() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        variables = {"TABLE_NAME": "ledger", "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
        assert start(taken.getsockname()[1], "import balance; print('started')", **variables) == ["started"]
