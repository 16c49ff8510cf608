"""Who may call, how often, and what is known of it afterwards."""

import json
import re
from collections.abc import Iterable
from typing import Any

import pytest

from tests.infra.template import PATH, default, functions, only, resources, routes, template

PAGES = {"GET /openapi.json", "GET /docs", "GET /", "GET /assets/{file}"}
UNROUTED = "ANY $default"
OWN_SCOPES = {
    "POST /add": "points/add",
    "POST /transactions/{sequence}/cancel": "points/add",
    "POST /spend": "points/spend",
    "POST /holds": "points/spend",
    "POST /holds/{sequence}/capture": "points/spend",
    "POST /holds/{sequence}/void": "points/spend",
    "POST /transactions/{sequence}/refund": "points/refund",
    "POST /spend/preview": "points/read",
    "POST /holds/preview": "points/read",
    "GET /balance": "points/read",
    "GET /account": "points/read",
    "GET /lots": "points/read",
    "GET /holds": "points/read",
    "GET /pending": "points/read",
    "GET /transactions": "points/read",
    "GET /transactions/{sequence}": "points/read",
}


CLIENTS = {
    "IssuerClient": ["accounts/add", "accounts/read"],
    "ShopClient": ["accounts/spend", "accounts/refund", "accounts/read"],
    "ReaderClient": ["accounts/read"],
}
"""The user pool's clients. Their tokens' subjects are the clients themselves, which have no accounts of their own."""


def _with_named_accounts(scopes: dict[str, str]) -> dict[str, str]:
    named = {
        key.replace(" ", " /accounts/{account}", 1): scope.replace("points/", "accounts/")
        for key, scope in scopes.items()
    }
    return scopes | named


def _with_head(keys: Iterable[str]) -> set[str]:
    """Add HEAD wherever GET is."""
    return {*keys, *(key.replace("GET ", "HEAD ") for key in keys)}


SCOPES = {
    method: scope for key, scope in _with_named_accounts(OWN_SCOPES).items() for method in sorted(_with_head([key]))
}
OPEN = _with_head(PAGES) | {UNROUTED}
LOGGED = {
    "requestTime", "routeKey", "path", "status", "responseLatency", "integrationLatency", "responseLength",
    "authorizer.error", "integrationErrorMessage",
}  # fmt: skip
"""What the access log tells of a request beside who made it, and the id under which the functions tell more."""


def test_every_route_but_the_open_ones_needs_a_token_with_exactly_its_own_scope() -> None:
    authorizations = {route.key: route.authorization for route in routes()}
    guarded = {key: {"AuthorizationScopes": [scope]} for key, scope in SCOPES.items()}
    assert authorizations == guarded | {key: {"Authorizer": "NONE"} for key in OPEN}


def test_head_is_a_route_wherever_get_is_to_the_same_function_or_the_default_route_would_take_it() -> None:
    functions = {route.key: route.function for route in routes()}
    heads = {key.replace("GET ", "HEAD "): name for key, name in functions.items() if key.startswith("GET ")}
    assert {key: name for key, name in functions.items() if key.startswith("HEAD ")} == heads


def test_what_no_route_takes_is_answered_by_a_function_without_a_right_to_the_table() -> None:
    (route,) = [route for route in routes() if route.key == UNROUTED]
    assert "Policies" not in functions()[route.function]


def test_a_token_is_asked_for_unless_a_route_says_otherwise() -> None:
    auth = only("AWS::Serverless::HttpApi")["Properties"]["Auth"]
    assert auth["Authorizers"].keys() == {auth["DefaultAuthorizer"]}
    assert auth["Authorizers"]["Token"]["IdentitySource"] == "$request.header.Authorization"


def test_tokens_are_those_of_ones_own_issuer_or_else_of_the_user_pool() -> None:
    token = only("AWS::Serverless::HttpApi")["Properties"]["Auth"]["Authorizers"]["Token"]
    own = [{"Ref": name} for name in CLIENTS]
    given = {"Ref": "JwtAudience"}
    more = {"Fn::If": ["MoreClients", given, {"Ref": "AWS::NoValue"}]}
    assert token["JwtConfiguration"] == {
        "issuer": {"Fn::If": ["OwnUserPool", {"Fn::Sub": "https://${UserPool.ProviderName}"}, {"Ref": "JwtIssuer"}]},
        "audience": {"Fn::Split": [",", {"Fn::If": ["OwnUserPool", {"Fn::Join": [",", [*own, more]]}, given]}]},
    }
    assert template()["Conditions"]["OwnUserPool"] == {"Fn::Equals": [{"Ref": "JwtIssuer"}, ""]}
    assert default("JwtIssuer") == default("JwtAudience") == ""
    cognito = [it for it in template()["Resources"].values() if it["Type"].startswith("AWS::Cognito::")]
    assert [it["Condition"] for it in cognito] == ["OwnUserPool"] * (4 + len(CLIENTS))
    assert template()["Conditions"]["MoreClients"] == {"Fn::Not": [{"Fn::Equals": [given, ""]}]}


