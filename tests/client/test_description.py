"""The client is held to the API's description, both ways: its calls, its models and its errors."""

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from points_ledger import AsyncClient, Client, calls, errors, models
from points_ledger.http import Call, Request

DESCRIPTION = json.loads((Path(__file__).parents[2] / "functions/docs_assets/openapi.json").read_text())
SCHEMAS = DESCRIPTION["components"]["schemas"]

OTHER_NAMES = {"capture_hold": "capture", "void_hold": "void"}
"""Methods that need not say what they are of, beside the operations' names."""

PAGES = {"home", "docs", "openapi"}
MORE_THAN_A_CALL = {"spend_previewed", "of", "close"}
LEFT_OUT = {"If-None-Match"}
"""Serves who keeps an answer and asks whether it still holds; a method that returns an answer has nothing to return."""

MOMENT = datetime(2020, 11, 2, 14, tzinfo=timezone.utc)
LABELS: Mapping[str, Any] = {"reference": "order-1", "metadata": {"a": "b"}}
SAMPLES: Mapping[str, tuple[Any, ...]] = {
    "add": (models.Add("DANNON", 1, MOMENT, effective_at=MOMENT, expires_at=MOMENT, **LABELS),),
    "spend": (models.Spend(1, **LABELS),),
    "preview": (models.Spend(1, **LABELS),),
    "hold": (models.Hold(1, expires_at=MOMENT, **LABELS),),
    "preview_hold": (models.Hold(1, expires_at=MOMENT, **LABELS),),
    "capture_hold": (7, models.Capture(1, **LABELS)),
    "void_hold": (7, models.Void(**LABELS)),
    "refund": (7, models.Refund(1, **LABELS)),
    "cancel": (7, models.Cancel(**LABELS)),
    "transaction": (7,),
}
"""What each call is tried with: every field that it has."""


def operations(prefix: str = "") -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Return name, method, path and description of every operation on an account."""
    for path, methods in DESCRIPTION["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/accounts/") == bool(prefix) and operation["operationId"] not in PAGES:
                yield operation["operationId"], method.upper(), path.removeprefix(prefix), operation


OPERATIONS = {name: (method, path, operation) for name, method, path, operation in operations()}


def requests_of(name: str) -> list[Request]:
    """Return what a call sends when it is given all that it takes; of a list the first page and another."""
    describe: Callable[..., Any] = getattr(calls, OTHER_NAMES.get(name, name))
    parameters = inspect.signature(describe).parameters
    options = {"key": "k", "if_match": "7", "at": 7, "reference": "order-1"}
    made = describe(*SAMPLES.get(name, ()), **{name: options[name] for name in parameters if name in options})
    if isinstance(made, Call):
        return [made.request]
    if callable(made):
        return [made(None).request, made("Y3Vyc29y").request]
    first = next(made)
    more = {"lots": [], "next_lots_cursor": "Y3Vyc29y", "taken": [], "left": 0}
    told = more | {"kind": "spend", "sequence": 7, "points": 0, "recorded_at": "2020-01-01T00:00:00Z", "digest": ""}
    answer = type("Answer", (), {"content": json.dumps(told).encode()})
    return [first.request, made.send(first.read(answer)).request]


def test_there_is_a_method_for_each_call_and_no_other() -> None:
    for client in (Client, AsyncClient):
        methods = {name for name, it in inspect.getmembers(client, inspect.isfunction) if not name.startswith("_")}
        assert methods - MORE_THAN_A_CALL == {OTHER_NAMES.get(name, name) for name in OPERATIONS}


def test_an_account_by_name_has_the_same_calls() -> None:
    named = {name.removesuffix("_of"): path for name, _, path, _ in operations("/accounts/{account}")}
    assert named == {name: path for name, (_, path, _) in OPERATIONS.items()}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_call_sends_all_that_is_described_and_nothing_else(name: str) -> None:
    method, path, operation = OPERATIONS[name]
    sent = requests_of(name)
    query = {name for request in sent for name in request.query}
    headers = {name for request in sent for name in request.headers}
    for request in sent:
        assert request.method == method
        assert re.fullmatch(re.sub(r"\\{\w+\\}", "[1-9][0-9]*", re.escape(path)), request.path)
    described = [parameter(it) for it in operation.get("parameters", [])]
    assert query == {it["name"] for it in described if it["in"] == "query"}
    assert headers == {it["name"] for it in described if it["in"] == "header"} - LEFT_OUT
    for it in described:
        value = {**sent[-1].query, **sent[-1].headers}.get(it["name"])
        if value is not None and it["schema"]["type"] == "string":
            assert re.search(it["schema"]["pattern"], value) if "pattern" in it["schema"] else value
    if "requestBody" in operation:
        body = resolve(operation["requestBody"]["content"]["application/json"]["schema"])
        assert sent[0].json.keys() == body["properties"].keys()
    else:
        assert sent[0].json is None


def parameter(told: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter, also one that is described elsewhere."""
    if "$ref" not in told:
        return told
    found: dict[str, Any] = DESCRIPTION["components"]["parameters"][told["$ref"].rpartition("/")[2]]
    return found


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema, also one that is described elsewhere."""
    found: dict[str, Any] = SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


BODIES = {
    f"{name}Body": getattr(models, name) for name in ("Add", "Spend", "Hold", "Refund", "Capture", "Void", "Cancel")
}
SAME = {"TakenOfPayer": models.PayerPoints, "GivenToPayer": models.PayerPoints, "DrawnLot": models.Lot}
READ_OTHERWISE = {"HoldPage", "LotPage", "PendingPage", "TransactionPage", "Problem", "GatewayMessage"}
"""Pages iterate by themselves, and problems become errors."""

NOT_DESCRIBED = {"Spent", "Preview", "Balance", "Labels", "Labelled", "Transaction", "PayerPoints"}
"""A list or a map with the answer's headers beside it, what several have in common, and one model for two schemas."""

