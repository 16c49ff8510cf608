"""Whether every account is what its lines make it: numbers, dates, the chain, and states, replayed by the rules."""

import gc
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import orjson
from points.rules.refusals import Refusal

from books.buckets import Account, Entry, accounts_in, dealt, image
from books.chain import first_digest, next_digest
from books.exports import DataFile, Item
from books.kept import Kept
from books.replay import Replay, ReplayError

MOST_FINDINGS = 1_000
"""How many findings are kept; all are counted."""

_SHOWN = 160
"""Characters of a value that are shown."""

_MALFORMED = (AssertionError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What items that no ledger wrote may raise."""


class Finding(NamedTuple):
    """Something that is wrong with a line."""

    account: str
    sequence: int
    what: str

    def __str__(self) -> str:
        """Name the line, and what is wrong with it."""
        return f"{self.account}, line {self.sequence}: {self.what}"


class Verdict(NamedTuple):
    """What came of verifying.

    Attributes
    ----------
    lines, accounts
        How many were read.
    not_replayed
        Lines below the first wrong one of their account: their states rest on it, and were not compared.
    findings
        What is wrong; if that is very much, only a part of it.
    found
        How many findings there were in all.
    """

    lines: int = 0
    accounts: int = 0
    not_replayed: int = 0
    findings: tuple[Finding, ...] = ()
    found: int = 0

    def with_part(self, part: "Verdict") -> "Verdict":
        """Return the verdict on these lines and on others."""
        return Verdict(
            self.lines + part.lines,
            self.accounts + part.accounts,
            self.not_replayed + part.not_replayed,
            (self.findings + part.findings)[:MOST_FINDINGS],
            self.found + part.found,
        )


def verify(files: list[DataFile], kept: Kept, processes: int) -> tuple[Verdict, float]:
    """Verify all accounts.

    Parameters
    ----------
    files
        The data files of an export.
    kept
        Digests that were kept elsewhere.
    processes
        How many processes to use.

    Returns
    -------
    What was found, and how many seconds that took.
    """
    began = perf_counter()
    verdict = Verdict()
    with dealt(files, processes) as buckets:
        kept.deal(buckets.files)
        for part in buckets.map("Verifying", verify_bucket, lambda part: part.lines):
            verdict = verdict.with_part(part)
    return verdict, perf_counter() - began


def verify_bucket(bucket: Path) -> Verdict:
    """Verify the accounts of one bucket."""
    gc.disable()  # replaying makes no cycles, and looking for them takes long
    lines = accounts = not_replayed = found = 0
    findings: list[Finding] = []
    kept = Kept.of_bucket(bucket)
    for account in accounts_in(bucket):
        check = AccountCheck(account, kept.pop(account.name, {}))
        for finding in check.findings():
            found += 1
            if len(findings) < MOST_FINDINGS:
                findings.append(finding)
        lines, accounts, not_replayed = lines + len(account), accounts + 1, not_replayed + check.not_replayed
    for name, digests in kept.items():
        found += 1
        findings.append(Finding(name, max(digests), "the whole account is missing; a digest of it was kept"))
    gc.enable()
    return Verdict(lines, accounts, not_replayed, tuple(findings), found)


class AccountCheck:
    """Goes through an account, line by line.

    Parameters
    ----------
    account
        Its lines.
    kept
        Digests that were kept elsewhere, by number.
    """

    def __init__(self, account: Account, kept: Mapping[int, str]) -> None:
        self.not_replayed = 0
        self._account = account
        self._kept = kept
        self._replay: Replay | None = Replay(account.read)
        self._keys: set[str] = set()
        self._sequence = 0
        self._digest: bytes | None = first_digest(account.name)
        self._recorded_at = ""

    def findings(self) -> Iterator[Finding]:
        """Go through all lines, and say what is wrong."""
        for sequence, entry in self._account.entries():
            for what in self._check(sequence, entry):
                yield Finding(self._account.name, sequence, what)
        for sequence in sorted(self._kept):
            if sequence > self._sequence:
                what = f"is missing; its digest was kept, and the account ends at line {self._sequence}"
                yield Finding(self._account.name, sequence, what)

    def _check(self, sequence: int, entry: Entry) -> Iterator[str]:
        item = image(entry)
        if sequence == self._sequence:
            yield "appears twice"
            return
        if sequence != self._sequence + 1:
            first, last = self._sequence + 1, sequence - 1
            yield f"line {first} is missing" if first == last else f"lines {first} to {last} are missing"
            self._digest = self._replay = None
        self._sequence = sequence
        if item is None:
            yield "was deleted"
            self._digest = self._replay = None
            return
        if "OldImage" in entry:
            yield "was changed after it had been written"
        try:
            yield from self._check_date(item)
            yield from self._check_chain(item, sequence)
            yield from self._check_key(item)
        except _MALFORMED as error:
            yield f"is not a line of a ledger: {error!r}"
            self._digest = self._replay = None
        yield from self._check_replay(item)

    def _check_date(self, item: Item) -> Iterator[str]:
        recorded_at = item["recorded_at"]["S"]
        if recorded_at < self._recorded_at:
            yield f"is dated {recorded_at}, but the line above it {self._recorded_at}"
        self._recorded_at = recorded_at

    def _check_chain(self, item: Item, sequence: int) -> Iterator[str]:
        digest = item["digest"]["S"]
        if self._digest is not None:
            expected = next_digest(self._digest, item).hex()
            if digest != expected:
                yield f"its digest is {digest}, but the chain gives {expected}"
        if digest != self._kept.get(sequence, digest):
            yield f"its digest is {digest}, but {self._kept[sequence]} was kept"
        self._digest = bytes.fromhex(digest)

    def _check_key(self, item: Item) -> Iterator[str]:
        if "idempotency_key" in item:
            key = item["idempotency_key"]["S"]
            if key in self._keys:
                yield "has the idempotency key of an earlier line"
            self._keys.add(key)

    def _check_replay(self, item: Item) -> Iterator[str]:
        if self._replay is None:
            self.not_replayed += 1
            return
        try:
            expected = self._replay.follow(item)
        except (ReplayError, Refusal) as error:
            yield f"the rules do not allow it: {error}"
        except _MALFORMED as error:
            yield f"it cannot be replayed: {error!r}"
        else:
            if item == expected:
                return
            yield from _differences(item, expected)
        self._replay = None


def _differences(item: Item, expected: Item) -> Iterator[str]:
    for name in sorted(item.keys() | expected.keys()):
        if item.get(name) != expected.get(name):
            yield f"{name} is {_shown(item.get(name))}, but the rules give {_shown(expected.get(name))}"


def _shown(value: Any) -> str:
    if value is None:
        return "absent"
    text = orjson.dumps(value).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
