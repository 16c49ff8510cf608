"""Runs MiniStack, on a free port of this machine only."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
REGION = "us-east-1"

_PYTHON = ROOT / ".venv-aws/bin/python"
_SCRIPT = ROOT / "local/embedded.py"
_LONGEST_START_S = 60


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run it with a new and empty account, and give its URL. What it says goes to a file in the folder."""
    port = _free_port()
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "PATH": f"{_PYTHON.parent}:{os.environ['PATH']}",
        "TMPDIR": str(folder),
    }
    log = folder / "ministack.log"
    with (
        log.open("w") as output,
        subprocess.Popen(  # noqa: S603 - a fixed command
            [_PYTHON, "-I", _SCRIPT],
            stdin=subprocess.PIPE,  # it ends when this does
            stdout=output,
            stderr=output,
            env=settings,
            start_new_session=True,  # Ctrl-C is for the program that runs it
        ) as process,
    ):
        _wait_until_listening(process, port, log)
        yield f"http://127.0.0.1:{port}"


def credentials(url: str) -> dict[str, str]:
    """Return the environment in which AWS's own tools take it for AWS."""
    return {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": url,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _LONGEST_START_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"MiniStack does not start:\n{log.read_text()}")
