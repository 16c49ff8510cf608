"""What the bench compares with answers rightly, as far as its idea permits: else its costs would mean nothing."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from points.rules.terms import Add

from bench.accounts import EXPIRED, LATER, START
from bench.alternatives.ledger import GivesBack
from bench.designs import APPS, DESIGNS, OURS, TRANSACTIONS, App, Design, tables
from bench.questions import QUESTIONS, verdicts

WRONG = {
    "transactions": {"a spend of 150 lots"},
    "Flask, TinyDB": {
        "a payer below zero",
        "the order of arrival",
        "a repeated request",
        "several accounts",
        "a lasting history",
    },
}
"""What each ledger answers wrongly, if anything."""

BY_CHANCE = {"Flask, TinyDB": {"16 spenders at once", "16 adders at once"}}
"""What may go wrong or not."""


@pytest.fixture(scope="module")
def _tables(engine: Any) -> Iterator[None]:
    with tables(engine):
        yield


@pytest.mark.usefixtures("_tables")
@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_a_design_answers_rightly(design: Design, passbooks_client: Any) -> None:
    check(design.name, verdicts(lambda: design.ledger(passbooks_client)))


@pytest.mark.usefixtures("_tables")
@pytest.mark.parametrize("design", [OURS, TRANSACTIONS], ids=lambda design: design.name)
def test_a_design_gives_back_and_lets_points_expire(design: Design, passbooks_client: Any) -> None:
    ledger, account = design.ledger(passbooks_client), "gives back"
    assert isinstance(ledger, GivesBack)
    ledger.add(account, Add("DANNON", 10, START))
    ledger.add(account, Add("UNILEVER", 5, LATER))
    for hold in (True, False):
        name = ledger.draw(account, 12, hold=hold)
        assert ledger.balance(account) == {"DANNON": 0, "UNILEVER": 3}
        ledger.give_back(account, name, hold=hold)
        assert ledger.balance(account) == {"DANNON": 10, "UNILEVER": 5}
    ledger.add(account, Add("MILLER", 7, START, expires_at=EXPIRED))
    ledger.expire(account)
    assert ledger.balance(account) == {"DANNON": 10, "UNILEVER": 5, "MILLER": 0}


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_an_app_answers_rightly(app: App) -> None:
    with ExitStack() as stack:
        check(app.name, verdicts(lambda: stack.enter_context(app.ledger())))


def check(name: str, answers: dict[str, str]) -> None:
    assert answers.keys() == QUESTIONS.keys()
    wrong = {question for question, what_is_wrong in answers.items() if what_is_wrong}
    assert wrong - BY_CHANCE.get(name, set()) == WRONG.get(name, set()), answers
