"""One spend of very many lots: what it takes of the processor and of memory.

`python -m bench.large 500000` spends so many lots of an account at once, and prints what that took. DynamoDB is an
object that makes up the lots that it is asked for; making them up is left out of the time. A page has as many lots as
DynamoDB's megabyte holds.
"""

import argparse
import json
import resource
import sys
from time import process_time
from typing import Any

from points.rules.order import FIRST_CHAPTER, end_of_chapter, lot_key, sequence_of
from points.rules.terms import Kind, Range, Spend, State, Transaction
from points.storage.lines import Line, to_item
from points.storage.passbook import Passbook

from bench.accounts import START, payer

PAGE = 10_900
"""Lots in a megabyte of the index."""

PAYERS = 20

_WIDTH = len(FIRST_CHAPTER + lot_key(START, 1, None))


class LargeAccount:
    """DynamoDB, with nothing but an account of so many lots of a point each.

    Attributes
    ----------
    requests
        How many have been made.
    made_up
        The processor's seconds that it took to make up lots.
    """

    def __init__(self, lots: int) -> None:
        self.requests = 0
        self.made_up = 0.0
        self._lots = lots
        names = [payer(number) for number in range(PAYERS)]
        balances = dict.fromkeys(names, lots // PAYERS)
        balances[names[0]] += lots - sum(balances.values())
        whole = Range(_position(1), end_of_chapter(FIRST_CHAPTER))
        self._last = Line(
            "large",
            START,
            State(lots, lots, START, balances, ranges=(whole,)),
            digest="00",
            transaction=Transaction(kind=Kind.ADD, payer=names[0], points=1, timestamp=START),
            write_id="last",
        )

    def query(self, **request: Any) -> dict[str, Any]:
        """Answer with the last line, or with a page of lots."""
        self.requests += 1
        if "IndexName" not in request:
            return {"Items": [to_item(self._last)]}
        began = process_time()
        first, end = _bounds(request["ExpressionAttributeValues"])
        end = min(end, self._lots + 1)
        page = range(first, min(end, first + min(request["Limit"], PAGE)))
        text = json.dumps([self._entry(number) for number in page])
        self.made_up += process_time() - began
        return {"Items": json.loads(text)} | ({"LastEvaluatedKey": {}} if page.stop < end else {})

    def put_item(self, **_: Any) -> dict[str, Any]:
        """Take a line, and forget it."""
        self.requests += 1
        return {}

    def get_item(self, **_: Any) -> dict[str, Any]:
        """Nobody asks for a single line."""
        raise NotImplementedError

    def close(self) -> None:
        """End the connections, of which there are none."""

    def _entry(self, number: int) -> dict[str, Any]:
        return {
            "account": {"S": "large"},
            "sequence": {"N": str(number)},
            "timestamp_key": {"S": _position(number)},
            "payer": {"S": payer(number % PAYERS)},
            "points": {"N": "1"},
        }


def _position(number: int) -> str:
    """Return a lot's position: all are of one moment, so they stand in the order of their numbers."""
    return FIRST_CHAPTER + lot_key(START, number, None)


def _bounds(values: dict[str, Any]) -> tuple[int, int]:
    """Read from which lot, and up to which, not included, a query asks."""
    first, last = values[":first"]["S"], values[":last"]["S"]
    above = sequence_of(last[:_WIDTH]) + 1 if len(last) >= _WIDTH else sys.maxsize
    return sequence_of(first[:_WIDTH]) + (len(first) > _WIDTH), above


def main() -> None:
    """Spend, and say what it took."""
    parser = argparse.ArgumentParser(prog="bench.large", description="Measure one spend of very many lots.")
    parser.add_argument("lots", type=int, help="how many lots of a point the spend draws on")
    lots = parser.parse_args().lots
    engine = LargeAccount(lots + 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = process_time()
    Passbook(engine, "ledger").record("large", Spend(lots), sys.maxsize)
    seconds = process_time() - began - engine.made_up
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{lots:,} lots: {engine.requests} requests, {seconds:.1f} s of the processor, "
        f"{memory // 1024} MB ({(memory - before) // 1024} of them more than before)"
    )


if __name__ == "__main__":
    main()
