"""`points import`, against the real ledger: what a file says comes to be, once, and what is wrong with it is said."""

import csv
import io
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from points_ledger import Client, Spend
from points_ledger.cli import main
from points_ledger.cli import moving as commands

from tests.client.conftest import HURRIED, ONE_ATTEMPT
from tests.client.proxy import faulty

ROOT = Path(__file__).parents[2]
EXERCISE = """\
"payer","points","timestamp"
"DANNON",1000,"2020-11-02T14:00:00Z"
"UNILEVER",200,"2020-10-31T11:00:00Z"
"DANNON",-200,"2020-10-31T15:00:00Z"
"MILLER COORS",10000,"2020-11-01T14:00:00Z"
"DANNON",300,"2020-10-31T10:00:00Z"
"""
AT = "2020-11-02T14:00:00Z"
Import = Callable[..., Result]


@pytest.fixture
def load(url: str, account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Import:
    """Return a function that imports a text, under a name, and returns what the command said, as JSON."""
    monkeypatch.setattr(commands, "PATIENCE", HURRIED)

    def run(text: str | bytes, *arguments: str, name: str = "history.csv", to: str = url) -> Result:
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return CliRunner().invoke(main, ["import", str(file), "--url", to, "--account", account, "--json", *arguments])

    return run


def lines(*rows: dict[str, Any]) -> str:
    """Write JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_csv(*rows: dict[str, Any]) -> str:
    """Write CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ["payer", "points", "timestamp", "metadata"])
    writer.writeheader()
    writer.writerows(it | ({"metadata": json.dumps(it["metadata"])} if "metadata" in it else {}) for it in rows)
    return text.getvalue()


def row(payer: str = "DANNON", points: int = 5, timestamp: str = AT, **more: Any) -> dict[str, Any]:
    """Return a row."""
    return {"payer": payer, "points": points, "timestamp": timestamp, **more}


def test_the_exercises_file_comes_to_what_the_exercise_says(load: Import, ledger: Client) -> None:
    done = load(EXERCISE, "--preset", "exercise")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"read": 5, "added": 5, "repeated": 0, "refused": 0})
    assert [(it.payer, it.points) for it in ledger.spend(Spend(5000)).taken] == [
        ("DANNON", -100), ("UNILEVER", -200), ("MILLER COORS", -4700),
    ]  # fmt: skip
    assert ledger.balance().payers == {"DANNON": 1000, "UNILEVER": 0, "MILLER COORS": 5300}


def test_the_same_file_again_changes_nothing(load: Import, ledger: Client) -> None:
    load(EXERCISE)
    before = ledger.account()
    again = load(EXERCISE.replace('"2020-11-02T14:00:00Z"', "2020-11-02T15:00:00+01:00"), name="elsewhere.csv")
    assert json.loads(again.stdout) == {"read": 5, "added": 0, "repeated": 5, "refused": 0}
    as_json = load(lines(row("DANNON", 1000), row("UNILEVER", 200, "2020-10-31T11:00:00Z")), name="other.jsonl")
    assert json.loads(as_json.stdout)["repeated"] == 2
    assert ledger.account() == before


def test_equal_rows_are_so_many_changes_of_each_account(load: Import, ledger: Client, account: str) -> None:
    other = f"{account}-2"
    text = lines(row(), row(), row(account=other), row(), row(account=other))
    assert json.loads(load(text).stdout)["added"] == 5
    assert json.loads(load(text + lines(row())).stdout) == {"read": 6, "added": 1, "repeated": 5, "refused": 0}
    assert (ledger.balance().total, ledger.of(other).balance().total) == (20, 10)


