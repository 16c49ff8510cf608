"""Turns changes of an overrun account away before they ask anything of DynamoDB.

A function remembers how changes fared lately, for each account that has turned one away. To such an account it takes on
only a fifth more changes than have succeeded, and none of them waits; the others are refused at once. So the requests
for an account follow what it can take, not what is offered, and a few more always find out whether it can take more.
(It is the client-side throttling of Google's "Site Reliability Engineering", chapter 21, for each account.)
"""

import random
from collections import OrderedDict

from points.storage.calls import PATIENCE_S
from points.storage.clock import Clock
from points.storage.errors import BusyError

_SPARE = 1.2
"""How many changes are taken on for each that succeeds."""

_FORGIVEN = 0.5
"""Failures, faded, that turn nobody away: they may be chance."""

_HALF_LIFE_S = 5.0
"""After how long a change counts half."""

_MOST_ACCOUNTS = 1_000


class _Fared:
    """How many changes came, and how many succeeded, the latest counting most."""

    def __init__(self, now: float) -> None:
        self.came = self.succeeded = 0.0
        self._at = now

    def fade(self, now: float) -> None:
        """Let what has been counted count less by now."""
        fade = 0.5 ** ((now - self._at) / _HALF_LIFE_S)
        self.came, self.succeeded, self._at = self.came * fade, self.succeeded * fade, now


class Admission:
    """What one function remembers of the accounts that were too busy."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._busy: OrderedDict[str, _Fared] = OrderedDict()

    def patience(self, account: str) -> float:
        """Let a change in, and say how many seconds it may wait for its turn.

        Raises
        ------
        BusyError
            It is turned away.
        """
        fared = self._busy.get(account)
        if fared is None:
            return PATIENCE_S
        fared.fade(self._clock.elapsed())
        excess = fared.came - _SPARE * fared.succeeded - _FORGIVEN
        if self._rng.random() < excess / (fared.came + 1):
            fared.came += 1
            raise BusyError
        return PATIENCE_S if fared.came - fared.succeeded < 0.5 else 0.0

    def note(self, account: str, *, done: bool) -> None:
        """Note how a change fared that was let in."""
        fared = self._busy.get(account)
        if fared is None:
            if done:
                return
            fared = self._busy[account] = _Fared(self._clock.elapsed())
        fared.came += 1
        fared.succeeded += done
        self._busy.move_to_end(account)
        if len(self._busy) > _MOST_ACCOUNTS:
            self._busy.popitem(last=False)
