"""Who may call, how often, and what is known of it afterwards."""

import json
import re

from tests.infra.template import default, only, resources, routes, template

OPEN = {"GET /openapi.json", "GET /docs", "GET /", "GET /assets/{file}"}
SCOPES = {
    "POST /add": "points/add",
    "POST /accounts/{account}/add": "accounts/add",
    "POST /spend": "points/spend",
    "POST /accounts/{account}/spend": "accounts/spend",
    "POST /spend/preview": "points/read",
    "POST /accounts/{account}/spend/preview": "accounts/read",
    "GET /balance": "points/read",
    "GET /accounts/{account}/balance": "accounts/read",
    "GET /transactions": "points/read",
    "GET /accounts/{account}/transactions": "accounts/read",
    "GET /transactions/{sequence}": "points/read",
    "GET /accounts/{account}/transactions/{sequence}": "accounts/read",
}


def test_every_route_but_the_open_ones_needs_a_token_with_exactly_its_own_scope() -> None:
    authorizations = {route.key: route.authorization for route in routes()}
    guarded = {key: {"AuthorizationScopes": [scope]} for key, scope in SCOPES.items()}
    assert authorizations == guarded | {key: {"Authorizer": "NONE"} for key in OPEN}


def test_a_token_is_asked_for_unless_a_route_says_otherwise() -> None:
    auth = only("AWS::Serverless::HttpApi")["Properties"]["Auth"]
    assert auth["Authorizers"].keys() == {auth["DefaultAuthorizer"]}
    assert auth["Authorizers"]["Token"]["IdentitySource"] == "$request.header.Authorization"


def test_tokens_are_those_of_ones_own_issuer_or_else_of_the_user_pool() -> None:
    token = only("AWS::Serverless::HttpApi")["Properties"]["Auth"]["Authorizers"]["Token"]
    assert token["JwtConfiguration"] == {
        "issuer": {"Fn::If": ["OwnUserPool", {"Fn::Sub": "https://${UserPool.ProviderName}"}, {"Ref": "JwtIssuer"}]},
        "audience": {
            "Fn::If": ["OwnUserPool", [{"Ref": "MachineClient"}], {"Fn::Split": [",", {"Ref": "JwtAudience"}]}]
        },
    }
    assert template()["Conditions"]["OwnUserPool"] == {"Fn::Equals": [{"Ref": "JwtIssuer"}, ""]}
    assert default("JwtIssuer") == default("JwtAudience") == ""
    cognito = [it for it in template()["Resources"].values() if it["Type"].startswith("AWS::Cognito::")]
    assert [it["Condition"] for it in cognito] == ["OwnUserPool"] * 5


def test_the_user_pool_offers_every_scope_and_the_machine_client_may_ask_for_each() -> None:
    servers = [it["Properties"] for it in resources("AWS::Cognito::UserPoolResourceServer").values()]
    offered = {f"{it['Identifier']}/{scope['ScopeName']}" for it in servers for scope in it["Scopes"]}
    client = only("AWS::Cognito::UserPoolClient")["Properties"]
    assert offered == set(client["AllowedOAuthScopes"]) == set(SCOPES.values())
    assert client["AllowedOAuthFlows"] == ["client_credentials"]
    assert client["GenerateSecret"] is True


def test_the_user_pool_is_kept_because_its_subjects_name_accounts() -> None:
    pool = only("AWS::Cognito::UserPool")
    assert pool["DeletionPolicy"] == pool["UpdateReplacePolicy"] == "Retain"
    assert pool["Properties"]["DeletionProtection"] == "ACTIVE"


def test_calls_are_throttled() -> None:
    settings = only("AWS::Serverless::HttpApi")["Properties"]["DefaultRouteSettings"]
    assert settings["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "BurstOfRequests"}
    assert 0 < default("RequestsPerSecond") <= default("BurstOfRequests")


def test_calls_are_logged_as_json_under_the_id_that_the_functions_log_too() -> None:
    settings = only("AWS::Serverless::HttpApi")["Properties"]["AccessLogSettings"]
    assert "\n" not in settings["Format"]
    logged = json.loads(settings["Format"])
    assert logged["requestId"] == "$context.requestId"
    assert all(re.fullmatch(r"\$context(\.\w+)+", value) for value in logged.values())


def test_what_the_gateway_cannot_import_stops_the_deployment() -> None:
    assert only("AWS::Serverless::HttpApi")["Properties"]["FailOnWarnings"] is True
