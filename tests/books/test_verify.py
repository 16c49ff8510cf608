"""What is right is found to be right, and whatever is altered in an export is found, by account and line."""

import gzip
import json
import re
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import pytest
from click.testing import CliRunner, Result
from points.rules import plans
from points.rules.plans import Plan, plan
from points.rules.terms import Add, Capture, Change, Hold, Kind, Origin, Refund, Spend, State, Transaction
from points.rules.time import plan_due
from points.storage.attributes import from_moment, to_moment
from points.storage.lines import CALENDAR_SHARDS, FORMATS, Line, Standing, next_line, to_item
from points.storage.sizes import stored_bytes

from books.buckets import accounts_in, bucket_name, deal_file
from books.cli import main
from books.errors import BooksError
from books.exports import DataFile
from books.kept import Kept
from books.records import Records
from books.replay import NOT_REPLAYED, Replay
from books.verify import Verdict
from tests.books.exported import Item, digests_of, export, rechain, said_of, verified
from tests.books.ledgers import ACCOUNTS, Ledger
from tests.rules.account import day
from tests.simulator.clock import VirtualClock
from tests.simulator.table import Table

Passbook = list[Item]
_made: dict[int, list[Item]] = {}


def make(seed: int, table: Table, clock: VirtualClock) -> list[Item]:
    """Let random things happen to accounts, through the handlers, and return what stands in the table."""
    ledger = Ledger(clock, Random(seed))
    ledger.run(150)
    for number, account in enumerate(ACCOUNTS):
        labels = {"reference": f"order-{number}", "metadata": {"shop": "Köln", "till": str(number)}}
        ledger.client(account).add("DANNON", 500, "2026-01-01T00:00:00Z", idempotency_key=f"key-{number}", **labels)
    ledger.run(100)
    return [item for account in ACCOUNTS for item in table.items(account)]


@pytest.fixture
def items(table: Table, clock: VirtualClock) -> list[Item]:
    """All lines of a ledger, in no order; made once."""
    if not _made:
        _made[0] = make(0, table, clock)
    return deepcopy(_made[0])


@pytest.fixture
def anna(items: list[Item]) -> Passbook:
    """The lines of an account, oldest first; to alter them alters `items`."""
    return sorted((item for item in items if item["account"]["S"] == "anna"), key=number_of)


def number_of(item: Item) -> int:
    return int(item["sequence"]["N"])


@pytest.mark.parametrize("seed", [1, 2])
def test_random_ledgers_are_right(table: Table, clock: VirtualClock, tmp_path: Path, seed: int) -> None:
    items = make(seed, table, clock)
    assert {item["kind"]["S"] for item in items} == set(Kind)
    assert {item["format"]["N"] for item in items} == set(map(str, FORMATS))
    verdict = verified(export(items, tmp_path), tmp_path, digests_of(items))
    assert verdict.findings == ()
    assert (verdict.lines, verdict.accounts, verdict.not_replayed) == (len(items), len(ACCOUNTS), 0)


def test_what_was_settled_before_a_spend_is_right(
    table: Table, clock: VirtualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "MOST_SETTLED", 2)
    client = Ledger(clock, Random(0)).client("fred")
    for payer, points in (("DANNON", 5), ("DANNON", 5), ("DANNON", 5), ("DANNON", -15), ("UNILEVER", 9)):
        client.add(payer, points, "2026-01-01T00:00:00Z")
    client.hold(4)
    client.spend(3)
    client.refund(8)
    items = table.items("fred")
    assert [item["kind"]["S"] for item in items[5:]] == ["expire", "hold", "spend", "refund"]
    assert said_of(items, tmp_path, digests_of(items)) == []
    monkeypatch.setattr(plans, "MOST_SETTLED", 3)
    (tmp_path / "again").mkdir()
    said = said_of(items, tmp_path / "again")
    assert said
    assert all(finding.startswith("fred, line 6: ") for finding in said)


