"""The SAM template as the tests look at it: parsed by cfn-lint, which knows CloudFormation's short forms."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cfnlint.decode import cfn_yaml

PATH = Path(__file__).parents[2] / "infra" / "template.yaml"

Properties = dict[str, Any]


class Route(NamedTuple):
    """A route of the HTTP API, and how a caller's token is checked for it."""

    key: str
    function: str
    authorization: Properties


@cache
def template() -> dict[str, Any]:
    """Parse the template."""
    parsed: dict[str, Any] = cfn_yaml.load(str(PATH))
    return parsed


def default(parameter: str) -> Any:
    """Return a parameter's default value."""
    return template()["Parameters"][parameter]["Default"]


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Return all resources of a type, by their names."""
    return {name: it for name, it in template()["Resources"].items() if it["Type"] == kind}


def only(kind: str) -> dict[str, Any]:
    """Return the one resource of a type."""
    (resource,) = resources(kind).values()
    return resource


def functions() -> dict[str, Properties]:
    """Return the functions' properties, with those that they have from Globals."""
    common = template()["Globals"]["Function"]
    return {name: _merged(common, it["Properties"]) for name, it in resources("AWS::Serverless::Function").items()}


def functions_of_the_api() -> dict[str, Properties]:
    """Return those functions that a route leads to."""
    behind = {route.function for route in routes()}
    return {name: properties for name, properties in functions().items() if name in behind}


def routes() -> Iterator[Route]:
    """Yield every route."""
    for name, properties in functions().items():
        for event in properties.get("Events", {}).values():
            if event["Type"] == "HttpApi":
                route = event["Properties"]
                yield Route(f"{route['Method']} {route['Path']}", name, route.get("Auth", {}))


def _merged(common: Any, own: Any) -> Any:
    if isinstance(common, dict) and isinstance(own, dict):
        return common | {key: _merged(common.get(key), value) for key, value in own.items()}
    return own
