"""Keeps a running balance of every account, from events on an SQS queue: `python examples/consumer.py QUEUE_URL`."""

import json
import sys
from collections import defaultdict
from typing import Any

import boto3


class Balances:
    """Points per account. Here they are in memory; keep yours where you keep what you do with them, in one write."""

    def __init__(self) -> None:
        self.points: dict[str, int] = defaultdict(int)
        self.last: dict[str, int] = defaultdict(int)  # up to this transaction nothing is missing
        self.early: dict[str, dict[int, int]] = defaultdict(dict)  # what came before one in front of it

    def take(self, detail: dict[str, Any]) -> None:
        """Count a transaction in its turn, once. An event of points that will expire has none."""
        if "transaction" not in detail:
            return
        account, sequence = detail["account"], detail["transaction"]["sequence"]
        if sequence > self.last[account]:  # otherwise a double
            self.early[account][sequence] = detail["transaction"]["points"]
        while (following := self.last[account] + 1) in self.early[account]:
            self.points[account] += self.early[account].pop(following)
            self.last[account] = following

    def gap(self, account: str) -> range:
        """Return the numbers that something newer waits for: they will come, or are had from GET /transactions."""
        return range(self.last[account] + 1, min(self.early[account], default=0))


if __name__ == "__main__":
    sqs, balances = boto3.client("sqs"), Balances()
    while True:
        for message in sqs.receive_message(QueueUrl=sys.argv[1], WaitTimeSeconds=20).get("Messages", []):
            detail = json.loads(message["Body"])["detail"]
            balances.take(detail)
            print(detail["id"], balances.points[detail["account"]], *balances.gap(detail["account"]), flush=True)
            sqs.delete_message(QueueUrl=sys.argv[1], ReceiptHandle=message["ReceiptHandle"])
