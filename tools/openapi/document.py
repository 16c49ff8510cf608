"""Puts the description together."""

from collections.abc import Iterable
from typing import Any

from points.api.bodies import Body
from points.api.fields import METADATA, Field

from local.template import Route
from tools.openapi.answers import SCHEMAS, problem_schema
from tools.openapi.operations import ABOUT, ASSETS, MEANINGS, OPERATIONS, PARAMETERS, TAGS, TITLE, Operation
from tools.openapi.problems import problems
from tools.openapi.refusals import HEADERS, REFUSALS, header_refs, refusal_response
from tools.openapi.schemas import Json, record, ref, schema
from tools.openapi.worked_example import BODIES, WorkedExample

VERSION = "1.0.0"

_NAMED = "/accounts/{account}"
_PREVIEW = "/preview"


class _Examples:
    """What the worked example sends and is answered, by call; a request and its answer go by the same name.

    Attributes
    ----------
    requests, answers
        By call, where each example is found.
    components
        The examples themselves.
    """

    def __init__(self, example: WorkedExample) -> None:
        self.requests: dict[str, Json] = {key: {} for key in BODIES}
        self.answers: dict[str, Json] = {key: {} for key in OPERATIONS}
        self.components: Json = {}
        for call, answer in example.changes():
            self._show(self.requests, call.key, "sends", call.summary, call.sent)
            self._show(self.answers, call.key, "answers", call.summary, answer)
            if (preview := call.key + _PREVIEW) in BODIES:
                taken = answer if isinstance(answer, list) else answer["taken"]
                self._show(self.requests, preview, "sends", call.summary, call.sent)
                self._show(self.answers, preview, "answers", call.summary, taken)
        for read in example.reads():
            self._show(self.answers, read.key, "answers", read.summary, read.answer)

    def _show(self, shown: dict[str, Json], key: str, does: str, summary: str, value: Any) -> None:
        number = len(shown[key]) + 1
        name = f"{OPERATIONS[key].name}_{does}_{number}"
        self.components[name] = {"summary": summary, "value": value}
        shown[key][f"example{number}"] = ref("examples", name)


def make_document(routes: Iterable[Route]) -> Json:
    """Describe the calls on these routes.

    Raises
    ------
    KeyError
        A route has no description.
    """
    example = WorkedExample()
    examples = _Examples(example)
    paths: Json = {}
    for route in routes:
        if route.key != ASSETS and route.method not in {"HEAD", "ANY"}:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, examples)
    found = {problem["type"].rpartition(":")[2]: problem for problem in problems(example)}
    statuses = {kind: body["status"] for kind, body in found.items()}
    schemas = {
        **SCHEMAS,
        **{_body_name(body): _body_schema(body) for body in BODIES.values()},
        "Problem": problem_schema([body["type"] for body in found.values()]),
    }
    document: Json = {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": ABOUT},
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": dict(sorted(paths.items(), key=lambda item: _place(item[0]))),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "responses": {
                "NotModified": {"description": "The caller already has this", "headers": header_refs(["ETag"])},
                **{name: refusal_response(refusal, statuses) for name, refusal in REFUSALS.items()},
            },
            "examples": {
                **examples.components,
                **{kind: {"summary": body["title"], "value": body} for kind, body in found.items()},
            },
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A JWT from the deployment's issuer, with the call's scope. Not needed locally.",
                }
            },
        },
    }
    described: Json = wide(document)
    return described


def wide(described: Any) -> Any:
    """Say of every whole number that it may need 64 bits: some generators take 32 for granted."""
    match described:
        case {"type": "integer" | ["integer", "null"]}:
            return {"format": "int64", **described}
        case dict():
            return {name: wide(value) for name, value in described.items()}
        case list():
            return [wide(value) for value in described]
    return described


def _place(path: str) -> tuple[bool, int]:
    """Sort as the operations stand, first on the own account, then on a named one."""
    paths = [key.partition(" ")[2] for key in OPERATIONS]
    return path.startswith(_NAMED), paths.index(path.removeprefix(_NAMED))


def _operation(route: Route, examples: _Examples) -> Json:
    named = route.path.startswith(_NAMED)
    key = f"{route.method} {route.path.removeprefix(_NAMED)}"
    call = OPERATIONS[key]
    parameters = (*(("Account",) if named else ()), *call.parameters)
    described: Json = {
        "operationId": f"{call.name}_of" if named else call.name,
        "tags": ["Named accounts" if named else call.tag],
        "summary": call.summary,
        "description": _with_scopes(call.description, route.scopes),
        "security": [{"token": list(route.scopes)}] if route.scopes else [],
    }
    if parameters:
        described["parameters"] = [ref("parameters", name) for name in parameters]
    if key in BODIES:
        content = {"schema": schema(_body_name(BODIES[key])), "examples": examples.requests[key]}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    described["responses"] = {"200": _success(call, examples.answers[key], named=named)}
    if "IfNoneMatch" in call.parameters:
        described["responses"]["304"] = ref("responses", "NotModified")
    for name in _refusals(call, named=named):
        described["responses"][str(REFUSALS[name].status)] = ref("responses", name)
    return described


def _with_scopes(description: str, scopes: tuple[str, ...]) -> str:
    needed = ", ".join(f"`{scope}`" for scope in scopes)
    return f"{description}\n\nNeeds the scope {needed}." if needed else description


def _refusals(call: Operation, *, named: bool) -> list[str]:
    names = list(call.refusals)
    if named and "NoTransaction" not in names:
        names.append("NotFound")
    return sorted(names, key=lambda name: REFUSALS[name].status)


def _success(call: Operation, examples: Json, *, named: bool) -> Json:
    if call.is_page:
        return {"description": call.answers, "content": {call.answer: {}}}
    content: Json = {"schema": schema(call.answer), "examples": examples}
    response: Json = {"description": call.answers, "content": {"application/json": content}}
    if call.headers:
        response["headers"] = header_refs(call.headers)
    if call.links:
        response["links"] = {name: _link(link, named=named) for name, link in call.links.items()}
    return response


def _link(link: Json, *, named: bool) -> Json:
    if not named:
        return link
    account = {"path.account": "$request.path.account"}
    return link | {"operationId": f"{link['operationId']}_of", "parameters": account | link["parameters"]}


def _body_name(body: Body[Any]) -> str:
    return f"{body.name}Body"


def _body_schema(body: Body[Any]) -> Json:
    required = {name: _field_schema(name, field) for name, field in body.required.items()}
    return record(
        body.description, required, {name: _field_schema(name, field) for name, field in body.optional.items()}
    )


def _field_schema(name: str, field: Field) -> Json:
    return schema("Metadata") if field is METADATA else {**field.schema, "description": MEANINGS[name]}
