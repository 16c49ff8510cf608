"""The functions behind the schedule and the queues, as Lambda calls them."""

import importlib
import json
from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from points.api import runtime
from points.moments import format_recorded_at
from points.rules.terms import Hold

from tests.api.client import Context
from tests.api.conftest import no_metrics_are_fine, printed
from tests.api.test_observability import Printed, counted, logged
from tests.infra.template import functions
from tests.simulator.clock import START
from tests.sweeper.world import Client, World, lot

__all__ = ["no_metrics_are_fine", "printed"]

SOON = START + timedelta(minutes=10)
TOMORROW = START + timedelta(days=1)


class Mail:
    """SQS with several queues, each named by its URL."""

    def __init__(self) -> None:
        self.sent: dict[str, list[str]] = {}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.sent.setdefault(QueueUrl, []).extend(entry["MessageBody"] for entry in Entries)
        return {}

    def take(self, queue: str) -> list[str]:
        """Take all messages out of a queue."""
        return self.sent.pop(queue, [])


class Bridge:
    """EventBridge, which takes events unless it was told not to."""

    def __init__(self) -> None:
        self.details: list[dict[str, Any]] = []
        self.types: set[str] = set()
        self.refuses = False

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        if self.refuses:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
        self.types |= {entry["DetailType"] for entry in Entries}
        self.details += [json.loads(entry["Detail"]) for entry in Entries]
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


class Deployment:
    """The functions, on a world's table, and what passes between them."""

    def __init__(self, world: World, sweep: ModuleType, settle: ModuleType, remind: ModuleType) -> None:
        self.world = world
        self.mail = Mail()
        self.bridge = Bridge()
        self._functions = {"sweep": sweep, "settle": settle, "remind": remind}

    def call(self, function: str, *bodies: str, remaining_ms: int = 60_000) -> Any:
        """Call a function with messages of its queue, or as the schedule does."""
        records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
        event = {"Records": records} if bodies else {"source": "aws.scheduler"}
        return self._functions[function].handler(event, Context(remaining_ms))

    def sweep(self) -> None:
        """Let a run and its jobs come to an end."""
        self.call("sweep")
        while jobs := self.mail.take("jobs"):
            for job in jobs:
                self.call("sweep", job)