def test_the_user_pool_offers_every_scope() -> None:
    servers = [it["Properties"] for it in resources("AWS::Cognito::UserPoolResourceServer").values()]
    assert {f"{it['Identifier']}/{scope['ScopeName']}" for it in servers for scope in it["Scopes"]} == set(
        SCOPES.values()
    )


def test_each_role_has_a_client_with_its_own_scopes_and_tokens_of_an_hour() -> None:
    """Cognito grants a client every scope that it may have, unless it asks for fewer."""
    clients = {name: it["Properties"] for name, it in resources("AWS::Cognito::UserPoolClient").items()}
    assert {name: it["AllowedOAuthScopes"] for name, it in clients.items()} == CLIENTS
    for client in clients.values():
        assert client["AllowedOAuthFlows"] == ["client_credentials"]
        assert client["GenerateSecret"] is True
        assert (client["AccessTokenValidity"], client["TokenValidityUnits"]) == (60, {"AccessToken": "minutes"})


def test_the_user_pool_is_kept_because_its_subjects_name_accounts() -> None:
    pool = only("AWS::Cognito::UserPool")
    assert pool["DeletionPolicy"] == pool["UpdateReplacePolicy"] == "Retain"
    assert pool["Properties"]["DeletionProtection"] == "ACTIVE"


def test_pages_of_other_origins_may_call_only_if_the_parameter_names_them() -> None:
    condition, allowed, otherwise = only("AWS::Serverless::HttpApi")["Properties"]["CorsConfiguration"]["Fn::If"]
    assert template()["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CorsOrigins"}, ""]}]}
    assert otherwise == {"Ref": "AWS::NoValue"}
    assert default("CorsOrigins") == ""
    assert allowed["AllowOrigins"] == {"Fn::Split": [",", {"Ref": "CorsOrigins"}]}
    assert "AllowCredentials" not in allowed, "a token is sent by the page, not by the browser"
    assert set(allowed["AllowMethods"]) == {route.key.partition(" ")[0] for route in routes()} - {"ANY"}


def test_they_may_send_and_read_every_header_that_the_calls_have() -> None:
    _, allowed, _ = only("AWS::Serverless::HttpApi")["Properties"]["CorsConfiguration"]["Fn::If"]
    described = json.loads((PATH.parents[1] / "functions/docs_assets/openapi.json").read_text())
    sent = {it["name"].lower() for it in described["components"]["parameters"].values() if it["in"] == "header"}
    assert set(allowed["AllowHeaders"]) == sent | {"authorization", "content-type"}
    answers = [answer for call in _calls(described) for answer in call["responses"].values()]
    named = {name.lower() for answer in answers for name in _resolved(described, answer).get("headers", {})}
    assert set(allowed["ExposeHeaders"]) == named - {"www-authenticate"}  # a page knows by the status


@pytest.mark.parametrize(("origins", "valid"), [
    ("", True),
    ("*", True),
    ("https://shop.example", True),
    ("http://127.0.0.1:3000,https://shop.example", True),
    ("https://shop.example/", False),
    ("https://shop.example, https://other.example", False),
    ("https://shop.example,", False),
    ("shop.example", False),
    ("*,https://shop.example", False),
])  # fmt: skip
def test_an_origin_has_a_scheme_and_no_path(origins: str, valid: bool) -> None:
    pattern = template()["Parameters"]["CorsOrigins"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, origins)) is valid


def _calls(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [call for calls in described["paths"].values() for call in calls.values()]


def _resolved(described: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference, if it is one."""
    if "$ref" in answer:
        found: dict[str, Any] = described["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        return found
    return answer


def test_calls_are_throttled() -> None:
    settings = only("AWS::Serverless::HttpApi")["Properties"]["DefaultRouteSettings"]
    assert settings["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "BurstOfRequests"}
    assert 0 < default("RequestsPerSecond") <= default("BurstOfRequests")
    assert "DetailedMetricsEnabled" not in settings, "it costs, and nothing looks at metrics by route"


def test_open_routes_have_limits_of_their_own_so_that_nobody_without_a_token_takes_much() -> None:
    settings = only("AWS::Serverless::HttpApi")["Properties"]["RouteSettings"]
    limits = {
        "ThrottlingRateLimit": {"Ref": "OpenRequestsPerSecond"},
        "ThrottlingBurstLimit": {"Ref": "BurstOfOpenRequests"},
    }
    assert settings == {key.removeprefix("ANY "): limits for key in OPEN}
    assert 0 < default("OpenRequestsPerSecond") <= default("BurstOfOpenRequests") < default("RequestsPerSecond")


def test_calls_are_logged_as_json_under_the_id_that_the_functions_log_too() -> None:
    settings = only("AWS::Serverless::HttpApi")["Properties"]["AccessLogSettings"]
    assert "\n" not in settings["Format"]
    logged = json.loads(settings["Format"])
    assert logged.pop("requestId") == "$context.requestId"
    assert logged.pop("subject") == "$context.authorizer.claims.sub"
    assert logged.pop("ip") == "$context.identity.sourceIp"
    assert {f"$context.{name}" for name in LOGGED} == set(logged.values())


def test_what_the_gateway_cannot_import_stops_the_deployment() -> None:
    assert only("AWS::Serverless::HttpApi")["Properties"]["FailOnWarnings"] is True
