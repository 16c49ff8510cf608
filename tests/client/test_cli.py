"""`points`, against the real ledger: what it writes where, and what it ends with."""

import json
import os
import pty
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import points_ledger
import pytest
from click.testing import CliRunner, Result
from points_ledger import Client, calls
from points_ledger.cli import main
from points_ledger.cli import options as cli_options
from points_ledger.http import Response

from tests.client.conftest import HURRIED, ONE_ATTEMPT
from tests.client.proxy import faulty

ROOT = Path(__file__).parents[2]
Points = Callable[..., Result]
EXERCISE = [
    ("DANNON", "1000", "2020-11-02T14:00:00Z"),
    ("UNILEVER", "200", "2020-10-31T11:00:00Z"),
    ("DANNON", "-200", "2020-10-31T15:00:00Z"),
    ("MILLER COORS", "10000", "2020-11-01T14:00:00Z"),
    ("DANNON", "300", "2020-10-31T10:00:00Z"),
]


@pytest.fixture(autouse=True)
def nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting of whoever runs the tests count."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("POINTS_URL", "POINTS_TOKEN", "POINTS_PROFILE", "POINTS_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def points(url: str, account: str, monkeypatch: pytest.MonkeyPatch) -> Points:
    """Return a function that runs the command on an account of its own."""
    monkeypatch.setenv("POINTS_URL", url)
    monkeypatch.setenv("POINTS_ACCOUNT", account)
    return lambda *arguments: CliRunner().invoke(main, list(arguments))


def told(result: Result) -> Any:
    """Return the JSON that a command wrote; of a list that of every line."""
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return lines[0] if len(lines) == 1 else lines


def test_the_worked_example(points: Points) -> None:
    for payer, amount, timestamp in EXERCISE:
        added = told(points("add", payer, amount, "--timestamp", timestamp, "--json"))
        assert (added["kind"], added["points"], added["replayed"]) == ("add", int(amount), False)
    preview = told(points("preview", "5000", "--json"))
    spent = told(points("spend", "5000", "--if-match", preview["version"], "--json"))
    assert spent["taken"] == preview["taken"]
    assert [(it["payer"], it["points"]) for it in spent["taken"]] == [
        ("DANNON", -100), ("UNILEVER", -200), ("MILLER COORS", -4700),
    ]  # fmt: skip
    balance = points("balance")
    assert balance.stdout == "DANNON\t1000\nUNILEVER\t0\nMILLER COORS\t5300\n"
    assert balance.stderr == ""
    assert points("balance", "--at", "2").stdout == "DANNON\t1000\nUNILEVER\t200\n"
    assert told(points("balance", "--at", "2099-01-01T00:00:00Z", "--json"))["payers"]["DANNON"] == 1000


def test_a_hold_and_what_it_leads_to(points: Points) -> None:
    points(
        "add", "DANNON", "1000", "--metadata", "till=4", "--metadata", "day=2", "--effective-at", "2020-01-01T00:00:00Z"
    )
    hold = told(points("hold", "300", "--reference", "order-1", "--json"))
    assert points("holds").stdout.split("\t")[:2] == ["2", "300"]
    captured = told(points("capture", str(hold["sequence"]), "200", "--json"))
    assert captured["returned"] == [{"payer": "DANNON", "points": 100}]
    points("refund", "2", "50")
    assert [it["kind"] for it in told(points("history", "--reference", "order-1", "--json"))] == ["capture", "hold"]
    lines = [line.split("\t") for line in points("history").stdout.splitlines()]
    assert [line[:5] for line in lines] == [
        ["4", "refund", "50", "2", "DANNON 50"],
        ["3", "capture", "100", "2", "DANNON -200, DANNON 100"],
        ["2", "hold", "-300", "", "DANNON -300"],
        ["1", "add", "1000", "", "DANNON"],
    ]
    assert len(points("history", "--limit", "2").stdout.splitlines()) == 2
    assert len(points("history", "--all").stdout.splitlines()) == 4
    assert told(points("transaction", "2", "--json"))["captured_by"] == 3
    assert told(points("transaction", "1", "--json"))["metadata"] == {"till": "4", "day": "2"}
    assert "lots" not in points("transaction", "2").stdout
    voided = told(points("hold", "10", "--json"))["sequence"]
    assert points("void", str(voided)).exit_code == 0
    assert "available\t850" in points("account").stdout
    assert points("lots").stdout.split("\t")[:3] == ["1", "DANNON", "850"]