def test_a_row_may_have_all_that_an_add_has(load: Import, ledger: Client) -> None:
    text = (
        "\ufeffaccount,payer,points,timestamp,effective_at,expires_at,reference,metadata,key\r\n"
        f',DANNON,5,{AT},2099-01-01T00:00:00Z,2099-02-01T00:00:00Z,"a ""b"", c","{{""till"": ""4""}}",mine\r\n'
        "\r\n"
        f"{ledger_name(ledger)},Nestlé,6,{AT},,,,,\r\n"
    )
    assert json.loads(load(text).stdout)["added"] == 2
    [second, first] = [it.listed for it in ledger.transactions()]
    assert first["kind"] == "pending"
    assert (first["reference"], first["metadata"]) == ('a "b", c', {"till": "4"})
    assert (second["payer"], "reference" in second) == ("Nestlé", False)
    with pytest.raises(Exception, match="belongs to an earlier request"):
        ledger.spend(Spend(1), key="mine")


def ledger_name(ledger: Client) -> str:
    """Return the account of a client."""
    return ledger._prefix.rpartition("/")[2]


def test_columns_may_have_other_names(load: Import, ledger: Client) -> None:
    text = f"Partner,points,earned,id,note\nDANNON,5,{AT},a-1,x\n"
    renamed = ("--map", "Partner=payer", "--map", "earned=timestamp", "--map", "id=key", "--map", "note=")
    assert json.loads(load(text, *renamed).stdout)["added"] == 1
    as_json = lines({"Partner": "DANNON", "points": 5, "earned": AT, "id": "a-1", "note": 7})
    assert json.loads(load(as_json, *renamed, name="history.jsonl").stdout)["repeated"] == 1
    assert ledger.balance().total == 5
    unknown = load(text, "--map", "Partner=partner")
    assert (unknown.exit_code, "partner is not one of account, key" in unknown.stderr) == (2, True)


def test_negative_rows_go_after_what_they_take_from(load: Import, ledger: Client) -> None:
    text = lines(row("DANNON", -7), row("UNILEVER", 1), row("DANNON", 5), row("DANNON", -1), row("DANNON", 3))
    assert json.loads(load(text).stdout)["added"] == 5
    assert [it.points for it in ledger.transactions()] == [-1, -7, 3, 5, 1]


FAULTY_ROWS = [
    ({"payer": ""}, "payer must not be empty"),
    ({"points": 5.0}, "points must be a whole number"),
    ({"points": 0, "timestamp": "2020-11-02"}, "points must not be 0"),
    ({"expires_at": AT}, "expires_at must be later than timestamp"),
    ({"account": "a/b"}, "account must have 1 to 128 characters"),
    ({"key": "a,b"}, "key must have 1 to 255 visible ASCII characters"),
    ({"pionts": 5}, "pionts is not a field of such a file"),
]


def test_every_fault_is_told_by_row_and_nothing_is_sent(load: Import, ledger: Client) -> None:
    text = lines(row(), *(row() | fault for fault, _ in FAULTY_ROWS), row(key="k"), row(key="k"))
    text += '[1]\n{"points": NaN}\n{"a": 1, "a": 2}\n{"payer"\n'
    found = load(text)
    assert found.exit_code == 2
    told = json.loads(found.stdout)
    assert (told["read"], told["faulty"]) == (14, 12)
    assert "nothing was sent" in found.stderr
    by_row = {}
    for fault in told["faults"]:
        by_row.setdefault(fault["number"], f"{fault['field']} {fault['message']}")
    for number, (_, words) in enumerate(FAULTY_ROWS, 2):
        assert by_row[number].startswith(words)
    assert by_row[10] == "key is that of row 9 already"
    assert [by_row[number].partition(":")[0] for number in (11, 12, 13, 14)] == ["row is not a JSON object"] * 4
    assert list(ledger.transactions()) == []


