"""An account as a model that is too simple to be wrong: a list of lots and what each payer owes.

It has no watermark and no positions: every spend sorts all lots anew and walks them one by one.
"""

from dataclasses import dataclass, field
from datetime import datetime


class ModelRefusal(Exception):
    """The rules do not allow the change."""


@dataclass
class ModelLot:
    """The points of one positive add, and how many of them are left."""

    timestamp: datetime
    payer: str
    remaining: int


@dataclass
class Model:
    """One account. `lots` stand in order of arrival; `owed` is what negative adds have yet to take from them."""

    lots: list[ModelLot] = field(default_factory=list)
    owed: dict[str, int] = field(default_factory=dict)

    @property
    def balances(self) -> dict[str, int]:
        """Points per payer, in the order in which the payers were first seen."""
        balances: dict[str, int] = {}
        for lot in self.lots:
            balances[lot.payer] = balances.get(lot.payer, -self.owed.get(lot.payer, 0)) + lot.remaining
        return balances

    def add(self, payer: str, points: int, timestamp: datetime) -> None:
        """Add points to a payer, or take them back; refused if the payer has fewer."""
        if self.balances.get(payer, 0) + points < 0:
            raise ModelRefusal
        if points > 0:
            self.lots.append(ModelLot(timestamp, payer, points))
        else:
            self.owed[payer] = self.owed.get(payer, 0) - points

    def spend(self, points: int) -> list[tuple[str, int]]:
        """Spend points, and say how many were taken from whom, in the order in which payers were first drawn on."""
        if points > sum(self.balances.values()):
            raise ModelRefusal
        taken: dict[str, int] = {}
        for lot in sorted(self.lots, key=lambda lot: lot.timestamp):  # stable: equal timestamps by arrival
            if not points:
                break
            settled = min(lot.remaining, self.owed.get(lot.payer, 0))
            given = min(lot.remaining - settled, points)
            lot.remaining -= settled + given
            points -= given
            if settled:
                self.owed[lot.payer] -= settled
            if given:
                taken[lot.payer] = taken.get(lot.payer, 0) + given
        return list(taken.items())
