"""What each call costs: its requests to DynamoDB, counted."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.client import Answer, Client
from tests.api.failures import rival_first

LATE = "2000-01-01T00:00:00Z"
TO_COME = "2099-01-01T00:00:00Z"

CALLS: dict[str, tuple[Callable[[Client], Answer], dict[str, int]]] = {
    "balance": (lambda it: it.balance(), {"query": 1}),
    "balance after a transaction": (lambda it: it.balance(at="7"), {"get_item": 1}),
    "add": (lambda it: it.add("DANNON", 5), {"query": 1, "put_item": 1}),
    "add of a late lot": (lambda it: it.add("DANNON", 5, LATE), {"query": 1, "put_item": 1}),
    "negative add": (lambda it: it.add("DANNON", -5), {"query": 1, "put_item": 1}),
    "add with an expiry": (lambda it: it.add("DANNON", 5, expires_at=TO_COME), {"query": 1, "put_item": 1}),
    "pending add": (lambda it: it.add("DANNON", 5, effective_at=TO_COME), {"query": 1, "put_item": 1}),
    "cancellation": (lambda it: it.cancel(15), {"query": 2, "put_item": 1}),
    "hold of 11 lots": (lambda it: it.hold(105), {"query": 2, "put_item": 1}),
    "capture of the whole": (lambda it: it.capture(14), {"query": 2, "put_item": 1}),
    "capture of a part": (lambda it: it.capture(14, 3), {"query": 3, "put_item": 1}),
    "void": (lambda it: it.void(14), {"query": 3, "put_item": 1}),
    "refund": (lambda it: it.refund(13), {"query": 5, "put_item": 1}),
    "hold's preview": (lambda it: it.send("hold_preview", {"points": 100}), {"query": 2}),
    "account": (lambda it: it.get("account"), {"query": 1}),
    "lots": (lambda it: it.get("lots"), {"query": 2}),
    "holds": (lambda it: it.get("holds"), {"query": 2}),
    "pending": (lambda it: it.get("pending"), {"query": 1}),
    "with a reference": (lambda it: it.add("DANNON", 5, reference="order-1"), {"query": 1, "put_item": 1}),
    "history of a reference": (lambda it: it.transactions(reference="order-7"), {"query": 1, "get_item": 1}),
    "spend of a lot": (lambda it: it.spend(5), {"query": 2, "put_item": 1}),
    "spend of 11 lots": (lambda it: it.spend(105), {"query": 2, "put_item": 1}),
    "preview": (lambda it: it.preview(105), {"query": 2}),
    "add with a key": (lambda it: it.add("DANNON", 5, idempotency_key="new"), {"query": 2, "put_item": 1}),
    "spend with a key": (lambda it: it.spend(5, idempotency_key="new"), {"query": 3, "put_item": 1}),
    "replay": (lambda it: it.spend(10, idempotency_key="used", reference="order-7"), {"query": 2, "get_item": 1}),
    "history": (lambda it: it.transactions(limit="100"), {"query": 1}),
    "one add": (lambda it: it.transaction(1), {"get_item": 1}),
    "one spend with its lots": (lambda it: it.transaction(13), {"query": 4, "get_item": 1}),
}


@pytest.fixture
def account(client: Client) -> Client:
    """A caller with 12 lots of 10 points, the first of which is spent, half a lot held, and a pending add."""
    for _ in range(12):
        client.add("DANNON", 10)
    client.spend(10, idempotency_key="used", reference="order-7")
    client.hold(5)
    client.add("DANNON", 5, effective_at=TO_COME)
    return client


@pytest.fixture
def counted(dynamodb: Any, stand_in: Callable[..., None]) -> Counter[str]:
    """Count DynamoDB's calls."""
    counts: Counter[str] = Counter()

    def counting(name: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            counts[name] += 1
            return getattr(dynamodb, name)(**request)

        return call

    stand_in(**{name: counting(name) for name in ("query", "get_item", "put_item")})
    return counts


@pytest.mark.parametrize("name", CALLS)
def test_requests_of_a_call(account: Client, counted: Counter[str], name: str) -> None:
    call, requests = CALLS[name]
    assert call(account).status == 200
    assert counted == requests


def test_a_lost_race_costs_one_request(client: Client, dynamodb: Any, stand_in: Callable[..., None]) -> None:
    client.add("DANNON", 100)
    put = rival_first(dynamodb, client.subject, times=1)
    puts: list[Any] = []
    stand_in(put_item=lambda **request: (puts.append(request), put(**request))[1])
    assert client.spend(50).etag == '"3"'
    assert len(puts) == 2