def test_the_ledgers_own_items_are_no_lines(items: list[Item], tmp_path: Path) -> None:
    side_items = [
        {"account": {"S": "#sweeper"}, "sequence": {"N": "1"}},
        {"account": {"S": "anna"}, "sequence": {"N": "0"}},
    ]
    assert said_of([*items, *side_items], tmp_path) == []


def test_a_line_dropped(items: list[Item], anna: Passbook, tmp_path: Path) -> None:
    items.remove(anna[5])
    assert said_of(items, tmp_path) == ["anna, line 7: line 6 is missing"]


def test_lines_dropped_at_the_beginning(items: list[Item], anna: Passbook, tmp_path: Path) -> None:
    for line in anna[:4]:
        items.remove(line)
    assert said_of(items, tmp_path) == ["anna, line 5: lines 1 to 4 are missing"]


def test_a_line_doubled(items: list[Item], anna: Passbook, tmp_path: Path) -> None:
    items.append(anna[5])
    assert said_of(items, tmp_path) == ["anna, line 6: appears twice"]


def test_two_lines_swapped(items: list[Item], anna: Passbook, tmp_path: Path) -> None:
    anna[5]["sequence"], anna[6]["sequence"] = anna[6]["sequence"], anna[5]["sequence"]
    said = said_of(items, tmp_path)
    assert any(finding.startswith("anna, line 6: its digest is") for finding in said)
    assert any(finding.startswith("anna, line 7: its digest is") for finding in said)


FIELDS = [
    "account", "amount", "balances", "calendar_key", "changed", "digest", "due_key", "effective_at", "expired",
    "expires_at", "format", "holds", "idempotency_key", "kind", "metadata", "moment", "of", "opened_at",
    "original_key", "owed", "part_spent", "payer", "pending", "points", "ranges", "recorded_at", "reference",
    "reference_key", "request_digest", "returned", "sequence", "size", "taken", "timestamp", "timestamp_key",
    "undone", "watermark", "write_id",
]  # fmt: skip
CHAINED = {
    "amount", "effective_at", "expired", "expires_at", "kind", "metadata", "of", "payer", "points", "recorded_at",
    "reference", "returned", "taken", "timestamp",
}  # fmt: skip


def altered(value: dict[str, Any]) -> dict[str, Any]:
    """Alter a value a little; texts get longer by what may be part of any."""
    [(kind, content)] = value.items()
    if kind == "N":
        return {"N": str(int(content) + 1)}
    if kind == "S":
        return {"S": f"{content}0"}
    if kind == "L":
        return {"L": [altered(content[0]), *content[1:]]}
    return {"M": {name: altered(each) for name, each in content.items()}}


def test_these_are_all_fields(items: list[Item]) -> None:
    assert {name for item in items for name in item} == set(FIELDS)


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_altered(items: list[Item], tmp_path: Path, field: str) -> None:
    """Each is found at its line, and by its name unless the chain is what tells."""
    line = max((item for item in items if field in item), key=lambda item: (field == "opened_at") - number_of(item))
    account, number = line["account"]["S"], number_of(line)
    passbook = [item for item in items if item["account"]["S"] == account]
    line[field] = altered(line[field]) if field != "format" else {"N": "9"}
    said = said_of(passbook, tmp_path)
    if field == "account":
        assert any(finding.startswith(f"{account}, line {number + 1}: ") for finding in said)
        assert any(finding.startswith(f"{account}0, line {number}: ") for finding in said)
        return
    if field == "sequence":
        assert f"{account}, line {number + 1}: line {number} is missing" in said
        assert f"{account}, line {number + 1}: appears twice" in said
        return
    at_line = [finding for finding in said if finding.startswith(f"{account}, line {number}: ")]
    named = "digest" if field in CHAINED else "size" if field in NOT_REPLAYED and field != "digest" else field
    assert any(named in finding for finding in at_line), said


