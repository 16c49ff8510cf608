"""The commands that move a history in, and accounts out."""

import asyncio
import sys
from contextlib import closing
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from typing import TextIO

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TimeRemainingColumn
from rich.text import Text

from points_ledger.cli.options import PATIENCE, Named, Session, on_an_account
from points_ledger.cli.output import say
from points_ledger.client import AsyncClient
from points_ledger.moving import exporting
from points_ledger.moving.files import PRESETS, is_csv, read_rows, shape_of, writing
from points_ledger.moving.plan import Plan
from points_ledger.moving.sending import AT_ONCE, Outcome, send

FAULTY, REFUSED, NOT_KNOWN = 2, 3, 5
_PATH = click.Path(dir_okay=False, path_type=Path)


@click.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--map", "mapping", type=Named(), multiple=True, metavar="COLUMN=FIELD", help="Rename a column; COLUMN= drops it."
)
@click.option("--preset", type=click.Choice(sorted(PRESETS)), help="The format of a known kind of file.")
@click.option("--dry-run", is_flag=True, help="Check the file and send nothing.")
@click.option("--refused", "refused_file", type=_PATH, help="Where to write refused rows; default: next to FILE.")
@click.option("--at-once", type=click.IntRange(1, 100), default=AT_ONCE, show_default=True, help="Accounts at a time.")
@on_an_account
def import_file(
    session: Session,
    file: Path,
    mapping: tuple[tuple[str, str], ...],
    preset: str | None,
    dry_run: bool,
    refused_file: Path | None,
    at_once: int,
) -> None:
    """Add each row of FILE: CSV with a header, or JSON lines, with payer, points and timestamp.

    A row may have all else that an add has, its account, and a key of its own. The whole file is checked before
    anything is sent. To import the same file again changes nothing twice.
    """
    shape = shape_of(dict(mapping), preset)
    with closing(Plan(session.settings.account)) as plan:
        plan.take(read_rows(file, shape))
        if plan.faulty:
            _tell_faults(session, plan)
        elif dry_run:
            session.out.one({"read": plan.read, "accounts": plan.accounts, "faulty": 0})
        else:
            _import(session, plan, at_once, refused_file or _beside(file), as_csv=is_csv(file))


def _tell_faults(session: Session, plan: Plan) -> None:
    summary = {"read": plan.read, "accounts": plan.accounts, "faulty": plan.faulty}
    if session.out.as_json:
        session.out.one(summary | {"faults": [fault._asdict() for fault in plan.faults()]})
    else:
        for fault in plan.faults():
            say(f"row {fault.number}: {fault.field} {fault.message}")
        session.out.one(summary)
    say("nothing was sent")
    click.get_current_context().exit(FAULTY)


def _import(session: Session, plan: Plan, at_once: int, refused_file: Path, *, as_csv: bool) -> None:
    outcome = Outcome()
    interrupted = False
    try:
        asyncio.run(_send(session, plan, outcome, at_once))
    except KeyboardInterrupt:
        interrupted = True
    summary = {"read": plan.read, "added": outcome.added, "repeated": outcome.repeated, "refused": outcome.refused}
    if left := plan.read - outcome.settled:
        summary["left"] = left
    if outcome.refused:
        with writing(refused_file, as_csv=as_csv) as write:
            for row in plan.refused():
                write(row)
        say(f"what was refused is in {refused_file}, with reasons: correct it and import that file")
    session.out.one(summary)
    if outcome.stopped_by or interrupted:
        say("stopped early: import the same file again; nothing changes twice")
    if outcome.stopped_by:
        raise outcome.stopped_by
    click.get_current_context().exit(NOT_KNOWN if interrupted else REFUSED if outcome.refused else 0)


async def _send(session: Session, plan: Plan, outcome: Outcome, at_once: int) -> None:
    settings = session.settings
    progress = Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
    async with AsyncClient(settings.url, token=settings.token, patience=PATIENCE) as client:
        with progress:
            task = progress.add_task("importing", total=plan.read)
            await send(plan, client, outcome, at_once=at_once, step=lambda: progress.advance(task))


class _Rate(ProgressColumn):
    """Shows how many rows a second are sent."""

    def render(self, task: Task) -> Text:
        """Show it."""
        return Text(f"{task.speed:,.0f} rows/s" if task.speed else "")


def _beside(file: Path) -> Path:
    """Return where to write what was refused of a file: a name that is still free, or what is being mended would go."""
    names = (f"{file.stem}.refused{f'-{number}' if number > 1 else ''}{file.suffix}" for number in count(1))
    return next(path for path in map(file.with_name, names) if not path.exists())


@click.command()
@click.argument("accounts", nargs=-1)
@click.option("--from", "listed", type=click.File(encoding="utf-8"), help="A file of account names, one per line.")
@click.option("--without-holds", is_flag=True, help="Leave out what open holds have set aside.")
@on_an_account
def export(session: Session, accounts: tuple[str, ...], listed: TextIO | None, without_holds: bool) -> None:
    """Write ACCOUNTS, or one, as JSON lines for an import into an empty ledger.

    Balances, lots and what the next spend takes are then the same. Open holds and the history stay behind.
    """
    named: list[str | None] = [*accounts, *(line.strip() for line in listed or () if line.strip())]
    with session.client() as ledger, TemporaryFile("w+", encoding="utf-8") as rows:
        for account in named or [session.settings.account]:
            try:
                held = exporting.export(ledger.of(account), account, rows, without_holds=without_holds)
            except exporting.NotExported as error:
                say(f"error: {error}")
                say("nothing was exported")
                click.get_current_context().exit(REFUSED)
            if held:
                say(f"{account or 'your own account'}: {held:,} points in open holds are left out")
        rows.seek(0)
        for row in rows:
            click.echo(row, nl=False)


COMMANDS = (import_file, export)
