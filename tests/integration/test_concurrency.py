"""Many writers at once. Nothing that was accepted is lost, and nobody spends what another has."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from random import Random

import pytest
from points.rules.refusals import EndedError, MoreThanLeftError, NotEnoughPointsError, Refusal
from points.rules.terms import Add, Capture, Hold, Refund, Spend, Transaction, Void
from points.storage.errors import KeyReusedError, VersionMismatchError
from points.storage.lines import Retry
from points.storage.writing import Recorded

from tests.integration.ledger import Ledger, soon, together
from tests.simulator.accounts import Account

ACCOUNT = "hot"
NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
PAYERS = ("DANNON", "UNILEVER", "MILLER COORS")


def any_change(rng: Random) -> Add | Spend:
    """Draw a change: lots that tie and come late, points taken back, spends of a part of a lot or of several."""
    kind, payer, points = rng.random(), rng.choice(PAYERS), rng.randint(1, 20)
    if kind < 0.3:
        return Spend(points)
    return Add(payer, -points if kind < 0.4 else points, NOON + timedelta(days=rng.randint(0, 9)))


@pytest.mark.parametrize(("writers", "changes"), [(16, 20), (64, 5)])
def test_writers_on_one_account_lose_no_request(ledger: Ledger, writers: int, changes: int) -> None:
    def write(seed: int) -> Counter[str]:
        rng, ends = Random(seed), Counter[str]()
        for _ in range(changes):
            try:
                ledger.record(ACCOUNT, any_change(rng))
                ends["accepted"] += 1
            except Refusal:
                ends["refused"] += 1
        return ends

    ends = sum(together([partial(write, seed) for seed in range(writers)]), Counter[str]())

    assert ends.total() == writers * changes
    assert ends["accepted"] == len(ledger.accepted)
    assert ends["refused"]


def test_requests_with_one_key_take_effect_once(ledger: Ledger) -> None:
    ledger.record(ACCOUNT, Add("DANNON", 100, NOON))
    retry = Retry("a key", "a digest")

    outcomes = together(50 * [lambda: ledger.record(ACCOUNT, Spend(60), retry=retry)])

    first = ledger.accepted[-1]
    assert outcomes.count(Recorded(first)) == 1
    assert outcomes.count(Recorded(first, replayed=True)) == 49


def test_of_different_requests_with_one_key_one_takes_effect(ledger: Ledger) -> None:
    ledger.record(ACCOUNT, Add("DANNON", 100, NOON))

    def spend(points: int) -> Recorded:
        return ledger.record(ACCOUNT, Spend(points), retry=Retry("a key", f"a digest of {points}"))

    outcomes = together([partial(spend, points) for points in range(1, 17)])

    assert Counter(map(type, outcomes)) == {Recorded: 1, KeyReusedError: 15}


@pytest.mark.parametrize("lots", [1, 75])
def test_spenders_race_for_the_last_points(ledger: Ledger, lots: int) -> None:
    for number in range(lots):
        ledger.record(ACCOUNT, Add(PAYERS[number % 3], 75 // lots, NOON))

    outcomes = together(16 * [lambda: ledger.record(ACCOUNT, Spend(10))])

    assert Counter(map(type, outcomes)) == {Recorded: 7, NotEnoughPointsError: 9}
    assert ledger.passbook().now(ACCOUNT, soon()).at.state.total == 5


def test_of_changes_at_one_version_one_takes_effect(ledger: Ledger) -> None:
    ledger.record(ACCOUNT, Add("DANNON", 100, NOON))

    outcomes = together(16 * [lambda: ledger.record(ACCOUNT, Spend(10), only_at={"1"})])

    assert Counter(map(type, outcomes)) == {Recorded: 1, VersionMismatchError: 15}


def test_a_preview_among_writers_is_what_a_spend_would_have_taken(ledger: Ledger) -> None:
    """The lots are read after the line, and more of them may have been added, or spent, by then."""
    ledger.record(ACCOUNT, Add("DANNON", 1000, NOON))

    def write(seed: int) -> None:
        rng = Random(seed)
        for _ in range(10):
            ledger.record(ACCOUNT, Add(rng.choice(PAYERS), 5, NOON - timedelta(days=rng.randint(0, 9))))
            ledger.record(ACCOUNT, Spend(rng.randint(1, 9)))

    def look() -> list[tuple[int, int, Transaction]]:
        looks = []
        for points in range(10, 60):
            at, planned = ledger.passbook().preview(ACCOUNT, Spend(points), soon())
            looks.append((at.sequence, points, planned.transaction))
        return looks

    *looks, _, _ = together([look, look, partial(write, 1), partial(write, 2)])

    history = sorted(ledger.accepted, key=lambda line: line.sequence)
    for sequence, points, previewed in chain(*looks):
        taken = Account(history[:sequence]).model.spend(points)
        assert {payer: -points for payer, points in taken} == previewed.taken


def test_refunds_of_one_spend_come_to_the_spend_at_most(ledger: Ledger) -> None:
    ledger.record(ACCOUNT, Add("DANNON", 100, NOON))
    spent = ledger.record(ACCOUNT, Spend(60)).line

    outcomes = together(16 * [lambda: ledger.record(ACCOUNT, Refund(spent.sequence, 10))])

    assert Counter(map(type, outcomes)) == {Recorded: 6, MoreThanLeftError: 10}
    assert ledger.passbook().now(ACCOUNT, soon()).at.state.total == 100


def test_of_a_capture_and_a_void_one_takes_effect(ledger: Ledger) -> None:
    ledger.record(ACCOUNT, Add("DANNON", 100, NOON))
    for _ in range(5):
        held = ledger.record(ACCOUNT, Hold(10)).line.sequence
        changes = [Capture(held, 5), Void(held), Capture(held), Void(held)]

        outcomes = together([partial(ledger.record, ACCOUNT, change) for change in changes])

        assert Counter(map(type, outcomes)) == {Recorded: 1, EndedError: 3}


def test_captures_meet_a_lapse_and_sweepers(ledger: Ledger) -> None:
    ledger.record(ACCOUNT, Add("DANNON", 100, NOON))
    ends_at = datetime.now(UTC) + timedelta(seconds=1)
    holds = [ledger.record(ACCOUNT, Hold(5, ends_at)).line.sequence for _ in range(8)]

    def capture_at_the_end(number: int) -> Recorded:
        while datetime.now(UTC) < ends_at - timedelta(milliseconds=20):
            time.sleep(0.002)
        return ledger.record(ACCOUNT, Capture(number))

    def sweep() -> None:
        while datetime.now(UTC) < ends_at + timedelta(milliseconds=50):
            ledger.passbook().settle(ACCOUNT, soon())

    *outcomes, _, _ = together([*(partial(capture_at_the_end, number) for number in holds), sweep, sweep])

    ends = Counter(map(type, outcomes))
    assert ends[Recorded] + ends[EndedError] == len(holds)
    ledger.passbook().settle(ACCOUNT, soon())
    assert ledger.passbook().now(ACCOUNT, soon()).at.state.total == 100 - 5 * ends[Recorded]
