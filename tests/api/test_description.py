"""The API's description: it is what the code makes, it is complete, and what it says is true."""

import ast
import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from local.template import load_template
from tests.api.client import Client
from tools.openapi.__main__ import ROOT, WRITTEN, description
from tools.openapi.operations import ASSETS
from tools.openapi.worked_example import SPEND, add_bodies

DOCUMENT: dict[str, Any] = json.loads(WRITTEN.read_text())
API = ROOT / "functions/points"

Json = dict[str, Any]


def operations() -> Iterator[tuple[str, Json]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def resolved(thing: Json) -> Json:
    """Follow a reference, if it is one."""
    if "$ref" not in thing:
        return thing
    found = DOCUMENT
    for part in thing["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def test_it_is_what_the_code_makes_of_it() -> None:
    assert WRITTEN.read_text() == description(), "make openapi renews it"


def test_it_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_it_has_every_route_of_the_template_with_its_scope() -> None:
    routes = {route.key: list(route.scopes) for route in load_template(ROOT / "infra/template.yaml").routes}
    del routes[ASSETS]
    described = {key: list(chain(*(it["token"] for it in operation["security"]))) for key, operation in operations()}
    assert described == routes


def test_a_client_can_tell_the_calls_apart() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(set(names)) == len(names)


def examples() -> Iterator[Any]:
    for key, operation in operations():
        contents = [resolved(response).get("content", {}) for response in operation["responses"].values()]
        for content in [operation.get("requestBody", {}).get("content", {}), *contents]:
            for media in content.values():
                values = [media["example"]] if "example" in media else []
                values += [resolved(example)["value"] for example in media.get("examples", {}).values()]
                for number, value in enumerate(values):
                    yield pytest.param(media["schema"], value, id=f"{key} {media['schema']['$ref'][21:]} {number}")


@pytest.mark.parametrize(("schema", "value"), list(examples()))
def test_every_example_fits_its_schema(schema: Json, value: Any) -> None:
    OAS31Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def test_every_body_and_every_answer_has_an_example() -> None:
    for key, operation in operations():
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for described in [*bodies, *map(resolved, operation["responses"].values())]:
            for kind, media in described.get("content", {}).items():
                assert {"example", "examples"} & media.keys() or "Documentation" in operation["tags"], (key, kind)


def test_every_kind_of_problem_that_the_code_can_raise_is_described() -> None:
    found = {kind for file in API.rglob("*.py") for kind in _kinds(ast.parse(file.read_text()))}
    described = set(DOCUMENT["components"]["examples"])
    assert found - {"no-route"} == described  # of a route that the gateway has and a function lacks
    shown = {
        reference["$ref"].rpartition("/")[2]
        for response in DOCUMENT["components"]["responses"].values()
        for media in response["content"].values()
        for reference in media.get("examples", {}).values()
    }
    assert shown == described


def _kinds(tree: ast.AST) -> Iterator[str]:
    """Find the kinds in `Problem(status, "kind", …)`, `_refused(status, "kind", …)` and `LimitError("limit", …)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            match node.func.id, node.args:
                case (("Problem" | "_refused"), [_, ast.Constant(value=str(kind)), *_]):
                    yield kind
                case "LimitError", [ast.Constant(value=str(limit)), *_]:
                    yield f"limit-{limit}"


def test_the_worked_examples_answers_are_those_of_the_functions(client: Client) -> None:
    added = [client.send("add", body).json for body in add_bodies()]
    assert _timeless(added[0]) == _timeless(_answer("POST /add"))
    assert client.preview(SPEND.points).json == _answer("POST /spend/preview")
    assert client.spend(SPEND.points).json == _answer("POST /spend")
    assert client.balance().json == _answer("GET /balance")
    assert _timeless(client.transactions().json) == _timeless(_answer("GET /transactions"))
    spent = len(add_bodies()) + 1
    assert _timeless(client.transaction(spent).json) == _timeless(_answer("GET /transactions/{sequence}"))


def _answer(key: str) -> Any:
    return dict(operations())[key]["responses"]["200"]["content"]["application/json"]["example"]


def _timeless(answer: Any) -> Any:
    """Leave out when something was recorded."""
    match answer:
        case dict():
            return {name: _timeless(value) for name, value in answer.items() if name != "recorded_at"}
        case list():
            return [_timeless(value) for value in answer]
    return answer
