"""A table, and the attempts at it, as values: what is the same is one object, so it is worked out once."""

import json
from functools import cached_property
from random import Random

from tests.simulator.attempts import ACCOUNT, Request, Session, Verdict
from tests.simulator.audit import Book
from tests.simulator.calls import Answer, Call
from tests.simulator.network import Network
from tests.simulator.runs import Run
from tests.simulator.table import Table


class Version:
    """The table at some moment. Tables with the same lines are one object."""

    def __init__(self, table: Table, world: "World") -> None:
        self.last = table.last(ACCOUNT)
        self._table = table
        self._world = world
        self._after: dict[Call, tuple[Answer, Version]] = {}

    def after(self, call: Call) -> "tuple[Answer, Version]":
        """Return the answer to a call, and the table after it."""
        if call not in self._after:
            network = Network(self._table.copy() if call.writes else self._table)
            answer = self._world.same_answer(network.carry(call))
            self._after[call] = answer, self._world.same_version(network.table)
        return self._after[call]

    @cached_property
    def book(self) -> Book:
        """The lines, judged."""
        return Book(self._table.items(ACCOUNT))


class World:
    """Where scenarios take place that begin with the same lines. What is the same is one object here."""

    def __init__(self, before: tuple[Request, ...]) -> None:
        session = Session(Network(Table()), Random(0), "before-")
        for request in before:
            assert session.send(request).ending.verdict is Verdict.DONE
        self._answers: dict[str, Answer] = {}
        self._versions: dict[str, Version] = {}
        self._runs: dict[tuple[str, Request], Run] = {}
        self.start = self.same_version(session.network.table)

    def run(self, name: str, request: Request) -> Run:
        """Return an attempt that has asked nothing yet."""
        if (name, request) not in self._runs:
            self._runs[name, request] = Run(name, request)
        return self._runs[name, request]

    def same_answer(self, answer: Answer) -> Answer:
        text = json.dumps([answer.response, getattr(answer.error, "response", None)], sort_keys=True)
        return self._answers.setdefault(text, answer)

    def same_version(self, table: Table) -> Version:
        text = json.dumps(table.items(ACCOUNT), sort_keys=True)
        if text not in self._versions:
            self._versions[text] = Version(table, self)
        return self._versions[text]
