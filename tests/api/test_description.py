"""The API's description: it is what the code makes, it is complete, and what it says is true."""

import ast
import importlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, get_args

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from points.api.headers import read_retry, read_versions
from points.api.identity import account_of
from points.api.problems import Problem
from points.rules.terms import Change, Kind, Spend, Transaction

from local.gateway import Request, Response, Router, build_event, read_result
from local.template import load_template
from tests.api.client import Context
from tests.simulator.clock import VirtualClock
from tools.openapi.__main__ import ROOT, WRITTEN, description
from tools.openapi.operations import ASSETS, OPERATIONS
from tools.openapi.problems import problems
from tools.openapi.worked_example import ACCOUNT, BODIES, CALLS, WorkedExample

DOCUMENT: dict[str, Any] = json.loads(WRITTEN.read_text())
TEMPLATE = load_template(ROOT / "infra/template.yaml")
API = ROOT / "functions/points"
PAGES_FUNCTION = ROOT / "functions/docs.py"
NAMED = "/accounts/{account}"

Json = dict[str, Any]


def operations() -> Iterator[tuple[str, Json]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


DESCRIBED = dict(operations())


def resolved(thing: Json) -> Json:
    """Follow a reference, if it is one."""
    if "$ref" not in thing:
        return thing
    found = DOCUMENT
    for part in thing["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def errors_of(schema: Json, value: Any) -> list[str]:
    """Say how a value does not fit a schema."""
    return [
        error.message for error in OAS31Validator({**schema, "components": DOCUMENT["components"]}).iter_errors(value)
    ]


def test_it_is_what_the_code_makes_of_it() -> None:
    assert WRITTEN.read_text() == description(), "make openapi renews it"


def test_it_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_it_has_every_route_of_the_template_with_its_scope() -> None:
    routes = {route.key: list(route.scopes) for route in TEMPLATE.routes if route.method not in {"HEAD", "ANY"}}
    del routes[ASSETS]
    assert {key: list(chain(*(it["token"] for it in call["security"]))) for key, call in operations()} == routes


def test_a_client_can_tell_the_calls_apart() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(set(names)) == len(names)


def test_generators_find_one_plain_type_for_every_parameter() -> None:
    for parameter in DOCUMENT["components"]["parameters"].values():
        assert isinstance(parameter["schema"]["type"], str), parameter["name"]


def test_it_has_every_change_and_every_kind_of_transaction_with_all_that_is_told_of_one() -> None:
    assert {body.change for body in BODIES.values()} == set(get_args(Change))
    schemas = DOCUMENT["components"]["schemas"]
    told: set[str] = set()
    for union in (schemas["Transaction"], schemas["TransactionInFull"]):
        assert union["discriminator"]["mapping"].keys() == set(Kind)
        assert [{"$ref": target} for target in union["discriminator"]["mapping"].values()] == union["oneOf"]
        told.update(*(resolved(kind)["properties"] for kind in union["oneOf"]))
    assert told >= set(Transaction._fields)
    shown = DESCRIBED["GET /transactions/{sequence}"]["responses"]["200"]["content"]["application/json"]["examples"]
    assert {resolved(example)["value"]["kind"] for example in shown.values()} == set(Kind)


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
    assert not errors_of(schema, value)


def test_nothing_but_a_path_has_an_example_that_trying_a_call_would_send() -> None:
    for parameter in DOCUMENT["components"]["parameters"].values():
        assert parameter["in"] == "path" or not {"example", "examples"} & parameter.keys(), parameter["name"]
        assert not {"example", "examples"} & parameter["schema"].keys(), parameter["name"]


def test_every_body_and_every_answer_has_an_example() -> None:
    for key, operation in operations():
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for described in [*bodies, *map(resolved, operation["responses"].values())]:
            for kind, media in described.get("content", {}).items():
                shown = media.get("example") or media.get("examples")
                assert shown or "Documentation" in operation["tags"], (key, kind)


def test_every_kind_of_problem_that_the_code_can_raise_is_described_once() -> None:
    found = {kind for file in [*API.rglob("*.py"), PAGES_FUNCTION] for kind in _kinds(ast.parse(file.read_text()))}
    described = Counter(problem["type"].rpartition(":")[2] for problem in problems(WorkedExample()))
    assert described == Counter(found)
    told = DOCUMENT["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert {kind.rpartition(":")[2] for kind in told} == found
    assert DOCUMENT["components"]["examples"].keys() >= found
    shown = {
        reference["$ref"].rpartition("/")[2]
        for response in DOCUMENT["components"]["responses"].values()
        for media in response.get("content", {}).values()
        for reference in media.get("examples", {}).values()
    }
    assert shown == found - {"no-file", "method-not-allowed"}, "all but what only a request that is no call gets"
    used = {answer["$ref"] for call in DESCRIBED.values() for answer in call["responses"].values() if "$ref" in answer}
    assert used == {f"#/components/responses/{name}" for name in DOCUMENT["components"]["responses"]}


def _kinds(tree: ast.AST) -> Iterator[str]:
    """Find the kinds in `Problem(status, "kind", …)`, `LimitError("limit", …)` and `kind = "…"` in a class."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Problem" | "_problem"), args=[_, ast.Constant(value=str(kind)), *_]):
                yield kind
            case ast.Call(func=ast.Name(id="LimitError"), args=[ast.Constant(value=str(limit)), *_]):
                yield f"limit-{limit}"
            case ast.ClassDef(body=members):
                for member in members:
                    match member:
                        case ast.Assign(targets=[ast.Name(id="kind")], value=ast.Constant(value=str(kind))):
                            yield kind


# --- What the functions take is what is described ---


def event(**headers: str) -> APIGatewayProxyEventV2:
    return APIGatewayProxyEventV2({"headers": {name.replace("_", "-"): value for name, value in headers.items()}})


def fits(parameter: str, value: str) -> bool:
    schema = DOCUMENT["components"]["parameters"][parameter]["schema"]
    return not errors_of(schema, value)


def takes(read: Any, *arguments: Any) -> bool:
    """Whether a function of the API takes something, and does not refuse it as invalid."""
    try:
        read(*arguments)
    except Problem as problem:
        if problem.kind != "invalid-request":
            raise
        return False
    return True


ASCII = [chr(code) for code in range(33, 127)]


@pytest.mark.parametrize("key", [*ASCII, "", "a b", "é", "x" * 255, "x" * 256])
def test_a_key_is_described_as_it_is_taken(key: str) -> None:
    assert fits("IdempotencyKey", key) == takes(read_retry, event(idempotency_key=key), "u-7", Spend(1))


@pytest.mark.parametrize(
    "tags", ["*", '"7"', 'W/"7"', '"7", "8"', '"7","8"', '"7" , W/"8"', '""', "7", '"7', '"7" "8"', '*, "7"', "", "w/*"]
)
@pytest.mark.parametrize(("parameter", "header"), [("IfMatch", "if_match"), ("UnlessMatch", "if_none_match")])
def test_tags_are_described_as_they_are_taken(parameter: str, header: str, tags: str) -> None:
    assert fits(parameter, tags) == takes(read_versions, event(**{header: tags}))


@pytest.mark.parametrize("account", [*ASCII, "", ".", "..", "...", "a b", "é", "x" * 128, "x" * 129])
def test_an_account_is_described_as_it_is_taken(account: str) -> None:
    claims = {"sub": account, "scope": "points/read"}
    of_token = APIGatewayProxyEventV2({"requestContext": {"authorizer": {"jwt": {"claims": claims}}}})
    assert fits("Account", account) == takes(account_of, of_token, "read")


# --- What the functions answer is what is described ---


class Caller:
    """Sends requests to the functions behind the template's routes, and holds every answer against the description.

    Attributes
    ----------
    called
        The calls that were made, each with the statuses that it answered.
    """

    def __init__(self) -> None:
        self._router = Router(TEMPLATE.routes)
        self._handlers = {
            function.name: importlib.import_module(function.handler.partition(".")[0]).handler
            for function in TEMPLATE.functions
        }
        self.called: dict[str, set[int]] = {}

    def __call__(self, method: str, target: str, sent: Any = None, **headers: str) -> Response:
        path, _, query = target.partition("?")
        named = [(name.replace("_", "-"), value) for name, value in headers.items()]
        body = b"" if sent is None else json.dumps(sent).encode()
        request = Request(method, path, query, [*named, ("content-type", "application/json")], body, "HTTP/1.1", "::1")
        found = self._router.find(method, path)
        assert found, path
        route, parameters = found
        asked = build_event(request, route, parameters, request_id="request", at=datetime.now(UTC))
        response = read_result(self._handlers[route.function](asked, Context()))
        self.called.setdefault(route.key, set()).add(response.status)
        check_answer(route.key, response)
        return response

    def json(self, *request: Any, **headers: str) -> Any:
        """Send a request that is done, and return the answer."""
        response = self(*request, **headers)
        assert response.status == 200, response.body
        return json.loads(response.body)

    def refused(self, status: int, kind: str, *request: Any, **headers: str) -> None:
        """Send a request that is refused."""
        response = self(*request, **headers)
        assert (response.status, json.loads(response.body)["type"]) == (status, f"urn:points-ledger:problem:{kind}")


PAGES = {"/", "/docs", "/openapi.json"}


def check_answer(key: str, response: Response) -> None:
    """Make sure that an answer is described: its status, its type, what it holds, and its headers."""
    described = resolved(DESCRIBED[key]["responses"][str(response.status)])
    headers = dict(response.headers)
    for name, reference in described.get("headers", {}).items():
        header = resolved(reference)
        given = headers.get(name.lower())
        if given is None:
            assert not header.get("required"), name
        else:
            assert not errors_of(header["schema"], int(given) if header["schema"]["type"] == "integer" else given), name
    told = {name.lower() for name in described.get("headers", {})}
    if key.partition(" ")[2] not in PAGES:  # their tags are of files, and for caches alone
        assert {"etag", "content-location", "idempotency-replayed", "retry-after"} & headers.keys() <= told
    if "content" not in described:
        assert not response.body
        return
    media = described["content"][headers["content-type"].partition(";")[0]]
    if "schema" in media:
        assert not errors_of(media["schema"], json.loads(response.body))


@pytest.fixture
def caller(clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> Caller:  # noqa: ARG001
    monkeypatch.setenv("LOCAL_ACCOUNT", ACCOUNT)
    return Caller()


def until(clock: VirtualClock, moment: datetime) -> None:
    """Let the clock show a moment, be it a past one."""
    clock.sleep((moment - clock.now()) / timedelta(seconds=1))


def shown(key: str) -> Iterator[Any]:
    """Go through the answers that are shown of a call."""
    content = DESCRIBED[key]["responses"]["200"]["content"]["application/json"]
    return (resolved(example)["value"] for example in content["examples"].values())


def test_the_worked_examples_answers_are_those_of_the_functions(caller: Caller, clock: VirtualClock) -> None:
    answers = {
        key: shown(key)
        for key in OPERATIONS
        if "content" in DESCRIBED[key]["responses"]["200"]
        if "Documentation" not in DESCRIBED[key]["tags"]
    }
    for call in CALLS:
        until(clock, call.at)
        if (preview := f"{call.key}/preview") in answers:
            assert caller.json("POST", f"{call.target}/preview", call.sent) == next(answers[preview])
        assert caller.json("POST", call.target, call.sent) == next(answers[call.key])
    for read in WorkedExample().reads():
        assert caller.json("GET", read.target) == next(answers[read.key])
    assert {key: list(left) for key, left in answers.items()} == {key: [] for key in answers}


@pytest.mark.parametrize("prefix", ["", "/accounts/shop+7"])
def test_every_answer_of_every_call_is_described(caller: Caller, prefix: str) -> None:
    add = {"payer": "DANNON", "points": 1000, "timestamp": "2020-11-02T14:00:00Z"}

    def post(path: str, sent: Any, **headers: str) -> Any:
        return caller.json("POST", prefix + path, sent, **headers)

    post("/add", add, idempotency_key="add-1")
    post("/add", add, idempotency_key="add-1")
    pending = post("/add", {**add, "effective_at": "9000-01-01T00:00:00Z", "expires_at": "9001-01-01T00:00:00Z"})
    other = post("/add", {**add, "effective_at": "9000-01-01T00:00:00Z"})
    post("/add", {**add, "points": -10, "metadata": {"why": ""}})
    post("/spend/preview", {"points": 100})
    post("/spend", {"points": 100, "reference": "order-1"})
    post("/transactions/5/refund", {"points": 60})
    post("/holds/preview", {"points": 100})
    hold, voided = post("/holds", {"points": 100}), post("/holds", {"points": 50})
    post(f"/holds/{hold['sequence']}/capture", {"points": 70})
    post(f"/holds/{voided['sequence']}/void", {})
    post(f"/transactions/{pending['sequence']}/cancel", {"reference": "order-1"})
    post("/holds", {"points": 25})

    reads = ["/balance", "/balance?at=1", "/balance?at=9999-01-01T00:00:00Z", "/account", "/lots", "/holds", "/pending"]
    for path in reads:
        response = caller("GET", prefix + path)
        assert caller("GET", prefix + path, if_none_match=dict(response.headers)["etag"]).status == 304
    cursor = caller.json("GET", f"{prefix}/transactions?limit=3")["next_cursor"]
    caller.json("GET", f"{prefix}/transactions?cursor={cursor}")
    for sequence in range(1, 13):
        caller.json("GET", f"{prefix}/transactions/{sequence}")

    def refused(status: int, kind: str, path: str, sent: Any = None, **headers: str) -> None:
        caller.refused(status, kind, "GET" if sent is None else "POST", prefix + path, sent, **headers)

    refused(400, "invalid-request", "/add", {})
    refused(400, "not-enough-points", "/spend", {"points": 10_000})
    refused(400, "hold-end", "/holds", {"points": 1, "expires_at": "2020-01-01T00:00:00Z"})
    refused(404, "no-transaction", "/transactions/99/refund", {})
    refused(404, "no-transaction", "/holds/6/capture", {})
    refused(404, "no-transaction", "/holds/6/void", {})
    refused(404, "no-transaction", "/transactions/99/cancel", {})
    refused(404, "no-transaction", "/transactions/99")
    refused(404, "no-transaction", "/balance?at=99")
    refused(409, "payer-below-zero", "/add", {**add, "points": -5_000})
    refused(409, "more-than-left", "/transactions/5/refund", {"points": 41})
    refused(409, "not-refundable", "/transactions/1/refund", {})
    refused(409, "ended", f"/holds/{hold['sequence']}/capture", {})
    refused(409, "ended", f"/holds/{hold['sequence']}/void", {})
    refused(409, "not-pending", "/transactions/6/cancel", {})
    refused(412, "version-mismatch", "/spend", {"points": 1}, if_match='"1"')
    refused(413, "body-too-large", "/spend", {"points": 1, "reference": "x" * 20_000})
    refused(415, "body-encoded", "/spend", {"points": 1}, content_encoding="gzip")
    refused(422, "idempotency-key-reused", "/spend", {"points": 1}, idempotency_key="add-1")
    caller.json("POST", f"{prefix}/transactions/{other['sequence']}/cancel", {}, if_match="*")

    for path in PAGES:
        assert caller("GET", path).status == 200
        caller.refused(406, "not-acceptable", "GET", path, accept_encoding="identity;q=0")
    scoped = {key for key in DESCRIBED if key.partition(" ")[2].startswith(NAMED) == bool(prefix)}
    assert caller.called.keys() >= scoped


UNKNOWN = [
    pytest.param(key, id=key) for key in DESCRIBED if "Documentation" not in DESCRIBED[key]["tags"] and NAMED not in key
]


@pytest.mark.parametrize("key", UNKNOWN)
def test_a_field_or_a_parameter_that_is_not_described_is_refused(caller: Caller, key: str) -> None:
    method, _, path = key.replace("{sequence}", "1").partition(" ")
    parameters = {it["name"] for it in map(resolved, DESCRIBED[key].get("parameters", ())) if it["in"] == "query"}
    body = DESCRIBED[key].get("requestBody")
    sent = None
    if body:
        media = body["content"]["application/json"]
        sent = resolved(next(iter(media["examples"].values())))["value"]
        assert errors_of(media["schema"], {**sent, "unknown": 1})
        assert "is not a field" in _message(caller(method, path, {**sent, "unknown": 1}), "unknown")
    assert "is not a parameter" in _message(caller(method, f"{path}?unknown=1", sent), "unknown")
    for name in parameters:
        assert "is not a parameter" not in _message(caller(method, f"{path}?{name}=\x00", sent), name)


@pytest.mark.parametrize("key", [key for key in BODIES if not key.endswith("/preview")])
@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        1.5,
        -(2**53),
        2**53,
        "",
        "x" * 129,
        "\x00",
        "2020-11-02",
        [],
        {"": ""},
        {"a": 1},
        {"a": "x" * 501},
    ],
)
def test_a_field_that_does_not_fit_is_refused(caller: Caller, key: str, value: Any) -> None:
    """What the description forbids is refused; what it allows is, if at all, for a reason that it has no words for."""
    method, _, path = key.replace("{sequence}", "1").partition(" ")
    media = DESCRIBED[key]["requestBody"]["content"]["application/json"]
    for name in resolved(media["schema"])["properties"]:
        example = resolved(next(iter(media["examples"].values())))["value"]
        allowed = not errors_of(media["schema"], {**example, name: value})
        response = caller(method, path, {**example, name: value})
        refused = response.status == 400 and name in {error["field"] for error in json.loads(response.body)["errors"]}
        assert refused != allowed, (name, response.body)


def _message(response: Response, field: str) -> str:
    """Return what an answer says of a field."""
    errors = json.loads(response.body).get("errors", []) if response.status == 400 else []
    return next((error["message"] for error in errors if error["field"] == field), "")
