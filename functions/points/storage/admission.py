"""Turns changes of an overrun account away before they ask anything of DynamoDB.

A function remembers how changes fared lately, for each account that was overrun. For such an account it takes on only a
tenth more changes than have succeeded, and none of them waits; the others are refused at once. So the requests for an
account follow what it can take, not what is offered, and a few more always find out whether it can take more. (It is
the client-side throttling of Google's "Site Reliability Engineering", chapter 21, for each account.)
"""

import random
from collections import OrderedDict

from points.storage.clock import Clock
from points.storage.errors import OverrunError

_SPARE = 1.1
"""How many changes are taken on for each that succeeds."""

_FORGIVEN = 0.5
"""Once failures, faded, come to this, no change waits."""

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
    """What one function remembers of the accounts that were overrun."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._busy: OrderedDict[str, _Fared] = OrderedDict()

    def admit(self, account: str) -> bool:
        """Let a change in, and say whether it may wait for its turn.

        Raises
        ------
        OverrunError
            It is turned away.
        """
        fared = self._busy.get(account)
        if fared is None:
            return True
        fared.fade(self._clock.elapsed())
        if self._rng.random() < (fared.came - _SPARE * fared.succeeded) / (fared.came + 1):
            fared.came += 1
            raise OverrunError
        return fared.came - fared.succeeded < _FORGIVEN

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
