"""What the calls answer, as models. Only the description needs them: the functions write their answers as they are."""

from typing import Annotated, Any, Literal

from points.api.bodies import Payer, Points, Timestamp
from points.rules.terms import MAX_POINTS
from pydantic import BaseModel, ConfigDict, Field, RootModel
from pydantic.json_schema import SkipJsonSchema


def _may_be_absent(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


Sequence = Annotated[int, Field(ge=1, description="The transaction's place in the account's history: 1, 2, 3 …")]
Cursor = Annotated[str, Field(pattern="^[A-Za-z0-9_-]+={0,2}$")]
PointsTaken = Annotated[int, Field(ge=-MAX_POINTS, le=-1, description="What was taken, as a negative number.")]
RecordedAt = Annotated[
    str,
    Field(
        description="When the ledger recorded it, in UTC. Never earlier than the transaction before it.",
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$",
        json_schema_extra={"format": "date-time"},
    ),
]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Taken(_Answer):
    """What a spend takes from one payer."""

    payer: Payer
    points: PointsTaken


class TakenPerPayer(RootModel[list[Taken]]):
    """What a spend takes from whom, payers in the order in which they are first drawn on."""


class Balance(RootModel[dict[Payer, Annotated[int, Field(ge=0, le=MAX_POINTS)]]]):
    """Points per payer, in the order in which the payers were first seen. A payer once seen stays, at 0 too."""


class AddTransaction(_Answer):
    """An add, as it was recorded."""

    sequence: Sequence
    kind: Literal["add"]
    payer: Payer
    points: Points
    timestamp: Annotated[Timestamp, Field(description="When the points were earned, in UTC: it ranks them.")]
    recorded_at: RecordedAt


class SpendTransaction(_Answer):
    """A spend, as it was recorded."""

    sequence: Sequence
    kind: Literal["spend"]
    points: PointsTaken
    recorded_at: RecordedAt
    taken: TakenPerPayer


class Lot(_Answer):
    """What a spend drew from one lot: the points that one add had brought."""

    payer: Payer
    timestamp: Timestamp
    points: PointsTaken


class SpendTransactionWithLots(SpendTransaction):
    """A spend, with the lots that it drew on, in the order in which it did."""

    lots: list[Lot]
    next_lots_cursor: Annotated[
        Cursor | SkipJsonSchema[None],
        Field(description="There are more lots, and `lots_cursor` gets them.", json_schema_extra=_may_be_absent),
    ] = None


class Transaction(RootModel[Annotated[AddTransaction | SpendTransaction, Field(discriminator="kind")]]):
    """One line of an account's history."""


class TransactionWithLots(RootModel[Annotated[AddTransaction | SpendTransactionWithLots, Field(discriminator="kind")]]):
    """One line of an account's history; a spend also tells its lots."""


class TransactionPage(_Answer):
    """A part of an account's history, newest first."""

    transactions: list[Transaction]
    next_cursor: Annotated[Cursor | None, Field(description="Gets the next page as `cursor`. `null` at the end.")]


class FieldError(_Answer):
    """A part of the request, and what is wrong with it."""

    field: str
    message: str


class GatewayMessage(BaseModel):
    """An answer of API Gateway's own. It says nothing about whether a change happened."""

    message: str


ANSWERS: tuple[type[BaseModel], ...] = (
    AddTransaction,
    Balance,
    FieldError,
    GatewayMessage,
    TakenPerPayer,
    TransactionPage,
    TransactionWithLots,
)
"""What a description must hold; models inside of these come with them."""
