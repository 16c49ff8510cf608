"""moto's DynamoDB with the template's table, and a ledger with a sweeper on it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from moto import mock_aws
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.serialize import ResponseSerializer
from points.storage import calls
from points.storage.dynamodb import make_client

from tests.api.conftest import REGION, TABLE, _member
from tests.sweeper.world import World


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    """A client of moto's DynamoDB with the table. To make it is slow: once a module."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setattr(ResponseSerializer, "get_value", _member)
        client: Any = make_client()
        client.create_table(**TABLE)
        yield client


@pytest.fixture
def new_world(moto: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], World]:
    """Return a function that makes a ledger on an empty table. Its clock is its own, so moto's must not matter."""
    monkeypatch.setattr(calls, "MOST_SKEW", timedelta.max)

    def make() -> World:
        get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].get_table(TABLE["TableName"]).items.clear()
        return World(moto, TABLE["TableName"])

    return make


@pytest.fixture
def world(new_world: Callable[[], World]) -> World:
    """A ledger on an empty table."""
    return new_world()
