"""The vocabulary of the ledger: what is asked for, what is recorded, and the state in between."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from points.rules.positions import FIRST_GENERATION

MAX_POINTS = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact; no amount and no payer's balance goes beyond it."""


@dataclass(frozen=True, slots=True)
class Add:
    """A request to give an account `points` of a `payer`; a negative number takes them back.

    `timestamp` is when the points were earned, in UTC; it ranks the lot among all others, whenever it arrives.
    """

    payer: str
    points: int
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Spend:
    """A request to spend exactly `points`, a positive number, oldest lots first."""

    points: int


class Lot(NamedTuple):
    """The points of one positive add. `position` is its place in the order of spending."""

    sequence: int
    position: str
    payer: str
    points: int


class Draw(NamedTuple):
    """What one lot gave to a spend."""

    lot: Lot
    points: int


@dataclass(frozen=True, slots=True)
class State:
    """What an account's history amounts to after one of its transactions.

    A lot is *spent* when its position is at or below `spent_through` (the watermark), and *open* above it. Of the open
    lots, `part_spent` names those that a spend stopped inside. `owed` is what negative adds took back and no lot has
    paid for yet: a payer's oldest open lots pay it before they give anything to a spend.

    Attributes
    ----------
    balances
        Points per payer, in the order in which the payers were first seen. Never negative.
    owed
        Points per payer not yet settled; payers that owe nothing are left out.
    part_spent
        Points already taken, per lot's sequence number.
    spent_through
        The position of the last lot wholly spent.
    """

    balances: Mapping[str, int] = field(default_factory=dict)
    owed: Mapping[str, int] = field(default_factory=dict)
    part_spent: Mapping[int, int] = field(default_factory=dict)
    spent_through: str = FIRST_GENERATION

    @property
    def total(self) -> int:
        """All points that can be spent."""
        return sum(self.balances.values())


@dataclass(frozen=True, slots=True)
class Added:
    """The record of an `Add`. A positive one is a lot and has a `position`."""

    payer: str
    points: int
    timestamp: datetime
    position: str | None


@dataclass(frozen=True, slots=True)
class Spent:
    """The record of a `Spend`: what was `taken` per payer, in the order in which the payers were first drawn on."""

    points: int
    taken: Mapping[str, int]
