"""The commands that change an account."""

from datetime import datetime, timezone

import click

from points_ledger.cli.options import Change, Moment, Session, on_an_account, that_changes
from points_ledger.models import Add, Cancel, Capture, Hold, Refund, Spend, Void
from points_ledger.moments import write_moment

_POSITIVE = click.IntRange(min=1)


# An option that does not exist is taken for an argument here, or a negative number would be one.
@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("payer")
@click.argument("points", type=int)
@click.option("--timestamp", type=Moment(), help="When they were earned; default: now.")
@click.option("--effective-at", type=Moment(), help="When they start to count; pending until then.")
@click.option("--expires-at", type=Moment(), help="When they expire; default: never.")
@that_changes
@on_an_account
def add(
    session: Session,
    payer: str,
    points: int,
    timestamp: datetime | None,
    effective_at: datetime | None,
    expires_at: datetime | None,
    change: Change,
) -> None:
    """Add POINTS of a PAYER, or take some back: points add DANNON -200."""
    timestamp = timestamp or datetime.now(timezone.utc)
    change.again["--timestamp"] = write_moment(timestamp)
    body = Add(payer, points, timestamp, effective_at=effective_at, expires_at=expires_at, **change.labels)
    with session.client() as ledger:
        session.out.one(ledger.add(body, **change.how))


@click.command()
@click.argument("points", type=_POSITIVE)
@that_changes
@on_an_account
def spend(session: Session, points: int, change: Change) -> None:
    """Spend POINTS: those that expire soonest first, then the oldest."""
    with session.client() as ledger:
        session.out.one(ledger.spend(Spend(points, **change.labels), **change.how))


@click.command()
@click.argument("points", type=_POSITIVE)
@on_an_account
def preview(session: Session, points: int) -> None:
    """Show what spending POINTS would take. Pass its version as --if-match, and the spend takes exactly that."""
    with session.client() as ledger:
        session.out.one(ledger.preview(Spend(points)))


@click.command()
@click.argument("points", type=_POSITIVE)
@click.option("--expires-at", type=Moment(), help="When it lapses; default: in 7 days, at most in a year.")
@that_changes
@on_an_account
def hold(session: Session, points: int, expires_at: datetime | None, change: Change) -> None:
    """Set POINTS aside. The hold is named by the sequence in the answer."""
    with session.client() as ledger:
        session.out.one(ledger.hold(Hold(points, expires_at=expires_at, **change.labels), **change.how))


@click.command()
@click.argument("sequence", type=_POSITIVE)
@click.argument("points", type=_POSITIVE, required=False)
@that_changes
@on_an_account
def capture(session: Session, sequence: int, points: int | None, change: Change) -> None:
    """Spend the hold SEQUENCE: all of it, or POINTS; the rest is released."""
    with session.client() as ledger:
        session.out.one(ledger.capture(sequence, Capture(points, **change.labels), **change.how))


@click.command()
@click.argument("sequence", type=_POSITIVE)
@that_changes
@on_an_account
def void(session: Session, sequence: int, change: Change) -> None:
    """Release the hold SEQUENCE."""
    with session.client() as ledger:
        session.out.one(ledger.void(sequence, Void(**change.labels), **change.how))


@click.command()
@click.argument("sequence", type=_POSITIVE)
@click.argument("points", type=_POSITIVE, required=False)
@that_changes
@on_an_account
def refund(session: Session, sequence: int, points: int | None, change: Change) -> None:
    """Refund the spend or captured hold SEQUENCE: all that is left of it, or POINTS."""
    with session.client() as ledger:
        session.out.one(ledger.refund(sequence, Refund(points, **change.labels), **change.how))


@click.command()
@click.argument("sequence", type=_POSITIVE)
@that_changes
@on_an_account
def cancel(session: Session, sequence: int, change: Change) -> None:
    """Cancel the pending add SEQUENCE."""
    with session.client() as ledger:
        session.out.one(ledger.cancel(sequence, Cancel(**change.labels), **change.how))


COMMANDS = (add, spend, preview, hold, capture, void, refund, cancel)
