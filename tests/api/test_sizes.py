"""No answer outgrows what Lambda takes of a function, and cursors reach all there is."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from points.api import runtime
from points.rules.terms import Add

from tests.api.client import HANDLERS, Client, Context
from tests.api.conftest import TABLE
from tests.simulator import calls
from tests.simulator.clock import START, VirtualClock
from tests.simulator.table import Table

MOST_BYTES = 6 * 1024 * 1024
"""What Lambda takes of an answer: the whole of what the function returns, as JSON."""

CYRILLIC = "Товарищество с ограниченной ответственностью «Объединённые молочные заводы Поволжья и Урала»"  # noqa: RUF001
ESCAPED = '"\\' * 62
"""Each character of it becomes four in an answer, and one byte in storage."""


@pytest.fixture
def give(client: Client, clock: VirtualClock, stand_in: Callable[..., None]) -> Callable[[str, int], None]:
    """Return a function that adds lots of a payer, a point each, past the handlers, to a table in memory."""
    table = calls.Client(Table(TABLE["TableName"]).answer)
    stand_in(get_item=table.get_item, put_item=table.put_item, query=table.query)

    def give(payer: str, lots: int) -> None:
        for _ in range(lots):
            runtime.passbook().record(client.subject, Add(payer, 1, START), clock.elapsed() + 10)

    return give


def pages(client: Client, call: str, sequence: str | None = None, **query: str) -> Iterator[dict[str, Any]]:
    """Read all pages, none of which is too large."""
    cursor = "lots_cursor" if sequence else "cursor"
    while True:
        response = HANDLERS[call].handler(client.event(call, sequence=sequence, query=query), Context())
        assert response["statusCode"] == 200, response
        assert len(json.dumps(response).encode()) < MOST_BYTES
        page = json.loads(response["body"])
        yield page
        query[cursor] = page.get(f"next_{cursor}") or ""
        if not query[cursor]:
            return


def test_a_spend_of_many_lots_of_a_payer_with_a_long_name(client: Client, give: Callable[[str, int], None]) -> None:
    give(CYRILLIC, 10_050)
    client.spend(10_050)

    read = list(pages(client, "transaction", "10051"))

    assert len(read) > 1
    assert [lot["sequence"] for page in read for lot in page["lots"]] == list(range(1, 10_051))


@pytest.mark.parametrize("name", [ESCAPED, "\N{CHEESE WEDGE}" * 125], ids=["escaped twice", "beyond 16 bits"])
def test_a_page_of_transactions_that_name_very_many_payers(
    client: Client, give: Callable[[str, int], None], name: str
) -> None:
    payers = 180
    for number in range(payers):
        give(f"{number:03}{name}", 1)
    for held in range(payers + 1, payers + 101, 2):
        client.hold(payers)
        client.void(held)

    read = list(pages(client, "transactions", limit="100"))

    assert len(read) > 3
    assert [it["sequence"] for page in read for it in page["transactions"]] == list(range(payers + 100, 0, -1))
    assert [len(it["taken"]) for page in read for it in page["transactions"] if it["kind"] == "hold"] == [payers] * 50
    assert len(list(pages(client, "transaction", str(payers + 1)))) == 1
