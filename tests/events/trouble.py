"""The promise to consumers, held against a bus on which much goes wrong."""

from collections import defaultdict
from random import Random
from typing import Any

import publish
import pytest
from points.events.bus import Bus

from tests.api.client import Context
from tests.events.bridges import Answer, EventBridge, no_answer
from tests.events.histories import adds_of, ids
from tests.events.mapping import Mapping


class Unreliable(EventBridge):
    """Refuses some entries, and loses some requests or their answers; less and less, so that it ends."""

    def __init__(self, rng: Random, trouble: float) -> None:
        super().__init__(lambda _: rng.random() < self._trouble)
        self._rng = rng
        self._trouble = trouble

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Answer:  # noqa: N803
        self._trouble *= 0.99
        if self._rng.random() < self._trouble / 2:
            raise no_answer()
        answer = super().put_events(Entries=Entries)
        if self._rng.random() < self._trouble / 2:
            raise no_answer()
        return answer


def check(accounts: str, size: int, trouble: float, seed: int) -> None:
    """Publish an add for each letter, to the account of that name: all must come, for each account first in order.

    Parameters
    ----------
    size
        How many records a batch has.
    trouble
        How likely it is at first that an entry is refused.
    """
    bridge = Unreliable(Random(seed), trouble)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publish, "_bus", lambda: Bus(bridge, "ledger"))
        Mapping(lambda event: publish.handler(event, Context())).run(adds_of(accounts).records, size)
    of_accounts: dict[str, list[int]] = defaultdict(list)
    for account, _, sequence in (it.partition("/") for it in dict.fromkeys(ids(bridge.taken))):
        of_accounts[account].append(int(sequence))
    assert of_accounts == {account: list(range(1, accounts.count(account) + 1)) for account in accounts}
