"""A built function in Lambda's own runtime loop: AWS's emulator, which SAM CLI brings along, and its Python client."""

import http.client
import json
import os
import platform
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.ports import comes_to_listen, free_port

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-lambda/bin/python"

_PROCESSOR = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
_LONGEST_START_S = 30


@dataclass(frozen=True, slots=True)
class Loop:
    """A function that waits for calls, of which it takes one at a time. It starts with the first."""

    port: int
    log: Path

    def invoke(self, event: object) -> Any:
        """Call the function and return its answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def init_ms(self) -> float:
        """Tell how long it took to start."""
        return self._logged(r"INIT REPORT\(durationMs: ([\d.]+)\)")

    def call_ms(self) -> float:
        """Tell how long its first call took."""
        return self._logged(r"INVOKE RTDONE\(.*?duration: ([\d.]+)ms\)")

    def _logged(self, pattern: str) -> float:
        text = self.log.read_text()
        if found := re.search(pattern, text):
            return float(found[1])
        raise RuntimeError(f"the runtime loop did not get that far:\n{text}")


@contextmanager
def running(function: Path, handler: str, environment: Mapping[str, str]) -> Iterator[Loop]:
    """Have a function of a build wait for calls, with nothing in its environment but what is given."""
    emulator = next(
        (ROOT / ".venv-sam/lib").glob(f"python*/site-packages/samcli/local/rapid/aws-lambda-rie-{_PROCESSOR}")
    )
    calls, runtime = free_port(), free_port()
    command: list[str | Path] = [
        emulator, "--runtime-interface-emulator-address", f"127.0.0.1:{calls}",
        "--runtime-api-address", f"127.0.0.1:{runtime}",
        PYTHON, "-m", "awslambdaric", handler,
    ]  # fmt: skip
    # In Lambda the code's folder cannot be written to, so nothing is compiled once for all.
    own = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    with (
        tempfile.NamedTemporaryFile("w+", suffix=".log") as log,
        subprocess.Popen(  # noqa: S603 - a fixed command
            command, cwd=function, env=own | dict(environment), stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            if not comes_to_listen(process, calls, within_s=_LONGEST_START_S):
                raise RuntimeError(f"the runtime loop does not start:\n{Path(log.name).read_text()}")
            yield Loop(calls, Path(log.name))
        finally:
            process.terminate()
