"""The rules do what the model does: in random histories, and in every short one."""

from hypothesis.stateful import run_state_machine_as_test

from tests.rules.machine import RARITIES, AccountMachine
from tests.rules.small_scope import check_every_history


def test_random_histories_with_each_rare_case_among_them() -> None:
    AccountMachine.reached.clear()
    run_state_machine_as_test(AccountMachine)
    assert AccountMachine.reached == RARITIES.keys()


def test_every_history_of_up_to_six_changes() -> None:
    assert check_every_history(6) == 278_670
