"""The commands that show how an account stands."""

from datetime import datetime

import click

from points_ledger.cli.options import SequenceOrMoment, Session, on_an_account
from points_ledger.cli.output import Column


@click.command()
@click.option("--at", type=SequenceOrMoment(), help="After a transaction, or as of a past or future moment.")
@on_an_account
def balance(session: Session, at: int | datetime | None) -> None:
    """Show the points per payer."""
    with session.client() as ledger:
        found = ledger.balance(at=at)
    if session.out.as_json:
        session.out.one(found)
    else:
        session.out.many(found.payers.items(), Column("payer", lambda it: it[0]), Column("points", lambda it: it[1]))


@click.command()
@on_an_account
def account(session: Session) -> None:
    """Show the account at a glance."""
    with session.client() as ledger:
        session.out.one(ledger.account())


@click.command()
@on_an_account
def lots(session: Session) -> None:
    """Show the open lots in the order in which they will be spent."""
    with session.client() as ledger:
        session.out.many(
            ledger.lots(),
            Column("sequence", lambda it: it.sequence),
            Column("payer", lambda it: it.payer),
            Column("points", lambda it: it.points),
            Column("timestamp", lambda it: it.timestamp),
            Column("expires at", lambda it: it.expires_at),
        )


@click.command()
@on_an_account
def holds(session: Session) -> None:
    """Show the open holds."""
    with session.client() as ledger:
        session.out.many(
            ledger.holds(),
            Column("sequence", lambda it: it.sequence),
            Column("points", lambda it: it.points),
            Column("expires at", lambda it: it.expires_at),
            Column("of", lambda it: it.taken),
        )


@click.command()
@on_an_account
def pending(session: Session) -> None:
    """Show the points that are still to arrive."""
    with session.client() as ledger:
        session.out.many(
            ledger.pending(),
            Column("sequence", lambda it: it.sequence),
            Column("payer", lambda it: it.payer),
            Column("points", lambda it: it.amount),
            Column("effective at", lambda it: it.effective_at),
            Column("timestamp", lambda it: it.timestamp),
            Column("expires at", lambda it: it.expires_at),
        )


COMMANDS = (balance, account, lots, holds, pending)
