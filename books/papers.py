"""Seals and proofs as files: JSON with a `seal`, perhaps its `signature`, and in a proof the account's `proof`."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from points.moments import parse_timestamp

from books.errors import BooksError
from books.seal import proof_root, seal_root
from books.signing import check_signature, key_id

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Paper:
    """What can be given to somebody: a seal, with its signature if it is signed, and in a proof the account's path."""

    seal: Document
    signature: Document | None = None
    proof: Document | None = None

    @property
    def at(self) -> datetime:
        """The moment that was sealed."""
        return parse_timestamp(self.seal["at"])

    def to_json(self) -> bytes:
        """Write it as it stands in a file."""
        parts = {"seal": self.seal, "signature": self.signature, "proof": self.proof}
        told = {name: part for name, part in parts.items() if part is not None}
        return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read(file: Path) -> Paper:
    """Read a seal or a proof.

    Raises
    ------
    BooksError
        It is neither.
    """
    try:
        parts = orjson.loads(file.read_bytes())
        paper = Paper(parts["seal"], parts.get("signature"), parts.get("proof"))
        _ = paper.at, describe(paper)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BooksError(f"{file} is neither a seal nor a proof: {error!r}") from error
    return paper


def check(paper: Paper, public_key: bytes | None = None) -> None:
    """Check that all of a seal or a proof hangs together.

    Parameters
    ----------
    public_key
        The key that must have signed, in DER; None for whatever the signature says.

    Raises
    ------
    ValueError
        It does not; the message says where.
    """
    try:
        _check(paper, public_key)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"something is missing from it: {error!r}") from error


def _check(paper: Paper, public_key: bytes | None) -> None:
    seal, proof = paper.seal, paper.proof
    root = bytes.fromhex(seal["root"])
    if seal_root(seal) != root:
        raise ValueError("the totals are not those that were sealed")
    if proof and proof_root(proof, seal) != root:
        raise ValueError(f"account {proof['account']} did not stand at line {proof['sequence']} with that digest")
    if paper.signature:
        check_signature(seal, paper.signature, public_key)
    elif public_key:
        raise ValueError("it is not signed")


def describe(paper: Paper) -> str:
    """Say in a line what a seal or a proof says."""
    seal, proof = paper.seal, paper.proof
    said = f"{seal['accounts']:,} accounts with {seal['lines']:,} lines as of {seal['at']}, root {seal['root']}"
    if paper.signature:
        said += f", signed by the key {key_id(paper.signature)}"
    if proof:
        said = f"account {proof['account']} at line {proof['sequence']} with digest {proof['digest']}; of {said}"
    return said
