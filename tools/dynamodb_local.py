"""DynamoDB Local, Amazon's own engine, as a process that can be reached at one address only."""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from botocore.config import Config
from botocore.session import get_session

from local.ports import comes_to_listen, free_port

VERSION = "2.9.30"  # carries DynamoDB Local 1.25.1
PACKAGE = f"amplify-dynamodb-simulator@{VERSION}"
FOLDER = Path(__file__).parents[1] / f".dynamodb-local-{VERSION}"
SETTINGS = Path(__file__).with_suffix(".xml")
LONGEST_START_S = 60


class EngineError(Exception):
    """The engine cannot run here; the message is a line for the person at the terminal."""


@contextmanager
def running_engine(host: str = "127.0.0.1", port: int | None = None) -> Iterator[str]:
    """Run an empty engine, and give its URL.

    It is Jetty's own launcher that starts it, from a description of the server: the engine's main class has no option
    for the address, and would listen on all of them.

    Parameters
    ----------
    host
        The address of this machine that it listens on.
    port
        Any free one unless given.

    Raises
    ------
    EngineError
        Java or npm is missing, or the engine does not start.
    """
    java = _tool("java", "Java 17 or newer")
    _install()
    port = port or free_port()
    command = [
        *(java, "-XX:+UseSerialGC", "-Djava.library.path=DynamoDBLocal_lib"),
        *("-cp", "DynamoDBLocal.jar:DynamoDBLocal_lib/*"),
        *("org.eclipse.jetty.xml.XmlConfiguration", f"host={host}", f"port={port}", str(SETTINGS)),
    ]
    environment = {**os.environ, "DDB_LOCAL_TELEMETRY": "0"}
    log = FOLDER / f"{port}.log"
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603 (a fixed command)
            command, cwd=FOLDER, stdout=output, stderr=output, env=environment
        )
    with process:
        try:
            if not comes_to_listen(process, port, within_s=LONGEST_START_S, host=host):
                raise EngineError(f"DynamoDB Local did not start; see {log}")
            yield f"http://{host}:{port}"
        finally:
            process.terminate()
    log.unlink()


def _tool(name: str, what: str) -> str:
    path = shutil.which(name)
    if not path:
        raise EngineError(f"DynamoDB Local needs {what}, but {name} is not on the PATH")
    return path


def _install() -> None:
    """Unpack the engine from its npm package, unless an earlier run has."""
    if FOLDER.exists():
        return
    npm = _tool("npm", "npm for its first start")
    with TemporaryDirectory(dir=FOLDER.parent, prefix=f"{FOLDER.name}-") as name:
        unpacked = Path(name)
        command = [npm, "pack", "--silent", PACKAGE]
        fetched = subprocess.run(  # noqa: S603 (a fixed command)
            command, cwd=unpacked, capture_output=True, text=True, check=False
        )
        if fetched.returncode:
            raise EngineError(f"npm cannot fetch {PACKAGE}: {fetched.stderr.strip()}")
        with tarfile.open(unpacked / fetched.stdout.strip()) as package:
            package.extractall(unpacked, filter="data")
        (unpacked / "package/emulator").rename(FOLDER)


def patient_client() -> Any:
    """Return a client for what the ledger itself never does, such as making tables, on a machine that may be busy."""
    return get_session().create_client("dynamodb", config=Config(read_timeout=120, max_pool_connections=50))
