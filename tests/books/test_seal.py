"""Seals say what the ledger says, proofs tie accounts to them, and nothing else passes the check."""

import json
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import boto3
import pytest
import rfc8785
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from moto import mock_aws

from books import cli
from books.errors import BooksError
from books.exports import find_data_files
from books.seal import check_final, make_seal
from tests.api.client import Client
from tests.api.moments import DAY, after
from tests.books.exported import Item, digests_of, export
from tests.books.ledgers import ACCOUNTS, Ledger, export_of
from tests.books.test_merkle import root_of
from tests.simulator.clock import START, VirtualClock
from tests.simulator.table import Table


class World(NamedTuple):
    """A ledger, its export, and a moment when much was going on in it."""

    ledger: Ledger
    table: Table
    folder: Path
    at: datetime


_lived: list[tuple[list[Item], float]] = []
"""What stands in the ledger in the end, and how long it has lived: once that is known, it need not live again."""


@pytest.fixture
def world(table: Table, clock: VirtualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    ledger = Ledger(clock, Random(3))
    if not _lived:
        ledger.run(120)
        _lived.append(([item for account in ACCOUNTS for item in table.items(account)], clock.elapsed()))
    else:
        items, elapsed = _lived[0]
        clock.sleep(elapsed)
        for item in items:
            table.put(item)
    monkeypatch.setattr(cli, "check_final", lambda _at, _now: None)  # the ledger's clock is not the machine's
    at = START + timedelta(seconds=clock.elapsed() * 0.6)
    return World(ledger, table, export_of(table, tmp_path / "export"), at)


@pytest.fixture
def run(world: World, tmp_path: Path) -> Callable[..., Result]:
    """Return a function that runs a command on the export, in a folder of its own."""

    def run(command: str, *arguments: str) -> Result:
        source = ["--processes", "1", "--export", str(world.folder)] if command != "check" else []
        files = [str(tmp_path / argument) if argument.endswith(".json") else argument for argument in arguments]
        return CliRunner().invoke(cli.main, [command, *source, *files], catch_exceptions=False)

    return run


@pytest.fixture
def sealed(world: World, run: Callable[..., Result]) -> None:
    """Seal the ledger into seal.json."""
    assert run("seal", "--at", told(world.at), "--out", "seal.json").exit_code == 0


def told(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("buckets", [1, 8])
def test_a_seal_is_the_tree_of_the_last_lines_and_of_the_totals(
    world: World, monkeypatch: pytest.MonkeyPatch, buckets: int
) -> None:
    monkeypatch.setattr("books.buckets._PER_PROCESS", buckets)
    seal, _ = make_seal(find_data_files(world.folder), world.at, 1)
    leaves, lines = [], 0
    for account in sorted(ACCOUNTS, key=lambda name: sha256(name.encode()).digest()):
        by_then = [item for item in world.table.items(account) if item["recorded_at"]["S"] <= seal["at"]]
        lines += len(by_then)
        leaves.append({"account": account, "sequence": len(by_then), "digest": by_then[-1]["digest"]["S"]})
    said = {"accounts": len(leaves), "at": seal["at"], "lines": lines, "totals": seal["totals"]}
    assert seal["root"] == root_of([rfc8785.dumps(leaf) for leaf in [*leaves, said]]).hex()
    assert {name: seal[name] for name in said} == said


def test_its_totals_are_what_the_api_answers(world: World) -> None:
    rng, due = Random(1), 0
    for _ in range(10):
        at = START + timedelta(seconds=rng.uniform(0, world.ledger.clock.elapsed()))
        seal, _ = make_seal(find_data_files(world.folder), at, 1)
        balances: Counter[str] = Counter()
        for account in ACCOUNTS:
            balances.update(world.ledger.client(account).balance(at=told(at)).json)
        assert {payer: figures["available"] for payer, figures in seal["totals"].items() if any(figures.values())} == {
            payer: balances[payer] for payer, figures in seal["totals"].items() if any(figures.values())
        }
        assert sum(balances.values()) == sum(figures["available"] for figures in seal["totals"].values())
        due += any(item["kind"]["S"] == "expire" and item["effective_at"]["S"] <= seal["at"] < item["recorded_at"]["S"]
                   for account in ACCOUNTS for item in world.table.items(account))  # fmt: skip
    assert due, "at some of these moments something had expired that was recorded later"


def test_what_is_held_and_pending_is_in_it(world: World) -> None:
    now = START + timedelta(seconds=world.ledger.clock.elapsed())
    seal, _ = make_seal(find_data_files(world.folder), now, 1)
    answers = [world.ledger.client(account).get("account").json for account in ACCOUNTS]
    for figure in ("available", "held", "pending"):
        in_seal = sum(figures[figure] for figures in seal["totals"].values())
        assert in_seal == sum(answer[figure] for answer in answers) > 0


def test_what_expires_at_the_very_moment_is_not_in_it(table: Table, tmp_path: Path) -> None:
    Client(account="anna").add("DANNON", 300, expires_at=after(DAY))
    files = export(table.items("anna"), tmp_path)
    for at, available in (START + timedelta(days=1), 0), (START + timedelta(days=1, microseconds=-1), 300):
        seal, _ = make_seal(files, at, 1)
        assert seal["totals"] == {"DANNON": {"available": available, "held": 0, "pending": 0}}


@pytest.mark.usefixtures("sealed")
def test_each_account_is_proven(run: Callable[..., Result], tmp_path: Path) -> None:
    for account in ACCOUNTS:
        assert run("prove", "--account", account, "--seal", "seal.json", "--out", f"{account}.json").exit_code == 0
    said = run("check", "seal.json", *(f"{account}.json" for account in ACCOUNTS))
    assert said.exit_code == 0, said.output
    assert f"{tmp_path / 'anna.json'}: account anna at line " in said.output


@pytest.fixture
def proof(run: Callable[..., Result], sealed: None, tmp_path: Path) -> Path:  # noqa: ARG001
    run("prove", "--account", "anna", "--seal", "seal.json", "--out", "proof.json")
    return tmp_path / "proof.json"


ALTERATIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "the account": lambda paper: paper["proof"].update(account="bert"),
    "its line": lambda paper: paper["proof"].update(sequence=paper["proof"]["sequence"] + 1),
    "its digest": lambda paper: paper["proof"].update(digest="00" * 32),
    "its number": lambda paper: paper["proof"].update(number=paper["proof"]["number"] ^ 1),
    "a number beyond the tree": lambda paper: paper["proof"].update(number=99),
    "its path": lambda paper: paper["proof"]["path"].reverse(),
    "a path without its end": lambda paper: paper["proof"]["path"].pop(),
    "no path": lambda paper: paper["proof"].pop("path"),
    "a path of nonsense": lambda paper: paper["proof"].update(path=["zz"]),
    "the moment": lambda paper: paper["seal"].update(at="2026-01-02T00:00:00.000000Z"),
    "the totals": lambda paper: paper["seal"]["totals"]["DANNON"].update(available=1),
    "a payer more": lambda paper: paper["seal"]["totals"].update(X={"available": 0, "held": 0, "pending": 0}),
    "the lines": lambda paper: paper["seal"].update(lines=1),
    "the accounts": lambda paper: paper["seal"].update(accounts=4),
    "the root": lambda paper: paper["seal"].update(root="00" * 32),
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_an_altered_proof_fails_the_check(proof: Path, run: Callable[..., Result], alteration: str) -> None:
    paper = json.loads(proof.read_text())
    ALTERATIONS[alteration](paper)
    proof.write_text(json.dumps(paper))
    assert run("check", "proof.json").exit_code == 1


@pytest.mark.usefixtures("proof")
def test_a_proof_of_another_seal_fails_the_check(world: World, run: Callable[..., Result]) -> None:
    run("seal", "--at", told(world.at - timedelta(days=30)), "--out", "earlier.json")
    assert run("check", "earlier.json").exit_code == 0
    said = run("check", "earlier.json", "proof.json")
    assert said.exit_code == 1
    assert "these files belong to different seals" in said.output


@pytest.mark.usefixtures("sealed")
def test_a_ledger_that_was_altered_does_not_come_to_its_seal(world: World, tmp_path: Path) -> None:
    """An account cut short is as right by itself as the whole: only what was kept can tell."""
    items = [item for account in ACCOUNTS for item in world.table.items(account)]
    sealed = [item for item in world.table.items("anna") if item["recorded_at"]["S"] <= told(world.at)]
    shorter = [item for item in items if item["account"]["S"] != "anna" or item in sealed[:-1]]
    export(shorter, tmp_path / "shorter")
    arguments = [
        "prove",
        "--account",
        "anna",
        "--seal",
        str(tmp_path / "seal.json"),
        "--out",
        str(tmp_path / "no.json"),
    ]
    said = CliRunner().invoke(cli.main, [*arguments, "--export", str(tmp_path / "shorter"), "--processes", "1"])
    assert said.exit_code == 1
    assert "lines have been added, left out or altered since" in said.output
    assert not (tmp_path / "no.json").exists()


def test_what_is_sealed_can_be_listed_for_a_later_verify(
    world: World, run: Callable[..., Result], tmp_path: Path
) -> None:
    listed = tmp_path / "digests"
    run("seal", "--at", told(world.at), "--out", "seal.json", "--digests", str(listed))
    last = [
        [item for item in world.table.items(account) if item["recorded_at"]["S"] <= told(world.at)][-1]
        for account in ACCOUNTS
    ]
    assert sorted(listed.read_text().splitlines()) == sorted(digests_of(last).splitlines())
    assert run("verify", "--expected", str(listed)).exit_code == 0


def test_lines_that_are_missing_cannot_be_sealed(world: World, tmp_path: Path) -> None:
    items = [item for account in ACCOUNTS for item in world.table.items(account)]
    files = export(items[1:], tmp_path / "wrong")
    with pytest.raises(BooksError, match="anna has missing or duplicate lines"):
        make_seal(files, world.at, 1)


@pytest.mark.usefixtures("sealed")
def test_an_account_without_a_line_by_then_cannot_be_proven(run: Callable[..., Result]) -> None:
    said = run("prove", "--account", "nobody", "--seal", "seal.json", "--out", "proof.json")
    assert said.exit_code == 2
    assert "nobody has no line by" in said.output


def test_a_moment_must_be_a_minute_past() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    check_final(now - timedelta(minutes=1), now)
    with pytest.raises(BooksError, match="is not yet a minute ago"):
        check_final(now - timedelta(seconds=59), now)
    said = CliRunner().invoke(cli.main, ["seal", "--at", "9000-01-01", "--out", "seal.json"])
    assert (said.exit_code, "is not yet a minute ago" in said.output) == (2, True)


@pytest.mark.parametrize("text", ["2026-11-31", "2026-11-01T00:00:00", "yesterday"])
def test_a_moment_that_is_none(run: Callable[..., Result], text: str) -> None:
    said = run("seal", "--at", text, "--out", "seal.json")
    assert said.exit_code == 2
    assert "Invalid value for '--at'" in said.output


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"seal": {}}', '{"seal": {"at": "now"}}'])
def test_a_file_that_is_no_seal(run: Callable[..., Result], tmp_path: Path, content: str) -> None:
    (tmp_path / "no.json").write_text(content)
    said = run("check", "no.json")
    assert said.exit_code == 2
    assert "is neither a seal nor a proof" in said.output


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


def a_key(spec: str, usage: str = "SIGN_VERIFY") -> str:
    return str(boto3.client("kms").create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"])


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "RSA_2048"])
def test_a_signed_seal_is_checked_by_the_public_key_alone(
    world: World, run: Callable[..., Result], tmp_path: Path, spec: str
) -> None:
    key, other = a_key(spec), a_key(spec)
    assert run("seal", "--at", told(world.at), "--out", "seal.json", "--kms-key", key).exit_code == 0
    for name, of in (("right", key), ("other", other)):
        public = load_der_public_key(boto3.client("kms").get_public_key(KeyId=of)["PublicKey"])
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / name).write_bytes(pem)

    assert run("check", "seal.json").exit_code == 0
    assert run("check", "seal.json", "--public-key", str(tmp_path / "right")).exit_code == 0
    wrong = run("check", "seal.json", "--public-key", str(tmp_path / "other"))
    assert wrong.exit_code == 1
    assert "the signature is not for this seal, or is by another key" in wrong.output

    paper = json.loads((tmp_path / "seal.json").read_text())
    signature = bytearray(b64decode(paper["signature"]["value"]))
    signature[-1] ^= 1
    paper["signature"]["value"] = b64encode(signature).decode()
    (tmp_path / "altered.json").write_text(json.dumps(paper))
    assert run("check", "altered.json").exit_code == 1
    paper["signature"]["algorithm"] = "none"
    (tmp_path / "altered.json").write_text(json.dumps(paper))
    assert run("check", "altered.json").exit_code == 1


