"""The rules do what the model does: in random histories, and in every short one."""

import os
from collections.abc import Callable

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.rules.machine import RARITIES, AccountMachine
from tests.rules.small_scope import check_every_history

EXAMPLES = 3 * settings.default.max_examples
SHORT_HISTORIES = {5: 40_725, 6: 368_160}
LENGTH = 6 if os.getenv("HYPOTHESIS_PROFILE") == "nightly" else 5

Saw = Callable[[int, str], None]


def test_random_histories_with_each_rare_case_among_them(saw: Saw) -> None:
    AccountMachine.reached.clear()
    run_state_machine_as_test(AccountMachine, settings=settings(max_examples=EXAMPLES))
    assert AccountMachine.reached == RARITIES.keys()
    saw(EXAMPLES, "random histories beside the model")


def test_every_short_history(saw: Saw) -> None:
    assert check_every_history(LENGTH) == SHORT_HISTORIES[LENGTH]
    saw(SHORT_HISTORIES[LENGTH], "short histories beside the model")
