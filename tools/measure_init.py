"""Measures how long the built functions take to start, and what of it goes to which library.

Each line of the first table is a build, started several times in Lambda's own runtime loop; the builds take turns, so
that whatever else the machine does meets all of them. `python -m tools.measure_init PLAIN [STARTS]`, where PLAIN is a
folder as `sam build` leaves it; `make measure-init` makes one.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tools.rie import PYTHON, ROOT, running
from tools.trim import trim

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_TIMEOUT": "15",
    "POWERTOOLS_SERVICE_NAME": "points-ledger",
    "TABLE_NAME": "ledger",
}
PROFILES = 5
SHOWN_FROM_PERCENT = 2


class Build(NamedTuple):
    """A way to build a function, and its handler and event."""

    name: str
    function: str
    steps: tuple[Callable[[Path], object], ...] = ()


class Start(NamedTuple):
    """How long a start took, and the call that came with it."""

    init_ms: float
    call_ms: float


def compile_all(folder: Path) -> None:
    """Add the bytecode."""
    command: list[str | Path] = [PYTHON, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", folder]
    subprocess.run(command, check=True)  # noqa: S603 - a fixed command


def leave_nothing(folder: Path) -> None:
    """Make the function a handler that imports nothing: what Python and the runtime take by themselves."""
    shutil.rmtree(folder)
    folder.mkdir()
    answer = 'def handler(event, context):\n    return {"statusCode": 200}\n'
    (folder / "balance.py").write_text(answer)


BUILDS = [
    Build("a handler that imports nothing", "balance", (leave_nothing,)),
    Build("add, as sam build leaves it", "add"),
    Build("add, trimmed", "add", (trim,)),
    Build("add, with bytecode", "add", (compile_all,)),
    Build("add, as deployed", "add", (trim, compile_all)),
    Build("balance, as sam build leaves it", "balance"),
    Build("balance, as deployed", "balance", (trim, compile_all)),
]


class _NothingRecorded(BaseHTTPRequestHandler):
    """A DynamoDB with nothing in it, which takes whatever is put."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer any request."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"Count":0,"Items":[],"ScannedCount":0}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@contextmanager
def empty_dynamodb() -> Iterator[str]:
    """Run a DynamoDB with nothing in it, and give its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _NothingRecorded) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def folder_of(build: Build, plain: Path, into: Path) -> Path:
    """Make the build, of what `sam build` made."""
    folder = into / build.name / f"{build.function.capitalize()}Function"
    shutil.copytree(plain / folder.name, folder)
    for step in build.steps:
        step(folder)
    return folder


def start(build: Build, folder: Path, environment: dict[str, str]) -> Start:
    """Start the function and call it once."""
    event = json.loads((ROOT / f"events/{build.function}.json").read_text())
    with running(folder, f"{build.function}.handler", environment) as loop:
        answer = loop.invoke(event)
        if answer.get("statusCode") != 200:
            raise RuntimeError(f"{build.name} does not work: {answer}")
        return Start(loop.init_ms(), loop.call_ms())


def sizes_mb(folder: Path) -> tuple[float, float]:
    """Return how large a package is, unpacked and as the zip that is uploaded."""
    unpacked = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    with tempfile.TemporaryDirectory() as elsewhere:
        packed = Path(shutil.make_archive(f"{elsewhere}/package", "zip", folder)).stat().st_size
    return unpacked / 1e6, packed / 1e6


def profile(folder: Path, module: str) -> dict[str, float]:
    """Return how many milliseconds each library's modules take to import: the least of several imports."""
    least: dict[str, int] = {}
    for _ in range(PROFILES):
        done = subprocess.run(  # noqa: S603 - a fixed command
            [PYTHON, "-B", "-X", "importtime", "-c", f"import {module}"],
            cwd=folder, env=ENVIRONMENT | {"TABLE_NAME": ""}, stderr=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        for microseconds, name in re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", done.stderr):
            least[name] = min(int(microseconds), least.get(name, sys.maxsize))
    libraries = {path.stem for path in folder.iterdir()}
    totals: Counter[str] = Counter()
    for name, microseconds_of in least.items():
        library = name.partition(".")[0]
        totals[library if library in libraries else "Python itself"] += microseconds_of
    return {library: total / 1000 for library, total in totals.most_common()}


def main(plain: Path, starts: int) -> None:
    """Measure, and print two tables."""
    with tempfile.TemporaryDirectory() as into, empty_dynamodb() as url:
        folders = {build: folder_of(build, plain, Path(into)) for build in BUILDS}
        measured: dict[Build, list[Start]] = {build: [] for build in folders}
        for _ in range(starts):
            for build, folder in folders.items():
                measured[build].append(start(build, folder, ENVIRONMENT | {"AWS_ENDPOINT_URL_DYNAMODB": url}))
        print(f"| build | init, ms (median of {starts}) | first call, ms | unpacked, MB | zip, MB |")
        print("|---|---|---|---|---|")
        for build, times in measured.items():
            init, call = (median(values) for values in zip(*times, strict=True))
            unpacked, packed = sizes_mb(folders[build])
            print(f"| {build.name} | {init:.0f} | {call:.0f} | {unpacked:.1f} | {packed:.1f} |")
        for build, folder in folders.items():
            if build.steps == (trim, compile_all):
                _print_profile(build, profile(folder, build.function))


def _print_profile(build: Build, libraries: dict[str, float]) -> None:
    total = sum(libraries.values())
    print(f"\n| {build.name}: imports | ms | % |\n|---|---|---|")
    for library, milliseconds in libraries.items():
        if (percent := 100 * milliseconds / total) >= SHOWN_FROM_PERCENT:
            print(f"| {library} | {milliseconds:.0f} | {percent:.0f} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 15)
