"""A shop's checkout with points: hold them, capture them once the order is paid, refund what comes back.

    make run                                        # in another terminal
    make client
    .venv-client/bin/python examples/checkout.py http://127.0.0.1:3000 ann

Every key is made from what the change is for. So a second click, a retry and a second run of this file change nothing.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from points_ledger import Add, Capture, Client, Hold, Refund
from points_ledger.errors import Ended, NotEnoughPoints

EARNED_AT = datetime(2026, 3, 1, 10, tzinfo=timezone.utc)


class Declined(Exception):
    """The payment did not go through."""


@contextmanager
def points_held(ledger: Client, order: str, points: int) -> Iterator[int]:
    """Hold points while an order is being paid, and give them back if it is not; gives the hold's number."""
    hold = ledger.hold(Hold(points, reference=order), key=f"{order}-hold").sequence
    try:
        yield hold
    except Declined:
        ledger.void(hold, key=f"{order}-void")
        raise


def check_out(ledger: Client, order: str, points: int, pay: "Payment") -> int | None:
    """Pay an order with points and money.

    Returns
    -------
    int or None
        The number by which the points are refunded; None if the order was not paid.
    """
    try:
        with points_held(ledger, order, points) as hold:
            used = pay(points)
            return ledger.capture(hold, Capture(used, reference=order), key=f"{order}-capture").of
    except NotEnoughPoints as error:
        print(f"{order}: {error.detail}")
    except Declined:
        print(f"{order}: the payment was declined, and the points are back")
    except Ended as error:
        print(f"{order}: too late: {error.detail}")
    return None


class Payment:
    """Stands for whoever takes the money.

    Parameters
    ----------
    worth
        How many points the order can use at most.
    """

    def __init__(self, worth: int, *, declined: bool = False) -> None:
        self._worth = worth
        self._declined = declined

    def __call__(self, points: int) -> int:
        """Take the money, and return how many of the points the order used."""
        if self._declined:
            raise Declined
        return min(points, self._worth)


def main(url: str, account: str) -> None:
    """Let a customer earn points and come to the checkout three times; one of the orders comes back in part."""
    with Client(url, account=account) as ledger:
        earned = Add("DANNON", 500, EARNED_AT, reference="order-1001")
        ledger.add(earned, key="order-1001-earn")
        spent = check_out(ledger, "order-1002", 300, Payment(worth=200))
        check_out(ledger, "order-1003", 100, Payment(worth=100, declined=True))
        check_out(ledger, "order-1004", 1000, Payment(worth=1000))
        if spent is not None:
            ledger.refund(spent, Refund(50, reference="order-1002"), key="order-1002-refund")
        print(f"{ledger.account().available} points are left")


if __name__ == "__main__":
    main(*sys.argv[1:])