@pytest.mark.parametrize("field", [field for field in FIELDS if field not in {"account", "sequence"}])
def test_a_field_taken_away(items: list[Item], tmp_path: Path, field: str) -> None:
    line = max((item for item in items if field in item), key=number_of)
    passbook = [item for item in items if item["account"] == line["account"]]
    del line[field]
    said = said_of(passbook, tmp_path)
    assert any(finding.startswith(f"{line['account']['S']}, line {number_of(line)}: ") for finding in said)


def test_a_field_added(items: list[Item], anna: Passbook, tmp_path: Path) -> None:
    anna[3]["note"] = {"S": "x"}
    assert said_of(items, tmp_path) == ['anna, line 4: note is {"S":"x"}, but the rules give absent']


def test_an_account_cut_short_is_found_by_a_digest_kept_elsewhere_alone(
    items: list[Item], anna: Passbook, tmp_path: Path
) -> None:
    kept = digests_of(anna[-1:])
    for line in anna[-2:]:
        items.remove(line)
    last = len(anna)
    assert said_of(items, tmp_path / "1") == []
    assert said_of(items, tmp_path / "2", kept) == [
        f"anna, line {last}: is missing; its digest was kept, and the account ends at line {last - 2}"
    ]


def test_an_account_left_out_is_found_by_a_digest_kept_elsewhere_alone(
    items: list[Item], anna: Passbook, tmp_path: Path
) -> None:
    others = [item for item in items if item not in anna]
    assert said_of(others, tmp_path / "1") == []
    assert said_of(others, tmp_path / "2", digests_of(anna[3:5])) == [
        "anna, line 5: the whole account is missing; a digest of it was kept"
    ]


