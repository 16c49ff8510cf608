"""Puts the description together."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from points.api.problems import CONTENT_TYPE
from pydantic.json_schema import models_json_schema

from local.template import Route
from tools.openapi.answers import ANSWERS
from tools.openapi.operations import ABOUT, ASSETS, OPERATIONS, PARAMETERS, TAGS, TITLE, Json, Operation
from tools.openapi.problems import problems

VERSION = "1.0.0"

_NAMED = "/accounts/{account}"

_HEADERS: dict[str, Json] = {
    "ETag": {
        "description": 'The sequence number of the transaction that the answer stands on; `"0"` before the first.',
        "required": True,
        "schema": {"type": "string", "pattern": '^"(0|[1-9][0-9]*)"$'},
        "example": '"7"',
    },
    "IdempotencyReplayed": {
        "description": "The request had been recorded before, and this is the first answer again.",
        "schema": {"type": "string", "const": "true"},
    },
    "RetryAfter": {
        "description": "Seconds to wait before the next attempt.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWWAuthenticate": {"description": "The way to authenticate.", "schema": {"type": "string"}, "example": "Bearer"},
}
_HEADER_NAMES = {
    "IdempotencyReplayed": "Idempotency-Replayed",
    "RetryAfter": "Retry-After",
    "WWWAuthenticate": "WWW-Authenticate",
}


class _Refusal(NamedTuple):
    status: int
    description: str
    kinds: tuple[str, ...] = ()
    gateway: bool = False
    """Whether API Gateway may answer so too, or alone."""
    headers: tuple[str, ...] = ()


_LIMITS = ("limit-payer-total", "limit-payers", "limit-part-spent-lots", "limit-late-lots", "limit-account-size")
_UNKNOWN = "A plain message is the gateway's own, and does not tell whether a change was recorded."

_REFUSALS = {
    "InvalidRequest": _Refusal(400, "The request is not valid", ("invalid-request",)),
    "InvalidSpend": _Refusal(
        400, "The request is not valid, or there are too few points", ("invalid-request", "not-enough-points")
    ),
    "Unauthorized": _Refusal(401, "No valid token", ("token-missing",), gateway=True, headers=("WWWAuthenticate",)),
    "Forbidden": _Refusal(403, "The token lacks the scope", ("scope-missing",), gateway=True),
    "NoTransaction": _Refusal(404, "There is no such transaction", ("no-transaction",), gateway=True),
    "NotFound": _Refusal(404, "The account's name has a slash: there is no such route", gateway=True),
    "AddNotAllowed": _Refusal(
        409,
        "The payer has too few points to take back, or the account would outgrow a limit",
        ("payer-below-zero", *_LIMITS),
    ),
    "AccountFull": _Refusal(409, "The account holds as many transactions as it can", ("limit-account-size",)),
    "VersionMismatch": _Refusal(412, "If-Match names another version", ("version-mismatch",), headers=("ETag",)),
    "BodyTooLarge": _Refusal(413, "The body is too large", ("body-too-large",), gateway=True),
    "KeyReused": _Refusal(422, "The key belongs to another request", ("idempotency-key-reused",)),
    "TooManyRequests": _Refusal(429, "Too many requests at once", gateway=True),
    "InternalError": _Refusal(500, f"A fault of the ledger's. {_UNKNOWN}", ("internal-error",), gateway=True),
    "Unavailable": _Refusal(
        503, f"The ledger is busy or not reachable. {_UNKNOWN}", ("unavailable",), gateway=True, headers=("RetryAfter",)
    ),
    "OutcomeUnknown": _Refusal(
        504, "The change may or may not be recorded; repeat it with the same key", ("outcome-unknown",), gateway=True
    ),
    "GatewayTimeout": _Refusal(504, "No answer in time", gateway=True),
}


def make_document(routes: Iterable[Route]) -> Json:
    """Describe the calls on these routes.

    Raises
    ------
    KeyError
        A route has no description.
    """
    paths: Json = {}
    for route in routes:
        if route.key != ASSETS:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    found = problems()
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": ABOUT},
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": dict(sorted(paths.items(), key=lambda item: _place(item[0]))),
        "components": {
            "schemas": _schemas(found),
            "parameters": PARAMETERS,
            "headers": _HEADERS,
            "responses": {name: _refusal(refusal, found) for name, refusal in _REFUSALS.items()},
            "examples": {kind: {"summary": kind, "value": body} for kind, body in found.items()},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A JWT of the deployment's issuer, with the call's scope. Locally there is none.",
                }
            },
        },
    }


def _place(path: str) -> tuple[bool, int]:
    """Sort as the operations stand, first on the own account, then on a named one."""
    paths = [key.partition(" ")[2] for key in OPERATIONS]
    return path.startswith(_NAMED), paths.index(path.removeprefix(_NAMED))


def _operation(route: Route) -> Json:
    named = route.path.startswith(_NAMED)
    call = OPERATIONS[f"{route.method} {route.path.removeprefix(_NAMED)}"]
    parameters = (*(("Account",) if named else ()), *call.parameters)
    described: Json = {
        "operationId": f"{call.name}_of" if named else call.name,
        "tags": ["Named accounts" if named else call.tag],
        "summary": call.summary,
        "description": _with_scopes(call.description, route.scopes),
        "security": [{"token": list(route.scopes)}] if route.scopes else [],
    }
    if parameters:
        described["parameters"] = [_ref("parameters", name) for name in parameters]
    if call.body:
        content = {"schema": _ref("schemas", call.body.__name__), "examples": call.body_examples}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    described["responses"] = {"200": _success(call, named)} | {
        str(_REFUSALS[name].status): _ref("responses", name) for name in _refusals(call, named)
    }
    return described


def _with_scopes(description: str, scopes: tuple[str, ...]) -> str:
    needed = ", ".join(f"`{scope}`" for scope in scopes)
    return f"{description}\n\nNeeds the scope {needed}." if needed else description


def _refusals(call: Operation, named: bool) -> list[str]:
    names = list(call.refusals)
    if named and "NoTransaction" not in names:
        names.append("NotFound")
    if named and "InvalidRequest" not in names and "InvalidSpend" not in names:
        names.append("InvalidRequest")
    return sorted(names, key=lambda name: _REFUSALS[name].status)


def _success(call: Operation, named: bool) -> Json:
    if isinstance(call.answer, str):
        return {"description": call.answers, "content": {call.answer: {}}}
    content: Json = {"schema": _ref("schemas", call.answer.__name__), "example": call.example}
    response: Json = {"description": call.answers, "content": {"application/json": content}}
    if call.headers:
        response["headers"] = _header_refs(call.headers)
    if call.links:
        response["links"] = {name: _link(link, named) for name, link in call.links.items()}
    return response


def _link(link: Json, named: bool) -> Json:
    if not named:
        return link
    account = {"path.account": "$request.path.account"}
    return link | {"operationId": f"{link['operationId']}_of", "parameters": account | link["parameters"]}


def _refusal(refusal: _Refusal, found: Mapping[str, Json]) -> Json:
    content: Json = {}
    if refusal.kinds:
        content[CONTENT_TYPE] = {
            "schema": _ref("schemas", "Problem"),
            "examples": {kind: _ref("examples", kind) for kind in refusal.kinds},
        }
        mistaken = [kind for kind in refusal.kinds if found[kind]["status"] != refusal.status]
        if mistaken:
            raise ValueError(f"not of status {refusal.status}: {mistaken}")
    if refusal.gateway:
        phrase = HTTPStatus(refusal.status).phrase
        content["application/json"] = {"schema": _ref("schemas", "GatewayMessage"), "example": {"message": phrase}}
    response: Json = {"description": refusal.description, "content": content}
    if refusal.headers:
        response["headers"] = _header_refs(refusal.headers)
    return response


def _header_refs(names: Iterable[str]) -> Json:
    return {_HEADER_NAMES.get(name, name): _ref("headers", name) for name in names}


def _schemas(found: Mapping[str, Json]) -> Json:
    bodies = {call.body for call in OPERATIONS.values() if call.body}
    models = sorted({*bodies, *ANSWERS}, key=lambda model: model.__name__)
    _, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    return dict(sorted((_without_titles(definitions["$defs"]) | {"Problem": _problem_schema(found)}).items()))


def _problem_schema(found: Mapping[str, Json]) -> Json:
    return {
        "type": "object",
        "description": "Why a request was not done. A change was not recorded, unless the status is 500 or 504.",
        "properties": {
            "type": {"type": "string", "format": "uri", "enum": [body["type"] for body in found.values()]},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": {"type": "array", "items": _ref("schemas", "FieldError")},
        },
        "required": ["type", "title", "status", "detail"],
        "additionalProperties": False,
    }


def _without_titles(schema: Any) -> Any:
    """Drop the titles that pydantic makes of the names: they say nothing that the names do not."""
    match schema:
        case dict():
            return {
                key: _without_titles(value)
                for key, value in schema.items()
                if not (key == "title" and isinstance(value, str))
            }
        case list():
            return [_without_titles(value) for value in schema]
    return schema


def _ref(section: str, name: str) -> Json:
    return {"$ref": f"#/components/{section}/{name}"}