@pytest.mark.parametrize(("text", "words"), [
    ("payer,points\nDANNON,5\n", "row 1: timestamp is missing in the header"),
    ("payer,points,timestamp,pionts\n", "row 1: pionts is not a field"),
    ("payer,points,timestamp,points\n", "row 1: points is twice in the header"),
    (f"payer,points,timestamp\nDANNON,5,{AT}\nDANNON,5\n", "row 3: row has 2 cells, and the header 3"),
    (f'payer,points,timestamp\n"DANNON,5,{AT}\n', "row is not CSV"),
    (f"payer,points,timestamp\n\nDANNON,1 000,{AT}\n", "row 3: points must be a whole number"),
    (f"payer,points,timestamp\nDANNON,,{AT}\n", "row 2: points is missing"),
    (f"payer,points,timestamp\nNestl\xe9,5,{AT}\n".encode("latin-1"), "row 2: row is not UTF-8"),
    (",,\n", "row 1: payer is missing in the header"),
    ('[{"payer": "DANNON"}]\n', "row 1: row is not a JSON object"),
])  # fmt: skip
def test_a_faulty_csv_is_told_by_line(url: str, account: str, tmp_path: Path, text: str | bytes, words: str) -> None:
    file = tmp_path / "history.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = CliRunner().invoke(main, ["import", str(file), "--url", url, "--account", account])
    assert (found.exit_code, words in found.stderr) == (2, True), found.stderr


def test_the_preset_takes_nothing_but_the_exercises_columns(load: Import) -> None:
    found = load(f"account,payer,points,timestamp\nann,DANNON,5,{AT}\n", "--preset", "exercise")
    assert found.exit_code == 2
    assert json.loads(found.stdout)["faults"][0]["field"] == "account"


def test_an_empty_file_has_no_rows(load: Import) -> None:
    done = load("\n", name="export.jsonl")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"read": 0, "added": 0, "repeated": 0, "refused": 0})


def test_a_dry_run_sends_nothing(load: Import, ledger: Client) -> None:
    done = load(EXERCISE, "--dry-run")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"read": 5, "accounts": 1, "faulty": 0})
    assert list(ledger.transactions()) == []


@pytest.mark.parametrize("name", ["history.csv", "history.jsonl"])
def test_what_is_refused_can_be_mended_and_imported_again(
    load: Import, ledger: Client, tmp_path: Path, name: str
) -> None:
    rows = [row(), row("UNILEVER", -5, metadata={"a": "b"}), row("DANNON", -3), row("DANNON", -3)]
    text = as_csv(*rows) if name.endswith("csv") else lines(*rows)
    done = load(text, name=name)
    assert done.exit_code == 3
    assert json.loads(done.stdout) == {"read": 4, "added": 2, "repeated": 0, "refused": 2}
    refused = tmp_path / name.replace(".", ".refused.")
    assert str(refused) in done.stderr
    written = refused.read_text()
    assert "UNILEVER has 0 points in the account, but 5 would be taken." in written
    assert "DANNON has 2 points in the account, but 3 would be taken." in written

    mended = re.sub(r"(?<!\w)-5\b", "-1", written.replace("UNILEVER", "DANNON"))
    again = load(mended, name="mended." + name.rpartition(".")[2])
    assert (again.exit_code, json.loads(again.stdout)) == (3, {"read": 2, "added": 1, "repeated": 0, "refused": 1})
    assert ledger.balance().payers == {"DANNON": 1}
    first = load(text, name=name)
    assert json.loads(first.stdout) == {"read": 4, "added": 0, "repeated": 2, "refused": 2}
    assert "belongs to an earlier request" in (tmp_path / name.replace(".", ".refused-2.")).read_text()
    assert refused.read_text() == written, "what may be in the middle of being mended is left alone"
    assert ledger.balance().payers == {"DANNON": 1}


def test_what_all_rows_would_meet_stops_it(load: Import, tmp_path: Path, url: str) -> None:
    wrong = load(EXERCISE, to=f"{url}/v1")
    assert wrong.exit_code == 3
    assert json.loads(wrong.stdout) == {"read": 5, "added": 0, "repeated": 0, "refused": 0, "left": 5}
    assert "import the same file again" in wrong.stderr
    assert [it.name for it in tmp_path.iterdir()] == ["history.csv"]


