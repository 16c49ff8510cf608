"""The DynamoDB that `make sam-local` starts, beside a Docker of which only the bridge's address is true."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session

from local.ports import free_port
from tools.sam_local import ROOT, commands

BRIDGE = "127.0.0.2"
LONGEST_STOP_S = 60


@contextmanager
def running(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    docker = folder / "docker"
    docker.write_text(f"#!/bin/sh\necho {BRIDGE}\n")
    docker.chmod(0o755)
    variables = folder / "env.json"
    variables.write_text(json.dumps({"Parameters": {"AWS_ENDPOINT_URL_DYNAMODB": f"http://any:{port}"}}))
    with subprocess.Popen(  # noqa: S603 - this project's own program
        [sys.executable, "-m", "tools.sam_local", variables],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": "functions"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def client(url: str, key: str) -> Any:
    return get_session().create_client(
        "dynamodb", "eu-west-1", endpoint_url=url, aws_access_key_id=key, aws_secret_access_key=key
    )


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_has_the_table_for_whoever_asks_until_told_to_stop(tmp_path: Path, end: signal.Signals) -> None:
    port = free_port()
    with running(tmp_path, port) as process:
        assert process.stdout
        said = process.stdout.readline()
        url = f"http://{BRIDGE}:{port}"
        assert url in said
        for key in ("defaultkey", "anotherkey"):
            assert client(url, key).list_tables()["TableNames"] == ["LedgerTable"]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        process.send_signal(end)
        said = process.stdout.read()
        assert process.wait(LONGEST_STOP_S) == 0
    assert all(command in said for command in commands())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((BRIDGE, port))
