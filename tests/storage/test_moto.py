"""The passbook on moto's DynamoDB, and that the simulated one answers the same to every request."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from points.rules.terms import Cancel, Capture, Hold, Refund, Spend, Void
from points.storage import lot_pages
from points.storage.capacity import Limits
from points.storage.dynamodb import make_client
from points.storage.lines import Line, from_item, to_item
from points.storage.passbook import Passbook

from local.template import load_template
from tests.simulator.calls import Answer, Call, Client, Response
from tests.simulator.clock import START, VirtualClock
from tests.simulator.network import Network
from tests.simulator.table import Table
from tests.storage.helpers import ORDER_17, SOON, add, lots_of_a_point, record_all

(TABLE,) = load_template(Path(__file__).parents[2] / "infra" / "template.yaml").tables

FAR = 24 * 3600.0
"""A deadline for what is done some hours later."""


class BothDatabases:
    """Asks moto and the simulated table, and insists that they agree."""

    def __init__(self, moto: Any) -> None:
        self.table = Table(TABLE["TableName"])
        self._moto = moto

    def __call__(self, call: Call) -> Response:
        expected = self._ask_moto(call)
        answer = Network(self.table).carry(call)
        ours, theirs = _essence(answer), _essence(expected)
        on_the_limit = "Limit" in call.request and ours["Count"] == call.request["Limit"]
        if on_the_limit and "LastEvaluatedKey" not in theirs:
            del ours["LastEvaluatedKey"]  # unlike DynamoDB, moto looks whether anything is left behind the limit
        assert ours == theirs, call
        return {**expected.unpack(), "ResponseMetadata": {}}  # which is dated by the machine's clock, not the test's

    def fill(self, lines: Iterable[Line]) -> None:
        """Put many lines at once."""
        items = [to_item(line) for line in lines]
        for item in items:
            self.table.put(item)
        for start in range(0, len(items), 25):
            batch = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
            self._moto.batch_write_item(RequestItems={TABLE["TableName"]: batch})

    def _ask_moto(self, call: Call) -> Answer:
        try:
            return Answer(getattr(self._moto, call.operation)(**call.request))
        except ClientError as error:
            return Answer(error=error)


def _essence(answer: Answer) -> dict[str, Any]:
    """Return what is not about one call only."""
    if isinstance(answer.error, ClientError):
        response = answer.error.response
        return {"Code": response["Error"]["Code"], "Item": response.get("Item")}
    assert answer.response is not None
    return {name: value for name, value in answer.response.items() if name != "ResponseMetadata"}


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Iterator[BothDatabases]:
    """Return the way to moto's table, as the template declares it, with the simulated one beside it."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        moto: Any = make_client()
        moto.create_table(**TABLE)
        yield BothDatabases(moto)


@pytest.fixture
def passbook(both: BothDatabases, clock: VirtualClock) -> Passbook:
    """Return the storage at this end of the way."""
    return Passbook(Client(both), TABLE["TableName"], clock=clock, rng=Random(0))


def test_the_worked_example(passbook: Passbook) -> None:
    record_all(
        passbook,
        add(1000, day=4),
        add(200, day=2, payer="UNILEVER"),
        add(-200, day=2),
        add(10_000, day=3, payer="MILLER COORS"),
        add(300, day=1),
        Spend(5000),
    )
    state = passbook.now("anna", SOON).at.state
    assert state.balances == {"DANNON": 1000, "UNILEVER": 0, "MILLER COORS": 5300}


def test_every_kind_of_change(passbook: Passbook, both: BothDatabases, clock: VirtualClock) -> None:
    soon = START + timedelta(hours=1)
    record_all(
        passbook,
        add(100, day=3),
        add(50, day=2, payer="UNILEVER", expires_at=soon),
        add(30, day=1, effective_at=soon),
        Spend(60, reference="order 17"),
        Refund(4, 20, reference="order 17"),
        Hold(40, soon),
        Capture(6, 10),
        Hold(5),
        Void(8),
        Hold(15, soon),
        add(1, effective_at=soon),
        Cancel(11),
        add(9, expires_at=soon),
    )
    clock.sleep(2 * 3600)
    passbook.settle("anna", FAR)
    kinds = [str(from_item(item).transaction.kind) for item in both.table.items("anna")]
    assert kinds[-3:] == ["arrive", "lapse", "expire"]
    assert passbook.now("anna", FAR).at.state.total == sum(
        from_item(item).transaction.points for item in both.table.items("anna")
    )
    tagged = passbook.lines("anna", FAR, below=None, limit=5, reference="order 17")
    assert [line.sequence for line in tagged] == [5, 4]
    assert passbook.as_of("anna", START, FAR).at.sequence == 13
    assert [line.sequence for line in passbook.lines("anna", FAR, below=9, limit=4)] == [8, 7, 6, 5]


def test_pages_of_lots(passbook: Passbook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lot_pages, "FIRST_PAGE", 2)
    record_all(passbook, *[add(1, day=1 + 5 * number % 28) for number in range(20)], Spend(17), Refund(21, 9))
    assert passbook.now("anna", SOON).at.state.total == 12


def test_a_lost_race(passbook: Passbook, both: BothDatabases) -> None:
    """The rival's line slips in between the look-up of the key and the put."""
    calls: list[str] = []

    def call(asked: Call) -> Response:
        if asked.writes and "put_item" not in calls:
            record_all(passbook, add(100), retry=ORDER_17)
        calls.append(asked.operation)
        return both(asked)

    late = Passbook(Client(call), TABLE["TableName"], clock=VirtualClock())
    assert late.record("anna", add(100), SOON, retry=ORDER_17).replayed
    assert calls == ["query", "query", "put_item"]


def test_an_account_of_1000_payers(both: BothDatabases, clock: VirtualClock) -> None:
    passbook = Passbook(Client(both), TABLE["TableName"], clock=clock, limits=Limits(payers=1_001))
    both.fill(lots_of_a_point(150, payers=1_000))
    record_all(passbook, add(2, payer="one more"), add(-1, payer="one more"), Spend(151))
    standing = passbook.now("anna", SOON).at
    assert len(standing.state.balances) == 1_001
    assert standing.state.total == 0
    assert standing == from_item(both.table.items("anna")[-1])
