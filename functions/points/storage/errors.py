"""Why the storage could not do as asked. None of these says anything about the request itself, the last two aside.

Where time ran out, the last failed call is the cause, for the log: it names the endpoint or what DynamoDB said.
"""

from datetime import timedelta


class UnavailableError(Exception):
    """The ledger cannot answer now. Nothing was recorded; the same request may work later."""


class BusyError(UnavailableError):
    """Time ran out, with every attempt refused: by DynamoDB, or by other writers who were first."""


class OverrunError(BusyError):
    """Others change the account faster than it can be changed, so that to go on would be in vain."""


class UnknownFormatError(UnavailableError):
    """A line was written by another version of this code, which this version must not write below."""

    def __init__(self, found: str) -> None:
        super().__init__(f"the line has format {found}")


class ClockError(UnavailableError):
    """The clock is too far off DynamoDB's to decide what is due."""

    def __init__(self, skew: timedelta) -> None:
        super().__init__(f"the clock is {skew.total_seconds():+.0f} s off DynamoDB's")


class OutcomeUnknownError(Exception):
    """Time ran out without a clear answer: the change may or may not be recorded, now or in a moment."""


class KeyReusedError(Exception):
    """The idempotency key was used before, for another request."""


class VersionMismatchError(Exception):
    """The account's version is not the one that the caller named."""

    def __init__(self, version: str) -> None:
        super().__init__(f"the account's version is {version}")
        self.version = version
