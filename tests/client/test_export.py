"""`points export` and back by `points import`, against the real ledger; many histories are tried in `handlers`."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from points_ledger import Add, Client, Hold, Spend
from points_ledger.cli import main

NOVEMBER = datetime(2020, 11, 2, 14, tzinfo=timezone.utc)


def points(url: str, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, [*arguments, "--url", url])


def test_accounts_move_by_a_file(url: str, account: str, ledger: Client, tmp_path: Path) -> None:
    other = ledger.of(f"{account}-2")
    for client, days in ((ledger, 1), (other, 2)):
        client.add(Add("DANNON", 100, NOVEMBER, expires_at=datetime.now(timezone.utc) + timedelta(days=days)))
        client.add(Add("UNILEVER", 50, NOVEMBER))
        client.spend(Spend(10 * days))
    named = tmp_path / "accounts"
    named.write_text(f"{account}-2\n\n")
    written = points(url, "export", account, "--from", str(named))
    assert (written.exit_code, written.stderr) == (0, "")
    rows = [json.loads(line) for line in written.stdout.splitlines()]
    assert [(row["account"].removeprefix(account), row["payer"], row["points"]) for row in rows] == [
        ("", "DANNON", 90), ("", "UNILEVER", 50), ("-2", "DANNON", 80), ("-2", "UNILEVER", 50),
    ]  # fmt: skip
    file = tmp_path / "export.jsonl"
    file.write_text(written.stdout.replace(account, f"{account}-moved"))
    assert points(url, "import", str(file)).exit_code == 0
    for ending, client in (("", ledger), ("-2", other)):
        copy = ledger.of(f"{account}-moved{ending}")
        assert copy.balance().payers == client.balance().payers
        kept = [[(it.payer, it.points, it.timestamp, it.expires_at) for it in each.lots()] for each in (client, copy)]
        assert kept[0] == kept[1]
        assert copy.spend(Spend(100)).taken == client.spend(Spend(100)).taken


def test_nothing_is_written_unless_all_of_it_can_be(url: str, account: str, ledger: Client) -> None:
    for name in (account, f"{account}-2"):
        ledger.of(name).add(Add("DANNON", 100, NOVEMBER))
    ledger.of(f"{account}-2").hold(Hold(30))
    refused = points(url, "export", account, f"{account}-2")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "30 points in open holds" in refused.stderr
    left_out = points(url, "export", account, f"{account}-2", "--without-holds")
    assert (left_out.exit_code, len(left_out.stdout.splitlines())) == (0, 2)
    assert "30 points in open holds are left out" in left_out.stderr


@pytest.mark.parametrize("name", ["a/b", ".."])
def test_an_impossible_account_is_told(url: str, name: str) -> None:
    result = points(url, "export", name)
    assert (result.exit_code, "is no account" in result.stderr) == (2, True)