def test_what_is_written_in_many_pieces_is_read_as_a_whole(
    items: list[Item], anna: Passbook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("books.buckets._BUFFER_BYTES", 1)
    monkeypatch.setattr("books.kept._LINES_AT_ONCE", 1)
    shorter = [item for item in items if item not in anna[-2:]]
    verdict = verified(export(shorter, tmp_path), tmp_path, digests_of(anna))
    assert verdict.lines == len(shorter)
    assert [finding.sequence for finding in verdict.findings] == [len(anna) - 1, len(anna)]


def test_a_line_that_is_missing_cannot_be_read_again(anna: Passbook, tmp_path: Path) -> None:
    for file in export([anna[0], anna[2]], tmp_path):
        deal_file((file, tmp_path, 1))
    accounts = accounts_in(tmp_path / bucket_name(0))
    account = next(accounts)  # it can be read until they go on
    assert account.read(3) == anna[2]
    for missing in (2, 4):
        with pytest.raises(LookupError):
            account.read(missing)


def test_a_state_rewritten(items: list[Item], anna: Passbook, tmp_path: Path) -> None:
    for line in anna[5:]:
        line["balances"] = altered(line["balances"])
    [finding] = said_of(items, tmp_path)
    assert finding.startswith('anna, line 6: balances is {"L":')


def test_a_transaction_rewritten_with_its_chain(items: list[Item], anna: Passbook, tmp_path: Path) -> None:
    line = next(line for line in anna if line["kind"]["S"] == "add" and "timestamp_key" in line)
    line["points"] = altered(line["points"])
    rechain(anna)
    said = said_of(items, tmp_path)
    assert said[0].startswith(f"anna, line {number_of(line)}: balances is ")
    assert not any("digest" in finding for finding in said)


class History:
    """An account's lines, planned as a test likes; the chain and the sizes are always right."""

    def __init__(self, account: str = "zoe", shards: int = CALENDAR_SHARDS) -> None:
        self.lines: list[Line] = []
        self.records = Records(self._origin)
        self._account = account
        self._shards = shards

    @property
    def at(self) -> Standing:
        return self.lines[-1] if self.lines else Standing(self._account)

    def put(self, planned: Plan | None, now: datetime) -> None:
        assert planned
        line = next_line(self.at, planned, now, shards=self._shards)
        self.lines.append(line)
        if line.lot:
            self.records.open(line.lot)
        if line.transaction.of:
            self.records.refer(line.transaction.of, line.reference)

    def change(self, change: Change, now: datetime) -> None:
        """Do as the rules would, whatever is due by now."""
        self.put(plan(change, self.at.state, now, self.records), now)

    def claim(self, done: Transaction, now: datetime) -> None:
        """Record what the rules do not allow, as if it changed nothing else."""
        sequence = self.at.sequence + 1
        self.put(Plan(done, self.at.state._replace(sequence=sequence, changed=sequence, moment=now)), now)

    def add(self, points: int, now: datetime, expires_at: datetime | None = None) -> None:
        """Add points, whatever is due by now."""
        self.change(Add("DANNON", points, now, None, expires_at), now)

    @property
    def items(self) -> list[Item]:
        return [to_item(line) for line in self.lines]

    def _origin(self, sequence: int) -> Origin | None:
        line, *_ = self.lines[sequence - 1 : sequence] or [None]
        above = self.lines[sequence - 2].state if sequence > 1 else State()
        return line and Origin(line.transaction, above, line.state)


@pytest.mark.parametrize("shards", [1, 7, 1_024])
def test_a_ledger_whose_calendar_is_split_otherwise_is_right(tmp_path: Path, shards: int) -> None:
    account = "zoe-23"
    assert not any(crc32(account.encode()) % number == 0 for number in range(2, 1_025)), "shard 0 is the only one of 1"
    history = History(account, shards)
    history.add(100, day(0), expires_at=day(1))
    assert said_of(history.items, tmp_path) == []


def test_an_account_rewritten_by_the_rules_is_found_by_a_digest_kept_elsewhere_alone(tmp_path: Path) -> None:
    true, other = History(), History()
    for number in range(4):
        true.add(100, day(number))
        other.add(99 if number == 1 else 100, day(number))
    kept = digests_of(true.items)
    assert said_of(other.items, tmp_path / "1") == []
    said = said_of(other.items, tmp_path / "2", kept)
    assert [finding.partition(": ")[0] for finding in said] == ["zoe, line 2", "zoe, line 3", "zoe, line 4"]
    assert all(finding.endswith("was kept") for finding in said)


@pytest.mark.parametrize("later", [day(1), day(2)])
def test_something_due_that_was_not_recorded(tmp_path: Path, later: datetime) -> None:
    history = History()
    history.add(100, day(0), expires_at=day(1))
    history.add(100, later)
    assert said_of(history.items, tmp_path) == [
        "zoe, line 2: the rules do not allow it: what was due before it has not been recorded"
    ]


def test_something_recorded_when_it_was_due_and_before(tmp_path: Path) -> None:
    history, early = History(), History()
    for each, now in (history, day(2)), (early, day(2) - timedelta(microseconds=1)):
        each.add(100, day(0), expires_at=day(2))
        each.put(plan_due(each.at.state, day(2), each.records), now)
    assert said_of(history.items, tmp_path / "1") == []
    assert said_of(early.items, tmp_path / "2") == [
        "zoe, line 2: the rules do not allow it: nothing was due when it was recorded"
    ]


SPENT = Transaction(kind=Kind.SPEND, points=-101, taken={"DANNON": -101})
VOIDED = Transaction(kind=Kind.VOID, of=1, points=5, returned={"DANNON": 5})
REFUNDED = Transaction(kind=Kind.REFUND, of=3, points=5, returned={"DANNON": 5})


@pytest.mark.parametrize(
    ("done", "reason"),
    [
        (SPENT, "The user doesn't have enough points: there are 100, but 101 were asked for."),
        (VOIDED, "The account has no hold 1."),
        (REFUNDED, "The account has no transaction 3."),
    ],
    ids=["a spend of more than there was", "a void of what is no hold", "a refund of what comes later"],
)
def test_what_the_rules_do_not_allow(tmp_path: Path, done: Transaction, reason: str) -> None:
    history = History()
    history.add(100, day(0))
    history.claim(done, day(1))
    history.change(Spend(10), day(2))
    assert said_of(history.items, tmp_path) == [f"zoe, line 2: the rules do not allow it: {reason}"]


def test_a_hold_that_ended_before(tmp_path: Path) -> None:
    history = History()
    history.add(100, day(0))
    history.change(Hold(50), day(1))
    history.change(Capture(2), day(2))
    history.change(Refund(2, 10), day(3))
    history.claim(VOIDED._replace(of=2), day(4))
    [finding] = said_of(history.items, tmp_path)
    assert finding.endswith("the rules do not allow it: The hold 2 was captured at 2020-01-03T00:00:00Z.")


@pytest.mark.parametrize("number", [1, 2])
def test_the_first_line_alone_says_when_the_account_was_opened(tmp_path: Path, number: int) -> None:
    history = History()
    history.add(100, day(0))
    history.add(100, day(1))
    items, size = history.items, 0
    line = items[number - 1]
    if number == 1:
        del line["opened_at"]
    else:
        line["opened_at"] = line["recorded_at"]
    for item in items:
        item["size"] = {"N": str(size)}
        size += stored_bytes(item)
        item["size"] = {"N": str(size)}
    said = said_of(items, tmp_path)
    assert any(finding.startswith(f"zoe, line {number}: opened_at is ") for finding in said)


def test_few_walks_are_remembered_and_older_ones_are_refunded_all_the_same(tmp_path: Path) -> None:
    history = History()
    history.add(1_000, day(0))
    for number in range(100):
        history.change(Spend(10), day(1 + number))
    history.change(Refund(2), day(200))
    assert said_of(history.items, tmp_path) == []
    replay = Replay(lambda sequence: history.items[sequence - 1])
    for item in history.items:
        replay.follow(item)
    assert len(replay._recent) == 32


def test_lines_below_a_wrong_one_are_counted_and_their_chain_is_checked(tmp_path: Path) -> None:
    history = History()
    for number in range(5):
        history.add(100, day(number))
    items = history.items
    items[1]["balances"] = altered(items[1]["balances"])
    items[4]["points"] = altered(items[4]["points"])
    verdict = verified(export(items, tmp_path), tmp_path)
    assert [finding.sequence for finding in verdict.findings] == [2, 5]
    assert verdict.not_replayed == 3


def test_a_line_deleted_or_changed_between_two_exports(tmp_path: Path) -> None:
    history = History()
    for number in range(4):
        history.add(100, day(number))
    one, two, three, four = history.items
    entries = [
        {"Keys": keys_of(one), "NewImage": one},
        {"Keys": keys_of(two), "NewImage": two, "OldImage": two | {"points": {"N": "1"}}},
        {"Keys": keys_of(three), "OldImage": three},
        {"Keys": keys_of(four), "NewImage": four},
    ]
    file = tmp_path / "a.json.gz"
    file.write_bytes(gzip.compress("".join(json.dumps(entry) + "\n" for entry in entries).encode()))
    assert [str(finding) for finding in verified([DataFile(file)], tmp_path).findings] == [
        "zoe, line 2: was changed after it had been written",
        "zoe, line 3: was deleted",
    ]


def test_of_very_many_findings_some_are_kept_and_all_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("books.verify.MOST_FINDINGS", 3)
    history = History()
    for number in range(5):
        history.add(100, day(number))
    doubled = [*history.items, *history.items]
    part = verified(export(doubled, tmp_path), tmp_path)
    assert (len(part.findings), part.found) == (3, 5)
    whole = Verdict().with_part(part).with_part(part)
    assert (len(whole.findings), whole.found) == (3, 10)
    said = CliRunner().invoke(main, ["verify", "--processes", "1", "--export", str(tmp_path)]).output
    assert said.splitlines()[3] == "… and 2 more"


def keys_of(item: Item) -> Item:
    return {"account": item["account"], "sequence": item["sequence"]}


def test_a_refund_is_replayed_from_its_spend_however_long_ago(items: list[Item], tmp_path: Path) -> None:
    refund = next(item for item in items if item["kind"]["S"] == "refund")
    account = [item for item in items if item["account"] == refund["account"]]
    without = [item for item in account if item["sequence"]["N"] != refund["of"]["N"]]
    assert said_of(account, tmp_path / "1") == []
    assert len(said_of(without, tmp_path / "2")) == 1


def test_a_line_dated_before_the_one_above(items: list[Item], anna: Passbook, tmp_path: Path) -> None:
    early = to_moment(from_moment(anna[0]["recorded_at"]) - timedelta(days=1))
    anna[4]["recorded_at"] = anna[4]["moment"] = early
    rechain(anna)
    said = said_of(items, tmp_path)
    assert any(finding.startswith(f"anna, line 5: is dated {early['S']}, but the line above it ") for finding in said)


def test_a_key_used_twice(items: list[Item], anna: Passbook, tmp_path: Path) -> None:
    first = next(line for line in anna if "idempotency_key" in line)
    anna[-1]["idempotency_key"] = first["idempotency_key"]
    said = said_of(items, tmp_path)
    assert f"anna, line {len(anna)}: has the idempotency key of an earlier line" in said


def test_the_command_says_what_it_read_and_what_is_wrong(items: list[Item], anna: Passbook, tmp_path: Path) -> None:
    export(items, tmp_path / "right")
    anna[2]["digest"] = {"S": "00" * 32}
    export(items, tmp_path / "wrong")
    kept = tmp_path / "kept"
    kept.write_text(digests_of(items))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["verify", "--processes", "2", "--export", *arguments])

    right = run(str(tmp_path / "right"))
    assert right.exit_code == 0, right.output
    assert re.fullmatch(rf"{len(items)} lines in 5 accounts, [\d,]+ a second: all correct\n", right.output)
    wrong = run(str(tmp_path / "wrong"), "--expected", str(kept))
    assert wrong.exit_code == 1
    assert wrong.output.startswith(f"anna, line 3: its digest is {'00' * 32}, but the chain gives ")
    assert wrong.output.endswith(" a second: 2 findings\n")


