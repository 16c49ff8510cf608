"""The local server, for tests that need no more of it than its URL."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv/bin/python"
LONGEST_START_S = 120


@contextmanager
def serving(data: Path | None = None) -> Iterator[str]:
    """Run the server on a free port, and give its URL. Its data is thrown away, if it is not to be kept in a folder."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        own = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        with (
            said.open("w") as output,
            subprocess.Popen(  # noqa: S603 - this project's own server
                [PYTHON, "-m", "local"],
                cwd=ROOT,
                env=own | {"PORT": "0", "DATA_DIR": str(data or f"{folder}/data"), "PYTHONPATH": "functions"},
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as server,
        ):
            try:
                yield _url(server, said)
            finally:
                server.terminate()


def _url(server: subprocess.Popen[bytes], said: Path) -> str:
    deadline = time.monotonic() + LONGEST_START_S
    while time.monotonic() < deadline and server.poll() is None:
        if url := re.search(r"http://127\.0\.0\.1:\d+", said.read_text()):
            return url[0]
        time.sleep(0.05)
    raise AssertionError(f"the local server does not start: {said.read_text()}")
