"""The limits of an account and of DynamoDB: just below, at, and just above each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError
from points.rules.refusals import LimitError, NotEnoughPointsError
from points.rules.terms import MAX_POINTS, Add, Hold, Refund, Spend
from points.storage.attributes import Item
from points.storage.capacity import LINE_BYTES
from points.storage.lines import Line

from tests.api.client import Client
from tests.api.conftest import TABLE
from tests.integration.ledger import Ledger, soon
from tests.rules.account import day
from tests.rules.test_capacity import (
    LONGEST_ACCOUNT,
    LONGEST_PAYER,
    LONGEST_RETRY,
    NAMES,
    account_of_most_payers,
    written_bytes,
)
from tests.simulator.items import item_size


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


def put(ledger: Ledger, item: Item) -> None:
    ledger.client.put_item(TableName=TABLE["TableName"], Item=item)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_an_account_takes_so_many_payers_and_one_change_can_touch_all_of_them(ledger: Ledger, name: Any) -> None:
    full = account_of_most_payers(name)
    state = full.state._replace(sequence=max(full.by_position).sequence, changed=max(full.by_position).sequence)
    ledger.begin(LONGEST_ACCOUNT, sorted(full.by_position), state)
    passbook = ledger.passbook()

    with pytest.raises(LimitError) as refusal:
        passbook.record(LONGEST_ACCOUNT, Add(name(20_000), 1, day(0)), soon())
    assert refusal.value.limit == "payers"
    spend = Spend(state.total // 2)
    spent = passbook.record(LONGEST_ACCOUNT, spend, soon(), retry=LONGEST_RETRY).line
    back = passbook.record(LONGEST_ACCOUNT, Refund(spent.sequence), soon()).line
    assert set(spent.transaction.taken or {}) == set(back.transaction.returned or {}) == set(state.balances)
    assert LINE_BYTES * 0.35 < max(written_bytes(spent), written_bytes(back)) <= LINE_BYTES
    replay = passbook.record(LONGEST_ACCOUNT, spend, soon(), retry=LONGEST_RETRY)
    assert (replay.replayed, replay.line) == (True, spent)


def test_an_account_takes_so_many_open_holds(ledger: Ledger) -> None:
    passbook = ledger.passbook()
    passbook.record("a", Add("A", 1_000, day(0)), soon())
    lines: list[Line] = [passbook.record("a", Hold(1), soon()).line for _ in range(100)]

    with pytest.raises(LimitError) as refusal:
        passbook.record("a", Hold(1), soon())
    assert refusal.value.limit == "open-holds"
    assert len(lines[-1].state.holds) == 100


def test_amounts_are_exact_up_to_the_largest(ledger: Ledger) -> None:
    passbook = ledger.passbook()
    passbook.record("a", Add("A", MAX_POINTS - 1, day(0)), soon())
    passbook.record("a", Add("A", 1, day(0)), soon())
    with pytest.raises(LimitError) as refusal:
        passbook.record("a", Add("B", 1, day(0)), soon())
    assert refusal.value.limit == "account-total"

    with pytest.raises(NotEnoughPointsError):
        passbook.record("a", Spend(MAX_POINTS + 1), soon())
    assert passbook.record("a", Spend(MAX_POINTS), soon()).line.state.balances == {"A": 0}


def test_moments_are_exact_from_the_first_to_the_last(ledger: Ledger) -> None:
    passbook, first = ledger.passbook(), datetime(1, 1, 1, tzinfo=UTC)
    last = datetime.max.replace(tzinfo=UTC)
    for number, moment in enumerate([last, last - timedelta.resolution, first + timedelta.resolution, first]):
        passbook.record("a", Add(f"{number}", 1, moment), soon())

    assert list(passbook.record("a", Spend(4), soon()).line.transaction.taken or {}) == ["3", "2", "1", "0"]


def test_names_and_keys_may_be_as_long_as_the_interface_allows(client: Client) -> None:
    caller = replace(client, account=LONGEST_ACCOUNT)
    first = caller.add(LONGEST_PAYER, 5, idempotency_key="k" * 255)
    again = caller.add(LONGEST_PAYER, 5, idempotency_key="k" * 255)

    assert (first.status, again.text) == (200, first.text)
    assert caller.add(LONGEST_PAYER, 5, idempotency_key="k" * 256).status == 400
    assert caller.add(LONGEST_PAYER + "x", 5).status == 400
    assert replace(client, account=LONGEST_ACCOUNT + "a").add("DANNON", 5).status == 400
    assert caller.balance().json == {LONGEST_PAYER: 5}
