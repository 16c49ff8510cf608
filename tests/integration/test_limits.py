"""The limits of an account and of DynamoDB: just below, at, and just above each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError
from points.rules.refusals import LimitError, NotEnoughPointsError
from points.rules.terms import MAX_POINTS, Add, Spend, State
from points.storage.capacity import LINE_BYTES, SORT_KEY_BYTES
from points.storage.lines import Item, Line

from tests.api.client import Client
from tests.api.conftest import TABLE
from tests.integration.ledger import Ledger, soon
from tests.rules.account import day, depth
from tests.rules.test_capacity import (
    LONGEST_ACCOUNT,
    LONGEST_PAYER,
    LONGEST_RETRY,
    MOST_LEVELS,
    NAMES,
    account_of_most_part_spent_lots,
    account_of_most_payers,
    written_bytes,
)
from tests.simulator.items import item_size

HALF = MAX_POINTS // 2


class TestItemsAreWeighedAsTheEngineWeighsThem:
    """What capacity.py and the simulated table count by, to the byte."""

    KEY: ClassVar[Item] = {"account": {"S": "a"}, "sequence": {"N": "1"}}
    NESTED: ClassVar[Item] = {
        "balances": {"L": [{"L": [{"S": f"{n:05}"}, {"N": str(MAX_POINTS - 10 * n)}]} for n in range(8_000)]},
        "owed": {"M": {f"\N{MONEY BAG}{n}": {"N": str(10**37 + 10 * n + 1)} for n in range(500)}},
        "points": {"N": "-9007199254740991"},
    }
    INDEXED: ClassVar[Item] = {"timestamp_key": {"S": "k" * 1_000}, "payer": {"S": "p" * 500}, "points": {"N": "5"}}

    @pytest.mark.parametrize("content", [{}, NESTED, INDEXED], ids=["text", "lists and maps", "an index entry"])
    def test_400_kb(self, ledger: Ledger, content: Item) -> None:
        item = self.KEY | content
        # The engine leaves the sequence number out of an entry, which capacity.py counts.
        entry = item_size(item) - item_size({"sequence": item["sequence"]}) if "timestamp_key" in item else 0
        text = "x" * (LINE_BYTES - item_size(item) - entry - len("text"))

        put(ledger, item | {"text": {"S": text}})
        with pytest.raises(ClientError, match="Item size has exceeded"):
            put(ledger, item | {"text": {"S": text + "x"}})

    def test_a_sort_key_of_1024_bytes(self, ledger: Ledger) -> None:
        put(ledger, self.KEY | {"timestamp_key": {"S": "k" * SORT_KEY_BYTES}})
        with pytest.raises(ClientError, match="Size limit exceeded"):
            put(ledger, self.KEY | {"timestamp_key": {"S": "k" * (SORT_KEY_BYTES + 1)}})


def put(ledger: Ledger, item: Item) -> None:
    ledger.client.put_item(TableName=TABLE["TableName"], Item=item)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_an_account_takes_so_many_payers_and_one_spend_can_draw_on_all_of_them(ledger: Ledger, name: Any) -> None:
    full = account_of_most_payers(name)
    *payers, last = full.state.balances
    lots = [lot for lot in full.lots if lot.payer != last]
    ledger.begin(LONGEST_ACCOUNT, lots, State({payer: full.state.balances[payer] for payer in payers}))

    def record(change: Add | Spend) -> Line:
        return ledger.passbook().record(LONGEST_ACCOUNT, change, soon()).line

    assert list(record(Add(last, HALF, day(0))).state.balances) == [*payers, last]
    with pytest.raises(LimitError) as refusal:
        record(Add(name(20_000), 1, day(0)))
    assert refusal.value.limit == "payers"
    record(Add(last, HALF, day(9_000)))
    record(Add(last, -1, day(0)))
    spend = Spend(len(full.state.balances) * HALF - 1)  # the older half of everybody's points
    line = ledger.passbook().record(LONGEST_ACCOUNT, spend, soon(), retry=LONGEST_RETRY).line
    assert list(line.transaction.taken) == [last, *payers]
    assert LINE_BYTES * 0.75 < written_bytes(line) <= LINE_BYTES
    replay = ledger.passbook().record(LONGEST_ACCOUNT, spend, soon(), retry=LONGEST_RETRY)
    assert (replay.replayed, replay.line) == (True, line)


def test_an_account_takes_so_many_lots_spent_in_part(ledger: Ledger) -> None:
    full = account_of_most_part_spent_lots()
    ledger.begin("a", full.lots, full.state)
    passbook, oldest = ledger.passbook(), Add("A", 2, day(-1))

    passbook.record("a", oldest, soon())
    line = passbook.record("a", Spend(1), soon()).line
    assert LINE_BYTES * 0.75 < written_bytes(line) <= LINE_BYTES
    with pytest.raises(LimitError) as refusal:
        passbook.record("a", oldest, soon())
    assert refusal.value.limit == "part-spent-lots"

    passbook.record("a", Spend(1), soon())
    passbook.record("a", oldest, soon())
    total = passbook.standing("a", soon()).state.total
    assert passbook.record("a", Spend(total), soon()).line.state.part_spent == {}


def test_late_lots_nest_as_deep_as_a_sort_key_is_long(ledger: Ledger) -> None:
    passbook, days = ledger.passbook(), iter(range(0, -1_000, -1))
    passbook.record("a", Add(LONGEST_PAYER, 10, day(1)), soon())
    for levels in range(1, MOST_LEVELS + 1):
        passbook.record("a", Add(LONGEST_PAYER, 1, day(next(days))), soon())
        line = passbook.record("a", Spend(1), soon()).line
        assert depth(line.state.spent_through) == levels
    older = Add("LATE", 1, day(next(days)))

    with pytest.raises(LimitError) as refusal:
        passbook.record("a", older, soon())
    assert refusal.value.limit == "late-lots"

    passbook.record("a", Add("LATER", 1, day(2)), soon())
    assert passbook.record("a", Spend(11), soon()).line.transaction.taken == {LONGEST_PAYER: 10, "LATER": 1}
    assert depth(passbook.record("a", older, soon()).line.lot.position) == 1


def test_amounts_are_exact_up_to_the_largest(ledger: Ledger) -> None:
    passbook = ledger.passbook()
    passbook.record("a", Add("A", MAX_POINTS - 1, day(0)), soon())
    passbook.record("a", Add("A", 1, day(0)), soon())
    with pytest.raises(LimitError) as refusal:
        passbook.record("a", Add("A", 1, day(0)), soon())
    assert refusal.value.limit == "payer-total"
    passbook.record("a", Add("B", MAX_POINTS, day(0)), soon())

    assert passbook.record("a", Spend(MAX_POINTS), soon()).line.state.balances == {"A": 0, "B": MAX_POINTS}
    with pytest.raises(NotEnoughPointsError):
        passbook.record("a", Spend(MAX_POINTS + 1), soon())


def test_moments_are_exact_from_the_first_to_the_last(ledger: Ledger) -> None:
    passbook, first = ledger.passbook(), datetime(1, 1, 1, tzinfo=UTC)
    last = datetime.max.replace(tzinfo=UTC)
    for number, moment in enumerate([last, last - timedelta.resolution, first + timedelta.resolution, first]):
        passbook.record("a", Add(f"{number}", 1, moment), soon())

    assert list(passbook.record("a", Spend(4), soon()).line.transaction.taken) == ["3", "2", "1", "0"]


def test_names_and_keys_may_be_as_long_as_the_interface_allows(client: Client) -> None:
    caller = replace(client, account=LONGEST_ACCOUNT)
    first = caller.add(LONGEST_PAYER, 5, idempotency_key="k" * 255)
    again = caller.add(LONGEST_PAYER, 5, idempotency_key="k" * 255)

    assert (first.status, again.text) == (200, first.text)
    assert caller.add(LONGEST_PAYER, 5, idempotency_key="k" * 256).status == 400
    assert caller.add(LONGEST_PAYER + "x", 5).status == 400
    assert replace(client, account=LONGEST_ACCOUNT + "a").add("DANNON", 5).status == 400
    assert caller.balance().json == {LONGEST_PAYER: 5}
