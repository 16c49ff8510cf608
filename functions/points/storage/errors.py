"""Why the storage could not do as asked. None of these says anything about the request itself, the last two aside."""


class UnavailableError(Exception):
    """The ledger cannot answer now. Nothing was recorded; the same request may work later."""


class BusyError(UnavailableError):
    """Time ran out, with every attempt refused: by DynamoDB, or by other writers who were first."""


class UnknownFormatError(UnavailableError):
    """A line was written by a newer version of this code, which this version must not write below."""

    def __init__(self, found: str) -> None:
        super().__init__(f"the line has format {found}")


class OutcomeUnknownError(Exception):
    """Time ran out without a clear answer: the change may or may not be recorded, now or in a moment."""


class KeyReusedError(Exception):
    """The idempotency key was used before, for another request."""


class VersionMismatchError(Exception):
    """The account's last line is not the one that the caller named."""

    def __init__(self, sequence: int) -> None:
        super().__init__(f"the account stands at {sequence}")
        self.sequence = sequence
