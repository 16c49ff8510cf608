"""The options that commands have in common, and the kinds of value that they take."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import uuid4

import click

from points_ledger.attempts import Patience
from points_ledger.cli.output import Output
from points_ledger.cli.settings import Settings, find_settings
from points_ledger.client import Client
from points_ledger.moments import read_moment

Function = Callable[..., Any]

PATIENCE = Patience()
"""How long a command goes on."""


class Moment(click.ParamType[datetime]):
    """An RFC 3339 moment."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it."""
        try:
            return value if isinstance(value, datetime) else read_moment(value)
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


class SequenceOrMoment(Moment):
    """The number of a transaction, or a moment."""

    name = "sequence|moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it."""
        return int(value) if str(value).isdecimal() else super().convert(value, param, ctx)


class Named(click.ParamType[tuple[str, str]]):
    """A name and a text, such as `till=4`."""

    name = "name=text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Read it."""
        if isinstance(value, tuple):
            return value
        name, separator, text = value.partition("=")
        if not separator:
            self.fail(f"{value!r} must be NAME=TEXT", param, ctx)
        return name, text


@dataclass(frozen=True)
class Session:
    """What every command works with."""

    settings: Settings
    out: Output

    def client(self) -> Client:
        """Return a client of the account."""
        settings = self.settings
        return Client(settings.url, token=settings.token, account=settings.account, patience=PATIENCE)


def on_an_account(command: Function) -> Function:
    """Add the options of every command, and hand it a `Session` in their place."""

    @click.option("--url", metavar="URL", help="The ledger; default: POINTS_URL.")
    @click.option("--profile", metavar="NAME", help="A profile in the config file; default: POINTS_PROFILE.")
    @click.option("--account", metavar="NAME", help="The account; default: POINTS_ACCOUNT, or your own.")
    @click.option("--json", "as_json", is_flag=True, help="Write JSON: an object, or for a list one object per line.")
    @wraps(command)
    def with_session(
        *args: Any, url: str | None, profile: str | None, account: str | None, as_json: bool, **given: Any
    ) -> Any:
        session = Session(find_settings(url, profile, account), Output(as_json=as_json))
        return command(session, *args, **given)

    return with_session


@dataclass
class Change:
    """How a change is to be sent.

    Attributes
    ----------
    labels
        Reference and metadata.
    again
        The options under which the same command is the same change.
    """

    key: str
    if_match: str | None
    labels: dict[str, Any]
    again: dict[str, str]

    @property
    def how(self) -> dict[str, Any]:
        """The arguments of a client's method."""
        return {"key": self.key, "if_match": self.if_match}


def that_changes(command: Function) -> Function:
    """Add the options of every change, and hand it a `Change` in their place."""

    @click.option("--key", help="The Idempotency-Key: a command takes effect once per key. Default: a new one.")
    @click.option("--if-match", metavar="VERSION", help="Only if the account is at this version.")
    @click.option("--reference", help="Your own name for what the change belongs to.")
    @click.option("--metadata", type=Named(), multiple=True, help="A name and a text to keep; may be repeated.")
    @wraps(command)
    def with_change(
        *args: Any,
        key: str | None,
        if_match: str | None,
        reference: str | None,
        metadata: tuple[tuple[str, str], ...],
        **given: Any,
    ) -> Any:
        key = key or uuid4().hex
        labels = {"reference": reference, "metadata": dict(metadata) or None}
        change = Change(key, if_match, labels, {"--key": key})
        click.get_current_context().meta["change"] = change
        return command(*args, change=change, **given)

    return with_change