@pytest.mark.parametrize("line", ["anna 1", "anna 0 " + "a" * 64, "anna 1 " + "g" * 64])
def test_a_file_of_digests_that_is_none(tmp_path: Path, line: str) -> None:
    (tmp_path / "kept").write_text(f"anna 1 {'a' * 64}\n\n{line}\n")
    with pytest.raises(BooksError, match="kept, line 3 is not `account sequence digest`"):
        Kept(tmp_path / "kept").deal([tmp_path / "0000"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no gzip", "is damaged after line 0"),
        (gzip.compress(b'{"Item": 1}\n' * 9)[:-20], "is"),
        (gzip.compress(b"{\n"), "line 1 is no item of the ledger's table"),
        (gzip.compress(b"{}\n"), "line 1 is no item of the ledger's table"),
        (gzip.compress(b'{"Item": {"account": {"S": "a"}, "sequence": {"N": "x"}}}\n'), "line 1 is no item"),
    ],
    ids=["no gzip", "cut short", "no JSON", "no item", "no number"],
)
def test_a_data_file_that_is_damaged(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "a.json.gz"
    file.write_bytes(content)
    with pytest.raises(BooksError, match=said):
        verified([DataFile(file)], tmp_path)


def test_a_data_file_that_is_not_the_one_of_the_manifest(items: list[Item], tmp_path: Path) -> None:
    [file] = export(items, tmp_path)
    file.path.write_bytes(gzip.compress(b""))
    with pytest.raises(BooksError, match=r"its checksum is not the one in manifest-files\.json"):
        verified([file], tmp_path)
