"""The DynamoDB behind a local run: the one that the environment names, or an embedded MiniStack."""

import fcntl
import os
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from points.storage.lines import FORMAT, FORMATS

from local.errors import LocalError
from local.ports import comes_to_listen, free_port
from local.template import REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ENDPOINT = "AWS_ENDPOINT_URL_DYNAMODB"

_ROOT = Path(__file__).parent.parent
_PYTHON = _ROOT / ".venv-ministack/bin/python"
_SCRIPT = _ROOT / "local/embedded.py"
_LONGEST_START_S = 120
_SAME_FOR_EVERY_SHELL = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
}


@contextmanager
def running_dynamodb(data: Path) -> Iterator[str]:
    """Have a DynamoDB and the environment variables by which boto3 finds it, and tell how to begin with an empty one.

    Parameters
    ----------
    data
        Where an embedded one keeps its tables.

    Raises
    ------
    LocalError
        It does not start, or ended before its time, or the folder is of an earlier version.
    """
    if ENDPOINT in os.environ:
        _set_what_is_absent()
        yield f"remove the table there or choose another {ENDPOINT}"
        return
    elsewhere = f"remove {data} or choose another folder with DATA_DIR=…"
    if (data / "dynamodb").exists():
        raise LocalError(
            f"{data} was saved by an earlier version, which this one cannot read; to start over, {elsewhere}"
        )
    with _held(data) as lock, _ministack(data, lock) as port:
        point_to(f"http://127.0.0.1:{port}")
        yield elsewhere


def point_to(url: str) -> None:
    """Have boto3 find a DynamoDB that has been started here.

    It may have tables per account and Region: what a shell has set must not decide which ones are found.
    """
    for variable in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(variable, None)
    os.environ.update(_SAME_FOR_EVERY_SHELL)
    os.environ[ENDPOINT] = url


def make_tables(tables: Iterable[dict[str, Any]], to_start_over: str) -> None:
    """Make the tables that are not there yet. Those that are there are looked at and left as they are.

    Parameters
    ----------
    tables
        What CreateTable takes.
    to_start_over
        What to do about a table that this version cannot use.

    Raises
    ------
    LocalError
        DynamoDB does not answer as it should, or has a table of that name with other keys or lines of another format.
    """
    try:
        client = boto3.client(
            "dynamodb", config=Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})
        )
        for table in tables:
            if remark := _make_table(client, table):
                raise LocalError(f"{remark}; to start over, {to_start_over}")
    except (BotoCoreError, ClientError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise LocalError(f"no DynamoDB answers at {os.environ[ENDPOINT]}: {reason}") from error


def _set_what_is_absent() -> None:
    if not {"AWS_ACCESS_KEY_ID", "AWS_PROFILE"} & os.environ.keys():
        os.environ.update(AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local")  # noqa: S106 (opens nothing)
    # boto3 reads the second name only, Lambda sets both.
    os.environ.setdefault("AWS_DEFAULT_REGION", os.environ.get("AWS_REGION", REGION))


@contextmanager
def _held(data: Path) -> Iterator[int]:
    """Hold a folder of data: two that use it would overwrite each other's."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalError(f"{data} is in use by another run; choose another folder with DATA_DIR=…") from None
        yield lock.fileno()


@contextmanager
def _ministack(data: Path, lock: int) -> Iterator[int]:
    """Run MiniStack on a free port, with the folder held until it has ended."""
    if not _PYTHON.exists():
        raise LocalError(f"{_PYTHON} is missing; start the server with `make run`")
    port = free_port()
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "JOURNAL": str(data / "journal.jsonl"),
        "TMPDIR": str(data),
    }
    log = data / "dynamodb.log"
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603 (a fixed command)
            [_PYTHON, "-I", _SCRIPT],
            stdin=subprocess.PIPE,  # it ends when this does
            stdout=output,
            stderr=output,
            env=settings,
            pass_fds=[lock],
            start_new_session=True,  # out of the terminal's reach: it must outlive the functions
        )
    with process:  # closes its standard input, and waits
        if not comes_to_listen(process, port, within_s=_LONGEST_START_S):
            raise LocalError(f"the embedded DynamoDB did not start; see {log}")
        stopping = threading.Event()
        threading.Thread(target=_stop_with, args=(process, stopping), daemon=True).start()
        try:
            yield port
        finally:
            if process.poll() is not None:
                raise LocalError(f"the embedded DynamoDB stopped; see {log}")
            stopping.set()


def _stop_with(process: subprocess.Popen[bytes], stopping: threading.Event) -> None:
    process.wait()
    if not stopping.is_set():
        os.kill(os.getpid(), signal.SIGTERM)


def _make_table(client: "DynamoDBClient", table: dict[str, Any]) -> str | None:
    """Make a table, or tell what is wrong with the one that is there."""
    name = table["TableName"]
    try:
        client.create_table(**table)
    except client.exceptions.ResourceInUseException:
        if _keys(client.describe_table(TableName=name)["Table"]) != _keys(table):
            return f"the table {name} does not match the template: its keys or indexes differ"
        return _other_format(client, name)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    return None


def _keys(table: Any) -> dict[str, Any]:
    """Reduce a table to the keys of it and of its indexes, and to what the indexes hold."""
    keys = {"": _attributes(table)}
    for index in [*table.get("LocalSecondaryIndexes", []), *table.get("GlobalSecondaryIndexes", [])]:
        projection = index["Projection"]
        held = [projection["ProjectionType"], *sorted(projection.get("NonKeyAttributes", []))]
        keys[index["IndexName"]] = [*_attributes(index), *held]
    return keys


def _attributes(keyed: Any) -> list[str]:
    return [key["AttributeName"] for key in sorted(keyed["KeySchema"], key=lambda key: str(key["KeyType"]))]


def _other_format(client: "DynamoDBClient", table: str) -> str | None:
    """Tell if a table's lines are not as this version writes them. One stands for all: no version adds to another's."""
    for line in client.scan(TableName=table, Limit=1)["Items"]:
        found = line.get("format", {}).get("N", "unknown")
        if found not in map(str, FORMATS):
            return f"the table {table} holds lines of format {found}, but this version writes format {FORMAT}"
    return None
