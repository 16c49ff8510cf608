"""A transaction over a lot, the balance and the request's key; a spend updates every lot that it draws on.

An account has one item for its balance, with a version on which every change is conditional; an item for each lot, in
order of time; and an item for each request, under its key. The balance also says where the open lots begin, so that a
spend need not read past all that are spent, and what payers owe, so that the order of arrival does not matter. A
request's item keeps which lots it drew on, so that a refund and the end of a hold find them; debts that they have paid
stay paid.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple
from uuid import uuid4

from botocore.exceptions import ClientError
from points.moments import format_recorded_at
from points.rules.terms import Add
from points.storage.attributes import Item
from points.storage.lines import Line

from bench.accounts import left_of_lots, signed_points
from bench.alternatives.ledger import RefusedError

MOST_LOTS = 98
"""Of the 100 actions that a transaction may have, two are the balance's and the key's."""

MOST_TRIES = 200
LONGEST_PAUSE_S = 0.2
FIRST_PAGE = 100
NO_LOT = "lot$"
"""Above every lot."""

NEVER = "never"
"""Above every moment."""

Taken = list[tuple[str, int]]
"""Points by payer, or by the item of a lot."""


@dataclass
class Balance:
    """The item that every change of an account is conditional on."""

    version: int
    points: dict[str, int]
    owed: dict[str, int]
    first_open: str


class StoredLot(NamedTuple):
    """What is left of a lot."""

    item: str
    payer: str
    left: int
    expires_at: str


class Change(NamedTuple):
    """What a request writes beside the balance and its key, and what is told and kept of it."""

    writes: list[dict[str, Any]]
    points: int
    taken: Taken
    lots: Taken = []  # noqa: RUF012 - never changed


def table(name: str) -> dict[str, Any]:
    """Describe the table."""
    return {
        "TableName": name,
        "KeySchema": [{"AttributeName": "account", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in ("account", "item")],
        "BillingMode": "PAY_PER_REQUEST",
    }


class TransactionsLedger:
    """Three items and more in one TransactWriteItems."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, account: str, add: Add, key: str | None = None) -> None:
        """Add points of a payer, or take them back."""

        def change(balance: Balance) -> Change:
            points = balance.points.get(add.payer, 0) + add.points
            if points < 0:
                raise RefusedError("the payer does not have enough points")
            balance.points[add.payer] = points
            if add.points < 0:
                balance.owed[add.payer] = balance.owed.get(add.payer, 0) - add.points
                return Change([], add.points, [])
            item = lot_item(account, add, balance.version + 1, add.points)
            balance.first_open = min(balance.first_open, item["item"]["S"])
            return Change([{"Put": {"TableName": self._table, "Item": item}}], add.points, [])

        self._transact(account, key, change)

    def spend(self, account: str, points: int, key: str | None = None) -> Taken:
        """Spend points, oldest first, and say how many were taken from whom."""
        return self._transact(account, key, self._drawing(account, points))

    def draw(self, account: str, points: int, *, hold: bool) -> str:  # noqa: ARG002 - both write the same
        """Spend points or hold them, and say under which name they can come back."""
        name = str(uuid4())
        self._transact(account, None, self._drawing(account, points), name)
        return name

    def give_back(self, account: str, name: str, *, hold: bool) -> None:  # noqa: ARG002 - both write the same
        """Refund a spend or end a hold: what was drawn goes back into its lots."""

        def change(balance: Balance) -> Change:
            drawn = self._request_under(account, name)
            if drawn is None:
                raise RefusedError("there is no such request")
            lots, taken = _from_pairs(drawn["lots"]), _from_pairs(drawn["taken"])
            for payer, points in taken:
                balance.points[payer] += points
            balance.first_open = min(balance.first_open, lots[0][0])
            return Change([self._put_back(account, *lot) for lot in lots], sum(points for _, points in taken), [])

        self._transact(account, None, change, f"end of {name}")

    def expire(self, account: str) -> None:
        """Take out of the balance what has expired, in as many transactions as that takes."""
        now = format_recorded_at(datetime.now(UTC))

        def due() -> list[StoredLot]:
            lots = self._lots(account, self._balance(account).first_open)
            return list(islice((lot for lot in lots if lot.left and lot.expires_at <= now), MOST_LOTS))

        while lots := due():
            self._transact(account, None, lambda balance: self._take(account, balance, lots, None))

    def balance(self, account: str) -> dict[str, int]:
        """Tell the points per payer."""
        return self._balance(account).points

    def history(self, account: str) -> list[int]:
        """Tell the points of every accepted request, in order."""
        requests = self._query(account, "key#", "key$", limit=1_000)
        in_order = sorted(requests, key=lambda item: int(item["version"]["N"]))
        return [int(item["points"]["N"]) for item in in_order]

    def _drawing(self, account: str, points: int) -> Callable[[Balance], Change]:
        def change(balance: Balance) -> Change:
            if points > sum(balance.points.values()):
                raise RefusedError("the user does not have enough points")
            return self._take(account, balance, self._lots(account, balance.first_open), points)

        return change

    def _take(self, account: str, balance: Balance, lots: Iterable[StoredLot], points: int | None) -> Change:
        """Take so many points from lots, or all that they have; each first pays what its payer owes."""
        writes, taken, of_lots, missing = [], dict[str, int](), Taken(), points
        for lot in lots:
            if not lot.left:
                continue
            settled = min(lot.left, balance.owed.get(lot.payer, 0))
            given = lot.left - settled if missing is None else min(lot.left - settled, missing)
            writes.append(self._set_left(account, lot.item, lot.left - settled - given))
            balance.owed[lot.payer] = balance.owed.get(lot.payer, 0) - settled
            balance.points[lot.payer] -= given
            balance.first_open = lot.item
            if given:
                taken[lot.payer] = taken.get(lot.payer, 0) + given
                of_lots.append((lot.item, given))
            if len(writes) > MOST_LOTS:
                raise RefusedError(f"{MOST_LOTS} lots are the most")
            if missing is not None:
                missing -= given
                if not missing:
                    break
        return Change(writes, -sum(taken.values()), list(taken.items()), of_lots)

    def _transact(
        self, account: str, key: str | None, change: Callable[[Balance], Change], name: str | None = None
    ) -> Taken:
        """Write a change and its request, whose key may be known already; a name is new."""
        if key and (taken := self._taken_under(account, key)) is not None:
            return taken
        for _ in range(MOST_TRIES):
            balance = self._balance(account)
            done = change(balance)
            version, balance.version = balance.version, balance.version + 1
            request = request_item(account, key or name or str(uuid4()), balance.version, done)
            try:
                self._client.transact_write_items(
                    TransactItems=[*done.writes, self._put_balance(account, balance, version), self._put_new(request)]
                )
            except ClientError as error:
                reasons = [reason["Code"] for reason in error.response.get("CancellationReasons", [])]
                if not reasons:
                    raise
                if key and (taken := self._taken_under(account, key)) is not None:
                    return taken
                time.sleep(random.uniform(0, LONGEST_PAUSE_S))
            else:
                return done.taken
        raise RefusedError("the account is too busy")

    def _balance(self, account: str) -> Balance:
        key = {"account": {"S": account}, "item": {"S": "balance"}}
        item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        if item is None:
            return Balance(0, {}, {}, NO_LOT)
        return Balance(
            int(item["version"]["N"]), _from_map(item["points"]), _from_map(item["owed"]), item["first_open"]["S"]
        )

    def _taken_under(self, account: str, key: str) -> Taken | None:
        item = self._request_under(account, key)
        return _from_pairs(item["taken"]) if item else None

    def _request_under(self, account: str, key: str) -> Item | None:
        item_key = {"account": {"S": account}, "item": {"S": f"key#{key}"}}
        item: Item | None = self._client.get_item(TableName=self._table, Key=item_key, ConsistentRead=True).get("Item")
        return item

    def _lots(self, account: str, first: str) -> Iterator[StoredLot]:
        for item in self._query(account, first, NO_LOT, limit=FIRST_PAGE):
            yield StoredLot(item["item"]["S"], item["payer"]["S"], int(item["left"]["N"]), item["expires_at"]["S"])

    def _query(self, account: str, first: str, last: str, limit: int) -> Iterator[Item]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#account = :account AND #item BETWEEN :first AND :last",
            "ExpressionAttributeNames": {"#account": "account", "#item": "item"},
            "ExpressionAttributeValues": {":account": {"S": account}, ":first": {"S": first}, ":last": {"S": last}},
            "ConsistentRead": True,
        }
        while True:
            page = self._client.query(**request, Limit=limit)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
            limit *= 2

    def _set_left(self, account: str, item: str, left: int) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._table,
                "Key": {"account": {"S": account}, "item": {"S": item}},
                "UpdateExpression": "SET #left = :left",
                "ExpressionAttributeNames": {"#left": "left"},
                "ExpressionAttributeValues": {":left": {"N": str(left)}},
            }
        }

    def _put_back(self, account: str, item: str, points: int) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._table,
                "Key": {"account": {"S": account}, "item": {"S": item}},
                "UpdateExpression": "ADD #left :points",
                "ExpressionAttributeNames": {"#left": "left"},
                "ExpressionAttributeValues": {":points": {"N": str(points)}},
            }
        }

    def _put_balance(self, account: str, balance: Balance, version: int) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self._table,
                "Item": balance_item(account, balance),
                "ConditionExpression": "attribute_not_exists(#version) OR #version = :version",
                "ExpressionAttributeNames": {"#version": "version"},
                "ExpressionAttributeValues": {":version": {"N": str(version)}},
            }
        }

    def _put_new(self, item: Item) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(#item)",
                "ExpressionAttributeNames": {"#item": "item"},
            }
        }