DESCRIBED = {
    name: BODIES.get(name) or SAME.get(name) or getattr(models, name, None)
    for name, schema in SCHEMAS.items()
    if "properties" in schema and name not in READ_OTHERWISE
}
FROM_HEADERS = {"version", "replayed", "listed"}


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_model_has_the_fields_that_are_described(name: str) -> None:
    model, schema = DESCRIBED[name], SCHEMAS[name]
    assert model is not None
    hints = get_type_hints(model)
    held = {it.name: it for it in fields(model) if it.name not in FROM_HEADERS}
    assert held.keys() == schema["properties"].keys()
    for field_name, described in schema["properties"].items():
        optional = field_name not in schema.get("required", [])
        assert may_be_left_out(held[field_name]) == optional, field_name
        assert fits(hints[field_name], described, optional=optional), field_name


def may_be_left_out(field: Field[Any]) -> bool:
    """Tell whether a model does without a field."""
    return field.default is not MISSING or field.default_factory is not MISSING


def fits(hint: Any, described: dict[str, Any], *, optional: bool) -> bool:
    """Tell whether a field's type is the one that is described."""
    schema = resolve(described)
    options = [resolve(it) for it in schema["oneOf"]] if "oneOf" in schema else [schema]
    kinds = {kind for it in options for kind in ([it["type"]] if isinstance(it["type"], str) else it["type"])}
    if get_origin(hint) is UnionType:
        present, absent = get_args(hint)
        nullable = optional or "null" in kinds
        return (
            absent is type(None) and nullable and fits(present, options[0] | {"type": kind_of(kinds)}, optional=False)
        )
    [kind] = kinds
    match kind:
        case "integer":
            return hint is int
        case "string":
            return hint is (datetime if schema.get("format") == "date-time" else str)
        case "array":
            [entry, _] = get_args(hint)
            return get_origin(hint) is tuple and fits(entry, schema["items"], optional=False)
        case _ if "properties" in schema:
            return is_dataclass(hint) and {it.name for it in fields(hint)} >= schema["properties"].keys()
        case _:
            return get_origin(hint) is Mapping and fits(
                get_args(hint)[1], schema["additionalProperties"], optional=False
            )


def kind_of(kinds: set[str]) -> str:
    """Return the one kind beside null."""
    [kind] = kinds - {"null"}
    return kind


def test_every_model_is_described() -> None:
    held = {name for name, it in vars(models).items() if is_dataclass(it)}
    meant = {model.__name__ for model in DESCRIBED.values() if model is not None}
    assert held - meant - NOT_DESCRIBED == set()
    assert (meant | NOT_DESCRIBED) <= held


@pytest.mark.parametrize(("union", "kinds"), [("Transaction", calls.KINDS), ("TransactionInFull", calls.KINDS_IN_FULL)])
def test_every_kind_of_transaction_is_read_as_it_is_described(union: str, kinds: Mapping[str, type]) -> None:
    described = {
        resolve(it)["properties"]["kind"]["const"]: it["$ref"].rpartition("/")[2] for it in SCHEMAS[union]["oneOf"]
    }
    assert {kind: model.__name__ for kind, model in kinds.items()} == described


def test_every_type_of_problem_is_an_error_of_that_name_and_every_error_a_type() -> None:
    described = {
        name
        for name, example in DESCRIPTION["components"]["examples"].items()
        if isinstance(example["value"], dict) and str(example["value"].get("type", "")).startswith(errors.PROBLEM)
    } | {"method-not-allowed"}  # an answer to a path and a method that no operation has
    named = {
        errors.type_of(it)
        for _, it in inspect.getmembers(errors, inspect.isclass)
        if issubclass(it, errors.LedgerError) and not it.__subclasses__()
    }
    no_problems = {"too-many-requests", "no-answer"}
    of_pages = {"no-file", "not-acceptable"}  # which the client never asks for
    assert named - no_problems == described - of_pages
