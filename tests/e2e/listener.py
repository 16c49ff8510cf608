"""A queue behind a rule on the stack's bus, and what has arrived in it."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any
from uuid import uuid4

from points.events.bus import SOURCE

from tools.deploy_local.stack import Stack

LONGEST_WAIT_S = 120
"""Much longer than an event takes, also on a busy machine."""

Event = dict[str, Any]


def once(events: Iterable[Event]) -> list[Event]:
    """Leave out what has come before: any event may come more than once."""
    first: dict[str, Event] = {}
    for event in events:
        first.setdefault(event["detail"]["id"], event)
    return list(first.values())


class Listener:
    """Hears of everything that happens in a stack from now on.

    Attributes
    ----------
    events
        What has arrived so far, by accounts, in the order of its arrival.
    """

    def __init__(self, stack: Stack) -> None:
        self.events: dict[str, list[Event]] = defaultdict(list)
        self._sqs, bridge = stack.client("sqs"), stack.client("events")
        name = f"listener-{uuid4()}"
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        bus = stack.outputs()["EventBusName"]
        bridge.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": [SOURCE]}))
        failed = bridge.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
        assert not failed["FailedEntryCount"], failed

    def hear(self, account: str, number: int) -> list[Event]:
        """Wait for so many different events of an account, and return all that came, doubles too."""
        return self.hear_until(account, lambda events: len(once(events)) >= number)

    def hear_again(self, account: str, number: int) -> list[Event]:
        """Wait for so many events of an account, doubles counted."""
        return self.hear_until(account, lambda events: len(events) >= number)

    def hear_until(
        self, account: str, enough: Callable[[list[Event]], bool], within_s: float = LONGEST_WAIT_S
    ) -> list[Event]:
        """Wait until enough events of an account have come, and return them all, doubles too."""
        deadline = time.monotonic() + within_s
        while not enough(self.events[account]):
            assert time.monotonic() < deadline, self.events[account]
            self._receive()
        return self.events[account]

    def _receive(self) -> None:
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            self.events[event["detail"]["account"]].append(event)
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