@pytest.mark.usefixtures("sealed")
def test_an_unsigned_seal_fails_a_check_for_a_key(run: Callable[..., Result], tmp_path: Path) -> None:
    with mock_aws():
        key = boto3.client("kms", region_name="us-east-1")
        public = key.get_public_key(
            KeyId=key.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        )
    (tmp_path / "key").write_bytes(public["PublicKey"])
    said = run("check", "seal.json", "--public-key", str(tmp_path / "key"))
    assert said.exit_code == 1
    assert "it is not signed" in said.output
    (tmp_path / "key").write_bytes(b"none")
    assert run("check", "seal.json", "--public-key", str(tmp_path / "key")).exit_code == 2


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("key", ["none", "SYMMETRIC_DEFAULT"])
def test_a_key_that_cannot_sign(world: World, run: Callable[..., Result], key: str) -> None:
    name = key if key == "none" else a_key(key, "ENCRYPT_DECRYPT")
    said = run("seal", "--at", told(world.at), "--out", "seal.json", "--kms-key", name)
    assert said.exit_code == 2
    assert name in said.output


@pytest.mark.usefixtures("aws")
def test_a_seal_in_a_bucket_with_object_lock(world: World, run: Callable[..., Result], tmp_path: Path) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="kept", ObjectLockEnabledForBucket=True)
    arguments = ["--at", told(world.at), "--out", "seal.json", "--bucket", "kept"]
    undecided = run("seal", *arguments)
    assert undecided.exit_code == 2
    assert "name --retain-days" in undecided.output

    assert run("seal", *arguments, "--retain-days", "30").exit_code == 0
    [stored] = s3.list_objects_v2(Bucket="kept")["Contents"]
    assert stored["Key"] == f"seals/{json.loads((tmp_path / 'seal.json').read_text())['seal']['at']}.json"
    there = s3.get_object(Bucket="kept", Key=stored["Key"])
    assert there["Body"].read() == (tmp_path / "seal.json").read_bytes()
    assert there["ObjectLockMode"] == "COMPLIANCE"
    assert there["ObjectLockRetainUntilDate"] > datetime.now(UTC) + timedelta(days=29)


@pytest.mark.usefixtures("aws")
def test_a_bucket_that_keeps_files_by_itself(world: World, run: Callable[..., Result]) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="kept", ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 7}}
    s3.put_object_lock_configuration(
        Bucket="kept", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    assert run("seal", "--at", told(world.at), "--out", "seal.json", "--bucket", "kept").exit_code == 0
    assert s3.list_objects_v2(Bucket="kept")["KeyCount"] == 1


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("bucket", ["unlocked", "none"])
def test_a_bucket_that_locks_nothing(world: World, run: Callable[..., Result], bucket: str) -> None:
    boto3.client("s3").create_bucket(Bucket="unlocked")
    said = run("seal", "--at", told(world.at), "--out", "seal.json", "--bucket", bucket)
    assert said.exit_code == 2
    assert bucket in said.output
