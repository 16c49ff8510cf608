"""No state is kept: every call reads all transactions of the account and works out from them how it stands.

A transaction is put under the last, on condition that nothing stands there, so that concurrent changes are safe.
"""

import random
import time
from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from points.moments import format_recorded_at
from points.rules.terms import Add
from points.storage.attributes import Item
from points.storage.dynamodb import LOST_RACE, error_code
from points.storage.lines import Line

from bench.alternatives.ledger import RefusedError

MOST_TRIES = 200
LONGEST_PAUSE_S = 0.2

Taken = list[tuple[str, int]]


def table(name: str) -> dict[str, Any]:
    """Describe the table."""
    return {
        "TableName": name,
        "KeySchema": [
            {"AttributeName": "account", "KeyType": "HASH"},
            {"AttributeName": "sequence", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": "account", "AttributeType": "S"},
            {"AttributeName": "sequence", "AttributeType": "N"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }


@dataclass
class Sum:
    """What the transactions of an account come to. `lots` are timestamp, sequence number, payer and points left."""

    sequence: int = 0
    points: dict[str, int] = field(default_factory=dict)
    owed: dict[str, int] = field(default_factory=dict)
    lots: list[tuple[str, int, str, int]] = field(default_factory=list)
    under_keys: dict[str, Taken] = field(default_factory=dict)

    def add(self, payer: str, points: int, timestamp: str) -> None:
        """Take in an add."""
        if self.points.get(payer, 0) + points < 0:
            raise RefusedError("the payer does not have enough points")
        self.points[payer] = self.points.get(payer, 0) + points
        if points > 0:
            insort(self.lots, (timestamp, self.sequence, payer, points))
        else:
            self.owed[payer] = self.owed.get(payer, 0) - points

    def spend(self, points: int) -> Taken:
        """Take in a spend, and say how many points were taken from whom."""
        if points > sum(self.points.values()):
            raise RefusedError("the user does not have enough points")
        taken: dict[str, int] = {}
        used_up = 0
        while points:
            timestamp, sequence, payer, left = self.lots[used_up]
            settled = min(left, self.owed.get(payer, 0))
            given = min(left - settled, points)
            self.owed[payer] = self.owed.get(payer, 0) - settled
            self.points[payer] -= given
            if given:
                taken[payer] = taken.get(payer, 0) + given
            points -= given
            if settled + given < left:
                self.lots[used_up] = (timestamp, sequence, payer, left - settled - given)
            else:
                used_up += 1
        del self.lots[:used_up]
        return list(taken.items())


class SumsLedger:
    """One item per transaction, and nothing else."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, account: str, add: Add, key: str | None = None) -> None:
        """Add points of a payer, or take them back."""
        self._append(account, _of_add(add.payer, add.points, format_recorded_at(add.timestamp)), key)

    def spend(self, account: str, points: int, key: str | None = None) -> Taken:
        """Spend points, oldest first, and say how many were taken from whom."""
        return self._append(account, _of_spend(points), key)

    def balance(self, account: str) -> dict[str, int]:
        """Tell the points per payer."""
        return self._sum(account).points

    def history(self, account: str) -> list[int]:
        """Tell the points of every accepted request, in order."""
        return [int(item["points"]["N"]) for item in self._transactions(account)]

    def _append(self, account: str, transaction: Item, key: str | None) -> Taken:
        for _ in range(MOST_TRIES):
            so_far = self._sum(account)
            if key in so_far.under_keys:
                return so_far.under_keys[key]
            item = transaction | _place(account, so_far.sequence + 1) | ({"key": {"S": key}} if key else {})
            taken = _take_in(so_far, item)
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(#sequence)",
                    ExpressionAttributeNames={"#sequence": "sequence"},
                )
            except ClientError as error:
                if error_code(error) != LOST_RACE:
                    raise
                time.sleep(random.uniform(0, LONGEST_PAUSE_S))
            else:
                return taken
        raise RefusedError("the account is too busy")

    def _sum(self, account: str) -> Sum:
        so_far = Sum()
        for item in self._transactions(account):
            _take_in(so_far, item)
        return so_far

    def _transactions(self, account: str) -> Iterator[Item]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#account = :account",
            "ExpressionAttributeNames": {"#account": "account"},
            "ExpressionAttributeValues": {":account": {"S": account}},
            "ConsistentRead": True,
        }
        while True:
            page = self._client.query(**request)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def items(lines: Iterable[Line]) -> Iterator[Item]:
    """Lay out a history as this ledger keeps it."""
    for line in lines:
        done = line.transaction
        if done.payer and done.timestamp:
            transaction = _of_add(done.payer, done.points, format_recorded_at(done.timestamp))
        else:
            transaction = _of_spend(-done.points)
        yield transaction | _place(line.account, line.sequence)


def _take_in(so_far: Sum, item: Item) -> Taken:
    so_far.sequence += 1
    points = int(item["points"]["N"])
    if "payer" in item:
        so_far.add(item["payer"]["S"], points, item["timestamp"]["S"])
        taken: Taken = []
    else:
        taken = so_far.spend(-points)
    if "key" in item:
        so_far.under_keys[item["key"]["S"]] = taken
    return taken


def _of_add(payer: str, points: int, timestamp: str) -> Item:
    return {"payer": {"S": payer}, "points": {"N": str(points)}, "timestamp": {"S": timestamp}}


def _of_spend(points: int) -> Item:
    return {"points": {"N": str(-points)}}


def _place(account: str, sequence: int) -> Item:
    return {"account": {"S": account}, "sequence": {"N": str(sequence)}}