@pytest.fixture
def deployment(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """The functions, with two shards and without reminders."""
    for name, value in {
        "TABLE_NAME": "LedgerTable", "CALENDAR_SHARDS": "2", "REMINDER_DAYS": "0", "EVENT_BUS": "bus",
        "SWEEP_JOBS_URL": "jobs", "DUE_ACCOUNTS_URL": "due", "EXPIRING_ACCOUNTS_URL": "expiring",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(runtime, "_clock", world.clock)
    monkeypatch.setattr(runtime, "make_client", lambda: Client(world.calls, world.index))
    modules = {name: importlib.import_module(name) for name in ("sweep", "settle", "remind")}
    deployment = Deployment(world, **modules)
    monkeypatch.setattr(modules["sweep"], "make_client", lambda: deployment.mail)
    monkeypatch.setattr(modules["remind"], "make_client", lambda: deployment.bridge)
    made = {"Table": {"CreationDateTime": START}}
    monkeypatch.setattr(world.index, "describe_table", lambda **_: made, raising=False)
    caches = [runtime.passbook, runtime.calendar, modules["sweep"]._sweeper, modules["remind"]._bus]
    for cache in caches:
        cache.cache_clear()
    yield deployment
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def reminding(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """The functions with reminders a day ahead."""
    monkeypatch.setenv("REMINDER_DAYS", "1")
    return deployment


def due(account: str) -> str:
    return json.dumps({"account": account})


def expiring(account: str, at: Any = TOMORROW) -> str:
    return json.dumps({"account": account, "at": format_recorded_at(at)})


def test_what_is_due_goes_from_the_calendar_to_the_history(deployment: Deployment, printed: Printed) -> None:
    world = deployment.world
    world.record("expires", lot(SOON))
    world.record("lapses", lot(), Hold(5, SOON))
    world.wait(minutes=11)
    deployment.sweep()
    messages = deployment.mail.take("due")
    assert sorted(messages) == [due("expires"), due("lapses")]
    assert deployment.call("settle", *messages) == {"batchItemFailures": []}
    assert (world.kinds("expires"), world.kinds("lapses")) == (["add", "expire"], ["add", "hold", "lapse"])
    metrics = counted(printed)
    assert metrics["SweepBehind"] == [630.0]
    assert sum(metrics["AccountsQueued"]) == 2
    assert (metrics["Expiries"], metrics["PointsExpired"], metrics["Lapses"]) == ([1], [5], [1])
    begun, *found, settled = logged(printed)
    assert begun["behind"]["due"] == 630.0
    assert sum(line["queued"] for line in found) == 2
    assert (settled["accounts"], settled["lines"]) == (2, 2)


def test_an_account_that_comes_twice_in_a_batch_is_settled_once(deployment: Deployment) -> None:
    deployment.world.record("anna", lot(SOON))
    with deployment.world.calls.counted() as calls:
        deployment.call("settle", *[due("anna")] * 10)
    assert [name for name, _ in calls] == ["query"]


def test_accounts_that_fail_come_again_and_no_others(
    deployment: Deployment, printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for account in ("anna", "bob"):
        deployment.world.record(account, lot(SOON))
    deployment.world.wait(minutes=11)
    settle = runtime.passbook().settle

    def fail_for_bob(account: str, deadline: float) -> Any:
        if account == "bob":
            raise RuntimeError("the disk is on fire")
        return settle(account, deadline)

    monkeypatch.setattr(runtime.passbook(), "settle", fail_for_bob)
    answer = deployment.call("settle", due("bob"), due("anna"), due("bob"), "no JSON")
    assert [it["itemIdentifier"] for it in answer["batchItemFailures"]] == ["0", "2", "3"]
    assert (deployment.world.kinds("anna"), deployment.world.kinds("bob")) == (["add", "expire"], ["add"])
    *failures, settled = logged(printed)
    assert [line["body"] for line in failures] == [due("bob"), due("bob"), "no JSON"]
    assert "the disk is on fire" in failures[0]["exception"]
    assert settled["accounts"] == 1


def test_accounts_for_which_there_is_no_time_come_again(deployment: Deployment) -> None:
    deployment.world.record("anna", lot(SOON))
    answer = deployment.call("settle", due("anna"), remaining_ms=3_000)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}


def test_a_job_that_fails_comes_again(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment.world.record("anna", lot(SOON))
    deployment.world.wait(minutes=11)
    deployment.call("sweep")
    monkeypatch.setattr(deployment.mail, "send_message_batch", lambda **_: {"Failed": [{"Code": "InternalError"}]})
    jobs = deployment.mail.take("jobs")
    failed = 0
    for job in jobs:
        try:
            deployment.call("sweep", job)
        except Exception:  # noqa: BLE001 - whatever it is, Lambda brings the job again
            failed += 1
    assert failed, "of the shard that the account is in"


def test_a_member_is_told_before_points_expire_once_for_an_account_and_a_moment(
    reminding: Deployment, printed: Printed
) -> None:
    world = reminding.world
    later = TOMORROW + timedelta(hours=1)
    world.record("anna", lot(later), lot(later), lot(later + timedelta(hours=1)), lot())
    reminding.sweep()
    assert reminding.mail.take("expiring") == []
    world.wait(hours=1, minutes=5)
    reminding.sweep()
    messages = reminding.mail.take("expiring")
    assert messages == [expiring("anna", later)]
    reminding.call("remind", *messages)
    reminding.call("remind", *messages)
    told, again = reminding.bridge.details
    assert (
        told
        == again
        == {
            "id": "anna/2026-01-02T01:00:00Z",
            "account": "anna",
            "at": "2026-01-02T01:00:00Z",
            "points": 10,
            "expiring": [{"payer": "DANNON", "points": 10}],
        }
    )
    assert reminding.bridge.types == {"points.expiring"}
    assert counted(printed)["Reminders"] == [1, 1]
    assert world.kinds("anna") == ["add"] * 4, "nothing is recorded by that"


@pytest.mark.parametrize("hours", [1, 12, 23])
def test_what_was_there_when_reminders_were_turned_on_is_told_of_at_once(reminding: Deployment, hours: int) -> None:
    at = START + timedelta(hours=hours)
    reminding.world.record("anna", lot(at))
    reminding.sweep()
    assert reminding.mail.take("expiring") == [expiring("anna", at)]


def test_points_with_less_time_than_that_are_not_told_of(reminding: Deployment) -> None:
    """Whoever adds them knows: the add's own event has their expiry."""
    reminding.sweep()
    reminding.world.wait(hours=6)
    reminding.sweep()
    reminding.world.record("anna", lot(TOMORROW))
    for _ in range(5):
        reminding.world.wait(hours=5)
        reminding.sweep()
    assert "expiring" not in reminding.mail.sent


def test_a_reminder_that_the_bus_does_not_take_comes_again(reminding: Deployment, printed: Printed) -> None:
    reminding.world.record("anna", lot(TOMORROW))
    reminding.bridge.refuses = True
    assert reminding.call("remind", expiring("anna")) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert "ThrottlingException" in logged(printed)[0]["exception"]


def test_no_reminder_comes_too_late(reminding: Deployment) -> None:
    world = reminding.world
    world.record("anna", lot(TOMORROW))
    world.wait(days=1)
    with world.calls.counted() as calls:
        reminding.call("remind", expiring("anna"))
    assert (reminding.bridge.details, [name for name, _ in calls]) == ([], ["query"])


def test_without_reminders_nothing_of_them_is_read_or_queued(deployment: Deployment) -> None:
    deployment.world.record("anna", lot(TOMORROW))
    deployment.world.wait(hours=1)
    with deployment.world.calls.counted() as calls:
        deployment.sweep()
    marks = {request["Key"]["account"]["S"] for name, request in calls if name == "get_item"}
    pages = [request["ExpressionAttributeValues"][":page"]["S"] for name, request in calls if name == "query"]
    assert (marks, "expiring" in deployment.mail.sent) == ({"#due"}, False)
    assert max(pages) < "2026-01-01T02"


def test_jobs_of_reminders_that_were_turned_off_are_dropped(
    reminding: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminding.world.record("anna", lot(TOMORROW - timedelta(hours=1)))
    reminding.call("sweep")
    monkeypatch.setenv("REMINDER_DAYS", "0")
    importlib.import_module("sweep")._sweeper.cache_clear()
    for job in reminding.mail.take("jobs"):
        reminding.call("sweep", job)
    assert "expiring" not in reminding.mail.sent


ACTIONS = {"get_item": "GetItem", "put_item": "PutItem", "query": "Query", "describe_table": "DescribeTable"}


def _granted(function: str) -> set[tuple[str, str]]:
    """Return what a function may do to the table and its indexes."""
    (policy,) = functions()[function]["Policies"]
    granted = set()
    for statement in policy["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        target = statement["Resource"]
        index = target["Fn::Sub"].rpartition("/")[2] if isinstance(target, dict) and "Fn::Sub" in target else "table"
        granted |= {(action.removeprefix("dynamodb:"), index) for action in actions if action.startswith("dynamodb:")}
    return granted


def test_each_function_may_do_to_the_table_what_it_does_and_nothing_else(reminding: Deployment) -> None:
    world = reminding.world
    world.record("anna", lot(SOON), lot(), Hold(5, SOON), lot(effective_at=SOON), lot(TOMORROW))
    world.wait(minutes=11)
    done: dict[str, set[tuple[str, str]]] = {}
    for name, messages in (("sweep", []), ("settle", [due("anna")]), ("remind", [expiring("anna")])):
        with world.calls.counted() as calls:
            reminding.sweep() if name == "sweep" else reminding.call(name, *messages)
        function = f"{name.capitalize()}Function"
        done[function] = {(ACTIONS[call], request.get("IndexName", "table")) for call, request in calls}
    assert world.kinds("anna")[-3:] == ["arrive", "lapse", "expire"]
    assert reminding.bridge.details
    assert {function: _granted(function) for function in done} == done
