"""Deploys the stack by `sam deploy`, and tells what came of it."""

import base64
import json
import os
import platform
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tools.deploy_local.stand_in import REGION, ROOT, credentials
from tools.deploy_local.template import adapt

NAME = "points-ledger"
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
DEVELOPER = "developer"
"""The name of a client, made beside those of the template, that may do everything."""
REMINDER_DAYS = 1
PARAMETERS = {
    "Architecture": ARCHITECTURE,
    "GradualDeployment": "false",
    "ReminderDays": REMINDER_DAYS,  # nothing that can be turned on is left out
    "CalendarShards": 2,  # what stands in for Lambda is no host for many jobs at once
}

SCOPES = " ".join(f"{whose}/{what}" for whose in ("points", "accounts") for what in ("add", "spend", "refund", "read"))

_SAM = ROOT / ".venv-sam/bin/sam"


@dataclass(frozen=True)
class Stack:
    """A deployed stack.

    Parameters
    ----------
    url
        Where what stands in for AWS answers.
    """

    url: str

    def client(self, service: str) -> Any:
        """Make a client of one of its services."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - opens nothing
        )

    def outputs(self) -> dict[str, str]:
        """Read the stack's outputs."""
        (stack,) = self.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def processed_template(self) -> dict[str, Any]:
        """Read the template as the SAM transform left it."""
        answer = self.client("cloudformation").get_template(StackName=NAME, TemplateStage="Processed")
        body = answer["TemplateBody"]
        template: dict[str, Any] = json.loads(body) if isinstance(body, str) else body
        return template

    def physical_ids(self) -> dict[str, str]:
        """Read what each resource of the template has become."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=NAME)
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
        }

    def clients(self) -> dict[str, str]:
        """Read the ids of the user pool's clients, by their names."""
        pages = self.client("cognito-idp").get_paginator("list_user_pool_clients")
        found = pages.paginate(UserPoolId=self.outputs()["UserPoolId"])
        return {client["ClientName"]: client["ClientId"] for page in found for client in page["UserPoolClients"]}

    def make_client(self, name: str, scopes: Sequence[str], **more: Any) -> str:
        """Make a client of the user pool, which the gateway does not know yet, and return its id."""
        made = self.client("cognito-idp").create_user_pool_client(
            UserPoolId=self.outputs()["UserPoolId"],
            ClientName=name,
            GenerateSecret=True,
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthScopes=list(scopes),
            **more,
        )
        identifier: str = made["UserPoolClient"]["ClientId"]
        return identifier

    def token(self, scope: str | None = SCOPES, client: str = DEVELOPER) -> str:
        """Get a token for a client of the user pool, by its name; without a scope, whatever the client may have."""
        identifier = self.clients()[client]
        answer = self.client("cognito-idp").describe_user_pool_client(
            UserPoolId=self.outputs()["UserPoolId"], ClientId=identifier
        )
        return self.token_of(identifier, answer["UserPoolClient"]["ClientSecret"], scope)

    def token_of(self, client: str, secret: str, scope: str | None) -> str:
        """Get a token by client credentials."""
        asked = {"grant_type": "client_credentials"} | ({} if scope is None else {"scope": scope})
        basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310 - an http URL of this machine
            f"{self.url}/oauth2/token",
            data=urllib.parse.urlencode(asked).encode(),
            headers={"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            token: str = json.load(answer)["access_token"]
            return token


def deploy(url: str, build: Path) -> str:
    """Deploy what is built, and return what `sam deploy` said."""
    command: list[str | Path] = [
        _SAM, "deploy", "--config-file", ROOT / "samconfig.toml", "--config-env", "development", "--stack-name", NAME,
        "--no-confirm-changeset", "--no-progressbar", "--no-fail-on-empty-changeset",
        "--template-file", adapt(build / "template.yaml"),
        "--parameter-overrides", " ".join(f"{name}={value}" for name, value in PARAMETERS.items()),
    ]  # fmt: skip
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environment |= credentials(url) | {"SAM_CLI_TELEMETRY": "0"}
    done = subprocess.run(  # noqa: S603 - a fixed command
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"sam deploy failed:\n{done.stdout}")
    return done.stdout
