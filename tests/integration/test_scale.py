"""Large accounts: one spend of very many lots, and very many payers."""

import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from points.rules.plans import plan
from points.rules.positions import FIRST_GENERATION, lot_position
from points.rules.terms import Add, Lot, Spend, State
from points.storage.lines import Line, Standing, next_line

from tests.integration.ledger import Ledger, soon

ACCOUNT = "large"
LOTS = 100_000 if os.getenv("SIMULATOR_NIGHTLY") else 3_000
"""How many lots are written line by line; of a larger account, the index of its lots has to do for the history."""

NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)


def history_of_adds(lots: int) -> list[Line]:
    """Work out an account's lines, one lot after the other, of three payers in turn."""
    at, lines = Standing(ACCOUNT), []
    for number in range(lots):
        add = Add(f"PAYER {number % 3}", 10, NOON + timedelta(minutes=number))
        at = next_line(at, plan(add, at.state, at.sequence + 1, ()), NOON, f"{number}", None)
        lines.append(at)
    return lines


def begin_with_a_lot_each(ledger: Ledger, payers: Sequence[str]) -> None:
    """Begin an account in the middle, with a lot of 10 points of each of these payers in turn."""
    lots = [
        Lot(sequence, lot_position(NOON + timedelta(minutes=sequence), sequence, FIRST_GENERATION), payer, 10)
        for sequence, payer in enumerate(payers, 1)
    ]
    balances = {payer: 10 * lots for payer, lots in Counter(payers).items()}
    ledger.begin(ACCOUNT, lots, State(balances))


def test_a_history_of_very_many_lots_and_a_spend_of_them(ledger: Ledger) -> None:
    ledger.load(history_of_adds(LOTS + 1))

    line = ledger.passbook().record(ACCOUNT, Spend(10 * LOTS + 4), soon()).line

    assert (line.sequence, line.state.part_spent) == (LOTS + 2, {LOTS + 1: 4})


def test_a_spend_of_a_hundred_thousand_lots_is_one_line(ledger: Ledger) -> None:
    begin_with_a_lot_each(ledger, [f"PAYER {number % 3}" for number in range(100_001)])
    passbook = ledger.passbook()

    line = passbook.record(ACCOUNT, Spend(1_000_004), soon()).line

    assert (line.sequence, line.state.part_spent) == (100_002, {100_001: 4})
    assert len(passbook.draws(line, soon())) == 100_001
    passbook.record(ACCOUNT, Add("LATE", 1, NOON), soon())
    assert passbook.record(ACCOUNT, Spend(7), soon()).line.transaction.taken == {"LATE": 1, "PAYER 1": 6}


def test_an_account_of_five_thousand_payers(ledger: Ledger) -> None:
    payers = [f"PAYER {number}" for number in range(4_999)]
    begin_with_a_lot_each(ledger, payers)
    passbook = ledger.passbook()

    passbook.record(ACCOUNT, Add("THE FIVE THOUSANDTH", 10, NOON + timedelta(days=365)), soon())
    passbook.record(ACCOUNT, Add("PAYER 7", -5, NOON), soon())
    spent = passbook.record(ACCOUNT, Spend(49_994), soon()).line.transaction

    assert list(spent.taken) == [*payers, "THE FIVE THOUSANDTH"]
    assert Counter(spent.taken.values()) == {10: 4_998, 5: 1, 9: 1}
    standing = passbook.standing(ACCOUNT, soon())
    assert (len(standing.state.balances), standing.state.total) == (5_000, 1)
