"""Moments as options of commands."""

from datetime import datetime

import click
from points.moments import parse_timestamp


class Moment(click.ParamType[datetime]):
    """An instant: a date and a time with a zone, or a date alone for its beginning in UTC."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it, as UTC."""
        text = str(value)
        try:
            return parse_timestamp(text if "T" in text.upper() else f"{text}T00:00:00Z")
        except ValueError as error:
            self.fail(f"{text!r} {error}", param, ctx)
