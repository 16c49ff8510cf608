"""Leave out of a build (python tools/trim.py .aws-sam/build) what no function uses.

botocore describes some 400 services. To find those that are used it looks into the folders of all, at every start.
"""

import json
import shutil
import sys
from pathlib import Path

SERVICES = {"dynamodb", "events", "sqs"}
"""What the functions call."""

PAGES = {"docs.py", "docs_assets"}
"""All that DocsFunction is made of, and no other function has any use for."""


def trim(function: Path) -> None:
    """Trim the folder of one function. What pip knows of the packages stays, for scanners of known vulnerabilities."""
    serves_pages = function.name == "DocsFunction"
    for entry in list(function.iterdir()):
        if (entry.name in PAGES) != serves_pages or entry.name == "requirements.txt":
            _remove(entry)
    if not serves_pages:
        trim_botocore(function / "botocore" / "data")
    for cache in list(function.rglob("__pycache__")):
        _remove(cache)


def trim_botocore(data: Path) -> None:
    """Leave botocore what it needs to know to call these services, in any Region."""
    for service in list(data.iterdir()):
        if service.is_dir() and service.name not in SERVICES:
            _remove(service)
    for examples in list(data.rglob("examples-1.json")):
        _remove(examples)
    endpoints = json.loads((data / "endpoints.json").read_text())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: it for name, it in partition["services"].items() if name in SERVICES}
    (data / "endpoints.json").write_text(json.dumps(endpoints))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


if __name__ == "__main__":
    for folder in Path(sys.argv[1]).iterdir():
        if folder.is_dir():
            trim(folder)
