"""The commands of the books.

Exit codes: 0 all is well, 1 the books are wrong (what is wrong has been said), 2 the command could not do its work.
"""

import os
import sys
from pathlib import Path

import click

from books.kept import Kept
from books.source import Source, reads_lines
from books.verify import verify as verify_files


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Prove what the ledger holds, from its lines alone. Nothing is ever written to its table."""


all_cores = click.option(
    "--processes", type=click.IntRange(1), default=os.cpu_count(), show_default="all cores", help="How many to use."
)


@main.command()
@reads_lines
@click.option(
    "--expected",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Digests that were kept elsewhere: `account sequence digest` on each line.",
)
@all_cores
def verify(source: Source, expected: Path | None, processes: int) -> None:
    """Go through every account: numbers, dates, the chain, and every state, replayed by the rules."""
    with source.data_files() as files:
        verdict, seconds = verify_files(files, Kept(expected), processes)
    for finding in verdict.findings:
        click.echo(str(finding))
    if more := verdict.found - len(verdict.findings):
        click.echo(f"… and {more:,} more")
    click.echo(
        f"{verdict.lines:,} lines in {verdict.accounts:,} accounts, "
        f"{verdict.lines / seconds:,.0f} a second: {_summary(verdict.found, verdict.not_replayed)}"
    )
    sys.exit(1 if verdict.found else 0)


def _summary(found: int, not_replayed: int) -> str:
    if not found:
        return "all as they must be"
    below = f"; {not_replayed:,} lines below wrong ones were not replayed" if not_replayed else ""
    return f"{found:,} findings{below}"
