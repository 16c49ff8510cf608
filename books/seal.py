"""Seals: one hash over where all accounts stood at a moment, and what all payers' points came to.

A seal is a Merkle tree. Each account with a line by the moment is a leaf, in the order of the SHA-256 of their names:

    {"account": "anna", "digest": "8a0e…", "sequence": 12}        its last line by then

and behind them stands what they come to together:

    {"accounts": 1, "at": "2026-11-01T00:00:00.000000Z", "lines": 12, "totals": {"DANNON": {"available": 700, …}}}

all as canonical JSON (RFC 8785). So whoever keeps the root can be shown, by a few hashes, that an account's chain ended
so at that moment, and that the totals are those that were sealed.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import orjson
import rfc8785
from points.moments import format_recorded_at
from points.rules.terms import State
from points.rules.time import SETTLED_AFTER, coming

from books.buckets import Account, accounts_in, dealt
from books.due import Standing
from books.errors import BooksError
from books.exports import DataFile
from books.merkle import Tree, root_by
from books.records import state_of

Document = dict[str, Any]
Figures = tuple[str, str]
"""A payer, and which of its figures: `available` to be spent, `held` or `pending`."""

FIGURES = _AVAILABLE, _HELD, _PENDING = ("available", "held", "pending")


class Leaf(NamedTuple):
    """Where an account stood: after which line, and that line's digest."""

    account: str
    sequence: int
    digest: str

    def __bytes__(self) -> bytes:
        """Return it as canonical JSON: the names of accounts are in ASCII."""
        return orjson.dumps(self._asdict(), option=orjson.OPT_SORT_KEYS)


@dataclass(slots=True)
class Part:
    """What a bucket adds to a seal. `read` is how many lines were read, `lines` how many of them are sealed."""

    read: int = 0
    lines: int = 0
    leaves: list[Leaf] = field(default_factory=list)
    totals: Counter[Figures] = field(default_factory=Counter)


class Sealed(NamedTuple):
    """A seal, and the proof for an account if one was asked for."""

    seal: Document
    proof: Document | None


def check_final(at: datetime, now: datetime) -> None:
    """Make sure that no line can land any more that is dated by a moment.

    Raises
    ------
    BooksError
        One can.
    """
    if at > now - SETTLED_AFTER:
        raise BooksError(f"{format_recorded_at(at)} is not yet a minute ago: a line dated by then may still land")


def make_seal(
    files: Sequence[DataFile], at: datetime, processes: int, *, prove: str | None = None, digests: TextIO | None = None
) -> Sealed:
    """Seal where all accounts stood at a moment.

    Parameters
    ----------
    files
        The data files of an export.
    at
        The moment.
    processes
        How many processes to use.
    prove
        The account for which a proof is made.
    digests
        Where to list what is sealed: `account sequence digest` on each line.

    Raises
    ------
    BooksError
        Lines are missing, or the account has none by then.
    """
    tree, totals, lines, proven = Tree(), Counter[Figures](), 0, None
    with dealt(files, processes) as buckets:
        for part in buckets.map("Sealing", partial(seal_bucket, at=at), lambda part: part.read):
            lines += part.lines
            totals.update(part.totals)
            for leaf in part.leaves:
                if leaf.account == prove:
                    proven = tree.size, leaf
                tree.append(bytes(leaf), prove=leaf.account == prove)
                if digests:
                    digests.write(f"{leaf.account} {leaf.sequence} {leaf.digest}\n")
    if prove and not proven:
        raise BooksError(f"{prove} has no line by {format_recorded_at(at)}")
    accounts = tree.size
    said: Document = {"accounts": accounts, "at": format_recorded_at(at), "lines": lines, "totals": _per_payer(totals)}
    tree.append(rfc8785.dumps(said), prove=True)
    seal = {**said, "root": tree.close().hex(), "path": _hex(tree.paths[accounts])}
    if not proven:
        return Sealed(seal, None)
    number, leaf = proven
    return Sealed(seal, {**leaf._asdict(), "number": number, "path": _hex(tree.paths[number])})


def seal_bucket(bucket: Path, *, at: datetime) -> Part:
    """Find where the accounts of one bucket stood."""
    part, moment = Part(), format_recorded_at(at)
    for account in accounts_in(bucket):
        part.read += len(account)
        lines = bisect_right(range(len(account)), moment, key=lambda place: account.item(place)["recorded_at"]["S"])
        if not lines:
            continue
        last = account.item(lines - 1)
        if last["sequence"]["N"] != str(lines):
            raise BooksError(f"{account.name} has missing or duplicate lines: run `verify`")
        part.lines += lines
        part.leaves.append(Leaf(account.name, lines, last["digest"]["S"]))
        part.totals.update(_figures(account, _standing(account, lines, at)))
    return part


def seal_root(seal: Document) -> bytes:
    """Return the root that a seal's totals lead to, which must be its own.

    Raises
    ------
    ValueError, KeyError
        They lead nowhere.
    """
    said = {name: seal[name] for name in ("accounts", "at", "lines", "totals")}
    accounts = seal["accounts"]
    return root_by(_bytes(seal["path"]), rfc8785.dumps(said), accounts, accounts + 1)


def proof_root(proof: Document, seal: Document) -> bytes:
    """Return the root that a proof's account leads to, which must be the seal's.

    Raises
    ------
    ValueError, KeyError
        It leads nowhere.
    """
    leaf = Leaf(proof["account"], proof["sequence"], proof["digest"])
    return root_by(_bytes(proof["path"]), bytes(leaf), proof["number"], seal["accounts"] + 1)


def _standing(account: Account, lines: int, at: datetime) -> State:
    """Return the state after so many lines and after what is due by a moment and not recorded by then."""
    state = state_of(account.item(lines - 1))
    if any(due.at <= at for due in coming(state)):
        return Standing(account.read, lines, at).state
    return state


def _figures(account: Account, state: State) -> Counter[Figures]:
    figures = Counter({(payer, _AVAILABLE): points for payer, points in state.balances.items()})
    for hold in state.holds:
        taken = account.read(hold)["taken"]["L"]
        for payer, points in (pair["L"] for pair in taken):
            figures[payer["S"], _HELD] -= int(points["N"])
    for add in state.pending.values():
        figures[add.payer, _PENDING] += add.amount
    return figures


def _per_payer(totals: Mapping[Figures, int]) -> dict[str, dict[str, int]]:
    payers = sorted({payer for payer, _ in totals})
    return {payer: {which: totals.get((payer, which), 0) for which in FIGURES} for payer in payers}


def _hex(path: Sequence[bytes]) -> list[str]:
    return [step.hex() for step in path]


def _bytes(path: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(step) for step in path]