def items(lines: Iterable[Line]) -> Iterator[Item]:
    """Lay out a history as this ledger keeps it."""
    lines = list(lines)
    last = lines[-1]
    account, state = last.account, last.state
    first_open = NO_LOT
    for line in lines:
        taken = [(payer, -points) for payer, points in (line.transaction.taken or {}).items()]
        yield request_item(account, f"loaded {line.sequence}", line.sequence, Change([], signed_points(line), taken))
    for line, add, left in left_of_lots(lines):
        item = lot_item(account, add, line.sequence, left)
        first_open = min(first_open, item["item"]["S"]) if left else first_open
        yield item
    yield balance_item(account, Balance(last.sequence, dict(state.balances), dict(state.owed), first_open))


def lot_item(account: str, add: Add, version: int, left: int) -> Item:
    """Lay out a lot; those of one moment stand in the order of their arrival."""
    return {
        "account": {"S": account},
        "item": {"S": f"lot#{format_recorded_at(add.timestamp)}#{version:012}"},
        "payer": {"S": add.payer},
        "points": {"N": str(add.points)},
        "left": {"N": str(left)},
        "expires_at": {"S": format_recorded_at(add.expires_at) if add.expires_at else NEVER},
    }


def balance_item(account: str, balance: Balance) -> Item:
    """Lay out the balance."""
    return {
        "account": {"S": account},
        "item": {"S": "balance"},
        "version": {"N": str(balance.version)},
        "points": {"M": {payer: {"N": str(points)} for payer, points in balance.points.items()}},
        "owed": {"M": {payer: {"N": str(points)} for payer, points in balance.owed.items() if points}},
        "first_open": {"S": balance.first_open},
    }


def request_item(account: str, key: str, version: int, done: Change) -> Item:
    """Lay out a request that was accepted."""
    return {
        "account": {"S": account},
        "item": {"S": f"key#{key}"},
        "version": {"N": str(version)},
        "points": {"N": str(done.points)},
        "taken": _to_pairs(done.taken),
        "lots": _to_pairs(done.lots),
    }


def _to_pairs(taken: Taken) -> dict[str, Any]:
    return {"L": [{"L": [{"S": name}, {"N": str(points)}]} for name, points in taken]}


def _from_pairs(value: dict[str, Any]) -> Taken:
    return [(pair["L"][0]["S"], int(pair["L"][1]["N"])) for pair in value["L"]]


def _from_map(value: dict[str, Any]) -> dict[str, int]:
    return {payer: int(points["N"]) for payer, points in value["M"].items()}
