"""What the local server reads from the SAM template: the functions, their routes, the tables."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.errors import LocalError

REGION = "us-east-1"

DEFAULT_ROUTE = "$default"
"""The path of the route that takes what no other does."""

_PSEUDO_PARAMETERS = {
    "AWS::AccountId": "000000000000",
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "local",
    "AWS::URLSuffix": "amazonaws.com",
}
_TABLE_ARGUMENTS = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
)


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function."""

    name: str
    handler: str
    code: Path
    environment: Mapping[str, str]
    timeout_s: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path of the HTTP API, the name of the function behind them, and the scopes that a token needs."""

    method: str
    path: str
    function: str
    scopes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The route as events name it."""
        return self.path if self.path == DEFAULT_ROUTE else f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Cors:
    """What pages of other origins may do: send these headers by these methods, and read those of the answers."""

    origins: Sequence[str]
    methods: Sequence[str]
    headers: Sequence[str]
    exposed: Sequence[str]
    max_age_s: int


@dataclass(frozen=True, slots=True)
class Template:
    """A SAM template, as far as a local run needs it. A table is what CreateTable takes."""

    functions: list[Function]
    routes: list[Route]
    tables: list[dict[str, Any]]
    cors: Cors | None = None


def load_template(path: Path, parameters: Mapping[str, str] | None = None) -> Template:
    """Read a template; its parameters have their defaults, unless given.

    Raises
    ------
    LocalError
        A function's environment holds a value that only a deployment can tell.
    """
    document = yaml.load(path.read_text(), _Loader)  # noqa: S506 (derived from SafeLoader)
    defaults = document.get("Globals", {}).get("Function", {})
    names = _local_names(document, parameters or {})
    functions, routes, tables, cors = [], [], [], None
    for name, resource in document["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            functions.append(_function(name, defaults, properties, path.parent, names))
            routes += _routes(name, properties)
        elif resource["Type"] == "AWS::DynamoDB::Table":
            tables.append({"TableName": names[name], **_table(properties)})
        elif resource["Type"] == "AWS::Serverless::HttpApi":
            cors = _cors(properties, names)
    return Template(functions, routes, tables, cors)


def _table(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that make a table. Ceilings of what it may cost mean nothing here."""
    arguments = {key: properties[key] for key in _TABLE_ARGUMENTS if key in properties}
    indexes = arguments.get("GlobalSecondaryIndexes", [])
    bare = [{key: value for key, value in index.items() if key != "OnDemandThroughput"} for index in indexes]
    return arguments | ({"GlobalSecondaryIndexes": bare} if bare else {})


def _function(
    name: str, defaults: dict[str, Any], own: dict[str, Any], folder: Path, names: Mapping[str, str]
) -> Function:
    merged = {"Timeout": 3, "MemorySize": 128, **defaults, **own}
    variables = _variables(defaults) | _variables(own)
    return Function(
        name=name,
        handler=merged["Handler"],
        code=(folder / merged["CodeUri"]).resolve(),
        environment={key: _text(value, names) for key, value in variables.items()},
        timeout_s=merged["Timeout"],
        memory_mb=merged["MemorySize"],
    )


def _variables(properties: dict[str, Any]) -> dict[str, Any]:
    variables: dict[str, Any] = properties.get("Environment", {}).get("Variables", {})
    return {name: value for name, value in variables.items() if value != {"Ref": "AWS::NoValue"}}


def _routes(function: str, properties: dict[str, Any]) -> list[Route]:
    events = [event["Properties"] for event in properties.get("Events", {}).values() if event["Type"] == "HttpApi"]
    return [Route(event["Method"].upper(), event["Path"], function, _scopes(event)) for event in events]


def _scopes(event: dict[str, Any]) -> tuple[str, ...]:
    return tuple(event.get("Auth", {}).get("AuthorizationScopes", ()))


def _cors(properties: dict[str, Any], names: Mapping[str, str]) -> Cors | None:
    """Read what is allowed if the parameter names origins; None if it names none."""
    _, given, _ = properties["CorsConfiguration"]["Fn::If"]
    separator, origins = given["AllowOrigins"]["Fn::Split"]
    if not (named := _text(origins, names)):
        return None
    settings = (given[key] for key in ("AllowMethods", "AllowHeaders", "ExposeHeaders", "MaxAge"))
    return Cors(named.split(separator), *settings)


def _local_names(document: dict[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Tell what `Ref` stands for: a parameter, a resource's own name or the name it has in the template."""
    parameters = {name: str(it.get("Default", "")) for name, it in document.get("Parameters", {}).items()}
    names = {**_PSEUDO_PARAMETERS, **parameters, **given}
    for name, resource in document["Resources"].items():
        given = resource.get("Properties", {}).get("TableName", name)
        names[name] = _text(given, names)
    return names


def _text(value: Any, names: Mapping[str, str]) -> str:
    """Work out a value that may refer to others."""
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return str(value)
        case {"Ref": str(name)} if name in names:
            return names[name]
        case {"Fn::GetAtt": str(attribute)}:
            return attribute  # known only once deployed; its own name is as good as any here
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([^!}]+)\}", lambda match: names.get(match[1], match[1]), text)
    raise LocalError(f"the template has a value that cannot be resolved locally: {value}")


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (`!Ref X`) as the long ones (`{"Ref": "X"}`)."""


def _intrinsic(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_scalar(node)  # type: ignore[arg-type]
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _intrinsic)
