"""Exports of ledgers of any size, in which all kinds of things happen to accounts, by the ledger's own rules."""

import gzip
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import NamedTuple

import orjson
from points.rules.plans import Plan, plan
from points.rules.refusals import Refusal
from points.rules.terms import Add, Cancel, Capture, Change, Hold, Kind, Origin, Refund, Spend, State, Void
from points.rules.time import plan_due
from points.storage.attributes import Item
from points.storage.lines import CALENDAR_SHARDS, Line, Standing, next_line, shard_of, to_item
from points.storage.sizes import stored_bytes

from books.chain import first_digest, next_digest
from books.records import Records

START = datetime(2020, 1, 1, tzinfo=UTC)

_PAYERS = [f"PAYER {number:03}" for number in range(60)]
_PAYERS_OF_AN_ACCOUNT = 5
_LENGTHS = {40: 19_000, 200: 990, 4_200: 10}
"""How many of 20,000 accounts have about so many lines: most are short, a few are long. A million lines in all."""

_FILES = 64
_COPIES = 8
"""How many accounts have the same history, under names of their own: to work one out takes longer than to verify it."""


class _Part(NamedTuple):
    file: Path
    accounts: range


def export_ledger(folder: Path, accounts: int, processes: int) -> int:
    """Write the export of a ledger with so many accounts, and return how many lines that is."""
    folder.mkdir(parents=True)
    parts = [_Part(folder / f"{part:03}.json.gz", range(part, accounts, _FILES)) for part in range(_FILES)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(_write, parts))


def _write(part: _Part) -> int:
    lines: list[bytes] = []
    for place, number in enumerate(part.accounts):
        if place % _COPIES == 0:
            lived = [to_item(line) for line in _Account(number).lines()]
        lines += (orjson.dumps({"Item": item}) for item in under_another_name(lived, f"account-{number:08}"))
    Random(part.accounts.start).shuffle(lines)  # an export has no order
    part.file.write_bytes(gzip.compress(b"\n".join(lines), compresslevel=6))
    return len(lines)


def under_another_name(items: Sequence[Item], account: str) -> Iterator[Item]:
    """Let another account have lived just so: all that depends on its name is made anew."""
    digest, size, shard = first_digest(account), 0, shard_of(account, CALENDAR_SHARDS)
    for lived in items:
        item = {**lived, "account": {"S": account}, "size": {"N": str(size)}}
        if "calendar_key" in item:
            hour = item["calendar_key"]["S"].partition("#")[0]
            item["calendar_key"] = {"S": f"{hour}#{shard}"}
            item["due_key"] = {"S": f"{item['due_key']['S'].partition('#')[0]}#{account}"}
        digest = next_digest(digest, item)
        item["digest"] = {"S": digest.hex()}
        size += stored_bytes(item)
        item["size"] = {"N": str(size)}
        yield item


class _Account:
    """An account whose history comes from its number alone."""

    def __init__(self, number: int) -> None:
        self._rng = rng = Random(number)
        self._now = START + timedelta(seconds=rng.uniform(0, 86_400))
        self._payers = rng.sample(_PAYERS, _PAYERS_OF_AN_ACCOUNT)
        self._lines: list[Line] = []
        self._at: Standing = Standing(f"account-{number:08}")
        self._records = Records(self._origin)
        [about] = rng.choices(list(_LENGTHS), list(_LENGTHS.values()))
        self._length = round(about * rng.uniform(0.5, 1.5))

    def lines(self) -> list[Line]:
        """Work out all lines."""
        while len(self._lines) < self._length:
            self._now += timedelta(hours=self._rng.expovariate(1 / 48))
            while due := plan_due(self._at.state, self._now, self._records):
                self._put(due)
            try:
                self._put(plan(self._change(), self._at.state, self._now, self._records))
            except Refusal:
                continue
        return self._lines

    def _put(self, planned: Plan) -> None:
        line = next_line(self._at, planned, self._now)
        self._at = line
        self._lines.append(line)
        if line.lot:
            self._records.open(line.lot)
        if line.transaction.of:
            self._records.refer(line.transaction.of, line.reference)

    def _change(self) -> Change:  # noqa: PLR0911 - one for each kind
        """Draw a change that is likely to be possible."""
        rng, state = self._rng, self._at.state
        draw = rng.random()
        if draw < 0.55 or not state.total:
            return self._add()
        if draw < 0.58:
            return Add(rng.choice(self._payers), -rng.randint(1, 50), self._now)
        if draw < 0.85:
            return Spend(rng.randint(1, min(state.total, 800)), reference=f"order-{rng.getrandbits(32)}")
        if draw < 0.90:
            return Hold(rng.randint(1, min(state.total, 300)))
        if draw < 0.96 and state.holds:
            return rng.choice((Capture, Void))(rng.choice(list(state.holds)))
        if state.pending and draw < 0.965:
            return Cancel(min(state.pending))
        spends = [line.sequence for line in self._lines[-20:] if line.transaction.kind is Kind.SPEND]
        return Refund(rng.choice(spends)) if spends else self._add()

    def _add(self) -> Add:
        rng, now = self._rng, self._now
        expires_at = now + timedelta(days=rng.choice((30, 90, 365))) if rng.random() < 0.3 else None
        effective_at = now + timedelta(days=3) if rng.random() < 0.05 else None
        timestamp = now - timedelta(hours=rng.uniform(0, 50))
        return Add(rng.choice(self._payers), rng.randint(10, 500), timestamp, effective_at, expires_at)

    def _origin(self, sequence: int) -> Origin | None:
        if not 0 < sequence <= len(self._lines):
            return None
        line = self._lines[sequence - 1]
        above = self._lines[sequence - 2].state if sequence > 1 else State()
        return Origin(line.transaction, above, line.state)
