"""The points exercise: its examples, and those of its solutions, through the handlers."""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.api.client import Client

CASES = json.loads(Path(__file__).with_name("exercise_cases.json").read_text())

ADDS = (
    ("DANNON", 1000, "2020-11-02T14:00:00Z"),
    ("UNILEVER", 200, "2020-10-31T11:00:00Z"),
    ("DANNON", -200, "2020-10-31T15:00:00Z"),
    ("MILLER COORS", 10000, "2020-11-01T14:00:00Z"),
    ("DANNON", 300, "2020-10-31T10:00:00Z"),
)


@pytest.mark.parametrize("steps", [pytest.param(case["steps"], id=case["name"]) for case in CASES])
def test_example(client: Client, steps: list[dict[str, Any]]) -> None:
    for step in steps:
        answer = client.send(step["call"], step.get("body"))
        assert answer.status == step["status"]
        if answer.status == 200 and "answer" in step:
            assert _ordered(step, answer.json) == _ordered(step, step["answer"])


def _ordered(step: dict[str, Any], answer: Any) -> Any:
    """One example lists the payers otherwise than all the rest: not in the order in which they were drawn on."""
    return sorted(answer, key=lambda taken: taken["payer"]) if step.get("in_any_order") else answer


def test_too_few_points_is_said_in_the_exercise_s_words(client: Client) -> None:
    client.add("DANNON", 1000)

    detail = client.spend(5000).json["detail"]

    assert detail == "The user doesn't have enough points: there are 1,000, but 5,000 were asked for."


@pytest.mark.parametrize(
    "adds", list(permutations(ADDS)), ids=lambda adds: " ".join(str(points) for _, points, _ in adds)
)
def test_worked_example_in_every_order(client: Client, adds: tuple[tuple[str, int, str], ...]) -> None:
    """The take-back is refused while DANNON has no points; it is sent again at the end, and nothing else changes."""
    refused = [add for add in adds if client.add(*add).status == 409]
    assert refused == ([ADDS[2]] if _taken_back_first(adds) else [])
    assert all(client.add(*add).status == 200 for add in refused)

    assert client.spend(5000).json == [
        {"payer": "DANNON", "points": -100},
        {"payer": "UNILEVER", "points": -200},
        {"payer": "MILLER COORS", "points": -4700},
    ]
    assert client.balance().json == {"DANNON": 1000, "UNILEVER": 0, "MILLER COORS": 5300}


def _taken_back_first(adds: tuple[tuple[str, int, str], ...]) -> bool:
    return next(points for payer, points, _ in adds if payer == "DANNON") < 0
