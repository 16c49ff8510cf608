"""What is exported of an account and imported into an empty one is the same from then on, whatever happened before."""

import asyncio
import io
import json
import random
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from points_ledger import Add, AsyncClient, Capture, Client, Hold, Refund, Refused, Spend
from points_ledger.moving.exporting import NotExported, export
from points_ledger.moving.files import read_rows, shape_of
from points_ledger.moving.plan import Plan
from points_ledger.moving.sending import Outcome, send

from tests.client.handlers.conftest import answer_later
from tests.simulator.clock import START, VirtualClock

DAY_S = 86_400
PAYERS = ["DANNON", "MILLER COORS", "Nestlé", "UNILEVER"]


def exported(ledger: Client, name: str | None = None, **how: Any) -> list[dict[str, Any]]:
    """Return the rows of an account."""
    out = io.StringIO()
    export(ledger, name, out, **how)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def load(rows: list[dict[str, Any]], account: str, folder: Path) -> Outcome:
    """Import rows into an account."""
    file = folder / "export.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    outcome = Outcome()

    async def run(plan: Plan) -> None:
        async with AsyncClient("http://ledger", transport=httpx.MockTransport(answer_later)) as client:
            await send(plan, client, outcome)

    with closing(Plan(account)) as plan:
        plan.take(read_rows(file, shape_of({})))
        assert list(plan.faults()) == []
        asyncio.run(run(plan))
    assert outcome.stopped_by is None
    return outcome


def live(ledger: Client, clock: VirtualClock, rng: random.Random, steps: int) -> None:
    """Let all kinds of things happen to an account."""
    spent: list[int] = []
    held: list[int] = []
    for _ in range(steps):
        with suppress(Refused):
            step(ledger, clock, rng, spent, held)
    for number in held:
        with suppress(Refused):
            ledger.void(number)


def step(ledger: Client, clock: VirtualClock, rng: random.Random, spent: list[int], held: list[int]) -> None:
    """Let one thing happen."""
    points = rng.randint(1, 60)
    match rng.randrange(12):
        case 0 | 1 | 2 | 3 | 4:
            ledger.add(Add(rng.choice(PAYERS), points * 2, earned(rng), **dates(clock.now(), rng)))
        case 5 | 6:
            ledger.add(Add(rng.choice(PAYERS), -points, earned(rng)))
        case 7:
            spent.append(ledger.spend(Spend(points)).sequence)
        case 8:
            held.append(ledger.hold(Hold(points)).sequence)
        case 9 if spent:
            ledger.refund(rng.choice(spent), Refund(rng.randint(1, 20)))
        case 10 if held:
            ledger.capture(rng.choice(held), Capture(rng.randint(1, 20)))
        case _:
            clock.sleep(rng.uniform(0, 3 * DAY_S))


def earned(rng: random.Random) -> datetime:
    """Return one of few moments, so that many are equal."""
    return START - timedelta(days=rng.randint(1, 5))


def dates(now: datetime, rng: random.Random) -> dict[str, Any]:
    """Return when points begin to count and when they end, if at all."""
    effective_at = now + timedelta(days=rng.randint(1, 6)) if rng.random() < 0.2 else None
    expires_at = now + timedelta(days=rng.randint(7, 20)) if rng.random() < 0.5 else None
    return {"effective_at": effective_at, "expires_at": expires_at}