def test_what_is_not_known_stops_it_and_the_same_file_goes_on(
    load: Import, url: str, ledger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "PATIENCE", ONE_ATTEMPT)
    monkeypatch.setattr("tests.client.proxy.FAULTS", ["connection lost after"])
    with faulty(url, share=1 / 4) as proxy:
        codes = [load(EXERCISE, to=proxy.url).exit_code for _ in range(12)]
    assert set(codes) == {0, 5}
    assert codes.index(0) > 0
    assert sorted(it.points for it in ledger.transactions()) == [-200, 200, 300, 1000, 10000]


def test_with_faults_on_a_third_of_all_calls_every_row_counts_once(
    load: Import, url: str, ledger: Client, account: str
) -> None:
    rng = random.Random(3)
    accounts = [f"{account}-{number}" for number in range(5)]
    rows = [row(rng.choice("AB"), rng.randint(1, 9), account=rng.choice(accounts)) for _ in range(60)]
    with faulty(url, seed=3) as proxy:
        done = load(lines(*rows), "--at-once", "4", to=proxy.url, name="history.jsonl")
    assert done.exit_code == 0, done.output
    for name in accounts:
        right = Counter[str]()
        for it in rows:
            right[it["payer"]] += it["points"] if it["account"] == name else 0
        assert ledger.of(name).balance().payers == +right


def test_whatever_kills_it_the_same_file_goes_on(url: str, account: str, ledger: Client, tmp_path: Path) -> None:
    """By SIGKILL, at random moments, until it gets through."""
    rng = random.Random(11)
    accounts = [f"{account}-{number}" for number in range(4)]
    rows = [row("DANNON", place + 1, account=accounts[place % 4]) for place in range(40)]
    file = tmp_path / "history.jsonl"
    file.write_text(lines(*rows, *(it | {"points": -1} for it in rows[:4])))
    killed = 0
    with faulty(url, share=0) as proxy:
        environment = os.environ | {"PYTHONPATH": str(ROOT / "client/src"), "POINTS_URL": proxy.url}
        command = [sys.executable, "-m", "points_ledger", "import", str(file), "--json", "--at-once", "3"]
        while True:
            with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as running:  # noqa: S603
                enough = proxy.seen.total() + rng.randint(1, 25)
                while running.poll() is None and proxy.seen.total() < enough:
                    time.sleep(0.002)
                if running.poll() is None and killed < 4:
                    running.kill()
                    killed += 1
                    continue
                said, _ = running.communicate()
            break
    summary = json.loads(said)
    assert (running.returncode, killed) == (0, 4)
    assert summary["added"] + summary["repeated"] == 44
    assert summary["repeated"] > 0
    for place, name in enumerate(accounts):
        assert sorted(it.points for it in ledger.of(name).transactions()) == [-1, *range(place + 1, 41, 4)]


def test_a_million_rows_need_no_gigabytes(tmp_path: Path) -> None:
    """What is kept in memory does not grow with the file: measured on a small one and one of ten times as many rows."""
    most = {}
    for rows in (1_000, 10_000):
        file = tmp_path / f"{rows}.csv"
        with file.open("w", newline="") as text:
            writer = csv.writer(text)
            writer.writerow(["account", "payer", "points", "timestamp"])
            writer.writerows((f"a{place % 500}", "DANNON", place % 90 + 1, AT) for place in range(rows))
        program = (
            "import resource, sys\n"
            "from points_ledger.cli import main\n"
            "main(sys.argv[1:], standalone_mode=False)\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        )
        environment = os.environ | {"PYTHONPATH": str(ROOT / "client/src"), "POINTS_URL": "http://127.0.0.1:9"}
        command = [sys.executable, "-c", program, "import", str(file), "--dry-run", "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
        summary, kilobytes = done.stdout.splitlines()
        assert json.loads(summary)["read"] == rows
        most[rows] = int(kilobytes)
    assert most[10_000] < most[1_000] + 6_000
