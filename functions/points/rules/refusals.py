"""Why a request is refused. A refused request leaves nothing behind."""


class Refusal(Exception):
    """A request that the rules do not allow. `field` is the part of the request at fault."""

    field = "points"


class NotEnoughPointsError(Refusal):
    """A spend of more than the account has."""

    def __init__(self, available: int, asked: int) -> None:
        super().__init__(f"The user doesn't have enough points: there are {available}, and {asked} were asked for.")


class PayerBelowZeroError(Refusal):
    """A negative add of more than the payer has in the account."""

    def __init__(self, payer: str, available: int, asked: int) -> None:
        super().__init__(f"{payer} has {available} points in the account, and {asked} were to be taken.")


class LimitError(Refusal):
    """An add that would let the account outgrow a limit. `limit` names it."""

    def __init__(self, limit: str, field: str, message: str) -> None:
        super().__init__(message)
        self.limit = limit
        self.field = field
