"""Random histories that scatter the open lots of an account, and what its lines take up of what was allowed for.

What is looked for is rare, so these are plain random numbers: many histories, and of each several ways to go on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import pytest
from points.rules.refusals import Refusal
from points.rules.terms import Add, Cancel, Capture, Change, Hold, Kind, Refund, Spend, State, Void
from points.storage import capacity

from tests.rules.account import Account, day

AT_THE_DOOR = {Kind.ADD, Kind.PENDING, Kind.HOLD, Kind.REFUND}
"""What is refused if it would leave too little room."""

WAYS_ON = 8
NO_TRANSACTION = 0


@dataclass(frozen=True)
class Room:
    """How many ranges and part-spent lots a line has, or may have."""

    ranges: int
    part_spent: int

    @classmethod
    def taken_by(cls, state: State) -> "Room":
        """Count them."""
        return cls(len(state.ranges), len(state.part_spent))

    @classmethod
    def allowed_for(cls, state: State) -> "Room":
        """Return how many the bound allows for: by how much it rises if each takes a byte more."""
        return cls(_share_of("_RANGE_BYTES", state), _share_of("_PART_SPENT_BYTES", state))

    def has_room_for(self, other: "Room") -> bool:
        """Whether there are as many of both."""
        return other.ranges <= self.ranges and other.part_spent <= self.part_spent


def _share_of(size: str, state: State) -> int:
    bound = capacity.largest_line(state)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(capacity, size, getattr(capacity, size) + 1)
        return capacity.largest_line(state) - bound


def check_room(seeds: int) -> None:
    """Make sure that no line takes up more than was allowed for when the account was last let grow."""
    for seed in range(seeds):
        for account in histories(Random(seed)):
            allowed = Room.allowed_for(State())
            for line in account.lines:
                if line.transaction.kind in AT_THE_DOOR:
                    allowed = Room.allowed_for(line.state)
                assert allowed.has_room_for(Room.taken_by(line.state)), f"{line.transaction} needs more room"


def histories(random: Random) -> Iterator[Account]:
    """Let an account grow, and then let it use up in several ways what was reserved for it."""
    account = Account()
    life, back = random.choice([0, 0.5]), random.choice([0, 0.1])
    for _ in range(random.randint(3, 25)):
        grow = _give_back if random.random() < back else _grow
        _attempt(account, grow(random, account, life))
    for _ in range(WAYS_ON):
        later = account.copy()
        for _ in range(12):
            if random.random() < 0.1:
                later.now += timedelta(1)
            _attempt(later, _use_up(random, later))
        later.settle()
        yield later


def _grow(random: Random, account: Account, life: float) -> Change:
    points, timestamp = random.randint(1, 4), day(random.randrange(-20, 0))
    until = account.now + timedelta(random.randint(1, 8))
    expires_at = until if random.random() < life else None
    [kind] = random.choices(["add", "pending", "spend", "hold", "void"], [6, 1, 2, 2, 1])
    match kind:
        case "add":
            return Add("A", points, timestamp, expires_at=expires_at)
        case "pending":
            return _pending(points, timestamp, account.now + timedelta(random.randint(1, 3)), expires_at)
        case "spend":
            return Spend(points)
        case "hold":
            return Hold(random.randint(1, 12), until)
    return Void(_any_hold(random, account))


def _pending(points: int, timestamp: datetime, effective_at: datetime, expires_at: datetime | None) -> Add:
    return Add("A", points, timestamp, effective_at, expires_at and max(expires_at, effective_at + timedelta(1)))


def _give_back(random: Random, account: Account, _: float) -> Change:
    spends = [line.state.sequence for line in account.lines if line.transaction.kind in {Kind.SPEND, Kind.CAPTURE}]
    return Refund(random.choice(spends or [NO_TRANSACTION]), random.choice([None, 1]))


def _use_up(random: Random, account: Account) -> Change:
    [kind] = random.choices(["spend", "void", "capture", "cancel"], [6, 4, 2, 1])
    match kind:
        case "spend":
            return Spend(random.randint(1, 9))
        case "void":
            return Void(_any_hold(random, account))
        case "capture":
            return Capture(_any_hold(random, account), 1)
    return Cancel(random.choice([*account.state.pending] or [NO_TRANSACTION]))


def _any_hold(random: Random, account: Account) -> int:
    return random.choice([*account.state.holds] or [NO_TRANSACTION])


def _attempt(account: Account, change: Change) -> None:
    try:
        account.record(change)
    except Refusal:
        return
