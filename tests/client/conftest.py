"""A ledger that runs, for the tests of its client."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from points_ledger import Client, Patience

from tests.serving import serving

HURRIED = Patience(deadline_s=60, attempt_s=20, first_pause_s=0.005, longest_pause_s=0.02)
"""Pauses for tests: as random as any, but short."""

ONE_ATTEMPT = Patience(deadline_s=20, attempt_s=20, first_pause_s=1e9, longest_pause_s=1e9)
"""Gives up after the first attempt, since the pause would go far beyond the deadline."""


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Return where a ledger listens, the same for all tests."""
    with serving() as url:
        yield url


@pytest.fixture
def account() -> str:
    """Return an account that nobody else uses."""
    return f"test-{uuid4().hex}"


@pytest.fixture
def ledger(url: str, account: str) -> Iterator[Client]:
    """Return a client of that account, without faults between."""
    with Client(url, account=account, patience=HURRIED) as client:
        yield client
