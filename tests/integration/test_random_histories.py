"""Random histories, made to the passbook, the rules and the model side by side."""

from typing import ClassVar
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from points.rules.refusals import Refusal
from points.rules.terms import Add, Added, Spend, Spent
from points.storage.passbook import Passbook

from tests.integration.ledger import Ledger, soon
from tests.rules.account import Account, ModelledAccount
from tests.rules.machine import AccountMachine


class KeptAccount(Account):
    """An account that a passbook keeps as well."""

    def __init__(self, passbook: Passbook) -> None:
        super().__init__()
        self._passbook = passbook
        self._name = str(uuid4())

    def record(self, change: Add | Spend) -> Added | Spent:
        try:
            transaction = super().record(change)
        except Refusal as refusal:
            with pytest.raises(type(refusal)):
                self._passbook.record(self._name, change, soon())
            raise
        line = self._passbook.record(self._name, change, soon()).line
        assert (line.sequence, line.transaction, line.state) == (self.sequence, transaction, self.state)
        assert self._passbook.standing(self._name, soon()) == line
        return transaction


def test_a_passbook_stands_as_the_rules_and_the_model_do(ledger: Ledger) -> None:
    class KeptAccountMachine(AccountMachine):
        reached: ClassVar[set[str]] = set()

        def __init__(self) -> None:
            super().__init__()
            self.both = ModelledAccount(KeptAccount(ledger.passbook()))

    run_state_machine_as_test(KeptAccountMachine, settings=settings(max_examples=settings().max_examples // 4))
    assert len(ledger.accepted) > 200
    assert len(KeptAccountMachine.reached) >= 5
