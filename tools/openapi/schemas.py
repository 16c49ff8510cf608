"""JSON Schema, in the few forms that the description needs."""

from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]


def ref(section: str, name: str) -> Json:
    """Point to a component."""
    return {"$ref": f"#/components/{section}/{name}"}


def schema(name: str) -> Json:
    """Point to a schema."""
    return ref("schemas", name)


def record(description: str, required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> Json:
    """Describe an object that has these fields and no others."""
    described: Json = {
        "type": "object",
        "description": description,
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }
    return described | ({"required": list(required)} if required else {})


def array(items: Json, **more: Any) -> Json:
    """Describe a list."""
    return {"type": "array", "items": items, **more}


def or_null(of: Json) -> Json:
    """Describe what may be null instead."""
    if isinstance(of.get("type"), str):
        return {**of, "type": [of["type"], "null"]}
    described = {key: value for key, value in of.items() if key == "description"}
    return described | {"oneOf": [{key: value for key, value in of.items() if key != "description"}, {"type": "null"}]}


def one_of_kinds(description: str, schemas: Mapping[str, str]) -> Json:
    """Describe what is one of several, told apart by its `kind`."""
    mapping = {kind: schema(name)["$ref"] for kind, name in schemas.items()}
    return {
        "description": description,
        "oneOf": [{"$ref": target} for target in mapping.values()],
        "discriminator": {"propertyName": "kind", "mapping": mapping},
    }


def inner(pattern: str) -> str:
    """Return a pattern without the anchors around it, to stand in another."""
    return pattern.removeprefix("^").removesuffix("$")


def any_of_patterns(patterns: Iterable[str]) -> str:
    """Return one pattern for text that fits one of several.

    A plain string with a pattern: of parameters with `anyOf`, generators of clients drop the whole call.
    """
    return f"^({'|'.join(map(inner, patterns))})$"
