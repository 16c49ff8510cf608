"""Long random histories of concurrent callers, with faults. A failure says its seed.

SIMULATOR_HISTORIES is how many histories there are, SIMULATOR_SEED the seed of the first. So a failed one is lived
through again, exactly, by

    make test ARGS=tests/storage/test_histories.py SIMULATOR_SEED=<its seed> SIMULATOR_HISTORIES=1
"""

import os
from collections import Counter
from collections.abc import Callable

import pytest

from tests.simulator.histories import History
from tests.simulator.probes import ALL, RARE, marks

pytestmark = pytest.mark.usefixtures("lines_tell_their_origin")

SEED = int(os.getenv("SIMULATOR_SEED", "0"))
HISTORIES = int(os.getenv("SIMULATOR_HISTORIES", "400"))
ENOUGH = 200 if HISTORIES < 1_000 else 1_000
"""Histories that meet all that is not rare."""


@pytest.mark.parametrize("first", range(SEED, SEED + HISTORIES, ENOUGH))
def test_every_promise_is_kept_and_every_rare_path_is_reached(first: int, saw: Callable[[int, str], None]) -> None:
    found: Counter[str] = Counter()
    seeds = range(first, min(first + ENOUGH, SEED + HISTORIES))
    calls = 0
    for seed in seeds:
        history = History(seed)
        found += marks(history.network, history.attempts, history.book)
        calls += len(history.network.journal)
    saw(len(seeds), f"random histories, from seed {SEED}")
    saw(calls, "calls in random histories")
    if len(seeds) == ENOUGH:
        assert ALL - RARE - found.keys() == set()


def test_a_seed_gives_the_same_history_again() -> None:
    first, second = History(SEED), History(SEED)
    assert [str(sent) for sent in first.network.journal] == [str(sent) for sent in second.network.journal]
    assert [str(attempt) for attempt in first.attempts] == [str(attempt) for attempt in second.attempts]
    assert first.book.lines == second.book.lines
