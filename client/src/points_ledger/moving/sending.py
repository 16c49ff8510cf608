"""The rows of a plan to a ledger: accounts side by side, the rows of one account one after the other."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from points_ledger.client import AsyncClient
from points_ledger.errors import Forbidden, LedgerError, MethodNotAllowed, NotFound, Refused, Unauthorized
from points_ledger.moving.plan import OWN, Plan

AT_ONCE = 16
"""Accounts side by side."""

_OF_ALL_ROWS = (Unauthorized, Forbidden, NotFound, MethodNotAllowed)
"""Refusals that every other row would meet too."""


@dataclass
class Outcome:
    """What became of the rows.

    Attributes
    ----------
    added, repeated, refused
        Rows that were recorded now, that had been recorded before, and that the ledger refused.
    stopped_by
        Why the rest was not sent.
    """

    added: int = 0
    repeated: int = 0
    refused: int = 0
    stopped_by: LedgerError | None = None

    @property
    def settled(self) -> int:
        """How many rows it is known of what became of them."""
        return self.added + self.repeated + self.refused


async def send(
    plan: Plan,
    client: AsyncClient,
    outcome: Outcome,
    *,
    at_once: int = AT_ONCE,
    step: Callable[[], None] = lambda: None,
) -> None:
    """Send all rows of a plan.

    What may have been recorded and is not known stops everything: to go on would put later rows before it.

    Parameters
    ----------
    outcome
        Is kept up to date.
    step
        Is called after each row.
    """
    accounts = plan.each_account()
    await asyncio.gather(*(_send_accounts(plan, client, accounts, outcome, step) for _ in range(at_once)))


async def _send_accounts(
    plan: Plan, client: AsyncClient, accounts: Iterator[str], outcome: Outcome, step: Callable[[], None]
) -> None:
    for account in accounts:
        ledger = client.of(None if account == OWN else account)
        for row in plan.rows_of(account):
            if outcome.stopped_by:
                return
            try:
                recorded = await ledger.add(row.change, key=row.key)
            except LedgerError as error:
                if not isinstance(error, Refused) or isinstance(error, _OF_ALL_ROWS):
                    outcome.stopped_by = outcome.stopped_by or error
                    return
                plan.refuse(row, str(error))
                outcome.refused += 1
            else:
                outcome.repeated += recorded.replayed
                outcome.added += not recorded.replayed
            step()
