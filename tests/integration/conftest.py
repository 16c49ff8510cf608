"""DynamoDB Local, and the ledger on it. After every test the whole table is judged."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from points.api import runtime
from points.storage.dynamodb import make_client
from points.storage.lines import Line
from points.storage.passbook import Passbook
from points.storage.writing import Recorded

from tests.api.conftest import TABLE, client, clock, eventful, no_metrics_are_fine, stand_in
from tests.integration.ledger import Ledger
from tools.dynamodb_local import EngineError, patient_client, running_engine

__all__ = ["client", "clock", "eventful", "no_metrics_are_fine", "stand_in"]


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    """Run an engine where the handlers find it, and return a client of it for the tests themselves."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "LOCAL_ACCOUNT"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "local")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("TABLE_NAME", TABLE["TableName"])
        try:
            with running_engine() as url:
                patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
                yield patient_client()
        except EngineError as error:
            pytest.exit(f"error: {error}", returncode=1)


@pytest.fixture(scope="session")
def passbooks_client(engine: Any) -> Any:  # noqa: ARG001 - where it connects to
    """Return a client as the functions have it. To make it takes longer than most tests."""
    return make_client()


@pytest.fixture
def ledger(
    engine: Any, passbooks_client: Any, monkeypatch: pytest.MonkeyPatch, saw: Callable[[int, str], None]
) -> Iterator[Ledger]:
    """The ledger on an empty table, judged in the end."""
    ledger = Ledger(engine, passbooks_client)
    record, settle = Passbook.record, Passbook.settle

    @functools.wraps(record)
    def noting_what_was_accepted(*arguments: Any, **named: Any) -> Recorded:
        recorded = record(*arguments, **named)
        ledger.accepted.extend(recorded.due if recorded.replayed else [*recorded.due, recorded.line])
        return recorded

    @functools.wraps(settle)
    def noting_what_was_settled(*arguments: Any) -> list[Line]:
        written = settle(*arguments)
        ledger.accepted.extend(written)
        return written

    monkeypatch.setattr(Passbook, "record", noting_what_was_accepted)
    monkeypatch.setattr(Passbook, "settle", noting_what_was_settled)
    engine.create_table(**TABLE)
    yield ledger
    try:
        saw(ledger.audit(), "lines on the real engine, each what the model comes to")
    finally:
        engine.delete_table(TableName=TABLE["TableName"])


@pytest.fixture
def dynamodb(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The ledger's DynamoDB behind the handlers, for the tests that both engines share."""
    monkeypatch.setattr(runtime, "make_client", lambda: ledger.client)
    runtime.passbook.cache_clear()
    yield ledger.client
    runtime.passbook.cache_clear()