def test_points_that_wait(points: Points) -> None:
    points("add", "DANNON", "5", "--effective-at", "2099-01-01T00:00:00Z", "--expires-at", "2099-02-01T00:00:00Z")
    assert points("pending").stdout.split("\t")[:4] == ["1", "DANNON", "5", "2099-01-01T00:00:00Z"]
    assert told(points("cancel", "1", "--json"))["amount"] == 5
    assert points("pending").stdout == ""


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (("spend", "5"), 3, "there are 0, but 5 were asked for"),
    (("void", "7"), 3, "no transaction 7"),
    (("spend", "5", "--if-match", "9"), 4, "at version"),
    (("spend", "0"), 2, "POINTS"),
    (("add", "DANNON", "5", "--timestamp", "yesterday"), 2, "must be an RFC 3339 date"),
    (("add", "DANNON", "5", "--metadata", "till"), 2, "NAME=TEXT"),
    (("add", "DANNON", "5", "--refrence", "a"), 2, "refrence"),
    (("spend", "5", "--key", "a,b"), 2, "without comma"),
    (("balance", "--account", "a/b"), 2, "is no account"),
    (("balance", "--at", "-1"), 2, "-1"),
    (("balance", "--url", "ledger.example"), 2, "must begin with http"),
    (("balance", "--url", "http://127.0.0.1:1", "--profile", "shop"), 2, "cannot be combined"),
    (("nothing",), 2, "No such command"),
])  # fmt: skip
def test_what_goes_wrong_is_told_in_words_and_by_a_code(
    points: Points, arguments: tuple[str, ...], code: int, words: str
) -> None:
    result = points(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_a_key_that_was_used_is_a_conflict(points: Points) -> None:
    timestamp = ("--timestamp", "2020-11-02T14:00:00Z")
    assert told(points("add", "DANNON", "5", "--key", "k", *timestamp, "--json"))["replayed"] is False
    assert told(points("add", "DANNON", "5", "--key", "k", *timestamp, "--json"))["replayed"] is True
    assert points("add", "DANNON", "6", "--key", "k", *timestamp).exit_code == 4


def test_what_is_not_known_is_found_out_by_the_words_that_say_so(
    points: Points, url: str, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.client.proxy.FAULTS", ["connection lost after"])
    monkeypatch.setattr(cli_options, "PATIENCE", ONE_ATTEMPT)
    with faulty(url, share=1) as proxy:
        unknown = points("add", "DANNON", "5", "--url", proxy.url)
    assert (unknown.exit_code, unknown.stdout) == (5, "")
    last = unknown.stderr.splitlines()[-1]
    assert last.startswith("to find out, run the same command with --key ")
    again = last.partition(" with ")[2].split()
    assert told(points("add", "DANNON", "5", *again, "--json"))["replayed"] is True
    with Client(url, account=account, patience=HURRIED) as ledger:
        assert ledger.balance().total == 5


def test_no_ledger_is_named() -> None:
    result = CliRunner().invoke(main, ["balance"])
    assert result.exit_code == 2
    assert "give --url, POINTS_URL, or a profile in" in result.stderr


def configure(tmp_path: Path, text: str) -> None:
    """Write the config file."""
    folder = tmp_path / "points-ledger"
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(text)


def test_a_profile_names_ledger_account_and_token(
    url: str, account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(cli_options, "Client", lambda url, **given: seen.append((url, given)) or Client(url, **given))
    configure(tmp_path, f'[default]\nurl = "{url}"\naccount = "{account}"\n[other]\nurl = "{url}"\ntoken = "t"\n')
    run = CliRunner().invoke
    assert run(main, ["balance"]).exit_code == 0
    assert run(main, ["balance", "--account", "ann"]).exit_code == 0
    assert run(main, ["balance", "--profile", "other"]).exit_code == 0
    monkeypatch.setenv("POINTS_TOKEN", "env")
    assert run(main, ["balance", "--url", url]).exit_code == 0
    monkeypatch.setenv("POINTS_PROFILE", "other")
    monkeypatch.setenv("POINTS_URL", "http://127.0.0.1:1")
    assert run(main, ["balance"]).exit_code == 0
    assert [(given["account"], given["token"]) for _, given in seen] == [
        (account, None), ("ann", None), (None, "t"), (None, "env"), (None, "t"),
    ]  # fmt: skip
    assert {where for where, _ in seen} == {url}


@pytest.mark.parametrize(("text", "words"), [
    ("[default", "cannot be read"),
    ("[default]\nurl = 5", "url is not a setting, or not a string"),
    ('[default]\nlink = "http://127.0.0.1:1"', "link is not a setting"),
    ('[default]\naccount = "ann"', "url is missing"),
    ('[default]\nurl = "http://127.0.0.1:1"\nclient_id = "a"', "no client_secret"),
])  # fmt: skip
def test_a_wrong_profile_is_told(tmp_path: Path, text: str, words: str) -> None:
    configure(tmp_path, text)
    result = CliRunner().invoke(main, ["balance"])
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_profile_that_is_not_there_is_told() -> None:
    result = CliRunner().invoke(main, ["balance", "--profile", "shop"])
    assert (result.exit_code, "no profile shop" in result.stderr) == (2, True)


def test_a_chain_is_verified_from_what_the_api_lists(points: Points) -> None:
    for payer, amount, timestamp in EXERCISE:
        points("add", payer, amount, "--timestamp", timestamp, "--metadata", "\U0001f600=1", "--metadata", "\ufb33=2")
    found = told(points("verify", "--json"))
    assert (found["transactions"], found["intact"]) == (5, True)
    assert told(points("verify", "--expected", "5", found["digest"], "--json"))["intact"]
    wrong = points("verify", "--expected", "3", found["digest"], "--expected", "9", "0" * 64)
    assert wrong.exit_code == 1
    assert "transaction 3 has the digest" in wrong.stderr
    assert "transaction 9 has the digest (none)" in wrong.stderr


@pytest.mark.parametrize(("tamper", "named"), [
    (lambda lines: [line | {"points": 7} if line["sequence"] == 3 else line for line in lines], [3]),
    (lambda lines: [line for line in lines if line["sequence"] != 3], [4]),
    (lambda lines: [line | {"digest": "0" * 64} if line["sequence"] == 3 else line for line in lines], [4, 3]),
    (lambda lines: [line | {"reference": "new"} if line["sequence"] in {1, 5} else line for line in lines], [5, 1]),
    (lambda lines: lines[:-1], [2]),
])  # fmt: skip
def test_each_digest_that_is_wrong_is_named(
    points: Points, monkeypatch: pytest.MonkeyPatch, tamper: Callable[[Any], Any], named: list[int]
) -> None:
    for payer, amount, timestamp in EXERCISE:
        points("add", payer, amount, "--timestamp", timestamp)
    true_answer = Client.transactions

    def tampered(self: Client, **given: Any) -> Any:
        listed = [it.listed for it in true_answer(self, **given)]
        assert len(listed) == 5
        page = {"transactions": tamper(listed), "next_cursor": None}
        return iter(transactions_of(page))

    monkeypatch.setattr(Client, "transactions", tampered)
    result = points("verify", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["intact"] is False
    assert [int(line.split()[2]) for line in result.stderr.splitlines()] == named


def transactions_of(page: Any) -> Any:
    """Read a page of the history as the client does."""
    return calls.transactions()(None).read(Response(200, {}, json.dumps(page).encode())).entries


def test_the_own_account_is_the_subject_of_the_token(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("POINTS_URL", url)
    assert told(CliRunner().invoke(main, ["verify", "--json"]))["account"] == "default"
    claims = urlsafe_b64encode(b'{"sub":"ann"}').decode().rstrip("=")
    monkeypatch.setenv("POINTS_TOKEN", f"e30.{claims}.sig")
    assert told(CliRunner().invoke(main, ["verify", "--json"]))["account"] == "ann"
    monkeypatch.setenv("POINTS_TOKEN", "opaque")
    result = CliRunner().invoke(main, ["verify"])
    assert (result.exit_code, "give --account" in result.stderr) == (2, True)


def test_people_get_tables(url: str, account: str) -> None:
    """In a process of its own, at a terminal."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "client/src"), "POINTS_URL": url, "POINTS_ACCOUNT": account}
    command = [sys.executable, "-m", "points_ledger"]
    added = subprocess.run([*command, "add", "[b]DANNON[/b]", "7"], env=environment, capture_output=True, check=True)  # noqa: S603
    assert b"\t[b]DANNON[/b]\n" in added.stdout
    ours, theirs = pty.openpty()
    subprocess.run([*command, "balance"], env=environment | {"TERM": "dumb"}, stdout=theirs, check=True)  # noqa: S603
    os.close(theirs)
    said = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "│ [b]DANNON[/b] │      7 │" in said
    refused = subprocess.run([*command, "spend", "8"], env=environment, capture_output=True, check=False)  # noqa: S603
    assert (refused.returncode, refused.stdout) == (3, b"")


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_shells_complete_it(shell: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0
    assert "_POINTS_COMPLETE" in result.stdout


def test_the_version_is_that_of_the_package() -> None:
    assert 'path = "src/points_ledger/__init__.py"' in (ROOT / "client/pyproject.toml").read_text()
    assert CliRunner().invoke(main, ["--version"]).stdout == f"points, version {points_ledger.__version__}\n"