def standing(ledger: Client) -> dict[str, Any]:
    """Return all that matters from now on."""
    account = ledger.account()
    return {
        "balances": list(ledger.balance().payers.items()),
        "lots": [(it.payer, it.points, it.timestamp, it.expires_at) for it in ledger.lots()],
        "owed": dict(account.owed),
        "pending": [(it.payer, it.amount, it.timestamp, it.effective_at, it.expires_at) for it in ledger.pending()],
        "coming": (account.next_expiry, account.next_arrival),
        "spends": [
            ledger.preview(Spend(account.available * part // 3)).taken for part in range(1, 4) if account.available > 2
        ],
    }


@pytest.mark.parametrize("seed", range(6))
def test_an_account_goes_on_as_it_was(ledger: Client, clock: VirtualClock, tmp_path: Path, seed: int, saw: Any) -> None:
    rng = random.Random(seed)
    live(ledger, clock, rng, 30)
    rows = exported(ledger)
    copy = ledger.of("copy")
    outcome = load(rows, "copy", tmp_path)
    assert (outcome.added, outcome.refused) == (len(rows), 0)
    assert standing(copy) == standing(ledger)
    for _ in range(2):
        late = Add(rng.choice(PAYERS), rng.randint(1, 60), earned(rng))
        for each in (ledger, copy):
            each.add(late)
        if available := ledger.balance().total:
            part = Spend(rng.randint(1, available))
            assert copy.spend(part).taken == ledger.spend(part).taken
        clock.sleep(rng.uniform(0, 6 * DAY_S))
        assert standing(copy) == standing(ledger)
    saw(len(rows), "rows exported and imported")


def test_the_rows_are_what_is_open_in_the_order_of_the_balance(ledger: Client, tmp_path: Path) -> None:
    at = START - timedelta(days=9)
    ledger.add(Add("UNILEVER", 5, at))
    ledger.spend(Spend(5))
    ledger.add(Add("DANNON", 100, at))
    ledger.add(Add("MILLER COORS", 50, at - timedelta(days=1), expires_at=START + timedelta(days=9)))
    ledger.spend(Spend(10))
    ledger.add(Add("DANNON", -30, at))
    rows = exported(ledger, "ann")
    assert rows == [
        {"account": "ann", "key": "payer-1", "payer": "UNILEVER", "points": 1,
         "timestamp": "0001-01-01T00:00:00Z", "expires_at": "0001-01-01T00:00:01Z"},
        {"account": "ann", "key": "payer-2", "payer": "DANNON", "points": 1,
         "timestamp": "0001-01-01T00:00:00Z", "expires_at": "0001-01-01T00:00:01Z"},
        {"account": "ann", "key": "lot-4", "payer": "MILLER COORS", "points": 40,
         "timestamp": "2025-12-22T00:00:00Z", "expires_at": "2026-01-10T00:00:00Z"},
        {"account": "ann", "key": "lot-3", "payer": "DANNON", "points": 100, "timestamp": "2025-12-23T00:00:00Z"},
        {"account": "ann", "key": "owed-1", "payer": "DANNON", "points": -30, "timestamp": "0001-01-01T00:00:00Z"},
    ]  # fmt: skip
    load(rows, "unused", tmp_path)
    assert standing(ledger.of("ann")) == standing(ledger)


def test_an_empty_account_has_no_rows(ledger: Client) -> None:
    assert exported(ledger) == []


def test_to_import_an_export_again_changes_nothing_and_another_one_is_not_added_to_it(
    ledger: Client, tmp_path: Path
) -> None:
    ledger.add(Add("DANNON", 100, START))
    copy = ledger.of("copy")
    load(exported(ledger), "copy", tmp_path)
    assert load(exported(ledger), "copy", tmp_path).repeated == 1
    ledger.spend(Spend(10))
    again = load(exported(ledger), "copy", tmp_path)
    assert (again.added, again.refused) == (0, 1)
    assert copy.balance().total == 100


def test_open_holds_are_refused_or_left_out(ledger: Client) -> None:
    ledger.add(Add("DANNON", 100, START))
    ledger.hold(Hold(30))
    with pytest.raises(NotExported, match="your own account has 30 points in open holds"):
        exported(ledger)
    assert [row["points"] for row in exported(ledger, without_holds=True)] == [70]


def test_an_account_that_changes_meanwhile_is_read_again(ledger: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.add(Add("DANNON", 100, START))
    read_pending = Client.pending
    changes = iter([10, 20])

    def pending(self: Client) -> Any:
        for points in changes:
            self.spend(Spend(points))
            break
        return read_pending(self)

    monkeypatch.setattr(Client, "pending", pending)
    assert [row["points"] for row in exported(ledger)] == [70]
    monkeypatch.setattr(Client, "pending", lambda self: self.add(Add("DANNON", 1, START)) and read_pending(self))
    with pytest.raises(NotExported, match="changed each time"):
        exported(ledger)
