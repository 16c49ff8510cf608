"""The commands that look at an account's history."""

import base64
import json
from collections.abc import Iterable, Iterator
from itertools import islice

import click

from points_ledger import chain
from points_ledger.cli.options import Session, on_an_account
from points_ledger.cli.output import Column, say
from points_ledger.client import Client
from points_ledger.models import HoldInFull, PendingInFull, Transaction

USUAL_LIMIT = 25
LOCAL_ACCOUNT = "default"
"""The own account of a local run, which takes no token."""


@click.command()
@click.option("--reference", help="Those with this reference, and those linked to them, such as a hold's capture.")
@click.option("--limit", type=click.IntRange(min=1), help=f"How many at most; default: {USUAL_LIMIT}.")
@click.option("--all", "everything", is_flag=True, help="The whole history.")
@on_an_account
def history(session: Session, reference: str | None, limit: int | None, everything: bool) -> None:
    """Show the history, newest first."""
    with session.client() as ledger:
        found: Iterable[Transaction] = ledger.transactions(reference=reference)
        if limit or not (everything or reference):
            found = islice(found, limit or USUAL_LIMIT)
        session.out.many(
            found if reference is None else followed(ledger, found),
            Column("sequence", lambda it: it.sequence),
            Column("kind", lambda it: it.kind),
            Column("points", lambda it: it.points),
            Column("of", lambda it: it.listed.get("of")),
            Column("payers", _payers),
            Column("reference", lambda it: it.listed.get("reference")),
            Column("recorded at", lambda it: it.recorded_at),
        )


def followed(ledger: Client, found: Iterable[Transaction]) -> list[Transaction]:
    """Return transactions with those that they are of, and those by which they ended; newest first."""
    known = {each.sequence: each for each in found}
    to_follow = list(known.values())
    while to_follow:
        for sequence in _leads_to(ledger, to_follow.pop()):
            if sequence not in known:
                known[sequence] = ledger.transaction(sequence)
                to_follow.append(known[sequence])
    return [known[sequence] for sequence in sorted(known, reverse=True)]


def _leads_to(ledger: Client, transaction: Transaction) -> Iterator[int]:
    yield from filter(None, [transaction.listed.get("of")])
    if transaction.kind in {"hold", "pending"}:
        told = ledger.transaction(transaction.sequence)
        if isinstance(told, HoldInFull):
            yield from filter(None, (told.captured_by, told.voided_by, told.lapsed_by))
        elif isinstance(told, PendingInFull):
            yield from filter(None, (told.cancelled_by, told.arrived_by))


def _payers(transaction: Transaction) -> object:
    told = transaction.listed
    parts = [share for name in ("taken", "returned", "expired") for share in told.get(name, ())]
    return parts or told.get("payer")


@click.command()
@click.argument("sequence", type=click.IntRange(min=1))
@on_an_account
def transaction(session: Session, sequence: int) -> None:
    """Show the transaction SEQUENCE, with what became of it."""
    with session.client() as ledger:
        session.out.one(ledger.transaction(sequence))


@click.command()
@click.option(
    "--expected", type=(click.IntRange(min=1), str), multiple=True, metavar="SEQUENCE DIGEST",
    help="A digest that was kept elsewhere; may be repeated.",
)  # fmt: skip
@on_an_account
def verify(session: Session, expected: tuple[tuple[int, str], ...]) -> None:
    """Check the chain of digests of what the API lists, and name each wrong one.

    Exit code 1 says that it does not hold.
    """
    account = session.settings.account or own_account(session.settings.token)
    seen = Seen(dict(expected))
    with session.client() as ledger:
        found = list(chain.faults(account, seen.watch(ledger.transactions())))
    found += seen.faults()
    session.out.one({"account": account, "transactions": seen.count, "digest": seen.newest, "intact": not found})
    for fault in found:
        say(f"error: transaction {fault.sequence} {fault.reason}")
    if found:
        click.get_current_context().exit(1)


class Seen:
    """What went by on the way to the check: how many there are, the newest digest, and those that were expected."""

    def __init__(self, expected: dict[int, str]) -> None:
        self.count = 0
        self.newest: str | None = None
        self._expected = expected
        self._found: dict[int, str] = {}

    def watch(self, newest_first: Iterable[Transaction]) -> Iterator[Transaction]:
        """Let a history through."""
        for each in newest_first:
            self.count += 1
            self.newest = self.newest or each.digest
            if each.sequence in self._expected:
                self._found[each.sequence] = each.digest
            yield each

    def faults(self) -> list[chain.Fault]:
        """Name what is not as expected."""
        return [
            chain.Fault(sequence, f"has the digest {self._found.get(sequence, '(none)')}; {digest} was expected")
            for sequence, digest in self._expected.items()
            if self._found.get(sequence) != digest.lower()
        ]


def own_account(token: object) -> str:
    """Return the name of a caller's own account: the token's subject; without a token, that of a local run."""
    if token is None:
        return LOCAL_ACCOUNT
    try:
        claims = str(token).split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"])
    except (IndexError, KeyError, ValueError):
        raise click.UsageError("the token does not tell the name of your own account: give --account") from None


COMMANDS = (history, transaction, verify)
