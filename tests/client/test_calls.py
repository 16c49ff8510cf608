"""Every call, against the real ledger: what a model says is what the ledger did."""

import asyncio
import inspect
from datetime import datetime, timedelta, timezone

import pytest
from points_ledger import (
    Add,
    AsyncClient,
    Cancel,
    Capture,
    Client,
    Hold,
    Refund,
    Spend,
    Void,
    calls,
    errors,
    models,
)

from tests.client.conftest import HURRIED

NOW = datetime.now(timezone.utc)
LATER = NOW + timedelta(days=30)
NOVEMBER = datetime(2020, 11, 2, 14, tzinfo=timezone.utc)


def payers(shares: tuple[models.PayerPoints, ...]) -> list[tuple[str, int]]:
    """Return payers and points."""
    return [(share.payer, share.points) for share in shares]


def test_points_are_added_spent_and_refunded(ledger: Client) -> None:
    added = ledger.add(Add("DANNON", 100, NOVEMBER, expires_at=LATER, reference="order-1", metadata={"till": "4"}))
    assert isinstance(added, models.AddTransaction)
    assert (added.sequence, added.payer, added.points, added.timestamp) == (1, "DANNON", 100, NOVEMBER)
    assert (added.expires_at, added.reference, added.metadata) == (LATER, "order-1", {"till": "4"})
    assert (added.version, added.replayed) == ("1", False)
    ledger.add(Add("MILLER COORS", 50, NOVEMBER))

    spent = ledger.spend(Spend(120))
    assert payers(spent.taken) == [("DANNON", -100), ("MILLER COORS", -20)]
    assert (spent.sequence, spent.version, spent.replayed) == (3, "3", False)

    refunded = ledger.refund(spent.sequence, Refund(30))
    assert (refunded.of, payers(refunded.returned)) == (3, [("MILLER COORS", 20), ("DANNON", 10)][::-1])
    told = ledger.transaction(spent.sequence)
    assert isinstance(told, models.SpendInFull)
    assert (told.left, [lot.points for lot in told.lots]) == (90, [-100, -20])
    assert ledger.refund(spent.sequence).points == 90

    balance = ledger.balance()
    assert (dict(balance.payers), balance.total, balance.version) == ({"DANNON": 100, "MILLER COORS": 50}, 150, "5")
    assert ledger.balance(at=3).payers == {"DANNON": 0, "MILLER COORS": 30}
    assert ledger.balance(at=LATER).payers == {"DANNON": 0, "MILLER COORS": 50}


def test_points_are_held_captured_and_voided(ledger: Client) -> None:
    ledger.add(Add("DANNON", 100, NOVEMBER))
    assert payers(ledger.preview_hold(Hold(60)).taken) == [("DANNON", -60)]
    hold = ledger.hold(Hold(60, expires_at=LATER, reference="order-2"))
    assert [(it.sequence, it.points, it.expires_at) for it in ledger.holds()] == [(2, 60, LATER)]
    captured = ledger.capture(hold.sequence, Capture(40))
    assert (captured.of, payers(captured.taken), payers(captured.returned)) == (2, [("DANNON", -40)], [("DANNON", 20)])
    told = ledger.transaction(hold.sequence)
    assert isinstance(told, models.HoldInFull)
    assert (told.captured_by, told.voided_by, told.left) == (3, None, 40)
    other = ledger.hold(Hold(10))
    assert ledger.void(other.sequence, Void(metadata={"why": "left"})).points == 10
    with pytest.raises(errors.Ended, match="was voided at"):
        ledger.void(other.sequence)
    assert [it.sequence for it in ledger.transactions(reference="order-2")] == [2]


def test_points_wait_and_are_cancelled(ledger: Client) -> None:
    waiting = ledger.add(Add("DANNON", 100, NOVEMBER, effective_at=LATER))
    assert isinstance(waiting, models.PendingTransaction)
    assert (waiting.points, waiting.amount, waiting.effective_at) == (0, 100, LATER)
    assert [(it.sequence, it.amount) for it in ledger.pending()] == [(1, 100)]
    at_a_glance = ledger.account()
    assert (at_a_glance.available, at_a_glance.pending) == (0, 100)
    assert at_a_glance.next_arrival == models.Coming(at=LATER, points=100)
    assert ledger.cancel(waiting.sequence, Cancel(reference="order-3")).amount == 100
    told = ledger.transaction(waiting.sequence)
    assert isinstance(told, models.PendingInFull)
    assert told.cancelled_by == 2


