"""Leave out of a build (python tools/trim.py .aws-sam/build) what no function uses.

botocore describes some 400 services. To find those that are used it looks into the folders of all, at every start. Of
these it reads and works through all operations, and the ledger calls a few.
"""

import gzip
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

CALLED = {
    "dynamodb": ("DescribeTable", "GetItem", "PutItem", "Query"),
    "events": ("PutEvents",),
    "sqs": ("SendMessageBatch",),
}
"""The operations of each service that the functions call."""

PAGES = {"docs.py", "docs_assets"}
"""All that DocsFunction is made of, and no other function has any use for."""


def trim(function: Path) -> None:
    """Trim the folder of one function. What pip knows of the packages stays, for scanners of known vulnerabilities."""
    serves_pages = function.name == "DocsFunction"
    for entry in list(function.iterdir()):
        if (entry.name in PAGES) != serves_pages or entry.stem == "requirements":
            _remove(entry)
    if not serves_pages:
        trim_botocore(function / "botocore" / "data")
    for cache in list(function.rglob("__pycache__")):
        _remove(cache)


def trim_botocore(data: Path) -> None:
    """Leave botocore what it needs to know to call these operations, in any Region."""
    for service in list(data.iterdir()):
        if service.is_dir() and service.name not in CALLED:
            _remove(service)
    for examples in list(data.rglob("examples-1.json")):
        _remove(examples)
    for packed in list(data.rglob("*.json.gz")):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))  # is read faster
        _remove(packed)
    for file in data.rglob("service-2.json"):
        model = trim_model(json.loads(file.read_text()), CALLED[file.relative_to(data).parts[0]])
        file.write_text(json.dumps(model))
    endpoints = json.loads((data / "endpoints.json").read_text())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: it for name, it in partition["services"].items() if name in CALLED}
    (data / "endpoints.json").write_text(json.dumps(endpoints))


def trim_model(model: dict[str, Any], called: Iterable[str]) -> dict[str, Any]:
    """Leave a service's model the operations that are called and the shapes that these name, undocumented."""
    operations = {name: model["operations"][name] for name in called}
    shapes: dict[str, Any] = {}
    found = list(_shapes_in(operations))
    while found:
        name = found.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            found.extend(_shapes_in(shapes[name]))
    trimmed: dict[str, Any] = _undocumented({**model, "operations": operations, "shapes": shapes})
    return trimmed


def _shapes_in(described: Any) -> Iterator[str]:
    """Find the shapes that a part of a model names."""
    match described:
        case {"shape": str(name)}:
            yield name
        case dict():
            for part in described.values():
                yield from _shapes_in(part)
        case list():
            for part in described:
                yield from _shapes_in(part)


def _undocumented(described: Any) -> Any:
    match described:
        case dict():
            return {name: _undocumented(part) for name, part in described.items() if not _is_text(name, part)}
        case list():
            return [_undocumented(part) for part in described]
    return described


def _is_text(name: str, part: Any) -> bool:
    return name == "documentation" and isinstance(part, str)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


if __name__ == "__main__":
    for folder in Path(sys.argv[1]).iterdir():
        if folder.is_dir():
            trim(folder)
