"""The chain of digests: each transaction's is made over the one above it and the transaction as callers see it.

So whoever keeps one digest can show later, from the API's answers alone, that nothing above it was changed, left out or
slipped in. It proves the history, not the state beside it: for that, the rules are replayed.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785


def first_digest(account: str) -> str:
    """Return what stands above an account's first transaction."""
    return hashlib.sha256(account.encode()).hexdigest()


def next_digest(above: str, account: str, transaction: Mapping[str, Any]) -> str:
    """Return a transaction's digest: SHA-256 over the bytes of the one above, and the transaction's canonical JSON.

    Parameters
    ----------
    above
        The digest above, in hexadecimal.
    transaction
        The transaction as it is listed, without its digest.
    """
    told = {**transaction, "account": account}
    return hashlib.sha256(bytes.fromhex(above) + rfc8785.dumps(told)).hexdigest()
