"""An account as rows that an import takes: not its history, but what is open of it.

Each open lot is a row of what is left of it, in the order in which lots are spent, so equal ones keep their order. What
payers owe is a negative row of each. Pending points are rows that are still to arrive. A payer whose place in the
balance these rows would not give is brought in first, by a point that expired long ago.

Every row has a key, made of the number that the lot has here. So to import an export again changes nothing twice; and a
lot of which another export says something else is refused, not added beside the first.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from tempfile import TemporaryFile
from typing import IO, Any

from points_ledger.client import Client
from points_ledger.models import Account
from points_ledger.text import tell

LONG_AGO = {"timestamp": "0001-01-01T00:00:00Z", "expires_at": "0001-01-01T00:00:01Z"}
"""Of a point that expires when it is recorded, and leaves its payer in the balance."""

ATTEMPTS = 10
"""How often an account is read that changes meanwhile."""


class NotExported(Exception):
    """An account cannot be exported as it stands."""


def export(ledger: Client, account: str | None, out: IO[str], *, without_holds: bool = False) -> int:
    """Write an account's rows, as JSON lines.

    Parameters
    ----------
    ledger
        A client of the account.
    account
        The name that the rows carry; None for rows of whoever imports them.
    without_holds
        Whether to leave out what open holds have set aside, rather than to refuse.

    Returns
    -------
    int
        How many points were left out, because holds have them.

    Raises
    ------
    NotExported
        The account has open holds, which no row can make; or it changed all the time.
    """
    for _ in range(ATTEMPTS):
        before = ledger.account()
        if before.held and not without_holds:
            raise NotExported(
                f"{account or 'your own account'} has {before.held:,} points in open holds, which cannot be moved: "
                "capture or void them, or leave them out by --without-holds"
            )
        with TemporaryFile("w+", encoding="utf-8") as lots:
            order = _write_lots(ledger, lots)
            pending = list(_pending(ledger))
            if ledger.account().version != before.version:  # versions never come back: nothing happened between
                continue
            lots.seek(0)
            named = {} if account is None else {"account": account}
            for row in chain(_payers(before, order), map(json.loads, lots), _owed(before), pending):
                out.write(json.dumps(named | row, ensure_ascii=False) + "\n")
            return before.held
    raise NotExported(f"{account or 'your own account'} changed each time while it was read")


def _write_lots(ledger: Client, file: IO[str]) -> list[str]:
    """Write the open lots, of which there may be many, and return their payers in the order of the first lots."""
    order: dict[str, None] = {}
    for lot in ledger.lots():
        row = tell(lot)
        file.write(json.dumps({"key": f"lot-{row.pop('sequence')}", **row}) + "\n")
        order.setdefault(lot.payer)
    return list(order)


def _payers(account: Account, by_lots: list[str]) -> Iterator[dict[str, Any]]:
    """Bring in the first payers of the balance, as many as it takes for the rest to come in by their lots in order."""
    payers = list(account.balances)
    brought = 0
    while payers[brought:] != [payer for payer in by_lots if payer not in payers[:brought]]:
        yield {"key": f"payer-{brought + 1}", "payer": payers[brought], "points": 1, **LONG_AGO}
        brought += 1


def _owed(account: Account) -> Iterator[dict[str, Any]]:
    for place, (payer, points) in enumerate(account.owed.items(), 1):
        yield {"key": f"owed-{place}", "payer": payer, "points": -points, "timestamp": LONG_AGO["timestamp"]}


def _pending(ledger: Client) -> Iterator[Mapping[str, Any]]:
    for add in ledger.pending():
        row = tell(add)
        yield {"key": f"lot-{row.pop('sequence')}", "points": row.pop("amount"), **row}
