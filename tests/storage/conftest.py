"""What all tests of the storage share."""

from collections.abc import Iterator

import pytest

from tests.simulator.attempts import telling_write_ids


@pytest.fixture(autouse=True)
def _lines_tell_their_origin() -> Iterator[None]:
    with telling_write_ids():
        yield
