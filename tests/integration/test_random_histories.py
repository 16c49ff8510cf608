"""Random histories of every kind of change, while time passes, on the real engine; the judge replays every line."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from points.rules.refusals import Refusal
from points.rules.terms import Add, Cancel, Capture, Change, Hold, Kind, Refund, Spend, State, Void
from points.storage import calls
from points.storage.lines import Line
from points.storage.passbook import Passbook

from tests.integration.ledger import Ledger, soon
from tests.simulator.clock import START, VirtualClock

PAYERS = ("DANNON", "UNILEVER", "MILLER COORS")
HISTORIES = 25
STEPS = 80


def any_change(rng: Random, now: datetime, state: State, numbers: dict[Kind, list[int]]) -> Change:  # noqa: PLR0911
    """Draw a change that is likely to be accepted: lots that tie, come late and live for seconds."""
    later = [now + timedelta(seconds=rng.randint(1, 9)) for _ in range(2)]
    points = rng.randint(1, 20)
    kind = rng.choices(range(8), (30, 8, 20, 12, 14, 6, 6, 2))[0]
    drawn = numbers[Kind.SPEND] + numbers[Kind.HOLD] + numbers[Kind.CAPTURE] or [1]
    held = list(state.holds) or numbers[Kind.HOLD] or [1]
    match kind:
        case 0:
            effective_at = min(later) if rng.random() < 0.2 else None
            expires_at = max(later) + timedelta(seconds=1) if rng.random() < 0.5 else None
            timestamp = START - timedelta(days=rng.randint(0, 9))
            return Add(rng.choice(PAYERS), points, timestamp, effective_at, expires_at)
        case 1:
            return Add(rng.choice(PAYERS), -points, START)
        case 2:
            return Spend(rng.choice((points, state.total or 1)))
        case 3:
            return Hold(points, later[0])
        case 4:
            return Refund(rng.choice(drawn), rng.choice((None, points)))
        case 5:
            return Capture(rng.choice(held), rng.choice((None, points)))
        case 6:
            return Void(rng.choice(held))
        case _:
            return Cancel(rng.choice(list(state.pending) or [1]))


def live(passbook: Passbook, clock: VirtualClock, account: str, rng: Random) -> set[Kind]:
    """Make a random history, and return the kinds of what was recorded."""
    numbers: dict[Kind, list[int]] = {kind: [] for kind in Kind}
    state = State()
    for _ in range(STEPS):
        clock.sleep(rng.choice((0.0, 0.5, 1.0, 3.0)))
        try:
            recorded = passbook.record(account, any_change(rng, clock.now(), state, numbers), clock.elapsed() + 60)
        except Refusal:
            continue
        state = recorded.line.state
        for line in (*recorded.due, recorded.line):
            numbers[line.transaction.kind].append(line.sequence)
    return {kind for kind in Kind if numbers[kind]}


def test_every_line_of_random_histories_is_what_the_model_comes_to(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "MOST_SKEW", timedelta.max)  # the time of the histories is not the engine's
    kinds = set[Kind]()
    for seed in range(HISTORIES):
        clock = VirtualClock()
        kinds |= live(ledger.passbook(clock), clock, f"account {seed}", Random(seed))
    assert kinds == set(Kind), "each kind comes up"
    assert len(ledger.accepted) > 40 * HISTORIES


def test_a_sweeper_and_a_writer_leave_the_same(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MOST_SKEW", timedelta.max)
    clock = VirtualClock()
    passbook = ledger.passbook(clock)
    soon_over = clock.now() + timedelta(seconds=5)

    def stands(account: str) -> Any:
        at = passbook.now(account, soon()).at
        return at.version.partition(".")[0], at.state.balances, at.state.ranges

    lines: list[Line] = []
    for account in ("swept", "not swept"):
        passbook.record(account, Add("DANNON", 10, START, None, soon_over), clock.elapsed() + 60)
        passbook.record(account, Hold(4, soon_over), clock.elapsed() + 60)
    clock.sleep(6)
    lines += passbook.settle("swept", clock.elapsed() + 60)
    assert [line.transaction.kind for line in lines] == [Kind.LAPSE, Kind.EXPIRE]
    assert stands("swept") == stands("not swept") == ("2", {"DANNON": 0}, ())
