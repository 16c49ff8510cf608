"""Large accounts: one change of very many lots, and very many payers."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from points.rules.order import FIRST_CHAPTER, end_of_chapter, lot_key
from points.rules.terms import Add, Hold, Kind, Lot, Range, Refund, Spend, State, Void
from points.rules.walk import walk_again

from tests.integration.ledger import Ledger, soon

ACCOUNT = "large"
POINTS = 10
NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
LONG_AGO = datetime(2021, 1, 1, tzinfo=UTC)


def begin_with_a_lot_each(ledger: Ledger, payers: Sequence[str], expires_at: datetime | None = None) -> None:
    """Begin an account in the middle, with a lot of 10 points of each of these payers in turn."""
    lots = [
        Lot(number, FIRST_CHAPTER + lot_key(NOON + timedelta(minutes=number), number, expires_at), payer, POINTS)
        for number, payer in enumerate(payers, 1)
    ]
    ledger.begin(
        ACCOUNT,
        lots,
        State(
            sequence=len(lots),
            changed=len(lots),
            moment=NOON,
            balances={payer: POINTS * lots for payer, lots in Counter(payers).items()},
            ranges=(Range(lots[0].position, end_of_chapter(FIRST_CHAPTER)),),
        ),
    )


def of_three_payers(lots: int) -> list[str]:
    """Return a payer for each lot, three in turn."""
    return [f"PAYER {number % 3}" for number in range(lots)]


def test_a_spend_of_a_hundred_thousand_lots_and_its_refund_are_a_line_each(ledger: Ledger) -> None:
    begin_with_a_lot_each(ledger, of_three_payers(100_001))
    passbook = ledger.passbook()

    spent = passbook.record(ACCOUNT, Spend(1_000_004), soon()).line
    assert (spent.sequence, spent.state.part_spent) == (100_002, {100_001: 4})
    origin = passbook.now(ACCOUNT, soon()).origin(spent.sequence)
    assert origin
    assert sum(1 for _ in walk_again(origin, passbook.now(ACCOUNT, soon()))) == 100_001

    refunded = passbook.record(ACCOUNT, Refund(spent.sequence, 999_999), soon()).line
    assert (refunded.sequence, len(refunded.state.ranges), refunded.state.part_spent) == (100_003, 1, {1: 5})
    assert passbook.record(ACCOUNT, Refund(spent.sequence), soon()).line.state.part_spent == {}
    assert passbook.record(ACCOUNT, Spend(7), soon()).line.transaction.taken == {"PAYER 0": -7}


def test_a_hold_of_a_hundred_thousand_lots_and_its_end_are_a_line_each(ledger: Ledger) -> None:
    begin_with_a_lot_each(ledger, of_three_payers(100_001))
    passbook = ledger.passbook()

    held = passbook.record(ACCOUNT, Hold(1_000_004), soon()).line
    passbook.record(ACCOUNT, Add("LATE", 1, NOON), soon())
    voided = passbook.record(ACCOUNT, Void(held.sequence), soon()).line

    assert (voided.sequence, voided.state.total, len(voided.state.ranges)) == (100_004, 1_000_011, 2)
    assert passbook.record(ACCOUNT, Spend(7), soon()).line.transaction.taken == {"LATE": -1, "PAYER 0": -6}


def test_a_hundred_thousand_lots_expire_in_lines_of_ten_thousand(ledger: Ledger) -> None:
    begin_with_a_lot_each(ledger, of_three_payers(100_000), LONG_AGO)

    written = ledger.passbook().settle(ACCOUNT, soon())

    assert [line.transaction.kind for line in written] == [Kind.EXPIRE] * 10
    assert {line.transaction.points for line in written} == {-100_000}
    assert written[-1].state.total == 0
    assert written[-1].state.ranges == ()


def test_an_account_of_three_thousand_payers(ledger: Ledger) -> None:
    payers = [f"PAYER {number}" for number in range(2_999)]
    begin_with_a_lot_each(ledger, payers)
    passbook = ledger.passbook()

    passbook.record(ACCOUNT, Add("THE LAST", 10, NOON + timedelta(days=365)), soon())
    passbook.record(ACCOUNT, Add("PAYER 7", -5, NOON), soon())
    spent = passbook.record(ACCOUNT, Spend(29_994), soon()).line

    taken = spent.transaction.taken or {}
    assert list(taken) == [*payers, "THE LAST"]
    assert Counter(taken.values()) == {-10: 2_998, -5: 1, -9: 1}
    back = passbook.record(ACCOUNT, Refund(spent.sequence), soon()).line
    assert back.transaction.returned == {payer: -points for payer, points in taken.items()}
    assert back.state.total == 29_995
