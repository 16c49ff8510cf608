"""What every ledger that is compared can do."""

from typing import Protocol, runtime_checkable

from points.rules.terms import Add


class RefusedError(Exception):
    """The account does not have the points, or the ledger cannot do what is asked. Nothing has changed."""


class FailedError(Exception):
    """The ledger broke."""


class Ledger(Protocol):
    """Accounts of points. With a key, a request is to take effect once however often it is made."""

    def add(self, account: str, add: Add, key: str | None = None) -> None:
        """Add points of a payer, or take them back."""

    def spend(self, account: str, points: int, key: str | None = None) -> list[tuple[str, int]]:
        """Spend points, oldest first, and say how many were taken from whom."""

    def balance(self, account: str) -> dict[str, int]:
        """Tell the points per payer."""

    def history(self, account: str) -> list[int]:
        """Tell the points of every accepted request, in order: what was added, or less than 0 for what was spent."""


@runtime_checkable
class GivesBack(Ledger, Protocol):
    """A ledger whose points can be held, come back, and expire."""

    def draw(self, account: str, points: int, *, hold: bool) -> str:
        """Spend points or hold them, and say under which name they can come back."""

    def give_back(self, account: str, name: str, *, hold: bool) -> None:
        """Refund a spend, or void a hold."""

    def expire(self, account: str) -> None:
        """Record what has expired."""
