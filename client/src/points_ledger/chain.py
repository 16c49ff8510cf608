"""The chain of an account, from the API's answers alone: each digest is made over the one above it and its transaction.

Above the first transaction stands the SHA-256 of the account's name. Two neighbours are enough to check one digest, so
a history of any length is checked as it comes, newest first.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import rfc8785

from points_ledger.models import Transaction


class Fault(NamedTuple):
    """A place where the chain does not hold."""

    sequence: int
    reason: str


def digest(above: str, account: str, transaction: Transaction) -> str:
    """Return the digest that a transaction must have, in hexadecimal, below the one `above` it."""
    told = {name: value for name, value in transaction.listed.items() if name != "digest"} | {"account": account}
    return hashlib.sha256(bytes.fromhex(above) + rfc8785.dumps(told)).hexdigest()


def first_digest(account: str) -> str:
    """Return what stands above the first transaction of an account."""
    return hashlib.sha256(account.encode()).hexdigest()


def faults(account: str, newest_first: Iterable[Transaction]) -> Iterator[Fault]:
    """Check a whole history and name every digest that is wrong.

    Parameters
    ----------
    newest_first
        The history as the ledger lists it.
    """
    below = None
    for transaction in newest_first:
        if below:
            yield from _compare(below, transaction.digest, account, above=transaction.sequence)
        below = transaction
    if below:
        yield from _compare(below, first_digest(account), account, above=0)


def _compare(transaction: Transaction, digest_above: str, account: str, *, above: int) -> Iterator[Fault]:
    sequence = transaction.sequence
    if sequence != above + 1:
        yield Fault(sequence, f"stands directly below {above}" if above else "is the first that is listed")
    elif (right := digest(digest_above, account, transaction)) != transaction.digest:
        yield Fault(sequence, f"has the digest {transaction.digest}; by its content it is {right}")
