"""What the bench compares with answers rightly, as far as its idea permits: else its costs would mean nothing."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from bench.designs import APPS, DESIGNS, App, Design, tables
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


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_an_app_answers_rightly(app: App) -> None:
    with ExitStack() as stack:
        check(app.name, verdicts(lambda: stack.enter_context(app.ledger())))


def check(name: str, answers: dict[str, str]) -> None:
    assert answers.keys() == QUESTIONS.keys()
    wrong = {question for question, what_is_wrong in answers.items() if what_is_wrong}
    assert wrong - BY_CHANCE.get(name, set()) == WRONG.get(name, set()), answers