def test_lists_go_on_behind_their_first_page(ledger: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAGE", 2)
    for place in range(5):
        ledger.add(Add("DANNON", place + 1, NOVEMBER))
    assert [lot.points for lot in ledger.lots()] == [1, 2, 3, 4, 5]
    assert [it.sequence for it in ledger.transactions()] == [5, 4, 3, 2, 1]


def test_a_spend_takes_what_its_preview_showed(ledger: Client) -> None:
    ledger.add(Add("DANNON", 100, NOVEMBER))
    shown: list[models.Preview] = []

    def agree(preview: models.Preview) -> bool:
        shown.append(preview)
        if len(shown) == 1:  # somebody comes between
            ledger.add(Add("UNILEVER", 30, NOVEMBER - timedelta(days=1)))
        return True

    spent = ledger.spend_previewed(Spend(50), agree, key="checkout-1")
    assert [payers(it.taken) for it in shown] == [[("DANNON", -50)], [("UNILEVER", -30), ("DANNON", -20)]]
    assert spent is not None
    assert spent.taken == shown[1].taken
    again = ledger.spend_previewed(Spend(50), lambda _: pytest.fail("it is done already"), key="checkout-1")
    assert again is not None
    assert (again.taken, again.sequence, again.replayed) == (spent.taken, spent.sequence, True)
    assert ledger.spend_previewed(Spend(50), lambda _: False) is None
    assert ledger.balance().total == 80


def test_a_change_happens_at_its_version_or_not_at_all(ledger: Client) -> None:
    ledger.add(Add("DANNON", 100, NOVEMBER), if_match="0")
    with pytest.raises(errors.VersionMismatch) as refused:
        ledger.spend(Spend(1), if_match="0")
    assert refused.value.version == "1"


def test_a_key_names_a_change(ledger: Client) -> None:
    first = ledger.add(Add("DANNON", 100, NOVEMBER), key="order-4")
    again = ledger.add(Add("DANNON", 100, NOVEMBER), key="order-4")
    assert again == first
    assert again.replayed
    with pytest.raises(errors.IdempotencyKeyReused) as refused:
        ledger.add(Add("DANNON", 200, NOVEMBER), key="order-4")
    assert refused.value.key == "order-4"


def test_a_refusal_says_what_is_at_fault(ledger: Client) -> None:
    with pytest.raises(errors.NotEnoughPoints, match="there are 0, but 5 were asked for") as refused:
        ledger.spend(Spend(5))
    assert (refused.value.status, refused.value.type) == (400, "not-enough-points")
    assert [it.field for it in refused.value.errors] == ["points"]
    with pytest.raises(errors.InvalidRequest) as invalid:
        ledger.add(Add("", 0, NOVEMBER))
    assert [it.field for it in invalid.value.errors] == ["payer", "points"]
    with pytest.raises(errors.NoTransaction):
        ledger.transaction(99)


def test_one_client_serves_many_accounts(ledger: Client, url: str, account: str) -> None:
    other = ledger.of(f"{account}|{account}"[:128])
    other.add(Add("DANNON", 7, NOVEMBER))
    assert (ledger.balance().total, other.balance().total) == (0, 7)
    with pytest.raises(ValueError, match="is no account"):
        ledger.of("a/b")
    with pytest.raises(ValueError, match="must begin with http"):
        Client("ledger.example.com")
    with Client(url + "/", patience=HURRIED) as own:
        assert own.of(None).account() == own.account()


def test_what_cannot_be_sent_is_refused_beforehand(ledger: Client) -> None:
    with pytest.raises(ValueError, match="has no zone"):
        ledger.add(Add("DANNON", 1, datetime(2020, 11, 2)))  # noqa: DTZ001 - that is what is tried
    with pytest.raises(ValueError, match="without comma"):
        ledger.spend(Spend(1), key="a,b")
    assert list(ledger.transactions()) == []


def test_the_async_client_does_the_same(url: str, account: str) -> None:
    async def use() -> None:
        async with AsyncClient(url, account=account, patience=HURRIED) as ledger:
            await asyncio.gather(*(ledger.add(Add("DANNON", 10, NOVEMBER)) for _ in range(5)))
            spent = await ledger.spend_previewed(Spend(20), lambda preview: len(preview.taken) == 1)
            assert spent is not None
            await ledger.refund(spent.sequence, Refund(5))
            assert [lot.points async for lot in ledger.lots()] == [5, 10, 10, 10]
            assert [it.kind async for it in ledger.transactions()] == ["refund", "spend", *["add"] * 5]
            with pytest.raises(errors.NotEnoughPoints):
                await ledger.of(f"{account}-2").spend(Spend(1))
            told = await ledger.transaction(spent.sequence)
            assert isinstance(told, models.SpendInFull)
            assert [lot.points for lot in told.lots] == [-10, -10]

    asyncio.run(use())


def test_both_clients_have_the_same_methods() -> None:
    def methods(client: type) -> dict[str, str]:
        return {
            name: str(inspect.signature(member))
            for name, member in vars(client).items()
            if inspect.isfunction(member) and not name.startswith("_")
        }

    assert methods(Client).keys() == methods(AsyncClient).keys()
    for name in methods(Client).keys() - {"close"}:
        assert methods(Client)[name] == methods(AsyncClient)[name]
    assert methods(Client)["void"].startswith("(self, /, sequence: int, change: ")
