"""The passbook on moto's DynamoDB, and that the simulated one answers the same to every request."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from points.rules.refusals import Refusal
from points.rules.terms import Add, Spend
from points.storage import open_lots
from points.storage.dynamodb import make_client
from points.storage.errors import KeyReusedError, VersionMismatchError
from points.storage.lines import Line, Standing, from_item, to_item
from points.storage.passbook import Passbook

from local.template import load_template
from tests.simulator.audit import Book
from tests.simulator.calls import Answer, Call, Client, Response
from tests.simulator.clock import VirtualClock
from tests.simulator.histories import draw_request
from tests.simulator.network import Network
from tests.simulator.table import Table
from tests.storage.helpers import ORDER_17, SOON, add, lots_of_a_point, record_all

(TABLE,) = load_template(Path(__file__).parents[2] / "infra" / "template.yaml").tables


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
        return expected.unpack()

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
    line = passbook.standing("anna", SOON)
    assert line.state.balances == {"DANNON": 1000, "UNILEVER": 0, "MILLER COORS": 5300}


def test_random_requests(passbook: Passbook, both: BothDatabases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_lots, "FIRST_PAGE", 2)
    rng = Random(0)
    keys: list[str] = []
    for _ in range(60):
        request = draw_request(rng, passbook.standing("anna", SOON), keys)
        if isinstance(request.asked, Add | Spend):
            keys += [request.key] if request.key else []
            with suppress(Refusal, KeyReusedError, VersionMismatchError):
                passbook.record("anna", request.asked, SOON, retry=request.retry, only_at=request.only_at)
    last = passbook.standing("anna", SOON)
    assert Book(both.table.items("anna")).balances[-1] == last.state.balances
    assert last.sequence > 30
    assert [line.sequence for line in passbook.lines("anna", SOON, below=9, limit=4)] == [8, 7, 6, 5]


def test_a_lost_race(passbook: Passbook, both: BothDatabases) -> None:
    record_all(passbook, add(100), retry=ORDER_17)
    late = Passbook(Client(both), TABLE["TableName"], clock=VirtualClock())
    stale = iter([Standing("anna")])
    late.standing = lambda *_: next(stale)  # type: ignore[method-assign]
    late._line_by_key = lambda *_: None  # type: ignore[method-assign]
    assert late.record("anna", add(100), SOON, retry=ORDER_17).replayed


def test_an_account_of_1000_payers(passbook: Passbook, both: BothDatabases) -> None:
    both.fill(lots_of_a_point(150, payers=1_000))
    record_all(passbook, add(2, payer="one more"), add(-1, payer="one more"), Spend(151))
    standing = passbook.standing("anna", SOON)
    assert len(standing.state.balances) == 1_001
    assert standing.state.total == 0
    assert standing == from_item(both.table.items("anna")[-1])
