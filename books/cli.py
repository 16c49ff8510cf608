"""The commands of the books.

Exit codes: 0 all is well, 1 the books are wrong (what is wrong has been said), 2 the command could not do its work,
3 two ways to one balance of a statement come to different figures.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import click
from points.moments import format_timestamp
from points.rules.time import SETTLED_AFTER

from books import papers
from books.engines import athena, duckdb_over
from books.kept import Kept
from books.locked import put_locked
from books.moments import Moment
from books.queries import Period
from books.seal import check_final, make_seal
from books.shown import FORMATS
from books.signing import read_public_key, sign
from books.source import Source, reads_lines
from books.statement import WrongBooksError, make_statement
from books.verify import verify as verify_files

FILE = click.Path(path_type=Path, dir_okay=False)
FILE_THERE = click.Path(path_type=Path, dir_okay=False, exists=True)

on_all_cores = click.option(
    "--processes",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default="one for each core",
    help="How many processes to use.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Prove what the ledger holds, from its lines alone. Nothing is ever written to its table."""


@main.command()
@reads_lines
@click.option("--expected", type=FILE_THERE, help="Digests kept elsewhere: `account sequence digest` on each line.")
@on_all_cores
def verify(source: Source, expected: Path | None, processes: int) -> None:
    """Check every account's numbers, dates and chain, and replay every state by the rules."""
    with source.data_files() as files:
        verdict, seconds = verify_files(files, Kept(expected), processes)
    for finding in verdict.findings:
        click.echo(str(finding))
    if more := verdict.found - len(verdict.findings):
        click.echo(f"… and {more:,} more")
    click.echo(
        f"{verdict.lines:,} lines in {verdict.accounts:,} accounts, {verdict.lines / seconds:,.0f} a second: "
        + _summary(verdict.found, verdict.not_replayed)
    )
    sys.exit(1 if verdict.found else 0)


@main.command()
@reads_lines
@click.option("--from", "opened", type=Moment(), required=True, help="The start of the period, excluded.")
@click.option("--to", "closed", type=Moment(), required=True, help="The end of the period, included.")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="table", show_default=True)
@click.option("--athena", "workgroup", help="Let Athena add up the exports in S3, in this workgroup.")
@click.option("--database", default="points_books", show_default=True, help="Athena's database.")
def statement(
    source: Source, opened: datetime, closed: datetime, form: str, workgroup: str | None, database: str
) -> None:
    """Show each payer's points issued, taken back, spent, refunded and expired, and what can still be spent."""
    if opened >= closed:
        raise click.UsageError("--from must be before --to")
    if workgroup and (source.export or source.table):
        raise click.UsageError("--athena reads exports in S3: it cannot be combined with --export or --table")
    period = Period(opened, closed)
    try:
        if workgroup:
            made = make_statement(athena(workgroup, database, period), period)
        else:
            with source.data_files() as files, duckdb_over([file.path for file in files], period) as engine:
                made = make_statement(engine, period)
    except WrongBooksError as error:
        for difference in error.differences:
            click.echo(str(difference))
        for account in error.damaged:
            click.echo(f"{account}: lines are missing or contradict each other; run `verify`")
        sys.exit(3 if error.differences else 1)
    click.echo(FORMATS[form](made, period))
    if closed > datetime.now(UTC) - SETTLED_AFTER:
        click.echo(f"{format_timestamp(closed)} is not yet a minute ago: the figures may still change", err=True)


@main.command()
@reads_lines
@click.option("--at", type=Moment(), required=True, help="The moment to seal, at least a minute ago.")
@click.option("--out", type=FILE, required=True, help="Where to write the seal.")
@click.option("--digests", type=FILE, help="Where to list the sealed digests, for `verify --expected`.")
@click.option("--kms-key", help="A key in KMS to sign with: its id, ARN or alias.")
@click.option("--bucket", help="An S3 bucket with Object Lock to store the seal in as well.")
@click.option(
    "--retain-days", type=click.IntRange(1), help="How long to lock it there; by default, the bucket's setting."
)
@on_all_cores
def seal(
    source: Source,
    at: datetime,
    out: Path,
    digests: Path | None,
    kms_key: str | None,
    bucket: str | None,
    retain_days: int | None,
    processes: int,
) -> None:
    """Seal the state of all accounts at a moment, and the totals of all payers, with one hash."""
    check_final(at, datetime.now(UTC))
    with source.data_files() as files, digests.open("w") if digests else nullcontext() as listed:
        made = make_seal(files, at, processes, digests=listed)
    paper = papers.Paper(made.seal, sign(made.seal, kms_key) if kms_key else None)
    out.write_bytes(paper.to_json())
    if bucket:
        put_locked(bucket, f"seals/{made.seal['at']}.json", paper.to_json(), retain_days)
    click.echo(papers.describe(paper))


@main.command()
@reads_lines
@click.option("--account", required=True, help="The account.")
@click.option("--seal", "sealed", type=FILE_THERE, required=True, help="The seal.")
@click.option("--out", type=FILE, required=True, help="Where to write the proof.")
@on_all_cores
def prove(source: Source, account: str, sealed: Path, out: Path, processes: int) -> None:
    """Prove which digest an account has in a seal. The ledger must still lead to that seal."""
    paper = papers.read(sealed)
    with source.data_files() as files:
        made = make_seal(files, paper.at, processes, prove=account)
    if made.seal != paper.seal:
        click.echo(
            f"the ledger leads to the root {made.seal['root']} as of {paper.seal['at']}, but {paper.seal['root']} was "
            "sealed: lines have been added, left out or altered since"
        )
        sys.exit(1)
    proven = papers.Paper(paper.seal, paper.signature, made.proof)
    out.write_bytes(proven.to_json())
    click.echo(papers.describe(proven))


@main.command()
@click.argument("files", type=FILE_THERE, nargs=-1, required=True)
@click.option("--public-key", type=FILE_THERE, help="The key that must have signed, in PEM or DER.")
def check(files: Sequence[Path], public_key: Path | None) -> None:
    """Check seals and proofs, without AWS or the ledger. All files must belong to the same seal."""
    key = read_public_key(public_key) if public_key else None
    wrong = False
    roots = set()
    for file in files:
        paper = papers.read(file)
        roots.add(paper.seal.get("root"))
        try:
            papers.check(paper, key)
        except ValueError as error:
            wrong = True
            click.echo(f"{file}: {error}")
        else:
            click.echo(f"{file}: {papers.describe(paper)}")
    if len(roots) > 1:
        wrong = True
        click.echo("these files belong to different seals")
    sys.exit(1 if wrong else 0)


def _summary(found: int, not_replayed: int) -> str:
    if not found:
        return "all correct"
    findings = "1 finding" if found == 1 else f"{found:,} findings"
    below = f"; lines below, which were not replayed: {not_replayed:,}" if not_replayed else ""
    return f"{findings}{below}"
