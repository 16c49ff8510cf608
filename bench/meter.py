"""Counts what a client asks of DynamoDB, where the requests leave it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

from tests.simulator.items import item_size

TRANSACTION_UNITS_PER_KB = 2


@dataclass
class Cost:
    """What some calls cost: requests, and DynamoDB's units of capacity."""

    requests: int = 0
    write_units: float = 0
    read_units: float = 0

    def __str__(self) -> str:
        return " / ".join(f"{getattr(self, field.name):,g}" for field in fields(self))


class Meter:
    """Listens to a client of botocore's from now on. The client is shared by nothing that is not to be counted."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.total = Cost()
        client.meta.events.register("provide-client-params.dynamodb", _ask_for_capacity)
        client.meta.events.register("after-call.dynamodb", self._count)
        client.meta.events.register("after-call-error.dynamodb", self._count_unanswered)
        client.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", self._count_transaction)

    @contextmanager
    def counting(self) -> Iterator[Cost]:
        """Count what happens inside."""
        before = Cost(**vars(self.total))
        cost = Cost()
        yield cost
        for field in fields(Cost):
            setattr(cost, field.name, getattr(self.total, field.name) - getattr(before, field.name))

    def _count(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        self.total.requests += 1
        if model.name == "TransactWriteItems":
            return
        units = parsed.get("ConsumedCapacity", {}).get("CapacityUnits", 0)
        if model.name == "PutItem":
            self.total.write_units += units
        else:
            self.total.read_units += units

    def _count_unanswered(self, **_: Any) -> None:
        self.total.requests += 1

    def _count_transaction(self, params: dict[str, Any], **_: Any) -> None:
        """Count a transaction by DynamoDB's rule, two units for each KB of each item: the engine here does not know it.

        An update is of an item of less than 1 KB.
        """
        for action in params["TransactItems"]:
            item = action.get("Put", {}).get("Item", {})
            self.total.write_units += TRANSACTION_UNITS_PER_KB * max(1, -(-item_size(item) // 1024))


def _ask_for_capacity(params: dict[str, Any], **_: Any) -> None:
    params["ReturnConsumedCapacity"] = "TOTAL"
