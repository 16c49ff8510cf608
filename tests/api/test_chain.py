"""The chain of digests, checked from answers alone: by hashlib and json, and nothing of the ledger's own."""

import hashlib
import json
from typing import Any

from points.api import runtime

from tests.api.client import Client
from tests.api.moments import MINUTE, after
from tests.simulator.clock import VirtualClock

KINDS = {"add", "spend", "hold", "capture", "void", "refund", "pending", "cancel", "expire", "lapse", "arrive"}


def transactions_of(client: Client) -> list[dict[str, Any]]:
    """Read the whole history, oldest first."""
    page = client.transactions(limit="100").json
    assert page["next_cursor"] is None
    return list(reversed(page["transactions"]))


def digests_of(account: str, transactions: list[dict[str, Any]]) -> list[str]:
    """Work out every digest. Names here are ASCII, and numbers whole: sorted and close, JSON is canonical."""
    above = hashlib.sha256(account.encode()).digest()
    digests = []
    for transaction in transactions:
        told = {name: value for name, value in transaction.items() if name != "digest"} | {"account": account}
        text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        above = hashlib.sha256(above + text.encode()).digest()
        digests.append(above.hex())
    return digests


def history(client: Client, clock: VirtualClock) -> list[dict[str, Any]]:
    """Have a transaction of every kind."""
    client.add('Nestlé "株式会社"', 100, expires_at=after(MINUTE), reference="order-1", metadata={"b": "ü", "a": "/"})
    client.add("DANNON", 100, "2020-11-02T14:00:00.25+01:00", idempotency_key="not-a-part-of-it")
    client.spend(50)
    client.refund(3, 20)
    client.hold(30)
    client.capture(5, 10)
    client.hold(10)
    client.void(7)
    client.hold(10, expires_at=after(MINUTE))
    client.add("DANNON", 5, effective_at=after(MINUTE))
    client.add("DANNON", 6, effective_at=after(2 * MINUTE))
    client.cancel(11)
    client.add("DANNON", -1)
    clock.sleep(2 * MINUTE)
    runtime.passbook().settle(client.subject, clock.elapsed() + 10)
    return transactions_of(client)


def test_every_digest_seals_its_transaction_and_all_above_it(client: Client, clock: VirtualClock) -> None:
    transactions = history(client, clock)

    assert {it["kind"] for it in transactions} == KINDS
    assert [it["digest"] for it in transactions] == digests_of(client.subject, transactions)


def test_whatever_is_changed_left_out_or_slipped_in_shows(client: Client, clock: VirtualClock) -> None:
    transactions = history(client, clock)
    kept = transactions[-1]["digest"]

    for place, transaction in enumerate(transactions):
        rest = transactions[place + 1 :]
        for changed in ([transaction | {"points": 1_000}], [], [transaction, transaction]):
            assert digests_of(client.subject, [*transactions[:place], *changed, *rest])[-1:] != [kept]
    assert digests_of("another account", transactions)[-1] != kept


def test_points_of_all_transactions_add_up_to_the_balance(client: Client, clock: VirtualClock) -> None:
    transactions = history(client, clock)

    assert sum(it["points"] for it in transactions) == client.get("account").json["available"]


def test_what_a_change_answers_is_what_is_listed(client: Client) -> None:
    client.add("DANNON", 100)
    answers = [client.hold(10).json, client.capture(2, 5).json, client.refund(2).json]

    assert answers == transactions_of(client)[1:]
