"""The embedded DynamoDB by itself: a process that tests may end as they like, and a client of it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.config import Config

from local.ports import comes_to_listen, free_port

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-ministack/bin/python"
LONGEST_S = 60


class Engine:
    """A running one, and a client of it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.client = boto3.client(
            "dynamodb",
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - opens nothing
            config=Config(retries={"total_max_attempts": 1}),
        )

    def end(self) -> None:
        """Let it end as it does when the server goes."""
        self.process.stdin.close()  # type: ignore[union-attr]
        self.process.wait(LONGEST_S)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(LONGEST_S)


@contextmanager
def running(journal: Path, *before: str) -> Iterator[Engine]:
    """Run it on a journal, and end it at the latest when the test is through."""
    port = free_port()
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0", "LOG_LEVEL": "WARNING"}
    log = journal.with_name("log")
    with (
        log.open("w") as output,
        subprocess.Popen(  # noqa: S603 - this project's own script
            [*before, PYTHON, "-I", ROOT / "local/embedded.py"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=settings | {"JOURNAL": str(journal), "TMPDIR": str(journal.parent)},
        ) as process,
    ):
        try:
            assert comes_to_listen(process, port, within_s=LONGEST_S), log.read_text()
            yield Engine(process, port)
        finally:
            process.kill()
