"""`make run` as a person has it: it serves, ends when told to, and keeps the data."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from points.storage.lines import FORMAT

ROOT = Path(__file__).parents[2]
LONGEST_START_S = LONGEST_STOP_S = 60
LOT = {"payer": "DANNON", "points": 300, "timestamp": "2020-10-31T10:00:00Z"}


def start(data: Path, environment: Mapping[str, str] = {}) -> subprocess.Popen[str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return subprocess.Popen(
        [sys.executable, "-m", "local"],
        cwd=ROOT,
        env={**own, "PYTHONPATH": "functions", "PORT": "0", "DATA_DIR": str(data), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@contextmanager
def serving(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the server, and give its URL; at the end nothing of it may be left."""
    with start(data) as process:
        try:
            assert process.stdout
            greeting = process.stdout.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+", greeting)
            assert url, greeting + process.stdout.read()
            yield process, url[0]
        finally:
            process.terminate()
    assert ends(process.pid)


def ends(group: int) -> bool:
    """Wait until no process of a group is left."""
    deadline = time.monotonic() + LONGEST_STOP_S
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def started_by(server: subprocess.Popen[str]) -> dict[int, str]:
    """Return the commands of the server and of everything that it has started, by their process ids."""
    command = ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="]
    listed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - a fixed command
    commands, parents = {}, {}
    for line in listed.stdout.splitlines():
        pid, parent, *rest = line.split(maxsplit=2)
        parents[int(pid)], commands[int(pid)] = int(parent), " ".join(rest)
    ours = {server.pid}
    while started := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= started
    return {pid: commands[pid] for pid in sorted(ours, reverse=True)}


def answer(url: str, body: object = None) -> object:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def said(data: Path, **environment: str) -> list[str]:
    """Run the server where it cannot run, and return what it says."""
    with start(data, environment) as process:
        output, _ = process.communicate(timeout=LONGEST_START_S)
    assert process.returncode == 1
    return output.splitlines()


def test_a_run_ends_at_a_signal_and_the_next_has_its_data(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url):
        assert answer(f"{url}/add", LOT)
        assert answer(f"{url}/spend", {"points": 100}) == [{"payer": "DANNON", "points": -100}]
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONGEST_STOP_S) == 0
    with serving(tmp_path) as (process, url):
        assert answer(f"{url}/balance") == answer(f"{url}/accounts/default/balance") == {"DANNON": 200}
        process.send_signal(signal.SIGINT)
        assert process.wait(LONGEST_STOP_S) == 0


def test_what_was_answered_survives_a_kill_of_everything(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url):
        added = answer(f"{url}/add", LOT)
        answer(f"{url}/spend", {"points": 100})
        processes = started_by(process)
        assert len(processes) > 6, "the server, its DynamoDB, and the functions"
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # once the last of them is gone
    with serving(tmp_path) as (_, url):
        assert answer(f"{url}/balance") == {"DANNON": 200}
        assert answer(f"{url}/transactions/1") == added


def test_without_its_dynamodb_the_server_ends_and_says_so_and_nothing_is_lost(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url):
        answer(f"{url}/add", LOT)
        (dynamodb,) = [pid for pid, command in started_by(process).items() if "embedded.py" in command]
        os.kill(dynamodb, signal.SIGKILL)
        assert process.wait(LONGEST_STOP_S) == 1
        assert process.stdout
        log = tmp_path / "dynamodb.log"
        assert process.stdout.read().splitlines()[-1] == f"error: the embedded DynamoDB stopped; see {log}"
    with serving(tmp_path) as (_, url):
        assert answer(f"{url}/balance") == {"DANNON": 300}


@pytest.mark.parametrize(
    ("pattern", "earlier", "remark"),
    [
        (
            r'"format":{"N":"\w+"}',
            '"format":{"N":"0.9"}',
            f"the table LedgerTable holds lines of format 0.9, but this version writes format {FORMAT}",
        ),
        (
            r'"IndexName":"\w+"',
            '"IndexName":"by_luck"',
            "the table LedgerTable does not match the template: its keys or indexes differ",
        ),
    ],
    ids=["lines of another format", "a table of another make"],
)
def test_data_of_an_earlier_version_is_named_and_left_as_it_is(
    tmp_path: Path, pattern: str, earlier: str, remark: str
) -> None:
    journal = tmp_path / "journal.jsonl"
    with serving(tmp_path) as (_, url):
        answer(f"{url}/add", LOT)
    journal.write_text(re.sub(pattern, earlier, journal.read_text(), count=1))
    data = journal.read_bytes(), journal.stat().st_mtime_ns
    to_start_over = f"remove {tmp_path} or choose another folder with DATA_DIR=…"
    assert said(tmp_path) == [f"error: {remark}; to start over, {to_start_over}"]
    assert (journal.read_bytes(), journal.stat().st_mtime_ns) == data


def test_data_that_was_saved_at_the_end_of_a_run_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    saved = tmp_path / "dynamodb/dynamodb.json"
    saved.parent.mkdir()
    saved.write_text('{"tables": {}}')
    (line,) = said(tmp_path)
    assert line.startswith(f"error: {tmp_path} was saved by an earlier version, which this one cannot read; ")
    assert f"remove {tmp_path} or choose another folder with DATA_DIR=…" in line
    assert list(tmp_path.rglob("*")) == [saved.parent, saved]
    assert saved.read_text() == '{"tables": {}}'


def test_a_port_or_data_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (line,) = said(tmp_path, PORT=str(port))
    assert line.startswith(f"error: cannot listen on 127.0.0.1:{port}: Address already in use")
    with (tmp_path / "lock").open("w") as other_run:
        fcntl.flock(other_run, fcntl.LOCK_EX)
        (line,) = said(tmp_path)
    assert line.startswith(f"error: {tmp_path} is in use by another run")


def test_an_endpoint_that_nobody_answers_at_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    (line,) = said(tmp_path, AWS_ENDPOINT_URL_DYNAMODB=endpoint)
    assert line.startswith(f"error: no DynamoDB answers at {endpoint}: ")
    assert not (tmp_path / "journal.jsonl").exists()
