"""Runs MiniStack, on a free port of this machine only."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.ports import comes_to_listen, free_port

ROOT = Path(__file__).parents[2]
REGION = "us-east-1"

_PYTHON = ROOT / ".venv-aws/bin/python"
_SCRIPT = ROOT / "local/embedded.py"
_LONGEST_START_S = 60


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run it with a new and empty account, and give its URL. What it says goes to a file in the folder."""
    port = free_port()
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
        if not comes_to_listen(process, port, within_s=_LONGEST_START_S):
            raise RuntimeError(f"MiniStack does not start:\n{log.read_text()}")
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
