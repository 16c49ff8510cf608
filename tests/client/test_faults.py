"""With faults on a third of all calls, every change takes effect exactly once, and its caller knows of it."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from points_ledger import Add, AsyncClient, Capture, Client, Hold, LedgerError, OutcomeUnknown, Spend, errors

from tests.client.conftest import HURRIED, ONE_ATTEMPT
from tests.client.proxy import FAULTS, faulty

NOVEMBER = datetime(2020, 11, 2, 14, tzinfo=timezone.utc)
Saw = Callable[[int, str], None]


def test_every_change_takes_effect_exactly_once(ledger: Client, url: str, account: str, saw: Saw) -> None:
    rng = random.Random(7)
    done: list[str] = []
    refused = 0
    with faulty(url, seed=7) as proxy:
        with Client(proxy.url, account=account, patience=HURRIED) as client:
            for number in range(60):
                name = f"change-{number}"
                try:
                    change(client, rng, name)
                    done.append(name)
                except (errors.NotEnoughPoints, errors.PayerBelowZero):
                    refused += 1
                client.balance()
        history = list(ledger.transactions())
        saw(sum(proxy.seen.values()) - proxy.seen["none"], "faults between a client and the ledger")
        assert proxy.seen.keys() == {*FAULTS, "none"}
    assert [it.listed["reference"] for it in reversed(history)] == done
    assert refused < len(done)
    assert sum(it.points for it in history) == ledger.balance().total


def change(client: Client, rng: random.Random, name: str) -> None:
    """Ask for any change."""
    points = rng.randint(1, 100)
    payer = rng.choice(["DANNON", "UNILEVER"])
    match rng.randrange(5):
        case 0 | 1:
            moment = NOVEMBER + timedelta(days=rng.randrange(9))
            client.add(Add(payer, points, moment, reference=name))
        case 2:
            client.add(Add(payer, -points, NOVEMBER, reference=name))
        case 3:
            client.spend(Spend(points, reference=name))
        case 4:
            client.hold(Hold(points, reference=name))


def test_so_does_every_change_of_many_at_once(ledger: Client, url: str, account: str) -> None:
    async def use(through: str) -> None:
        async with AsyncClient(through, account=account, patience=HURRIED) as client:
            names = [f"add-{number}" for number in range(30)]
            await asyncio.gather(*(client.add(Add("DANNON", 3, NOVEMBER, reference=name)) for name in names))
            hold = await client.hold(Hold(50, reference="hold"))
            captured = await client.capture(hold.sequence, Capture(20, reference="capture"))
            assert [share.points for share in captured.returned] == [30]

    with faulty(url, seed=8) as proxy:
        asyncio.run(use(proxy.url))
    seen = Counter(it.listed["reference"] for it in ledger.transactions())
    assert seen == Counter([*(f"add-{number}" for number in range(30)), "hold", "capture"])
    assert ledger.balance().total == 70


@pytest.mark.parametrize("fault", ["connection lost after", "half an answer after", "500 after", "504 after"])
def test_what_nobody_answered_is_not_known_and_its_key_finds_out(
    ledger: Client, url: str, account: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.client.proxy.FAULTS", [fault])
    with faulty(url, share=1) as proxy, Client(proxy.url, account=account, patience=ONE_ATTEMPT) as client:
        with pytest.raises(OutcomeUnknown, match="not known whether") as unknown:
            client.add(Add("DANNON", 100, NOVEMBER))
        key = unknown.value.key
        assert key is not None
        assert key in str(unknown.value)
        proxy.share = 0
        assert client.add(Add("DANNON", 100, NOVEMBER), key=key).replayed
    assert ledger.balance().total == 100


def test_a_read_that_nobody_answers_is_unavailable(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.client.proxy.FAULTS", ["503 before"])
    with faulty(url, share=1) as proxy, Client(proxy.url, patience=ONE_ATTEMPT) as client:
        with pytest.raises(errors.Unavailable, match="Service Unavailable") as unavailable:
            client.balance()
        assert unavailable.value.key is None
        with pytest.raises(errors.Unavailable):
            list(client.transactions())


def test_a_ledger_that_is_not_there_has_recorded_nothing() -> None:
    with Client("http://127.0.0.1:9", patience=ONE_ATTEMPT) as client:
        with pytest.raises(errors.Unavailable, match="nothing was recorded") as unavailable:
            client.spend(Spend(1), key="order-1")
        assert isinstance(unavailable.value, LedgerError)
        assert unavailable.value.key == "order-1"
