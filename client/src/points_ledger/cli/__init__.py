"""`points`: the ledger from a shell. Data goes to standard output, messages to standard error; nothing ever prompts."""

from typing import Any

import click
from click.shell_completion import get_completion_class

from points_ledger import __version__
from points_ledger.cli import account, changes, history, moving
from points_ledger.cli.options import Change
from points_ledger.cli.output import say
from points_ledger.errors import IdempotencyKeyReused, LedgerError, TryAgain, VersionMismatch

USAGE, REFUSED, CONFLICT, NOT_KNOWN = 2, 3, 4, 5
"""The exit codes beside 0; 1 is `verify`'s, of a chain that does not hold."""

SHELLS = ("bash", "fish", "zsh")


class Points(click.Group):
    """The command, which turns what goes wrong into words and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except LedgerError as error:
            say(f"error: {error}")
            if isinstance(error, TryAgain):
                _say_how_to_go_on(ctx)
            ctx.exit(exit_code(error))
        except KeyboardInterrupt:
            if "change" not in ctx.meta:
                raise
            say("interrupted: it is not known whether the change was recorded")
            _say_how_to_go_on(ctx)
            ctx.exit(NOT_KNOWN)
        except ValueError as error:
            raise click.UsageError(str(error)) from error


def exit_code(error: LedgerError) -> int:
    """Return what a command that failed so ends with."""
    if isinstance(error, (VersionMismatch, IdempotencyKeyReused)):
        return CONFLICT
    return NOT_KNOWN if isinstance(error, TryAgain) else REFUSED


def _say_how_to_go_on(ctx: click.Context) -> None:
    change: Change | None = ctx.meta.get("change")
    if change:
        options = " ".join(f"{name} {value}" for name, value in change.again.items())
        say(f"to find out, run the same command with {options}")


@click.group(cls=Points, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="points")
def main() -> None:
    """Add, hold and spend points of a ledger, look at accounts, and move histories in and out.

    Which ledger: --url, --profile, POINTS_URL (with POINTS_TOKEN) or POINTS_PROFILE. Exit codes: 0 done, 2 wrong usage,
    3 refused, 4 the version or the key was another's, 5 not known (run it again with the key that is named).
    """


@main.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Write what makes a shell complete `points`: eval "$(points completion bash)"."""
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"{shell} is not one of {', '.join(SHELLS)}")
    click.echo(found(main, {}, "points", "_POINTS_COMPLETE").source())


for command in (*changes.COMMANDS, *account.COMMANDS, *history.COMMANDS, *moving.COMMANDS):
    main.add_command(command)
