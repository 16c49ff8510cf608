"""Makes the API's authorizer, integrations and routes, from the OpenAPI body that the template came to."""

import re
from typing import Any

from tools.deploy_local.stack import DEVELOPER, SCOPES, Stack

_DEFAULT = "/$default"
"""How the SAM transform writes the path of the route that takes what no other does."""


def make_routes(stack: Stack) -> None:
    """Make every route that the deployed template has, with its scopes; those that were there before go.

    Besides, make a client of the user pool that may do everything.
    """
    stack.make_client(DEVELOPER, SCOPES.split())
    gateway = stack.client("apigatewayv2")
    names = stack.physical_ids()
    api = names["LedgerApi"]
    for route in gateway.get_routes(ApiId=api)["Items"]:
        gateway.delete_route(ApiId=api, RouteId=route["RouteId"])
    body = stack.processed_template()["Resources"]["LedgerApi"]["Properties"]["Body"]
    authorizer = _make_authorizer(stack, gateway, api)
    for path, operations in body["paths"].items():
        for method, operation in operations.items():
            gateway.create_route(
                ApiId=api,
                RouteKey="$default" if path == _DEFAULT else f"{method.upper()} {path}",
                Target=f"integrations/{_make_integration(gateway, api, operation, names)}",
                **_authorization(operation, authorizer),
            )


def _make_authorizer(stack: Stack, gateway: Any, api: str) -> str:
    outputs = stack.outputs()
    region = outputs["UserPoolId"].partition("_")[0]
    authorizer = gateway.create_authorizer(
        ApiId=api,
        Name="Token",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={
            "Issuer": f"https://cognito-idp.{region}.amazonaws.com/{outputs['UserPoolId']}",
            "Audience": list(stack.clients().values()),
        },
    )
    identifier: str = authorizer["AuthorizerId"]
    return identifier


def _make_integration(gateway: Any, api: str, operation: dict[str, Any], names: dict[str, str]) -> str:
    given = operation["x-amazon-apigateway-integration"]
    (alias,) = re.findall(r"functions/\$\{(\w+)\}/invocations", given["uri"]["Fn::Sub"])
    integration = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=names[alias],
        PayloadFormatVersion=given["payloadFormatVersion"],
    )
    identifier: str = integration["IntegrationId"]
    return identifier


def _authorization(operation: dict[str, Any], authorizer: str) -> dict[str, Any]:
    scopes = [scope for scheme in operation.get("security", []) for scope in scheme.get("Token", [])]
    if not scopes:
        return {"AuthorizationType": "NONE"}
    return {"AuthorizationType": "JWT", "AuthorizerId": authorizer, "AuthorizationScopes": scopes}
