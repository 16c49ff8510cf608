"""How the judge says that a promise was broken."""


class BrokenPromiseError(AssertionError):
    """The ledger did something that it promises never to do."""


def require(kept: object, promise: str, *evidence: object) -> None:
    """Say what was broken, and show it, unless it was kept."""
    if not kept:
        raise BrokenPromiseError("\n    ".join([promise, *map(str, evidence)]))
